// The form that starts an execution from an event, with faults chosen from lists.

import { post } from "./api.js";
import { h, redraw } from "./dom.js";

const TIMES = { "": "once", " x2": "twice", " x3": "three times", " always": "always" };

/**
 * Return the form.
 * @param {{events: {name: string, about: string, kind: string, event: any}[],
 *   faults: {operations: Record<string, string[]>, functions: Record<string, string[]>, settings: Record<string, any>}}} choices
 * @param {(answer: {executions: string[], sentence: string | null}) => void} started
 */
export function startForm({ events, faults }, started) {
  /** @type {string[]} */
  let plan = [];
  const places = { ...faults.operations, ...faults.functions };
  const event = select(
    "event-name",
    [...Map.groupBy(events, (one) => one.kind)].map(([kind, ones]) =>
      group(
        kind,
        ones.map((one) => one.name),
      ),
    ),
  );
  const about = h("p", { class: "comment", id: "event-about" });
  const text = /** @type {HTMLTextAreaElement} */ (
    h("textarea", { id: "event-json", spellcheck: "false", autocomplete: "off" })
  );
  const place = select("fault-place", [
    group("Calls to AWS", Object.keys(faults.operations)),
    group("Functions", Object.keys(faults.functions)),
  ]);
  const fault = select("fault-name", []);
  const times = select(
    "fault-times",
    Object.entries(TIMES).map(([value, words]) => h("option", { value }, words)),
  );
  const setting = select(
    "setting-name",
    Object.keys(faults.settings).map((name) => h("option", {}, name)),
  );
  const value = /** @type {HTMLInputElement} */ (h("input", { id: "setting-value", autocomplete: "off" }));
  const chosen = h("ul", { id: "plan" });
  const alert = h("p", { class: "alert", role: "alert" });

  const show = () => {
    const one = events.find(({ name }) => name === event.value);
    about.textContent = one?.about ?? "";
    text.value = JSON.stringify(one?.event, null, 2);
  };
  const showFaults = () => fault.replaceChildren(...places[place.value].map((name) => h("option", {}, name)));
  const showSetting = () => {
    value.value = literal(faults.settings[setting.value]);
  };
  const add = (/** @type {string} */ part) => {
    plan = [...plan, part];
    showPlan();
  };
  const showPlan = () =>
    redraw(
      chosen,
      ...plan.map((part, index) =>
        h(
          "li",
          {},
          h("code", {}, part),
          " ",
          button("Remove", () => remove(index), `remove-${index}`),
        ),
      ),
    );
  const remove = (/** @type {number} */ index) => {
    plan = plan.filter((_, other) => other !== index);
    showPlan();
  };
  const submit = async (/** @type {SubmitEvent} */ sent) => {
    sent.preventDefault();
    alert.textContent = "";
    try {
      started(await post("start", { event: JSON.parse(text.value), faults: merged(plan).join("; ") }));
    } catch (error) {
      alert.textContent =
        error instanceof SyntaxError
          ? `The event is not JSON: ${error.message}.`
          : String(/** @type {Error} */ (error).message);
    }
  };

  event.addEventListener("change", show);
  place.addEventListener("change", showFaults);
  setting.addEventListener("change", showSetting);
  show();
  showFaults();
  showSetting();
  return h(
    "form",
    { onsubmit: submit, "aria-label": "Start an execution" },
    h("h2", { id: "start", tabindex: -1 }, "Start an execution"),
    labelled("Event", event),
    about,
    labelled("Input, which you can change", text),
    h(
      "fieldset",
      {},
      h("legend", {}, "Faults"),
      h(
        "div",
        { class: "row" },
        labelled("Where", place),
        labelled("Fault", fault),
        labelled("How often", times),
        button("Add the fault", () => add(`${place.value}: ${fault.value}${times.value}`), "add-fault"),
      ),
      h(
        "div",
        { class: "row" },
        labelled("Behavior of AWS", setting),
        labelled("Value", value),
        button("Add the behavior", () => add(`${setting.value} = ${value.value}`), "add-setting"),
      ),
      chosen,
    ),
    alert,
    h("button", { id: "start-button" }, "Start"),
  );
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
