// The report: one file with one execution in it, packed.

import { ExecutionView } from "./execution.js";

/** @returns {Promise<import("./execution.js").Known>} */
async function unpacked() {
  const packed = document.getElementById("known")?.textContent ?? "";
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

const known = await unpacked();
const view = new ExecutionView(/** @type {HTMLElement} */ (document.getElementById("view")));
view.show(known, Date.parse(known.events.at(-1)?.timestamp ?? ""));
document.documentElement.dataset.shown = "yes";
