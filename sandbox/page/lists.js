// What the sandbox has: executions, promotions, projects, and what was announced.

import { block, count, fold, h, moment, table } from "./dom.js";
import { destinations } from "./execution.js";
import { GLYPHS } from "./fates.js";
import { named, STATUSES } from "./summary.js";

/** @typedef {import("./dom.js").Child} Child */

/**
 * Return the executions as buttons, the newest first.
 * @param {any[]} executions
 * @param {string | undefined} chosen
 * @param {(arn: string) => void} open
 */
export function executionList(executions, chosen, open) {
  const items = executions.map((one) => {
    const what =
      one.machine === "promotion" ? `promotion of ${named(one.source)}` : named(one.destination) || "no request";
    const version = one.versionName ? `${one.versionName} to ` : "";
    const current = one.arn === chosen ? "true" : "false";
    const open_ = () => open(one.arn);
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", id: `open-${one.name}`, "aria-current": current, onclick: open_ },
        badge(one.status),
        ` ${version}${what}`,
        h(
          "small",
          {},
          `${moment(Date.parse(one.started))}${one.error ? ` · ${one.error}` : ""}${one.dryRun ? " · dry run" : ""}`,
        ),
      ),
    );
  });
  return h("ul", { class: "list", id: "executions" }, ...items);
}

/** @param {string} status */
export function badge(status) {
  const { fate, words } = STATUSES[status] ?? { fate: "unreached", words: status };
  return h("span", { class: `badge ${fate}` }, `${GLYPHS[fate]} ${words}`);
}

/**
 * @param {any[]} promotions
 * @param {(arn: string) => void} open
 * @returns {Child[]}
 */
export function promotionTables(promotions, open) {
  if (!promotions.length)
    return [h("p", {}, "No promotion has been started. Start one with an event of the kind promotion.")];
  return promotions.map((one) =>
    h(
      "section",
      { "aria-label": `Promotion ${one.name}` },
      h(
        "h2",
        {},
        badge(one.status),
        " ",
        h(
          "button",
          { type: "button", class: "link", id: `promotion-${one.name}`, onclick: () => open(one.arn) },
          one.name,
        ),
      ),
      h("p", { class: "facts" }, tally(one.rows)),
      destinations(one.rows, open),
    ),
  );
}

/** @param {any[]} rows */
function tally(rows) {
  const numbers = [...Map.groupBy(rows, (row) => row.status)].map(
    ([status, ones]) => `${ones.length} ${(STATUSES[status]?.words ?? status).toLowerCase()}`,
  );
  return `${rows.length} destinations: ${numbers.join(", ")}`;
}

/** @param {any[]} projects @returns {Child[]} */
export function projectList(projects) {
  return projects.map((project) => {
    const grants = project.policies.length ? `, ${count(project.policies.length, "policy", "policies")}` : "";
    const head = `${project.name} · account ${project.account} · ${project.region} · ${count(project.versions.length, "version")}${grants}`;
    return fold(head, () => [versions(project), ...project.policies.map(policy)], { id: `project-${project.arn}` });
  });
}

/** @param {any} project */
function versions(project) {
  const rows = project.versions.map((/** @type {any} */ one) => [
    one.name,
    one.status,
    one.statusMessage ?? "",
    one.f1Score ?? "",
    one.source ? `copy of ${named(one.source)}` : "",
    h("code", {}, one.arn),
  ]);
  return table(
    `Versions of ${project.name}`,
    ["Version", "Status", "Message", "F1 score", "Origin", "ARN"],
    rows.map((/** @type {any[]} */ row) => row.map((cell) => (typeof cell === "number" ? String(cell) : cell))),
  );
}

/** @param {any} policy */
function policy({ name, document }) {
  return h("div", {}, h("h4", {}, `Policy ${name}`), block(`Policy ${name}`, document));
}

/** @param {any} state @returns {Child[]} */
export function messages({ mails, outcomes, deadLetters }) {
  return [
    h("h2", {}, `Mails: ${mails.length}`),
    ...mails
      .toReversed()
      .map((/** @type {any} */ mail, /** @type {number} */ index) =>
        fold(
          `${moment(Date.parse(mail.time))} ${mail.subject}`,
          () => h("pre", { class: "mail", tabindex: 0, role: "region", "aria-label": "Mail" }, mail.message),
          { id: `mail-${mails.length - index}` },
        ),
      ),
    h("h2", {}, `Events: ${outcomes.length}`),
    ...outcomes.toReversed().map((/** @type {any} */ event, /** @type {number} */ index) =>
      fold(`${moment(Date.parse(event.time))} ${event["detail-type"]}`, () => block("Event", event), {
        id: `outcome-${outcomes.length - index}`,
      }),
    ),
    deadLetters.length ? h("h2", {}, `Dead letters: ${deadLetters.length}`) : null,
    ...deadLetters.map((/** @type {any} */ letter) => block("Dead letter", letter)),
  ];
}
