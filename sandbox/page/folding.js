// What makes a long time line short: loops become one row, and long pauses less wide.

/** @typedef {import("./history.js").Visit} Visit */
/** @typedef {import("./history.js").History} History */
/** @typedef {{visits: Visit[], period: number}} Row */

const LONGEST_LOOP = 6;
export const LONG_PAUSE = 10_000;

/**
 * Return the visits as rows. Three or more rounds of a loop in which nothing happened but passing become one row.
 * @param {Visit[]} visits
 * @returns {Row[]}
 */
export function foldLoops(visits) {
  /** @type {Row[]} */
  const rows = [];
  for (let at = 0; at < visits.length; ) {
    const { period, length } = longestLoop(visits, at);
    rows.push({ visits: visits.slice(at, at + (length || 1)), period });
    at += length || 1;
  }
  return rows;
}

/** @param {Visit[]} visits @param {number} at */
function longestLoop(visits, at) {
  let best = { period: 0, length: 0 };
  for (let period = 1; period <= LONGEST_LOOP; period += 1) {
    let end = at;
    while (
      end < visits.length &&
      visits[end].fate === "passed" &&
      (end < at + period || visits[end].state === visits[end - period].state)
    )
      end += 1;
    const length = end - at - ((end - at) % period);
    if (length >= 3 * period && length > best.length) best = { period, length };
  }
  return best;
}

/**
 * Return a function from time to a percentage of the width. Pauses of more than ten seconds are folded: they grow with
 * the logarithm of their length.
 * @param {Row[]} rows
 * @param {History} history
 */
export function scaleOf(rows, history) {
  const moments = new Set([history.start, history.end]);
  for (const { visits, period } of rows) {
    moments.add(visits[0].start).add(visits[visits.length - 1].end ?? history.end);
    if (!period) for (const attempt of visits[0].attempts) moments.add(attempt.start).add(attempt.end ?? history.end);
  }
  const sorted = [...moments].sort((one, other) => one - other);
  const places = [0];
  for (let index = 1; index < sorted.length; index += 1) {
    const gap = sorted[index] - sorted[index - 1];
    places.push(places[index - 1] + (gap > LONG_PAUSE ? LONG_PAUSE * (1 + Math.log10(gap / LONG_PAUSE)) : gap));
  }
  const whole = places[places.length - 1] || 1;
  const place = new Map(sorted.map((time, index) => [time, (100 * places[index]) / whole]));
  return (/** @type {number} */ time) => place.get(time) ?? 0;
}
