// Entries of the memory that keywords call.

import { h } from "../../web/js/kit.js";
import { steerLater } from "./settings.js";

/** @import { Desk } from "./desk.js" */

/** @param {Desk} desk */
export function entries(desk) {
  const { steering } = desk.writing.draft;
  /** @type {{ keys: string[], text: string, enabled: boolean }[]} */
  const list = desk.view.entries ?? steering.entries;
  const change = (/** @type {any[]} */ changed, /** @type {number | undefined} */ pause = undefined) => {
    desk.view.entries = changed;
    // An entry that says nothing yet stays here until it does.
    const told = () => ({ entries: changed.filter(({ keys, text }) => keys.length && text) });
    steerLater(desk, "entries", JSON.stringify(changed), told, pause);
    desk.draw();
  };
  const at = (/** @type {number} */ index, /** @type {object} */ changes) =>
    change(list.map((entry, place) => (place === index ? { ...entry, ...changes } : entry)));
  return h(
    "fieldset",
    { class: "entries", key: "entries" },
    h("legend", {}, "Entries"),
    h("p", { class: "quiet" }, "An entry joins the memory where one of its words is in what the model reads."),
    list.map((entry, index) =>
      h(
        "div",
        { class: "entry", key: index },
        h("input", {
          type: "text",
          placeholder: "words, by commas",
          "aria-label": `Words that call entry ${index + 1}`,
          value: desk.view.typed?.[`keys ${index}`] ?? entry.keys.join(", "),
          input: (event) => {
            desk.view.typed = { ...desk.view.typed, [`keys ${index}`]: event.target.value };
            at(index, {
              keys: event.target.value
                .split(",")
                .map((/** @type {string} */ word) => word.trim())
                .filter(Boolean),
            });
          },
        }),
        h(
          "label",
          { class: "line" },
          h("input", {
            type: "checkbox",
            checked: entry.enabled,
            change: (event) => at(index, { enabled: event.target.checked }),
          }),
          "on",
        ),
        h(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-label": `Delete entry ${index + 1}`,
            click: () => {
              desk.view.typed = {};
              change(
                list.filter((_, place) => place !== index),
                0,
              );
            },
          },
          "×",
        ),
        h("textarea", {
          rows: 2,
          "aria-label": `Text of entry ${index + 1}`,
          value: entry.text,
          input: (event) => at(index, { text: event.target.value }),
        }),
      ),
    ),
    h(
      "button",
      {
        type: "button",
        click: () => {
          desk.view.entries = [...list, { keys: [], text: "", enabled: true }];
          desk.draw();
        },
      },
      "Add an entry",
    ),
  );
}
