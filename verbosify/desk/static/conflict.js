// Two tabs wrote on one draft: both texts, and what to do. Neither is ever lost.

import { h } from "../../web/js/kit.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk } from "./desk.js" */

/** @param {Desk} desk @returns {Child[]} */
export function conflictDialog(desk) {
  const { conflict } = desk.view;
  const text = (/** @type {string} */ title, /** @type {string} */ said) =>
    h(
      "section",
      { key: title },
      h("h3", {}, title),
      h("div", { class: "compared", tabindex: 0, role: "group", "aria-label": title }, said),
    );
  const done = async (/** @type {Promise<void>} */ doing) => {
    try {
      await doing;
      desk.view.conflict = null;
      desk.dialog("");
    } catch (error) {
      desk.say(error instanceof Error ? error.message : String(error));
    }
  };
  return [
    h(
      "p",
      {},
      "While you wrote here, another tab wrote on the same draft. Both stay in its tree, whatever you choose.",
    ),
    h("div", { class: "two" }, text("In this tab", conflict.yours), text("In the other tab", conflict.current.text)),
    h(
      "div",
      { class: "buttons" },
      h(
        "button",
        { type: "button", class: "main", click: () => done(desk.writing.resolve(conflict, false)) },
        "Go on with the other’s; mine stands beside it",
      ),
      h("button", { type: "button", click: () => done(desk.writing.resolve(conflict, true)) }, "Go on with mine"),
    ),
  ];
}
