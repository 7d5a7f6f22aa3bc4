// The piece as the builder wrote it into the page (its keys are explained in page_data.py), and what stands where.
//
// A choice has an entry for each gap in the order of the essay: null, or {offer, first, end}: the number of an offer, and
// which of its sentences, from `first` up to but not including `end`. Choices are never changed; a new one takes an old
// one's place.

/** @typedef {{ offer: number, first: number, end: number }} Standing */
/** @typedef {(Standing | null)[]} Choice */

/**
 * A sample, or several put together by a curator: its sentences and how many words each has; the keys of a sample are
 * its number, its batch, its row in it, badges, measures, closeness and tokens; those of the others the numbers of the
 * samples behind them, and whether they were edited.
 *
 * @typedef {object} Offer
 * @property {string[]} u
 * @property {number[]} w
 * @property {string} [t] what follows the last whole sentence
 * @property {number} [i]
 * @property {number} [b]
 * @property {number} [r]
 * @property {string[]} [f]
 * @property {string[]} [m]
 * @property {number} [c]
 * @property {{ n: number[], b: string, o: string }} [k]
 * @property {number[]} [n]
 * @property {0 | 1} [e]
 */
/** @typedef {{ p: number, s: Offer[], x?: Offer[], o?: number }} Gap */

/**
 * @typedef {object} Reading
 * @property {string} name
 * @property {string} label
 * @property {string} page
 * @property {string} by
 * @property {[number, number, number, number][]} gaps
 * @property {Map<number, Standing>} standings
 */

/**
 * @typedef {object} Piece
 * @property {string} id
 * @property {string} title
 * @property {number} words
 * @property {number[]} between
 * @property {number[]} ends
 * @property {Reading[]} readings
 * @property {string[]} measures
 * @property {[string, string][][]} batches
 * @property {Gap[]} gaps
 */

/**
 * The piece in that text, which is JSON.
 *
 * @param {string} text
 * @returns {Piece}
 */
export function readPiece(text) {
  const piece = JSON.parse(text);
  for (const reading of piece.readings) {
    reading.standings = new Map(
      reading.gaps.map((/** @type {number[]} */ [gap, offer, first, end]) => [gap, { offer, first, end }]),
    );
  }
  return piece;
}

/** @param {Piece} piece @param {number} gap @param {number} offer */
export function offerAt(piece, gap, offer) {
  const { s: samples, x: extras = [] } = piece.gaps[gap];
  return offer < samples.length ? samples[offer] : extras[offer - samples.length];
}

/** @param {Piece} piece @param {number} gap */
export function offerCount(piece, gap) {
  return piece.gaps[gap].s.length + (piece.gaps[gap].x || []).length;
}

/** @param {Piece} piece @param {number} gap @param {Standing | null} standing */
export function unitsOf(piece, gap, standing) {
  return standing ? offerAt(piece, gap, standing.offer).u.slice(standing.first, standing.end) : [];
}

/** @param {Piece} piece @param {number} gap @param {Standing | null} standing */
export function textOf(piece, gap, standing) {
  return unitsOf(piece, gap, standing).join("").trim();
}

/**
 * The samples behind an offer: one, unless a curator put several together.
 *
 * @param {Piece} piece
 * @param {number} gap
 * @param {number} offer
 */
export function samplesOf(piece, gap, offer) {
  const { s: samples } = piece.gaps[gap];
  return offer < samples.length
    ? [samples[offer]]
    : (offerAt(piece, gap, offer).n || []).map((number) => samples[number]);
}

/** @param {Piece} piece @param {number} gap @param {Standing | null} standing */
export function wordCount(piece, gap, standing) {
  if (!standing) return 0;
  const { w: words } = offerAt(piece, gap, standing.offer);
  return words.slice(standing.first, standing.end).reduce((sum, count) => sum + count, 0);
}

/** @param {Standing | null} one @param {Standing | null} other */
export function sameStanding(one, other) {
  if (!one || !other) return one === other;
  return one.offer === other.offer && one.first === other.first && one.end === other.end;
}

/** @param {Piece} piece @param {number} gap @param {number} offer @returns {Standing} */
export function wholeOffer(piece, gap, offer) {
  return { offer, first: 0, end: offerAt(piece, gap, offer).u.length };
}

/** @param {Piece} piece @param {Reading} reading @returns {Choice} */
export function readingChoice(piece, reading) {
  return piece.gaps.map((_, gap) => reading.standings.get(gap) || null);
}

/**
 * The reading that a choice is, if it is one.
 *
 * @param {Piece} piece
 * @param {Choice} choice
 */
export function readingOf(piece, choice) {
  return piece.readings.find((reading) =>
    choice.every((standing, gap) => sameStanding(standing, reading.standings.get(gap) || null)),
  );
}

/** @typedef {{ offer: number, badges: string[], closeness: number, chosenBy: string[] }} Ranked */

/**
 * Offers in the order a reader should meet them: what curators chose, then the closest to the passage, then what the
 * measures set aside. Each with the readings that chose it.
 *
 * @param {Piece} piece
 * @param {number} gap
 */
export function rankedOffers(piece, gap) {
  /** @type {Map<number, string[]>} */
  const chosen = new Map();
  for (const reading of piece.readings) {
    const found = reading.standings.get(gap);
    if (found) chosen.set(found.offer, [...(chosen.get(found.offer) || []), reading.label]);
  }
  /** @type {Ranked[]} */
  const ranked = [];
  for (let offer = 0; offer < offerCount(piece, gap); offer += 1) {
    const { u: units, f: badges = [], c: closeness = 0 } = offerAt(piece, gap, offer);
    if (units.length) ranked.push({ offer, badges, closeness, chosenBy: chosen.get(offer) || [] });
  }
  const rank = (/** @type {Ranked} */ { badges, chosenBy }) => (chosenBy.length ? 0 : badges.length ? 2 : 1);
  return ranked.sort((a, b) => rank(a) - rank(b) || b.closeness - a.closeness || a.offer - b.offer);
}
