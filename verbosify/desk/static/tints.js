// How a token's likelihood is told: classes that differ in more than colour, numbers in words, and a legend. No page.

/** @typedef {"fresh" | "overfit" | "difference"} Tint */

/**
 * Steps of probability, likeliest first; each is its class, its least probability and what it is called.
 *
 * @type {[className: string, least: number, name: string][]}
 */
const EXPECTED = [
  ["p1", 0.5, "over 50 %"],
  ["p2", 0.1, "10 to 50 %"],
  ["p3", 0.02, "2 to 10 %"],
  ["p4", 0.002, "0.2 to 2 %"],
  ["p5", 0, "under 0.2 %"],
];

/**
 * Steps of difference in nats, overfitted less fresh.
 *
 * @type {[className: string, least: number, name: string][]}
 */
const CHANGED = [
  ["d1", Math.log(4), "over 4 times likelier"],
  ["d2", Math.log(1.25), "likelier"],
  ["d3", -Math.log(1.25), "about as likely"],
  ["d4", -Math.log(4), "less likely"],
  ["d5", Number.NEGATIVE_INFINITY, "over 4 times less likely"],
];

/**
 * The class of a token under a tint; none if a number is missing.
 *
 * @param {Tint} tint
 * @param {number | null | undefined} fresh probability under the fresh model
 * @param {number | null | undefined} overfit the same under the overfitted one
 */
export function tintClass(tint, fresh, overfit) {
  if (tint !== "difference") return stepOf(EXPECTED, tint === "fresh" ? fresh : overfit);
  if (typeof fresh !== "number" || typeof overfit !== "number") return "";
  return stepOf(CHANGED, Math.log(overfit) - Math.log(fresh));
}

/** @param {typeof EXPECTED} steps @param {number | null | undefined} value */
function stepOf(steps, value) {
  if (typeof value !== "number" || Number.isNaN(value)) return "";
  return steps.find(([, least]) => value >= least)?.[0] ?? "";
}

/**
 * What the classes of a tint mean, in order.
 *
 * @param {Tint} tint
 * @returns {{ className: string, name: string }[]}
 */
export function legendOf(tint) {
  return (tint === "difference" ? CHANGED : EXPECTED).map(([className, , name]) => ({ className, name }));
}

/**
 * A probability in per cent, with as many digits as one can tell apart: 42 %, 4.2 %, 0.42 %, < 0.01 %.
 *
 * @param {number | null | undefined} probability
 */
export function percent(probability) {
  if (typeof probability !== "number") return "–";
  const share = probability * 100;
  if (share === 0) return "0";
  if (share < 0.01) return "<\u202f0.01\u202f%";
  const digits = share >= 99.95 ? 0 : share >= 10 ? 1 : 2;
  return `${share.toFixed(digits)}\u202f%`;
}

/**
 * How many times likelier the second is than the first, in words.
 *
 * @param {number} fresh
 * @param {number} overfit
 */
export function timesLikelier(fresh, overfit) {
  const times = overfit / fresh;
  if (!Number.isFinite(times) || times === 0) return "";
  const words = (/** @type {number} */ value) => (value >= 100 ? Math.round(value).toString() : value.toPrecision(2));
  if (times >= 1.25) return `${words(times)} × likelier`;
  return times <= 0.8 ? `${words(1 / times)} × less likely` : "about as likely";
}

const SEEN = new Map([
  ["\n", "↵"],
  ["\t", "⇥"],
  ["\u00a0", "⍽"],
]);

/**
 * A token in parts, so that white space is seen: a space is a part of its own that says so.
 *
 * @param {string} text
 * @returns {{ text: string, white: string }[]} `white` names what the part is, if it is white space
 */
export function visibleParts(text) {
  /** @type {{ text: string, white: string }[]} */
  const parts = [];
  for (const character of text) {
    const white = whiteName(character);
    const last = parts.at(-1);
    if (white) parts.push({ text: SEEN.get(character) ?? "␣", white });
    else if (last && !last.white) last.text += character;
    else parts.push({ text: character, white: "" });
  }
  return parts;
}

/** @param {string} character */
function whiteName(character) {
  if (character === " ") return "space";
  if (character === "\n") return "new line";
  if (character === "\t") return "tab";
  if (character === "\u00a0") return "no-break space";
  return /\s|\p{Cc}|\p{Zs}|\u200b/u.test(character) ? "white space" : "";
}

/**
 * A token in words, for those who hear it.
 *
 * @param {string} text
 */
export function spokenToken(text) {
  return visibleParts(text)
    .map(({ text: part, white }) => white || part)
    .join(" ");
}

/**
 * A token on one line, with its white space seen.
 *
 * @param {string} text
 */
export function shownToken(text) {
  return visibleParts(text)
    .map((part) => part.text)
    .join("");
}
