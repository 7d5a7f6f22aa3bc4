// A stretch of a draft becomes a pick of the piece that the desk belongs to.

import { h } from "../../web/js/kit.js";
import { shortened } from "./acts.js";
import { pointsOf } from "./edits.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk } from "./desk.js" */

/** @param {Desk} desk @returns {Child[]} */
export function pickDialog(desk) {
  const { view, writing } = desk;
  const node = view.pickNode ?? writing.draft.node;
  const text = writing.tree.said(node)?.text ?? writing.text;
  const stretch = stretchOf(desk, node, text);
  if (!view.gaps) {
    view.gaps = { gaps: [], readings: [] };
    desk.ask("gaps").then((told) => {
      view.gaps = told ?? view.gaps;
      desk.draw();
    });
  }
  const { gaps, readings } = view.gaps;
  const gap = view.pickGap ?? gaps[0]?.gap;
  const hand = async () => {
    const places = { start: pointsOf(text, stretch.start), end: pointsOf(text, stretch.end) };
    const told = await desk.ask("pick", {
      draft: writing.draft.id,
      node,
      ...places,
      gap,
      reading: view.pickReading || "own",
    });
    if (!told) return;
    view.pickNode = undefined;
    desk.dialog("");
    desk.say(told.message);
  };
  return [
    h("blockquote", {}, text.slice(stretch.start, stretch.end) || "Select in the text what is to be handed over."),
    h(
      "label",
      {},
      "After the passage ",
      h(
        "select",
        {
          value: String(gap ?? ""),
          change: (event) => {
            view.pickGap = Number(event.target.value);
            desk.draw();
          },
        },
        gaps.map((/** @type {any} */ one) =>
          h(
            "option",
            { value: String(one.gap), key: one.gap },
            `${one.gap + 1}: ${shortened(one.passage, 60)}${one.picked.length ? ` (${one.picked.length} picked)` : ""}`,
          ),
        ),
      ),
    ),
    h(
      "label",
      {},
      "In the reading ",
      h("input", {
        type: "text",
        list: "desk-readings",
        value: view.pickReading ?? "own",
        input: (event) => {
          view.pickReading = event.target.value;
        },
      }),
    ),
    h(
      "datalist",
      { id: "desk-readings" },
      readings.map((/** @type {string} */ name) => h("option", { value: name, key: name })),
    ),
    h(
      "div",
      { class: "buttons" },
      h(
        "button",
        {
          type: "button",
          class: "main",
          "aria-disabled": String(gap === undefined || stretch.end <= stretch.start),
          click: hand,
        },
        "Hand it over",
      ),
    ),
  ];
}

/** What is selected, or else what the model last put in. @param {Desk} desk @param {number} node @param {string} text */
function stretchOf(desk, node, text) {
  const { view, writing } = desk;
  const { start, end } = view.selection ?? { start: 0, end: 0 };
  if (node === writing.draft.node && end > start) return { start, end };
  const last = writing.tree.said(node)?.spans.at(-1);
  return last ? { start: last.start, end: last.end } : { start: 0, end: text.length };
}
