// What changed between two texts, and which stretches of a text are the model's words. Knows no page and no server.

/**
 * One stretch put in another's place. Places count UTF-16 units, as strings here do.
 *
 * @typedef {{ at: number, removed: string, added: string }} Edit
 */
/**
 * A stretch of a text that a model wrote: where it starts and ends, and the generation and row it came from.
 *
 * @typedef {{ start: number, end: number, source: string }} Span
 */

/**
 * The smallest stretch that differs. Where several would do, the one that ends at `caret`, since that is where one types.
 *
 * @param {string} before
 * @param {string} after
 * @param {number} [caret] where the caret stands in `after`
 * @returns {Edit | null}
 */
export function editBetween(before, after, caret) {
  if (before === after) return null;
  const most = Math.min(before.length, after.length);
  const latest = caret === undefined ? 0 : Math.max(0, after.length - caret);
  let back = 0;
  while (back < Math.min(most, latest) && before.at(-1 - back) === after.at(-1 - back)) back += 1;
  let at = 0;
  while (at < most - back && before[at] === after[at]) at += 1;
  while (back < most - at && before.at(-1 - back) === after.at(-1 - back)) back += 1;
  if (isInside(before, at) || isInside(after, at)) at -= 1;
  if (isInside(before, before.length - back) || isInside(after, after.length - back)) back -= 1;
  return { at, removed: before.slice(at, before.length - back), added: after.slice(at, after.length - back) };
}

/**
 * The text with the edit made.
 *
 * @param {string} text
 * @param {Edit} edit
 */
export function edited(text, edit) {
  return text.slice(0, edit.at) + edit.added + text.slice(edit.at + edit.removed.length);
}

/**
 * The model's stretches after an edit; what was added is the model's too if it has a source.
 *
 * @param {readonly Span[]} spans in order
 * @param {Edit} edit
 * @param {string} [source]
 * @returns {Span[]}
 */
export function movedSpans(spans, { at, removed, added }, source) {
  const gone = at + removed.length;
  const by = added.length - removed.length;
  const before = spans.filter((span) => span.start < at).map((span) => ({ ...span, end: Math.min(span.end, at) }));
  const after = spans
    .filter((span) => span.end > gone)
    .map((span) => ({ ...span, start: Math.max(span.start, gone) + by, end: span.end + by }));
  const middle = source && added ? [{ start: at, end: at + added.length, source }] : [];
  return joined([...before, ...middle, ...after]);
}

/** @param {Span[]} spans @returns {Span[]} */
function joined(spans) {
  /** @type {Span[]} */
  const made = [];
  for (const span of spans) {
    const last = made.at(-1);
    if (last && last.end === span.start && last.source === span.source) last.end = span.end;
    else if (span.start < span.end) made.push({ ...span });
  }
  return made;
}

/**
 * Whether a place is inside a character of two UTF-16 units.
 *
 * @param {string} text
 * @param {number} at
 */
function isInside(text, at) {
  const unit = text.charCodeAt(at);
  const last = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && last >= 0xd800 && last <= 0xdbff;
}

/**
 * The places where a text may be cut: between what people take for characters.
 *
 * @param {string} text
 * @returns {number[]} ends, in order, the last one the text's
 */
export function characterEnds(text) {
  const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), ({ index, segment }) => index + segment.length);
}

/**
 * Places by characters (code points, as Python counts) of the same places by UTF-16 units.
 *
 * @param {string} text
 * @param {number} units
 */
export function pointsOf(text, units) {
  return Array.from(text.slice(0, units)).length;
}

/**
 * Places by UTF-16 units of the same places by characters (code points).
 *
 * @param {string} text
 * @param {number} points
 */
export function unitsOf(text, points) {
  let at = 0;
  for (let left = points; left > 0 && at < text.length; left -= 1) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}

/**
 * Words typed while the text was moved, as edits of the moved text, as far as they fit it.
 *
 * @param {string[]} texts what stood here, one after another
 * @param {Edit | null} theirs how it was moved
 * @param {string} before the text that both began with
 * @returns {{ edits: Edit[], fit: boolean }} `fit`: whether they all do
 */
export function woven(texts, theirs, before) {
  /** @type {Edit[]} */
  const edits = [];
  let last = before;
  let place = theirs?.at ?? Number.POSITIVE_INFINITY;
  for (const text of texts) {
    const ours = editBetween(last, text);
    last = text;
    if (!ours) continue;
    if (!theirs || ours.at + ours.removed.length <= place) {
      edits.push(ours);
      place += ours.added.length - ours.removed.length;
    } else if (ours.at >= place + theirs.removed.length) {
      edits.push({ ...ours, at: ours.at + theirs.added.length - theirs.removed.length });
    } else return { edits, fit: false };
  }
  return { edits, fit: true };
}
