// Where a generated sentence came from: how many sentences are kept, the settings, the measures, and all that was said.

import { h } from "../../../web/js/kit.js";
import { offerAt, samplesOf } from "./piece.js";

/** @import { Child } from "../../../web/js/kit.js" */
/** @import { Offer, Piece, Standing } from "./piece.js" */
/** @import { Page } from "./slip.js" */

const FINENESS = 16; // as in page_data.py

// As the reader last left them.
let originOpen = false;
let tintBy = "overfitted";

/** @param {Piece} piece @param {number} gap @param {Standing} standing @param {Page} page */
export function originOf(piece, gap, standing, page) {
  const offered = offerAt(piece, gap, standing.offer);
  const told = samplesOf(piece, gap, standing.offer).map((sample) => {
    /** @type {[string, Child][]} */
    const rows = [...piece.batches[sample.b ?? 0], ["sample", `${sample.i}, number ${sample.r} of its batch`]];
    (sample.m || []).forEach((value, number) => {
      if (value) rows.push([piece.measures[number], value]);
    });
    rows.push(["kept", offered.n ? (offered.e ? "edited by hand" : "part of it") : keptWords(offered, standing)]);
    return [facts(rows), saidInFull(sample, offered.n ? null : standing, page)];
  });
  const toggle = (/** @type {Event} */ event) => {
    originOpen = /** @type {HTMLDetailsElement} */ (event.target).open;
  };
  return h(
    "div",
    { class: "origin-here" },
    offered.u.length > 1 ? trimmer(piece, gap, standing, page) : null,
    h("details", { open: originOpen, toggle }, h("summary", {}, "Where it came from"), told),
  );
}

/** @param {Offer} offered @param {Standing} standing */
function keptWords({ u: units, t: tail }, { first, end }) {
  if (end - first < units.length) return `${end - first} of ${units.length} sentences`;
  return tail?.trim() ? "all its whole sentences" : "all of it";
}

/** @param {[string, Child][]} rows */
function facts(rows) {
  const row = (/** @type {[string, Child]} */ [name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return h("dl", { class: "facts" }, rows.map(row));
}

/** @param {Piece} piece @param {number} gap @param {Standing} standing @param {Page} page */
function trimmer(piece, gap, standing, page) {
  const most = offerAt(piece, gap, standing.offer).u.length;
  const button = (/** @type {string} */ label, /** @type {string} */ sign, /** @type {number} */ end) => {
    const click = (/** @type {Event} */ event) => {
      const pressed = /** @type {HTMLButtonElement} */ (event.target);
      const row = pressed.parentElement;
      page.choose(gap, { ...standing, end });
      const other = row?.querySelector("button:enabled");
      if (pressed.disabled && other instanceof HTMLElement) other.focus();
    };
    const disabled = end <= standing.first || end > most;
    return h("button", { key: label, type: "button", "aria-label": label, disabled, click }, sign);
  };
  return h(
    "p",
    { class: "trim" },
    h("span", { role: "status" }, `${standing.end - standing.first} of ${most} sentences`),
    button("One sentence fewer", "−", standing.end - 1),
    button("One sentence more", "+", standing.end + 1),
  );
}

/**
 * All that the model said, what was not kept struck out; tinted by probability where the record has it.
 *
 * @param {Offer} sample
 * @param {Standing | null} standing
 * @param {Page} page
 */
function saidInFull(sample, standing, page) {
  const whole = sample.u.join("") + (sample.t || "");
  if (sample.k) return [h("h3", {}, "Token by token"), tokens(sample.k, whole, page)];
  const { first, end } = standing || { first: 0, end: sample.u.length };
  const [before, kept, after] = [[0, first], [first, end], [end]].map((range) => sample.u.slice(...range).join(""));
  const rest = after + (sample.t || "");
  if (standing && !before && !rest.trim()) return [];
  const out = (/** @type {string} */ text) => (text ? h("del", {}, text) : null);
  return [h("h3", {}, "All that it said"), h("p", { class: "raw machine", dir: "auto" }, out(before), kept, out(rest))];
}

/**
 * @param {{ n: number[], b: string, o: string }} scores lengths of the tokens, and both probabilities
 * @param {string} whole
 * @param {Page} page
 */
function tokens({ n: lengths, b: base, o: overfitted }, whole, page) {
  const length = lengths.reduce((sum, count) => sum + count, 0);
  // The text begins after the white space that the first tokens hold.
  let start = Math.min(0, whole.length - length);
  const spans = lengths.map((count, number) => {
    const token = whole.slice(Math.max(0, start), Math.max(0, start + count));
    start += count;
    if (!token) return null;
    const [before, after] = [base, overfitted].map((levels) => Number.parseInt(levels[number], 36));
    const title = `about ${percent(before)} before overfitting, ${percent(after)} after`;
    return h("span", { title, "data-base": tint(before), "data-overfitted": tint(after) }, token);
  });
  const change = (/** @type {Event} */ event) => {
    tintBy = /** @type {HTMLSelectElement} */ (event.target).value;
    page.refresh();
  };
  const select = h(
    "select",
    { value: tintBy, change },
    h("option", { value: "overfitted" }, "the overfitted model"),
    h("option", { value: "base" }, "the model before"),
  );
  return [
    h("p", { class: "tint" }, h("label", {}, "Darker where it surprised ", select)),
    h("p", { class: "raw machine tokens", dir: "auto", "data-by": tintBy }, spans),
  ];
}

/** @param {number} level */
function tint(level) {
  return Math.min(4, Math.floor(level / 8));
}

/** @param {number} level */
function percent(level) {
  const share = 100 * 10 ** -((level / FINENESS) ** 2);
  return share < 0.1 ? "under 0.1 %" : `${share < 1 ? share.toFixed(1) : Math.round(share)} %`;
}
