// What a reader takes for one character, as the server counts them: Unicode's extended grapheme clusters.

const segmenter = "Segmenter" in Intl ? new Intl.Segmenter() : null;

/**
 * How many characters a text has.
 *
 * @param {string} text
 * @returns {number}
 */
export function charactersOf(text) {
  return segmenter ? [...segmenter.segment(text)].length : [...text].length;
}
