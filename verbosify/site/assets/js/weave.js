// Puts generated sentences into the essay, and takes them out again.

import { byId, h, patch } from "../../../web/js/kit.js";
import { unitsOf } from "./piece.js";

/** @import { Piece, Standing } from "./piece.js" */

/** @param {Piece} piece @param {number} gap */
export function gapElement(piece, gap) {
  return byId(`gap-${piece.gaps[gap].p}`);
}

/**
 * Shows what stands in a gap: a caret to choose by, and each sentence in an element of its own.
 *
 * @param {Piece} piece
 * @param {number} gap
 * @param {Standing | null} standing
 */
export function weave(piece, gap, standing, { fresh = false } = {}) {
  const element = gapElement(piece, gap);
  const units = unitsOf(piece, gap, standing);
  const doing = units.length ? "change what stands here" : "add a sentence";
  const caret = h(
    "button",
    {
      type: "button",
      class: units.length ? "mark" : "mark empty",
      "data-gap": gap,
      "aria-haspopup": "dialog",
      "aria-label": `Gap ${gap + 1} of ${piece.gaps.length}: ${doing}`,
    },
    "^",
  );
  const said = units.map((unit, number) => [
    number && /\s$/.test(units[number - 1]) ? " " : "",
    h("span", { class: "said" }, unit.trim()),
  ]);
  const focused = element.contains(document.activeElement);
  element.replaceChildren(); // new elements, so that they arrive visibly
  if (!units.length) patch(element, caret);
  else {
    const space = element.dataset.spaced === "no" ? "" : " ";
    patch(element, space, h("span", { class: fresh ? "machine fresh" : "machine", dir: "auto" }, caret, said));
  }
  if (focused) /** @type {HTMLElement} */ (element.querySelector(".mark")).focus({ preventScroll: true });
}

/**
 * The essay as plain text, as it stands on the page.
 *
 * @param {Element} article
 * @param {string} title
 */
export function essayText(article, title) {
  const paragraphs = [title];
  for (const block of article.children) {
    if (block.classList.contains("original")) continue;
    const copy = /** @type {Element} */ (block.cloneNode(true));
    for (const mark of copy.querySelectorAll(".mark")) mark.remove();
    for (const row of copy.querySelectorAll("li, tr")) row.append("\n");
    for (const cell of copy.querySelectorAll("th, td")) cell.append("\t");
    const said = copy.textContent || "";
    const text = block.classList.contains("kept") ? said.replace(/\n{2,}/g, "\n") : said.replace(/\s+/g, " ");
    if (text.trim()) paragraphs.push(text.trim());
  }
  return `${paragraphs.join("\n\n")}\n`;
}
