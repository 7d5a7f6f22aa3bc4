// A cut moves by a word or by a sentence, and never out of its sample.

import assert from "node:assert/strict";
import { test } from "node:test";

import { movedCut, standingCut, suggestedText } from "../../verbosify/notebook/static/cuts.js";

/** Two sentences and the beginning of a third, with the first suggested. */
function sampleOf(change = {}) {
  const text = " One two. Three four five. Six";
  const words = [...text.matchAll(/(\s*)(\S+)/g)].map(({ 1: before, 2: word, index }) => {
    const start = index + before.length;
    return [before, word, start, start + word.length];
  });
  return { id: 1, words, ends: [9, 26], suggested: 9, pick: null, ...change };
}

test("the cut stands at the pick, or else where it is suggested", () => {
  assert.equal(standingCut(sampleOf()), 1);
  assert.equal(standingCut(sampleOf({ pick: { start: 1, end: 26 } })), 4);
  assert.equal(standingCut(sampleOf({ suggested: 0 })), -1);
});

test("it moves by a word and stops at both ends", () => {
  assert.equal(movedCut(sampleOf(), 1, 1, false), 2);
  assert.equal(movedCut(sampleOf(), 0, -1, false), 0);
  assert.equal(movedCut(sampleOf(), 5, 1, false), 5);
});

test("it moves by a sentence, and past the last one to the end", () => {
  assert.deepEqual([movedCut(sampleOf(), 0, 1, true), movedCut(sampleOf(), 1, 1, true)], [1, 4]);
  assert.equal(movedCut(sampleOf(), 4, 1, true), 5);
  assert.deepEqual([movedCut(sampleOf(), 5, -1, true), movedCut(sampleOf(), 4, -1, true)], [4, 1]);
  assert.equal(movedCut(sampleOf(), 1, -1, true), 1);
});

test("a sample of no words has no cut to move", () => {
  const blank = sampleOf({ words: [], ends: [], suggested: 0 });
  assert.equal(standingCut(blank), -1);
  assert.deepEqual([movedCut(blank, -1, 1, true), movedCut(blank, -1, 1, false)], [-1, -1]);
});

test("the suggested text is what stands before the suggested cut", () => {
  assert.equal(suggestedText(sampleOf()), "One two.");
});
