// The sentences that the slider adds, one after another, from none to all that fit.

import { offerAt, rankedOffers, readingChoice, wholeOffer } from "./piece.js";

/** @import { Choice, Piece, Reading, Standing } from "./piece.js" */
/** @typedef {[gap: number, standing: Standing]} Rung */

/**
 * First the sentences of `choice`, spread evenly over the essay; then, to make it longer still, what `reading` has where
 * `choice` has nothing, or the best there is. `asChosen` is how many of the rungs make `choice` itself.
 *
 * @param {Piece} piece
 * @param {Choice} choice
 * @param {Reading | null} reading
 */
export function ladder(piece, choice, reading) {
  const preferred = reading ? readingChoice(piece, reading) : [];
  const order = piece.gaps.map((_, gap) => gap).sort((a, b) => ((a * 0.618034) % 1) - ((b * 0.618034) % 1) || a - b);
  /** @type {Rung[]} */
  const rungs = [];
  const climb = (/** @type {Choice} */ standings, /** @type {number[]} */ done) => {
    const deepest = standings.reduce(
      (most, standing) => Math.max(most, standing ? standing.end - standing.first : 0),
      0,
    );
    for (let count = 1; count <= deepest; count += 1) {
      for (const gap of order) {
        const standing = standings[gap];
        if (!standing || count <= done[gap] || count > standing.end - standing.first) continue;
        rungs.push([gap, { ...standing, end: standing.first + count }]);
      }
    }
  };
  climb(
    choice,
    choice.map(() => 0),
  );
  const asChosen = rungs.length;
  const more = choice.map((standing, gap) => {
    if (standing) return { ...standing, end: offerAt(piece, gap, standing.offer).u.length };
    if (preferred[gap]) return preferred[gap];
    const best = rankedOffers(piece, gap).find(({ badges }) => !badges.length);
    return best ? wholeOffer(piece, gap, best.offer) : null;
  });
  climb(
    more,
    choice.map((standing) => (standing ? standing.end - standing.first : 0)),
  );
  return { rungs, asChosen };
}

/**
 * The choice after so many rungs.
 *
 * @param {Piece} piece
 * @param {Rung[]} rungs
 * @param {number} count
 */
export function climbed(piece, rungs, count) {
  /** @type {Choice} */
  const choice = piece.gaps.map(() => null);
  for (const [gap, standing] of rungs.slice(0, count)) choice[gap] = standing;
  return choice;
}
