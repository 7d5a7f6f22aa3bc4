// The settings of a continuation, as a form asks for them: names, and what each does. Knows no page and no server.

/** @typedef {{ low: number, high: number, step: number, whole: boolean }} Range as the server tells it */

/** @type {[name: string, label: string, help: string][]} */
export const FIELDS = [
  ["temperature", "Temperature", "0 always takes the likeliest"],
  ["top_k", "Top-k", "the k likeliest only; 0 all"],
  ["top_p", "Top-p", "the likeliest that reach this share; 1 all"],
  ["min_p", "Min-p", "at least this share of the likeliest’s; 0 all"],
  ["typical_p", "Typical-p", "those of ordinary surprise; 1 all"],
  ["repetition_penalty", "Repetition penalty", "against what was said; 1 none"],
  ["repetition_range", "over the last", "tokens; 0 all"],
  ["repetition_slope", "rising by", "later ones count more; 0 alike"],
  ["frequency_penalty", "Frequency penalty", "for each time it was said"],
  ["presence_penalty", "Presence penalty", "once it was said"],
  ["least_length", "At least", "tokens before the text may end"],
  ["num_beams", "Beams", "above 1 searches instead of drawing"],
  ["seed", "Seed", "empty: another one each time"],
];

/**
 * What is wrong with a value, in words; nothing if it will do.
 *
 * @param {string} label
 * @param {Range | undefined} range
 * @param {number} value
 */
export function complaint(label, range, value) {
  if (!Number.isFinite(value)) return `${label} must be a number.`;
  if (range && (value < range.low || value > range.high)) return `${label} must be from ${range.low} to ${range.high}.`;
  return range?.whole && !Number.isInteger(value) ? `${label} must be a whole number.` : "";
}

/**
 * Strings one to a line, where \n and \t in the line stand for a new line and a tab, and \\ for a backslash.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function linesToStrings(text) {
  const meant = new Map([
    ["n", "\n"],
    ["t", "\t"],
    ["\\", "\\"],
  ]);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/\\([nt\\])/g, (_, letter) => meant.get(letter) ?? ""));
}

/**
 * The same back again.
 *
 * @param {readonly string[]} strings
 */
export function stringsToLines(strings) {
  return strings
    .map((line) => line.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t"))
    .join("\n");
}
