// What is put before the model besides the text, and how it samples: one panel of several forms.

import { h } from "../../web/js/kit.js";
import { entries } from "./entries.js";
import { FIELDS, linesToStrings, stringsToLines } from "./fields.js";
import { presets } from "./presets.js";
import { numberOf, setting, steerLater } from "./settings.js";
import { tokensOf } from "./tokenrules.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk } from "./desk.js" */

/** @param {Desk} desk @returns {Child[]} */
export function steeringPanel(desk) {
  const { steering } = desk.writing.draft;
  return [
    area(
      desk,
      "memory",
      "Memory",
      "What the model reads before your text.",
      steering.memory,
      (memory) => ({ memory }),
      4,
    ),
    area(desk, "note", "Note", "What it reads a few lines before the cursor.", steering.note, (note) => ({ note }), 2),
    h(
      "p",
      { class: "line", key: "note_lines" },
      h(
        "label",
        {},
        "The note stands ",
        numberOf(desk, "note_lines", steering.note_lines, "Lines back", (note_lines) => ({ note_lines })),
        " lines back.",
      ),
    ),
    h(
      "p",
      { class: "line", key: "share" },
      h(
        "label",
        {},
        "Of the room, ",
        numberOf(desk, "share", steering.share, "Share of the text", (share) => ({ share })),
        " is the text’s; the memory has the rest.",
      ),
    ),
    h(
      "p",
      { class: "line", key: "context" },
      h(
        "label",
        {},
        "The model reads ",
        numberOf(desk, "context", steering.context, "Context in tokens", (context) => ({ context })),
        " tokens at most.",
      ),
    ),
    entries(desk),
    presets(desk),
    h(
      "fieldset",
      { class: "settings", key: "settings" },
      h("legend", {}, "Settings"),
      FIELDS.map(([name, label, help]) => setting(desk, name, label, help)),
    ),
    area(
      desk,
      "stops",
      "Stops",
      "A continuation ends before the first of these; one a line, \\n is a new line.",
      stringsToLines(steering.settings.stops),
      (lines) => ({ settings: { stops: linesToStrings(lines) } }),
      2,
    ),
    area(
      desk,
      "banned_strings",
      "Banned strings",
      "These never come; one a line.",
      stringsToLines(steering.settings.banned_strings),
      (lines) => ({ settings: { banned_strings: linesToStrings(lines) } }),
      2,
    ),
    tokensOf(desk),
  ];
}

/** @param {Desk} desk @param {string} name @param {string} label @param {string} help @param {string} value @param {(text: string) => object} changes @param {number} rows */
function area(desk, name, label, help, value, changes, rows) {
  return h(
    "label",
    { class: "area", key: name },
    label,
    h("span", { class: "quiet" }, ` ${help}`),
    h("textarea", {
      rows,
      spellcheck: "false",
      value: desk.view.typed?.[name] ?? value,
      input: (event) => steerLater(desk, name, event.target.value, () => changes(event.target.value)),
    }),
  );
}
