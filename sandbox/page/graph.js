// The definition as a graph, with the fate of each state. dagre lays it out.

import { Graph, layout } from "./dagre.js";
import { s } from "./dom.js";
import { fateInShort, fateInWords, fateOf } from "./fates.js";
import { edge } from "./history.js";

/** @typedef {import("./history.js").History} History */
/** @typedef {{from: string, to: string, kind: "next" | "catch" | "each"}} Arrow */
/** @typedef {{name: string, type: string, group?: string}} Box */

const START = "\nstart";
const HEIGHT = 48;

/**
 * Return the graph. A state is a button; `choose` is called with its name.
 * @param {any} definition
 * @param {History} history
 * @param {string | undefined} chosen
 * @param {(state: string) => void} choose
 */
export function graph(definition, history, chosen, choose) {
  const { boxes, arrows } = partsOf(definition);
  const placed = place(boxes, arrows);
  const { width, height } = placed.graph();
  const first = history.visits[0]?.state;
  const used = (/** @type {Arrow} */ { from, to }) =>
    from === START ? to === first : history.taken.has(edge(from, to));
  return s(
    "svg",
    {
      class: "graph",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "group",
      "aria-label": "The states and their fates",
    },
    s("defs", {}, arrowhead("arrow"), arrowhead("arrow-used")),
    ...placed
      .nodes()
      .filter((name) => placed.children(name).length)
      .map((name) => frame(placed.node(name))),
    ...arrows
      .toSorted((one, other) => Number(used(one)) - Number(used(other)))
      .map((arrow) => line(arrow, placed.edge(arrow.from, arrow.to), used(arrow))),
    ...inReadingOrder(boxes, placed).map((box) =>
      node(box, placed.node(box.name), history.byState.get(box.name), box.name === chosen, choose),
    ),
    s("circle", { class: "dot", cx: placed.node(START).x, cy: placed.node(START).y, r: 8 }, s("title", {}, "Start")),
  );
}

/**
 * Return the boxes from top to bottom, because Tab goes through them in this order.
 * @param {Box[]} boxes
 * @param {Graph} placed
 */
function inReadingOrder(boxes, placed) {
  return boxes.toSorted((one, other) => {
    const [a, b] = [placed.node(one.name), placed.node(other.name)];
    return a.y - b.y || a.x - b.x;
  });
}

/** @param {any} definition */
function partsOf(definition) {
  /** @type {Box[]} */
  const boxes = [];
  /** @type {Arrow[]} */
  const arrows = [{ from: START, to: definition.StartAt, kind: "next" }];
  collect(definition.States, undefined, boxes, arrows);
  const seen = new Set();
  return { boxes, arrows: arrows.filter(({ from, to }) => !seen.has(edge(from, to)) && seen.add(edge(from, to))) };
}

/**
 * @param {Record<string, any>} states
 * @param {string | undefined} group
 * @param {Box[]} boxes
 * @param {Arrow[]} arrows
 */
function collect(states, group, boxes, arrows) {
  for (const [name, state] of Object.entries(states)) {
    boxes.push({ name, type: state.Type, group });
    const go = (/** @type {string | undefined} */ to, /** @type {Arrow["kind"]} */ kind = "next") =>
      to && arrows.push({ from: name, to, kind });
    go(state.Next);
    for (const rule of state.Choices ?? []) go(rule.Next);
    go(state.Default);
    for (const route of state.Catch ?? []) go(route.Next, "catch");
    for (const inner of [state.ItemProcessor, state.Iterator, ...(state.Branches ?? [])].filter(Boolean)) {
      go(inner.StartAt, "each");
      collect(inner.States, `${name}\ngroup`, boxes, arrows);
    }
  }
}

/** @param {Box[]} boxes @param {Arrow[]} arrows */
function place(boxes, arrows) {
  const placed = new Graph({ compound: true });
  placed.setGraph({ rankdir: "TB", nodesep: 14, ranksep: 24, edgesep: 8, marginx: 4, marginy: 4 });
  placed.setDefaultEdgeLabel(() => ({}));
  placed.setNode(START, { width: 18, height: 18 });
  for (const { name, group } of boxes) {
    placed.setNode(name, { width: Math.max(128, 22 + 8.4 * name.length), height: HEIGHT });
    if (group && !placed.hasNode(group)) placed.setNode(group, {});
    if (group) placed.setParent(name, group);
  }
  for (const { from, to, kind } of arrows) placed.setEdge(from, to, { weight: kind === "next" ? 2 : 1 });
  layout(placed);
  return placed;
}

/**
 * @param {Box} box
 * @param {{x: number, y: number, width: number, height: number}} at
 * @param {import("./history.js").Visit[] | undefined} visits
 * @param {boolean} chosen
 * @param {(state: string) => void} choose
 */
function node({ name, type }, at, visits, chosen, choose) {
  const fate = fateOf(visits);
  const short = visits ? fateInShort(visits) : type;
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(name);
  };
  return s(
    "g",
    {
      class: `state ${fate}`,
      id: `state-${name.replaceAll(" ", "-")}`,
      tabindex: 0,
      role: "button",
      "aria-pressed": chosen ? "true" : "false",
      // It begins with what can be seen, for those who speak to their browser.
      "aria-label": `${name} ${short}, ${type} state ${fateInWords(visits)}`,
      transform: `translate(${at.x - at.width / 2} ${at.y - at.height / 2})`,
      onclick: () => choose(name),
      onkeydown: press,
    },
    s("rect", { width: at.width, height: at.height, rx: type === "Choice" ? 22 : 6 }),
    s("text", { class: "name", x: at.width / 2, y: 19 }, name),
    " ",
    s("text", { class: "fate", x: at.width / 2, y: 37 }, short),
  );
}

/** @param {Arrow} arrow @param {{points: {x: number, y: number}[]}} route @param {boolean} used */
function line({ kind }, { points }, used) {
  const path = points.map(({ x, y }, index) => {
    if (!index) return `M${x} ${y}`;
    const after = points[index + 1];
    return after ? `Q${x} ${y} ${(x + after.x) / 2} ${(y + after.y) / 2}` : `L${x} ${y}`;
  });
  const head = used ? "url(#arrow-used)" : "url(#arrow)";
  return s("path", { class: `arrow ${kind}${used ? " used" : ""}`, d: path.join(""), "marker-end": head });
}

/** @param {string} id */
function arrowhead(id) {
  const shape = {
    id,
    viewBox: "0 0 8 8",
    refX: 7,
    refY: 4,
    markerWidth: 8,
    markerHeight: 8,
    markerUnits: "userSpaceOnUse",
    orient: "auto",
  };
  return s("marker", shape, s("path", { d: "M0 0L8 4L0 8Z" }));
}

/** @param {{x: number, y: number, width: number, height: number}} at */
function frame({ x, y, width, height }) {
  return s("rect", { class: "frame", x: x - width / 2, y: y - height / 2, width, height, rx: 8 });
}
