// Fields that steer: what is typed into them is sent after a pause, and refused with a sentence where it makes no sense.

import { h } from "../../web/js/kit.js";
import { complaint } from "./fields.js";
import { held } from "./held.js";

/** @import { Desk } from "./desk.js" */

const STEER_PAUSE = 500;

/**
 * Sends changes after a pause, one bundle at a time. What is typed stays typed until the server has it.
 *
 * @param {Desk} desk
 * @param {string} name
 * @param {string} typed
 * @param {() => object} changes
 * @param {number} pause
 */
export function steerLater(desk, name, typed, changes, pause = STEER_PAUSE) {
  const { view } = desk;
  view.typed ??= {};
  view.waiting ??= {};
  view.typed[name] = typed;
  clearTimeout(view.waiting[name]);
  view.waiting[name] = setTimeout(async () => {
    if (await desk.steer("steer", { steering: changes() })) {
      if (view.typed[name] === typed) delete view.typed[name];
    }
    desk.draw();
  }, pause);
}

/** @param {Desk} desk @param {string} name @param {number} value @param {string} label @param {(value: number) => object} changes */
export function numberOf(desk, name, value, label, changes) {
  const range = desk.hello.ranges[name];
  return h("input", {
    type: "number",
    min: range?.low,
    max: range?.high,
    step: range?.step ?? "any",
    "aria-label": label,
    ...held(desk, name, String(value), (typed) =>
      sent(desk, typed, label, range, (wanted) => desk.steer("steer", { steering: changes(wanted) })),
    ),
  });
}

/** @param {Desk} desk @param {string} typed @param {string} label @param {any} range @param {(value: number) => void} send */
export function sent(desk, typed, label, range, send) {
  const wanted = typed === "" ? Number.NaN : Number(typed);
  const wrong = complaint(label, range, wanted);
  if (!wrong) return send(wanted);
  desk.say(wrong);
  desk.draw();
}

/** @param {Desk} desk @param {string} name @param {string} label @param {string} help */
export function setting(desk, name, label, help) {
  const { settings } = desk.writing.draft.steering;
  const range = desk.hello.ranges[name];
  const value = settings[name];
  const changed = value !== desk.hello.defaults.settings[name];
  const send = (/** @type {number | null} */ wanted) =>
    desk.steer("steer", { steering: { settings: { [name]: wanted } } });
  return h(
    "label",
    { key: name, class: `setting${changed ? " changed" : ""}` },
    h("span", {}, label),
    h("input", {
      type: "number",
      min: range?.low,
      max: range?.high,
      step: range?.step ?? "any",
      "aria-label": changed ? `${label}, changed` : label,
      ...held(desk, name, value === null ? "" : String(value), (typed) => {
        if (name === "seed" && typed === "") send(null);
        else sent(desk, typed, label, range, send);
      }),
    }),
    h("span", { class: "quiet" }, help),
  );
}
