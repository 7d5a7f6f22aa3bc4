// Exactly what the model will see, in its order, with the tokens counted.

import { h } from "../../web/js/kit.js";
import { pointsOf } from "./edits.js";
import { count } from "./offers.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk } from "./desk.js" */

/** @type {Record<string, string>} */
const KINDS = { memory: "memory", entry: "entry", text: "text", note: "note" };

/** @param {Desk} desk @returns {Child[]} */
export function promptPanel(desk) {
  refresh(desk);
  const { seen, problem } = desk.view.prompt;
  if (problem) return [h("p", { class: "problem" }, problem)];
  if (!seen) return [h("p", { class: "quiet" }, "Asking…")];
  const { room, dropped, tokens, parts } = seen;
  return [
    h(
      "p",
      { class: "sum" },
      h("b", {}, tokens.toLocaleString("en")),
      ` of ${room.context.toLocaleString("en")} tokens; ${room.length} are kept free to generate, ${room.text} at most are text, ${room.memory} memory.`,
    ),
    h("meter", { min: 0, max: room.context, value: tokens, "aria-label": "Tokens of the model’s context in use" }),
    (dropped.text > 0 || dropped.memory > 0) &&
      h(
        "p",
        { class: "notice" },
        `Left out for want of room: ${count(dropped.text, "token")} of the oldest text, ${count(dropped.memory, "token")} of the memory.`,
      ),
    h(
      "div",
      { class: "prompt-parts", tabindex: 0, role: "group", "aria-label": "What the model sees, in its order" },
      parts.map((/** @type {any} */ part, /** @type {number} */ index) =>
        h(
          "section",
          { class: `prompt-part of-${part.kind}`, key: index },
          h("h3", {}, KINDS[part.kind] ?? part.kind, h("span", { class: "quiet" }, ` ${count(part.tokens, "token")}`)),
          h("pre", {}, part.text),
        ),
      ),
    ),
    h(
      "p",
      { class: "quiet" },
      "These parts, one right after another and nothing else, are what the next token follows.",
    ),
  ];
}

/** @param {Desk} desk */
function refresh(desk) {
  const { writing, seeing, view } = desk;
  view.prompt ??= { asked: "", seen: null, problem: "" };
  const asked = JSON.stringify([writing.draft.id, writing.text, seeing.caret, writing.draft.steering_revision]);
  if (view.prompt.asked === asked) return;
  view.prompt.asked = asked;
  clearTimeout(view.prompt.timer);
  view.prompt.timer = setTimeout(async () => {
    const at = pointsOf(writing.text, seeing.caret);
    try {
      const of = writing.isSaved ? { node: writing.draft.node } : { text: writing.text };
      view.prompt.seen = await desk.transport.call("preview", { draft: writing.draft.id, ...of, at });
      view.prompt.problem = "";
    } catch (error) {
      view.prompt.problem = error instanceof Error ? error.message : String(error);
    }
    desk.draw();
  }, 250);
}
