// Where a sample may be cut: after a word or after a sentence. Numbers in, numbers out.

/** @import { Sample } from "./curator.js" */

/**
 * The word that the last cut stands after: that of the pick, or else the suggested one; -1 before the first word.
 *
 * @param {Sample} sample
 */
export function standingCut(sample) {
  return lastWordBy(sample, sample.pick?.end ?? sample.suggested);
}

/**
 * The word that a cut after word `place` moves to, by one word or by one sentence, forward (1) or back (-1).
 *
 * @param {Sample} sample
 * @param {number} place
 * @param {1 | -1} by
 * @param {boolean} whole by a sentence
 */
export function movedCut(sample, place, by, whole) {
  const last = sample.words.length - 1;
  if (!whole) return Math.min(last, Math.max(0, place + by));
  const ends = sample.ends.map((end) => lastWordBy(sample, end)).filter((word) => word >= 0);
  if (by > 0) return ends.find((word) => word > place) ?? last;
  return ends.findLast((word) => word < place) ?? place;
}

/**
 * Words before a sample's suggested cut, as text.
 *
 * @param {Sample} sample
 */
export function suggestedText(sample) {
  const words = sample.words.filter(([, , , end]) => end <= sample.suggested);
  return words
    .map(([before, word]) => before + word)
    .join("")
    .trim();
}

/** @param {Sample} sample @param {number} at a character */
function lastWordBy(sample, at) {
  return sample.words.findLastIndex(([, , , end]) => end <= at);
}
