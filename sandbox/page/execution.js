// An execution as a person reads it. The served page and the report both use this.

import { callList, details, diff } from "./details.js";
import { block, fold, h, redraw, table } from "./dom.js";
import { sentence } from "./failures.js";
import { GLYPHS, WORDS } from "./fates.js";
import { graph } from "./graph.js";
import { read } from "./history.js";
import { named, STATUSES, summary } from "./summary.js";
import { timeline } from "./timeline.js";

/** @typedef {import("./history.js").Visit} Visit */
/** @typedef {import("./summary.js").Known} Known */

/** Shows one execution in an element, and shows it again as it changes. */
export class ExecutionView {
  /** @param {HTMLElement} element @param {(arn: string) => void} [open] opens another execution */
  constructor(element, open) {
    this.element = element;
    this.open = open;
    /** @type {{state: string, index: number} | undefined} */
    this.chosen = undefined;
    this.drawn = "";
    this.left = h("div", { class: "left" });
    this.head = h("div");
    this.panel = h("div", { class: "panel", "aria-live": "off" });
    this.rest = h("div");
    element.replaceChildren(
      this.head,
      h("div", { class: "columns" }, this.left, h("div", { class: "right" }, this.panel, this.rest)),
    );
  }

  /** @param {Known} known @param {number} now */
  show(known, now) {
    this.known = known;
    this.history = read(known.events, now);
    redraw(this.head, ...summary(known, this.history));
    redraw(
      this.rest,
      h("h3", {}, "Time line"),
      timeline(this.history, (visit) => this.choose(visit.state, this.visitsOf(visit.state).indexOf(visit))),
      ...others(known),
    );
    this.draw();
  }

  /** @param {string} state */
  visitsOf(state) {
    return this.history?.byState.get(state) ?? [];
  }

  /** @param {string} state @param {number} [index] */
  choose(state, index) {
    const visits = this.visitsOf(state);
    this.chosen = { state, index: index ?? Math.max(0, notable(visits)) };
    this.draw();
    document.getElementById("chosen")?.focus({ preventScroll: false });
  }

  draw() {
    const { known, history } = this;
    if (!known || !history) return;
    const { state, index } = this.chosen ?? { state: atFirst(history), index: undefined };
    redraw(
      this.left,
      h("h3", {}, "States"),
      legend(),
      h(
        "div",
        { class: "scrolls", tabindex: 0, role: "region", "aria-label": "Graph of the states" },
        graph(known.definition, history, state, (name) => this.choose(name)),
      ),
      known.rows && h("h3", {}, "Destinations"),
      known.rows && destinations(known.rows, this.open),
    );
    if (!state) return;
    const visits = this.visitsOf(state);
    const shown = index ?? Math.max(0, notable(visits));
    const turn = (/** @type {number} */ to) => this.choose(state, to);
    const news = details(stateOf(known.definition, state), state, visits, shown, known.calls, turn);
    const drawn = `${known.execution.executionArn} ${shown} ${news.outerHTML}`;
    if (drawn === this.drawn) return; // so that what a person opened or selected stays while the execution goes on
    this.drawn = drawn;
    redraw(this.panel, news);
  }
}

/** @param {import("./history.js").History} history */
function atFirst(history) {
  const failed = history.failures.findLast(({ visit }) => visit.fate === "failed");
  return (
    failed?.visit.state ??
    history.visits.findLast((visit) => visit.type === "Task")?.state ??
    history.visits.at(-1)?.state
  );
}

/** @param {Visit[]} visits */
const notable = (visits) => {
  const odd = visits.findLastIndex((visit) => visit.fate !== "passed");
  return odd < 0 ? visits.length - 1 : odd;
};

/** @param {any} definition @param {string} name @returns {any} */
function stateOf(definition, name) {
  for (const [own, state] of Object.entries(definition.States)) {
    if (own === name) return state;
    for (const inner of [state.ItemProcessor, state.Iterator, ...(state.Branches ?? [])].filter(Boolean)) {
      const found = stateOf(inner, name);
      if (found) return found;
    }
  }
  return undefined;
}

function legend() {
  const { unreached, ...shown } = GLYPHS;
  const words = Object.entries(shown).map(([fate, glyph]) => [
    fate,
    `${glyph} ${WORDS[/** @type {keyof typeof shown} */ (fate)]}`,
  ]);
  return h("p", { class: "legend" }, ...words.map(([fate, word]) => h("span", { class: `badge ${fate}` }, word)));
}

/** @param {Known} known */
function others({ calls, policies, execution }) {
  return [
    (policies ?? []).map(({ project, diff: lines }) =>
      fold(
        `Policies of ${named(project)} before and after: ${lines.length ? "changed" : "the same"}`,
        () => (lines.length ? diff(lines) : h("p", {}, "The same as before.")),
        { id: `policies-${project}` },
      ),
    ),
    calls
      ? [
          fold(`All calls to AWS: ${calls.length.toLocaleString("en-US")}`, () => callList(calls.slice(0, 2_000)), {
            id: "calls",
          }),
        ]
      : [],
    [fold("Input", () => block("Input of the execution", execution.input), { id: "input" })],
    execution.output
      ? [fold("Output", () => block("Output of the execution", execution.output), { id: "output" })]
      : [],
  ].flat();
}

/**
 * Return the table of a promotion.
 * @param {any[]} rows
 * @param {((arn: string) => void) | undefined} open
 */
export function destinations(rows, open) {
  return table(
    "Destinations",
    ["Destination", "Status", "What happened"],
    rows.map((row) => {
      const { fate, words } = STATUSES[row.status] ?? { fate: "unreached", words: row.status };
      const name = named(row.destination);
      const link =
        row.execution && open
          ? h("button", { type: "button", class: "link", onclick: () => open(row.execution) }, name)
          : name;
      return [
        link,
        h("span", { class: `badge ${fate}` }, `${GLYPHS[fate]} ${words}`),
        row.error ? `${row.error}: ${sentence(row.cause)}` : (row.version ?? ""),
      ];
    }),
  );
}
