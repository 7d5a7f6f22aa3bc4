// The desk's verbs over HTTP: a request each, and events out of the answers that stream. Knows nothing of what they mean.

import { eventReader } from "./events.js";
import { away, Problem } from "./problems.js";

/** @typedef {(name: string, data: any) => void} OnEvent */
/** @typedef {{ done: Promise<void>, cancel: () => void }} Streaming */
/**
 * How the page asks. `call` brings an answer or rejects with a `Problem`; `stream` hands on events, and `cancel` leaves.
 *
 * @typedef {object} Transport
 * @property {(verb: string, body?: object, options?: { leaving?: boolean }) => Promise<any>} call
 * @property {(verb: string, body: object, onEvent: OnEvent) => Streaming} stream
 */

/** @returns {Transport} */
export function overHttp() {
  return {
    async call(verb, body = {}, { leaving = false } = {}) {
      const answer = await ask(verb, body, { keepalive: leaving });
      try {
        return await answer.json();
      } catch {
        throw away();
      }
    },
    stream(verb, body, onEvent) {
      const leave = new AbortController();
      return { done: listen(verb, body, onEvent, leave.signal), cancel: () => leave.abort() };
    },
  };
}

/** @param {string} verb @param {object} body @param {RequestInit} options */
async function ask(verb, body, options) {
  let answer;
  try {
    answer = await fetch(`api/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "same-origin",
      body: JSON.stringify(body),
      ...options,
    });
  } catch {
    throw away();
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => null);
  throw told
    ? new Problem(told)
    : new Problem({ status: answer.status, detail: `The desk answered ${answer.status}.` });
}

/** @param {string} verb @param {object} body @param {OnEvent} onEvent @param {AbortSignal} signal */
async function listen(verb, body, onEvent, signal) {
  const answer = await ask(verb, body, { signal });
  let ended = false;
  /** @type {Problem | null} */
  let failed = null;
  const read = eventReader((name, data) => {
    ended ||= name === "done" || name === "error";
    if (name === "error") failed = new Problem(data);
    else onEvent(name, data);
  });
  const reader = /** @type {ReadableStream<any>} */ (answer.body).pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) read(part.value);
  } catch {
    if (!signal.aborted) throw away();
  }
  if (failed) throw failed;
  if (!ended && !signal.aborted) throw away();
}
