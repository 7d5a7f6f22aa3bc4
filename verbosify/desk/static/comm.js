// The desk's verbs over a notebook's own line to its kernel. Knows nothing of what they mean.

import { Problem } from "./problems.js";

/** @import { OnEvent, Transport } from "./http.js" */

/**
 * @typedef {object} Line anywidget's model
 * @property {(content: object) => void} send
 * @property {(event: string, listener: (content: any) => void) => void} on
 * @property {(event: string, listener: (content: any) => void) => void} off
 */

/**
 * @param {Line} model
 * @returns {Transport & { close: () => void }}
 */
export function overComm(model) {
  const view = Math.random().toString(36).slice(2);
  /** @type {Map<string, { heard: OnEvent, resolve: (value: any) => void, reject: (problem: Problem) => void }>} */
  const open = new Map();
  let count = 0;

  /** @param {{ id?: string, event?: string, data?: any }} content */
  function hear({ id = "", event = "", data }) {
    const asked = open.get(id);
    if (!asked) return;
    if (event === "error") asked.reject(new Problem(data));
    else asked.heard(event, data);
    if (event === "result" || event === "done") asked.resolve(data);
    if (event === "result" || event === "done" || event === "error") open.delete(id);
  }
  model.on("msg:custom", hear);

  /** @param {string} verb @param {object} body @param {OnEvent} heard @returns {{ id: string, done: Promise<any> }} */
  function ask(verb, body, heard) {
    count += 1;
    const id = `${view}-${count}`;
    const done = new Promise((resolve, reject) => open.set(id, { heard, resolve, reject }));
    model.send({ id, verb, body });
    return { id, done };
  }

  /** @param {string} id */
  function leave(id) {
    if (open.delete(id)) model.send({ leave: id });
  }

  return {
    call: (verb, body = {}) => ask(verb, body, () => {}).done,
    stream(verb, body, onEvent) {
      const { id, done } = ask(verb, body, onEvent);
      return { done, cancel: () => leave(id) };
    },
    close() {
      for (const id of open.keys()) leave(id);
      model.off("msg:custom", hear);
    },
  };
}
