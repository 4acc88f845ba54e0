// The time line: a row for each visit of a state, on true time with long pauses folded. Repeated loops are one row.

import { count, duration, fold, h, moment, offset } from "./dom.js";
import { GLYPHS, WORDS } from "./fates.js";
import { foldLoops, LONG_PAUSE, scaleOf } from "./folding.js";

/** @typedef {import("./history.js").Visit} Visit */
/** @typedef {import("./history.js").History} History */
/** @typedef {import("./folding.js").Row} Row */

const AT_ONCE = 300;

/**
 * Return the time line; `choose` is called with a visit.
 * @param {History} history
 * @param {(visit: Visit) => void} choose
 */
export function timeline(history, choose) {
  const rows = foldLoops(history.visits);
  const scale = scaleOf(rows, history);
  const body = h("tbody");
  const more = h("button", { type: "button", onclick: () => extend() });
  let shown = 0;
  const extend = () => {
    const next = rows.slice(shown, shown + AT_ONCE);
    body.append(
      ...next.map((row) =>
        row.period ? loop(row, history, scale, choose) : single(row.visits[0], history, scale, choose),
      ),
    );
    shown += next.length;
    const left = rows.length - shown;
    more.textContent = `Show ${count(Math.min(left, AT_ONCE), "more row")} of ${left.toLocaleString("en-US")}`;
    more.hidden = !left;
  };
  extend();
  const columns = ["Time", "State", "When", "Took"].map((name) => h("th", { scope: "col" }, name));
  return h(
    "div",
    { class: "timeline" },
    h("table", {}, h("caption", { class: "unseen" }, "The time line"), h("thead", {}, h("tr", {}, ...columns)), body),
    more,
  );
}

/**
 * @param {Visit} visit
 * @param {History} history
 * @param {(time: number) => number} scale
 * @param {(visit: Visit) => void} choose
 */
function single(visit, history, scale, choose) {
  const end = visit.end ?? history.end;
  const retries = visit.attempts.length - 1;
  const note =
    visit.fate === "passed"
      ? ""
      : ` ${GLYPHS[visit.fate]} ${WORDS[visit.fate]}${retries > 0 ? `, ${count(visit.attempts.length, "attempt")}` : ""}`;
  const button = h(
    "button",
    { type: "button", class: "link", id: `visit-${visit.index}`, onclick: () => choose(visit) },
    visit.state,
  );
  return line(
    visit.start,
    history,
    [button, note && h("span", { class: `note ${visit.fate}` }, note)],
    barsOf(visit, history, scale),
    end - visit.start,
    isFolded(visit.start, end),
  );
}

/** @param {Visit} visit @param {History} history @param {(time: number) => number} scale */
function barsOf(visit, history, scale) {
  if (!visit.attempts.length) {
    const kind = visit.type === "Wait" ? "pause" : visit.fate;
    return [bar(scale(visit.start), scale(visit.end ?? history.end), kind, visit.type)];
  }
  return visit.attempts.flatMap((attempt, index) => {
    const next = visit.attempts[index + 1];
    const stop = attempt.end ?? history.end;
    const words = `Attempt ${attempt.number}: ${attempt.outcome}`;
    const tried = bar(scale(attempt.start), scale(stop), attempt.outcome, words);
    return next
      ? [tried, bar(scale(stop), scale(next.start), "pause", `Waits ${duration(next.start - stop)}`)]
      : [tried];
  });
}

/**
 * @param {Row} row
 * @param {History} history
 * @param {(time: number) => number} scale
 * @param {(visit: Visit) => void} choose
 */
function loop({ visits, period }, history, scale, choose) {
  const rounds = visits.length / period;
  const last = visits[visits.length - 1].end ?? history.end;
  const starts = visits.filter((_, index) => index % period === 0).map((visit) => visit.start);
  const apart = starts.slice(1).map((start, index) => start - starts[index]);
  const names = visits.slice(0, period).map((visit) => visit.state);
  const words = `${count(rounds, "round")}, ${apartInWords(apart)}`;
  const all = () =>
    h("ol", { class: "rounds" }, ...visits.slice(0, 6 * AT_ONCE).map((visit) => round(visit, history, choose)));
  const what = fold([h("span", {}, names.join(" → ")), h("span", { class: "note" }, ` ${words}`)], all, {
    id: `rounds-${visits[0].index}`,
  });
  return line(
    visits[0].start,
    history,
    [what],
    [bar(scale(visits[0].start), scale(last), "loop", words)],
    last - visits[0].start,
    isFolded(visits[0].start, last),
  );
}

/** @param {number[]} apart */
function apartInWords(apart) {
  const [least, most] = [Math.min(...apart), Math.max(...apart)].map(duration);
  return least === most ? `${least} apart` : `${least} to ${most} apart`;
}

/** @param {Visit} visit @param {History} history @param {(visit: Visit) => void} choose */
function round(visit, history, choose) {
  const open = h(
    "button",
    { type: "button", class: "link", id: `visit-${visit.index}`, onclick: () => choose(visit) },
    visit.state,
  );
  return h("li", {}, `${offset(visit.start - history.start)} `, open);
}

/**
 * @param {number} start
 * @param {History} history
 * @param {import("./dom.js").Child[]} what
 * @param {HTMLElement[]} bars
 * @param {number} took
 * @param {boolean} folded
 */
function line(start, history, what, bars, took, folded) {
  const time = h(
    "time",
    { datetime: new Date(start).toISOString(), title: `${moment(start)} UTC` },
    offset(start - history.start),
  );
  return h(
    "tr",
    {},
    h("td", { class: "time" }, time),
    h("td", { class: "what" }, ...what),
    h("td", { class: "when" }, h("div", { class: "track", "aria-hidden": "true" }, ...bars)),
    h(
      "td",
      { class: "took" },
      took ? duration(took) : "",
      folded ? h("span", { title: "longer than it is drawn" }, " ⌇") : null,
    ),
  );
}

/** @param {number} start @param {number} end */
const isFolded = (start, end) => end - start > LONG_PAUSE;

/** @param {number} from @param {number} to @param {string} kind @param {string} title */
function bar(from, to, kind, title) {
  const drawn = h("span", { class: `bar ${kind}`, title });
  drawn.style.left = `${Math.min(from, 99.4)}%`;
  drawn.style.width = `${Math.max(to - from, 0.6)}%`;
  return drawn;
}
