// A reader's choice as a short text for the address bar, and back.
//
//   v1.<choices>.<check>
//
// For each gap in the order of the essay one number: 0 for nothing, else 1 + 3 * offer + kind, where kind 0 is the whole
// offer, 1 some of its sentences (the first and the one after the last follow, as numbers from 0), and 2 one of the offers
// that are no plain sample. Offers are numbered as the samples were made, so that a link outlives a rebuild that keeps the
// samples. The check is 24 bits of a hash of the choices, which tells a damaged link, and 24 bits of one of the words
// chosen, which tells whether they are still the same.

import { checkOf, packNumbers, unpackNumbers } from "../../../web/js/packing.js";
import { offerAt, sameStanding, textOf, wholeOffer } from "./piece.js";

/** @import { Choice, Piece } from "./piece.js" */

export const LINK_VERSION = "v1";

/** @param {Choice} choice @param {Piece} piece */
export function encodeChoice(choice, piece) {
  const numbers = choice.flatMap((standing, gap) => {
    if (!standing) return [0];
    const samples = piece.gaps[gap].s.length;
    if (standing.offer >= samples) return [3 + 3 * (standing.offer - samples)];
    if (sameStanding(standing, wholeOffer(piece, gap, standing.offer))) return [1 + 3 * standing.offer];
    return [2 + 3 * standing.offer, standing.first, standing.end];
  });
  while (numbers.length && numbers[numbers.length - 1] === 0) numbers.pop();
  const body = packNumbers(numbers);
  return `${LINK_VERSION}.${body}.${checkOf(piece.id + body)}${checkOf(wordsOf(choice, piece))}`;
}

/**
 * What a link says: {choice, same} if it is whole, where `same` tells whether its words are still as they were; else null.
 *
 * @param {string} text
 * @param {Piece} piece
 */
export function decodeChoice(text, piece) {
  const match = /^v1\.([\w-]*)\.([\w-]{4})([\w-]{4})$/.exec(text);
  if (!match || checkOf(piece.id + match[1]) !== match[2]) return null;
  const numbers = unpackNumbers(match[1]);
  /** @type {Choice} */
  const choice = piece.gaps.map(() => null);
  for (let at = 0, gap = 0; at < numbers.length; at += 1, gap += 1) {
    if (numbers[at] === 0) continue;
    const kind = (numbers[at] - 1) % 3;
    const number = (numbers[at] - 1 - kind) / 3;
    if (kind === 1) at += 2;
    if (gap >= choice.length) continue;
    const offer = kind === 2 ? piece.gaps[gap].s.length + number : number;
    const offered = offerAt(piece, gap, offer);
    if (!offered?.u.length) continue;
    const [first, end] =
      kind === 1 ? [numbers[at - 1], Math.min(numbers[at], offered.u.length)] : [0, offered.u.length];
    if (first < end) choice[gap] = { offer, first, end };
  }
  return { choice, same: checkOf(wordsOf(choice, piece)) === match[3] };
}

/** @param {Choice} choice @param {Piece} piece */
function wordsOf(choice, piece) {
  return choice.map((standing, gap) => (standing ? `${gap}:${textOf(piece, gap, standing)}` : "")).join("\n");
}
