// The served page: it asks the sandbox every second what is new, and shows it.

import { get, post, Refusal, state } from "./api.js";
import { clock, isTab, tabs } from "./bars.js";
import { h, moment, redraw } from "./dom.js";
import { ExecutionView } from "./execution.js";
import { executionList, messages, projectList, promotionTables } from "./lists.js";
import { startForm } from "./start.js";

/** @typedef {import("./bars.js").Tab} Tab */

class Page {
  constructor() {
    /** @type {any} */
    this.state = { executions: [], promotions: [], projects: [], mails: [], outcomes: [], deadLetters: [], now: 0 };
    this.heard = performance.now();
    /** @type {Tab} */
    this.tab = "start";
    /** @type {string | undefined} */
    this.arn = undefined;
    /** @type {import("./execution.js").Known | undefined} */
    this.known = undefined;
    this.main = byId("main");
    this.filter = /** @type {HTMLInputElement} */ (
      h("input", { id: "filter", type: "search", oninput: () => this.showList(), autocomplete: "off" })
    );
    this.list = h("div");
    this.actions = h("div", { class: "actions" });
    this.shown = h("div", { id: "view" });
    this.view = new ExecutionView(this.shown, (arn) => this.open(arn));
    this.others = h("div");
  }

  async begin() {
    this.form = startForm(await get("choices"), (answer) => this.started(answer));
    byId("clock").replaceChildren(...clock((seconds) => this.act("advance", { seconds })));
    window.addEventListener("hashchange", () => this.route());
    await this.route();
    await this.poll();
  }

  async route() {
    try {
      const name = decodeURIComponent(location.hash.slice(1));
      if (name.startsWith("arn:")) await this.turnTo("executions", name);
      else await this.turnTo(isTab(name) ? name : "start");
    } catch (error) {
      say(/** @type {Error} */ (error).message); // such as a link to an execution of a sandbox that has ended
    }
  }

  /** @param {Tab} tab @param {string} [arn] */
  async turnTo(tab, arn) {
    this.tab = tab;
    if (arn && arn !== this.arn) {
      this.arn = arn;
      this.known = undefined;
      this.view.chosen = undefined;
      this.shown.hidden = true;
    }
    this.showTabs();
    const search = h("div", {}, h("label", { for: "filter" }, "Filter "), this.filter);
    if (tab === "executions")
      this.main.replaceChildren(
        h("div", { class: "executions" }, h("div", {}, search, this.list), h("div", {}, this.actions, this.shown)),
      );
    else this.main.replaceChildren(...(tab === "start" ? [this.form ?? ""] : [this.others]));
    this.show();
    if (tab === "executions") await this.refresh();
  }

  /** @param {{executions: string[], sentence: string | null}} answer */
  started({ executions, sentence }) {
    say(sentence ?? "");
    if (executions.length) this.open(executions[0]);
  }

  /** @param {string} arn */
  open(arn) {
    location.hash = encodeURIComponent(arn);
  }

  async poll() {
    try {
      const news = await state();
      if (news) {
        this.state = news;
        this.heard = performance.now();
        this.show();
      }
      if (this.tab === "executions" && (news || this.known?.execution.status === "RUNNING")) await this.refresh();
      if (document.documentElement.dataset.lost) say("");
      delete document.documentElement.dataset.lost;
    } catch (error) {
      if (error instanceof Refusal) say(error.message);
      else {
        document.documentElement.dataset.lost = "yes";
        say("The sandbox does not answer. Is make serve still running?");
      }
    }
    byId("now").textContent = `${moment(this.now())} UTC`;
    setTimeout(() => this.poll(), 1_000);
  }

  /** Fetch what is new of the open execution. */
  async refresh() {
    const arn = this.arn;
    const known = this.known;
    if (!arn) return;
    const after = known?.events.at(-1)?.id ?? 0;
    const news = await get(`execution?arn=${encodeURIComponent(arn)}&after=${after}`);
    if (arn !== this.arn) return;
    const same = JSON.stringify(news.execution) === JSON.stringify(known?.execution);
    const unchanged = known && same && !news.events.length && news.calls?.length === known.calls?.length;
    this.known = {
      ...news,
      definition: known?.definition ?? news.definition,
      events: [...(known?.events ?? []), ...news.events],
    };
    if (unchanged && !news.rows) return;
    this.shown.hidden = false;
    this.view.show(/** @type {import("./execution.js").Known} */ (this.known), this.now());
  }

  show() {
    this.showTabs();
    const { tab, state: current } = this;
    const open = (/** @type {string} */ arn) => this.open(arn);
    if (tab === "executions") {
      this.showList();
      this.showActions();
    } else if (tab === "promotions") redraw(this.others, ...promotionTables(current.promotions, open));
    else if (tab === "projects") redraw(this.others, ...projectList(current.projects));
    else if (tab === "messages") redraw(this.others, ...messages(current));
  }

  /** Return the time of the sandbox, which goes on while nothing happens. */
  now() {
    return (Date.parse(this.state.now) || 0) + (performance.now() - this.heard) * (this.state.speed ?? 1);
  }

  showTabs() {
    redraw(byId("tabs"), ...tabs(this.tab, this.state, (tab) => this.go(tab)));
  }

  /** @param {string} tab */
  go(tab) {
    location.hash = tab === "executions" && this.arn ? encodeURIComponent(this.arn) : tab;
  }

  showList() {
    const words = this.filter.value.toLowerCase();
    const matches = (/** @type {any} */ one) =>
      [one.name, one.status, one.error, one.source, one.destination, one.versionName]
        .join(" ")
        .toLowerCase()
        .includes(words);
    const found = this.state.executions.filter(matches);
    const scrolled = document.getElementById("executions")?.scrollTop ?? 0;
    const none = this.state.executions.length ? "No execution matches." : "None yet.";
    redraw(this.list, found.length ? executionList(found, this.arn, (arn) => this.open(arn)) : h("p", {}, none));
    const list = document.getElementById("executions");
    if (list) list.scrollTop = scrolled;
  }

  showActions() {
    const one = this.state.executions.find((/** @type {any} */ other) => other.arn === this.arn);
    const running = one?.status === "RUNNING";
    const act = (/** @type {string} */ what) => this.act(what, { arn: this.arn });
    redraw(
      this.actions,
      running ? h("button", { type: "button", id: "stop", onclick: () => act("stop") }, "Stop") : null,
      one?.redrivable ? h("button", { type: "button", id: "redrive", onclick: () => act("redrive") }, "Redrive") : null,
    );
  }

  /** @param {string} what @param {any} body */
  async act(what, body) {
    try {
      await post(what, body);
      say("");
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} words */
function say(words) {
  byId("status").textContent = words;
}

await new Page().begin();
