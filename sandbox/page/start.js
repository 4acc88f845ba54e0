// The form that starts an execution from an event, with faults chosen from lists.

import { post } from "./api.js";
import { h, redraw } from "./dom.js";

const TIMES = { "": "once", " x2": "twice", " x3": "three times", " always": "always" };

/** @typedef {{name: string, about: string, kind: string, event: any}} Event */
/** @typedef {{operations: Record<string, string[]>, functions: Record<string, string[]>,
 *   settings: Record<string, any>}} Faults */

/**
 * Return the form.
 * @param {{events: Event[], faults: Faults}} choices
 * @param {(answer: {executions: string[], sentence: string | null}) => void} started
 */
export function startForm({ events, faults }, started) {
  const text = /** @type {HTMLTextAreaElement} */ (
    h("textarea", { id: "event-json", spellcheck: "false", autocomplete: "off" })
  );
  const plan = new Plan();
  const alert = h("p", { class: "alert", role: "alert" });
  const submit = async (/** @type {SubmitEvent} */ sent) => {
    sent.preventDefault();
    alert.textContent = "";
    try {
      started(await post("start", { event: JSON.parse(text.value), faults: merged(plan.parts).join("; ") }));
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      alert.textContent = error instanceof SyntaxError ? `The event is not JSON: ${message}.` : message;
    }
  };
  return h(
    "form",
    { onsubmit: submit, "aria-label": "Start an execution" },
    h("h2", { id: "start", tabindex: -1 }, "Start an execution"),
    ...eventFields(events, text),
    labelled("Input, which you can change", text),
    h("fieldset", {}, h("legend", {}, "Faults"), faultFields(faults, plan), settingFields(faults, plan), plan.list),
    alert,
    h("button", { id: "start-button" }, "Start"),
  );
}

/** @param {Event[]} events @param {HTMLTextAreaElement} text */
function eventFields(events, text) {
  const kinds = [...Map.groupBy(events, (one) => one.kind)];
  const event = select(
    "event-name",
    kinds.map(([kind, ones]) =>
      group(
        kind,
        ones.map((one) => one.name),
      ),
    ),
  );
  const about = h("p", { class: "comment", id: "event-about" });
  const show = () => {
    const one = events.find(({ name }) => name === event.value);
    about.textContent = one?.about ?? "";
    text.value = JSON.stringify(one?.event, null, 2);
  };
  event.addEventListener("change", show);
  show();
  return [labelled("Event", event), about];
}

/** @param {Faults} faults @param {Plan} plan */
function faultFields({ operations, functions }, plan) {
  const places = { ...operations, ...functions };
  const groups = [group("Calls to AWS", Object.keys(operations)), group("Functions", Object.keys(functions))];
  const place = select("fault-place", groups);
  const fault = select("fault-name", []);
  const options = Object.entries(TIMES).map(([value, words]) => h("option", { value }, words));
  const times = select("fault-times", options);
  const show = () => fault.replaceChildren(...places[place.value].map((name) => h("option", {}, name)));
  place.addEventListener("change", show);
  show();
  const add = () => plan.add(`${place.value}: ${fault.value}${times.value}`);
  return h(
    "div",
    { class: "row" },
    labelled("Where", place),
    labelled("Fault", fault),
    labelled("How often", times),
    button("Add the fault", add, "add-fault"),
  );
}

/** @param {Faults} faults @param {Plan} plan */
function settingFields({ settings }, plan) {
  const options = Object.keys(settings).map((name) => h("option", {}, name));
  const setting = select("setting-name", options);
  const value = /** @type {HTMLInputElement} */ (h("input", { id: "setting-value", autocomplete: "off" }));
  const show = () => {
    value.value = literal(settings[setting.value]);
  };
  setting.addEventListener("change", show);
  show();
  const add = () => plan.add(`${setting.value} = ${value.value}`);
  return h(
    "div",
    { class: "row" },
    labelled("Behavior of AWS", setting),
    labelled("Value", value),
    button("Add the behavior", add, "add-setting"),
  );
}

/** The parts of a plan of faults, as a list from which each can be removed. */
class Plan {
  constructor() {
    /** @type {string[]} */
    this.parts = [];
    this.list = h("ul", { id: "plan" });
  }

  /** @param {string} part */
  add(part) {
    this.parts.push(part);
    this.show();
  }

  show() {
    const remove = (/** @type {number} */ index) => {
      this.parts.splice(index, 1);
      this.show();
    };
    const items = this.parts.map((part, index) =>
      h(
        "li",
        {},
        h("code", {}, part),
        " ",
        button("Remove", () => remove(index), `remove-${index}`),
      ),
    );
    redraw(this.list, ...items);
  }
}

/**
 * Return a plan in which each place comes once, with its faults in their order.
 * @param {string[]} plan
 */
function merged(plan) {
  const [settings, faults] = [
    plan.filter((part) => part.includes(" = ")),
    plan.filter((part) => !part.includes(" = ")),
  ];
  const places = Map.groupBy(faults, (part) => part.split(": ")[0]);
  return [
    ...settings,
    ...[...places].map(([place, parts]) => `${place}: ${parts.map((part) => part.split(": ")[1]).join(", ")}`),
  ];
}

/** @param {unknown} value */
function literal(value) {
  if (value === null) return "None";
  return typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value);
}

/** @param {string} id @param {Node[]} options */
function select(id, options) {
  return /** @type {HTMLSelectElement} */ (h("select", { id }, ...options));
}

/** @param {string} label @param {string[]} names */
function group(label, names) {
  return h("optgroup", { label }, ...names.map((name) => h("option", {}, name)));
}

/** @param {string} label @param {HTMLElement} control */
function labelled(label, control) {
  return h("div", {}, h("label", { for: control.id }, label), control);
}

/** @param {string} label @param {() => void} onclick @param {string} id */
function button(label, onclick, id) {
  return h("button", { type: "button", id, onclick }, label);
}
