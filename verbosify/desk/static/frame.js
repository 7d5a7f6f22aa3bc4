// The line above the text, which says where one is and with which weights, and the line below, which asks the model.

import { h } from "../../web/js/kit.js";
import { shortened } from "./acts.js";
import { held } from "./held.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk, PanelName } from "./desk.js" */

/** @type {[PanelName, string][]} */
const PANELS = [
  ["tokens", "Tokens"],
  ["tree", "Tree"],
  ["steering", "Steering"],
  ["prompt", "Prompt"],
  ["weights", "Weights"],
];

/** @param {Desk} desk @returns {Child[]} */
export function header(desk) {
  const { draft } = desk.writing;
  return [
    h(
      "h1",
      {},
      h(
        "button",
        {
          type: "button",
          class: "title",
          "aria-haspopup": "dialog",
          title: "All drafts",
          click: () => desk.dialog("drafts"),
        },
        draft.name || shortened(desk.writing.text, 34) || "Untitled",
      ),
    ),
    h("span", { class: `link ${desk.writing.link}` }, linkInWords(desk)),
    draft.interrupted?.length > 0 &&
      !desk.offers.busy &&
      h(
        "button",
        { type: "button", class: "again", key: "again", click: () => desk.commands.again.run() },
        "Write what was asked for when the desk ended",
      ),
    h(
      "button",
      {
        type: "button",
        class: `force ${draft.weights.kind}`,
        title: "The weights in force",
        click: () => desk.panel("weights"),
      },
      h("span", { class: "sr" }, "Weights in force: "),
      h("span", { class: "force-model" }, modelInWords(draft.model)),
      " ",
      h("span", { class: "force-weights" }, weightsInWords(draft.weights)),
    ),
  ];
}

/** @param {Desk} desk @returns {Child} */
function linkInWords({ writing, hello }) {
  if (writing.link === "saved") return "saved";
  if (writing.link === "unsaved") return "saving…";
  if (writing.link === "login") return hello.widget ? "not saved" : h("a", { href: "login" }, "log in again to save");
  return "the desk is away; your text is safe here";
}

/** A folder by its own name. @param {string} model */
export function modelInWords(model) {
  return /^[/\\]|^\w:/.test(model) ? (model.split(/[/\\]/).filter(Boolean).at(-1) ?? model) : model;
}

/** @param {Record<string, any>} weights */
export function weightsInWords(weights) {
  if (weights.kind === "fresh") return "fresh";
  const strength = weights.strength === 1 ? "" : ` × ${weights.strength}`;
  return `overfitted on “${shortened(weights.text, 24)}”${strength}`;
}

/** @param {Desk} desk @returns {Child[]} */
export function footer(desk) {
  const { offers, likes, commands, writing } = desk;
  const { settings } = writing.draft.steering;
  return [
    h(
      "div",
      { class: "ask", key: "ask" },
      offers.busy
        ? h(
            "button",
            { type: "button", class: "main", key: "stop", click: () => commands.stop.run() },
            "Stop",
            h("kbd", {}, "Esc"),
          )
        : h(
            "button",
            { type: "button", class: "main", key: "go", click: () => commands.generate.run() },
            likes.tokensOnly ? "Next tokens" : "Generate",
            h("kbd", {}, "Ctrl ↵"),
          ),
      h(
        "span",
        { class: "how" },
        asked(desk, "n", settings.n, "Continuations at once", 1, 32),
        " of ",
        asked(desk, "length", settings.length, "Tokens at most", 1, 400),
        " tokens, ",
        h("input", {
          type: "number",
          min: 1,
          max: 99,
          "aria-label": "How many times, one after another",
          title: "How many times, one after another",
          ...held(desk, "rounds", String(likes.rounds), (typed) =>
            desk.like({ rounds: Math.min(99, Math.max(1, Math.round(Number(typed)) || 1)) }),
          ),
        }),
        "\u2009×",
      ),
      toggle("Quick", "Go on at once after each taking", likes.quick, () => commands.quick.run()),
      toggle("Tokens only", "No continuations: the list of next tokens instead", likes.tokensOnly, () =>
        commands.tokensOnly.run(),
      ),
    ),
    h(
      "div",
      { class: "back", key: "back" },
      small("Undo", "Ctrl+Z", !writing.draft.can_undo && writing.isSaved, () => commands.undo.run()),
      small("Redo", "Ctrl+Y", !writing.draft.can_redo, () => commands.redo.run()),
    ),
    h(
      "nav",
      { class: "tabs", key: "tabs", "aria-label": "Panels" },
      PANELS.map(([name, label]) =>
        h(
          "button",
          { type: "button", key: name, "aria-pressed": String(likes.panel === name), click: () => desk.panel(name) },
          label,
        ),
      ),
      h("button", { type: "button", key: "map", title: "All keys (Ctrl+K)", click: () => desk.dialog("map") }, "Keys"),
    ),
  ];
}

/** @param {Desk} desk @param {string} name @param {number} value @param {string} label @param {number} min @param {number} max */
function asked(desk, name, value, label, min, max) {
  const steer = (/** @type {string} */ typed) => {
    const wanted = Math.min(max, Math.max(min, Math.round(Number(typed)) || min));
    desk.steer("steer", { steering: { settings: { [name]: wanted } } });
  };
  return h("input", {
    type: "number",
    min,
    max,
    "aria-label": label,
    title: label,
    ...held(desk, name, String(value), steer),
  });
}

/** @param {string} label @param {string} title @param {boolean} on @param {() => void} click */
function toggle(label, title, on, click) {
  return h("button", { type: "button", class: "toggle", title, "aria-pressed": String(on), click }, label);
}

/** @param {string} label @param {string} title @param {boolean} disabled @param {() => void} click */
function small(label, title, disabled, click) {
  return h("button", { type: "button", class: "quiet", title, "aria-disabled": String(disabled), click }, label);
}
