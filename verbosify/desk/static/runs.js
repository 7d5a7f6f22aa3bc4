// The text cut into stretches that look alike: whose words they are, and how likely the model finds them. No page.

import { tintClass } from "./tints.js";

/** @import { Run } from "./editor.js" */
/** @import { Span } from "./edits.js" */
/** @import { SeenToken } from "./seeing.js" */
/** @import { Tint } from "./tints.js" */

/**
 * @param {string} text
 * @param {readonly Span[]} spans the model's stretches
 * @param {{ look: Tint | "", tints: readonly SeenToken[], seen?: SeenToken }} seeing
 * @returns {Run[]}
 */
export function runsOf(text, spans, { look, tints, seen }) {
  const places = new Set([0, text.length]);
  for (const { start, end } of spans) places.add(start).add(end);
  /** @type {Map<number, SeenToken>} */
  const tokens = new Map();
  if (look) {
    for (const token of tints) {
      if (token.end > text.length) continue;
      places.add(token.start).add(token.end);
      tokens.set(token.start, token);
    }
  }
  const order = [...places].filter((place) => place <= text.length).sort((a, b) => a - b);
  /** @type {Run[]} */
  const runs = [];
  let span = 0;
  /** @type {SeenToken | undefined} */
  let token;
  for (let index = 0; index + 1 < order.length; index += 1) {
    const [start, end] = [order[index], order[index + 1]];
    while (span < spans.length && spans[span].end <= start) span += 1;
    token = tokens.get(start) ?? (token && token.end > start ? token : undefined);
    const names = ["run"];
    if (span < spans.length && spans[span].start <= start) names.push("machine");
    if (look && token) names.push(tintClass(look, token.fresh?.probability, token.overfit?.probability));
    if (token && token === seen) names.push("seen");
    runs.push({ text: text.slice(start, end), className: names.filter(Boolean).join(" "), start });
  }
  return runs;
}
