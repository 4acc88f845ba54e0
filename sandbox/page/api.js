// The page's own part of the server.

/** The server refused a request; the message is its sentence. */
export class Refusal extends Error {}

let etag = "";

/** Return the state of the sandbox, or null if it is the same as before. */
export async function state() {
  const answer = await fetch("/_sandbox/state", { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
  if (answer.status === 304) return null;
  const news = await json(answer);
  etag = answer.headers.get("ETag") ?? "";
  return news;
}

/** @param {string} path @returns {Promise<any>} */
export async function get(path) {
  return json(await fetch(`/_sandbox/${path}`, { cache: "no-store" }));
}

/** @param {string} path @param {any} body @returns {Promise<any>} */
export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return json(await fetch(`/_sandbox/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** @param {Response} answer */
async function json(answer) {
  if (answer.ok) return answer.json();
  const body = await answer.json().catch(() => ({}));
  throw new Refusal(body.error ?? `The sandbox answered with status ${answer.status}.`);
}
