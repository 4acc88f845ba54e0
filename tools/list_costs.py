"""Write the tables of docs/cost.md, or print a case of your own (``make cost``)."""

import os
import re
import sys

from sandbox.deployment import ROOT, expanded_template
from tools import cost

PAGE = ROOT / "docs" / "cost.md"
TABLES = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
HOURS = (1, 4, 8, 24)
ACCOUNTS = (10, 100, 1_000)
COPIES = (10, 100, 1_000, 10_000)
MOST_COPIES, MOST_HOURS, MOST_ACCOUNTS = 1_000_000, 36, 1_000  # what DeadlineHours and a promotion allow
RANGES = (
    f"Name COPIES from 0 to {MOST_COPIES:,}, HOURS up to {MOST_HOURS} and ACCOUNTS from 1 to {MOST_ACCOUNTS:,}, "
    "as in make cost COPIES=100 HOURS=2 ACCOUNTS=1"
)


def tables() -> dict[str, str]:
    """Return the tables of the page by name."""
    idle = cost.idle(expanded_template())
    copies = [(f"A copy of {hours} h", cost.copy(hours)) for hours in HOURS]
    promotions = [(f"A promotion to {number:,} accounts", cost.promotion(1, number)) for number in ACCOUNTS]
    return {
        "idle": _table([*idle, "all"], [[*map(money, idle.values()), money(sum(idle.values()))]]),
        "copies": _by_service("A copy", copies),
        "promotions": _by_service("Copies of 1 h", promotions),
        "months": _table(
            ["Copies a month", *(f"of {hours} h" for hours in HOURS)],
            [
                [f"{number:,}", *(money(sum(idle.values()) + cost.copy(hours).total() * number) for hours in HOURS)]
                for number in COPIES
            ],
        ),
        "prices": _table(
            ["What", "dollars", "for"],
            [
                [of, f"{dollars:.10f}".rstrip("0").rstrip("."), f"{units:,}"]
                for of, (dollars, units) in cost.PRICES.items()
            ],
        ),
    }


def written(page: str) -> str:
    """Return the page with the tables of now."""
    made = tables()
    return TABLES.sub(lambda match: f"{match[1]}\n{made[match[2]]}\n{match[3]}", page)


def own_case(copies: float, hours: float, accounts: int) -> str:
    """Return what so many copies a month cost; more than one account means promotions to so many accounts."""
    one = cost.promotion(hours, accounts) if accounts > 1 else cost.copy(hours)
    idle = sum(cost.idle(expanded_template()).values())
    services = (one * copies).dollars()
    lines = [f"{name:<16}{dollars:>12,.2f}" for name, dollars in {"Idle, at most": idle, **services}.items()]
    return "\n".join(["Dollars a month", *lines, f"{'All':<16}{idle + sum(services.values()):>12,.2f}"])


def money(dollars: float) -> str:
    """Return an amount in cents, or with three digits if it is less than a dollar."""
    return f"{dollars:,.2f}" if dollars >= 1 else f"{dollars:.3g}" if dollars >= 0.001 else f"{dollars:.5f}"


def _by_service(head: str, usages: list[tuple[str, cost.Usage]]) -> str:
    services = list(cost.Usage().dollars())
    rows = [[name, *map(money, one.dollars().values()), money(one.total())] for name, one in usages]
    return _table([head, *services, "all"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, rule, *rows])


def numbers(copies: str, hours: str, accounts: str) -> tuple[float, float, int]:
    """Return the case that the user describes; exit if it is none."""
    try:
        case = float(copies), float(hours or 1), int(accounts or 1)
    except ValueError:
        sys.exit(RANGES)
    within = 0 <= case[0] <= MOST_COPIES and 0 < case[1] <= MOST_HOURS and 1 <= case[2] <= MOST_ACCOUNTS
    return case if within else sys.exit(RANGES)


def main() -> None:
    case = [os.environ.get(name, "") for name in ("COPIES", "HOURS", "ACCOUNTS")]
    if any(case):
        print(own_case(*numbers(*case)))
    else:
        PAGE.write_text(written(PAGE.read_text()))


if __name__ == "__main__":
    main()
