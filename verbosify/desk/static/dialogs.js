// What comes before the page for a moment: the map of keys, the drafts, two texts compared, two tabs that disagree, a pick.

import { build, h, patch } from "../../web/js/kit.js";
import { shortened } from "./acts.js";
import { conflictDialog } from "./conflict.js";
import { draftsDialog } from "./drafts.js";
import { pickDialog } from "./pick.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk, DialogName } from "./desk.js" */

/** @type {Record<string, [title: string, content: (desk: Desk) => Child[]]>} */
const DIALOGS = {
  map: ["Keys", mapDialog],
  drafts: ["Drafts", draftsDialog],
  compare: ["Compared", compareDialog],
  conflict: ["Two tabs wrote here", conflictDialog],
  pick: ["Hand to the piece", pickDialog],
};

/** @param {Desk} desk */
export function dialogsOf(desk) {
  const dialog = /** @type {HTMLDialogElement} */ (
    build(h("dialog", { class: "dialog", "aria-labelledby": "desk-dialog" }))
  );
  /** @type {DialogName} */
  let shown = "";
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    // Words of two tabs need an answer.
    if (desk.view.dialog !== "conflict") leave();
  });
  dialog.addEventListener("close", () => {
    // What is open again was opened from what was closed.
    if (!dialog.open && desk.view.dialog !== "conflict") close();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && desk.view.dialog !== "conflict") leave();
  });
  dialog.addEventListener("keydown", (event) => {
    if (desk.view.dialog === "map") letter(event);
  });

  function close() {
    if (!shown) return;
    shown = "";
    desk.view.dialog = "";
    patch(dialog);
    desk.put(desk.editor.selection().end);
  }

  function leave() {
    dialog.close();
    close();
  }

  /** @param {KeyboardEvent} event */
  function letter(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const command = Object.values(desk.commands).find((one) => one.letter === event.key.toLowerCase());
    if (!command || command === desk.commands.map) return;
    event.preventDefault();
    event.stopPropagation();
    leave();
    command.run();
  }

  function draw() {
    const name = desk.view.dialog;
    if (!name) {
      if (dialog.open) dialog.close();
      return;
    }
    const [title, content] = DIALOGS[name];
    patch(
      dialog,
      h(
        "div",
        { class: `dialog-body ${name}`, key: name },
        h(
          "div",
          { class: "side-head" },
          h("h2", { id: "desk-dialog" }, title),
          name !== "conflict" && h("button", { type: "button", class: "quiet", click: leave }, "Close"),
        ),
        content(desk),
      ),
    );
    if (!dialog.open) dialog.showModal();
    shown = name;
  }
  return { elements: [dialog], draw };
}

/** @param {Desk} desk @returns {Child[]} */
function mapDialog(desk) {
  const groups = new Map();
  for (const command of Object.values(desk.commands)) {
    groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  }
  return [
    h("p", { class: "quiet" }, "Ctrl+K opens this map from anywhere; then one letter does what it says."),
    h(
      "div",
      { class: "map" },
      [...groups].map(([group, commands]) =>
        h(
          "section",
          { key: group },
          h("h3", {}, group),
          h(
            "ul",
            {},
            commands.map((/** @type {import("./commands.js").Command} */ { letter, name, keys, run }) =>
              h(
                "li",
                { key: name },
                h(
                  "button",
                  {
                    type: "button",
                    click: () => {
                      desk.dialog("");
                      queueMicrotask(run);
                    },
                  },
                  h("kbd", {}, letter),
                  h("span", {}, name),
                  keys && h("span", { class: "quiet" }, keys),
                ),
              ),
            ),
          ),
        ),
      ),
      h(
        "section",
        { key: "lists" },
        h("h3", {}, "In the continuations"),
        h(
          "dl",
          {},
          [
            ["← →", "by a token (with Shift: by a letter)"],
            ["↑ ↓", "the one before, after; ↑ on the first: the text"],
            ["Enter", "take up to there"],
            ["1–9", "take that one whole"],
            ["p", "pin"],
            ["r", "draw the rest anew"],
          ].map(([key, what]) => h("div", { key }, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what))),
        ),
        h("h3", {}, "In the list of tokens"),
        h(
          "dl",
          {},
          [
            ["↑ ↓", "walk; PageUp, PageDown by ten"],
            ["Enter", "take it"],
            ["Delete", "ban it"],
          ].map(([key, what]) => h("div", { key }, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what))),
        ),
      ),
    ),
  ];
}

/** @param {Desk} desk @returns {Child[]} */
function compareDialog(desk) {
  const { compared } = desk.view;
  const side = (/** @type {"a" | "b"} */ which, /** @type {string} */ title) =>
    h(
      "section",
      { key: which },
      h("h3", {}, title),
      h(
        "div",
        { class: "compared", tabindex: 0, role: "group", "aria-label": title },
        compared.parts
          .filter((/** @type {any} */ { kind }) => kind === "same" || kind === which)
          .map((/** @type {any} */ { kind, text }) =>
            kind === "same" ? text : h(which === "a" ? "del" : "ins", {}, text),
          ),
      ),
    );
  return [
    h(
      "div",
      { class: "two" },
      side("a", compared.node.name || `The other: “${shortened(compared.node.inserted, 30)}”`),
      side("b", "Here"),
    ),
    h("p", { class: "quiet" }, "Only in the other: struck through. Only here: underlined."),
  ];
}
