// Edits, the model's stretches through them, and places by characters and by units.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  characterEnds,
  editBetween,
  edited,
  movedSpans,
  pointsOf,
  unitsOf,
} from "../../verbosify/desk/static/edits.js";
import { chanceOf } from "./pieces.js";

test("an edit is the smallest stretch that differs, and makes the one text of the other", () => {
  assert.equal(editBetween("same", "same"), null);
  assert.deepEqual(editBetween("a b c", "a B c"), { at: 2, removed: "b", added: "B" });
  const chance = chanceOf(3);
  for (let round = 0; round < 500; round += 1) {
    const any = () => Array.from({ length: chance(7) }, () => "ab🙂"[chance(2)] + (chance(4) ? "" : "🙂")).join("");
    const [before, after] = [any(), any()];
    const edit = editBetween(before, after, chance(after.length + 1));
    assert.equal(edit ? edited(before, edit) : before, after);
  }
});

test("among letters that are alike the one that was typed is where the caret is", () => {
  assert.deepEqual(editBetween("ooo", "oooo", 1), { at: 0, removed: "", added: "o" });
  assert.deepEqual(editBetween("ooo", "oooo", 4), { at: 3, removed: "", added: "o" });
});

test("an edit never cuts a character of two units", () => {
  assert.deepEqual(editBetween("a🙂b", "a🙃b"), { at: 1, removed: "🙂", added: "🙃" });
});

test("what is typed into the model's words is the writer's, and the rest stays the model's", () => {
  const spans = [{ start: 2, end: 8, source: "x" }];
  assert.deepEqual(movedSpans(spans, { at: 5, removed: "", added: "!!" }), [
    { start: 2, end: 5, source: "x" },
    { start: 7, end: 10, source: "x" },
  ]);
  assert.deepEqual(movedSpans(spans, { at: 0, removed: "ab", added: "" }), [{ start: 0, end: 6, source: "x" }]);
  assert.deepEqual(movedSpans(spans, { at: 1, removed: "bcdefghij", added: "" }), []);
});

test("stretches of one source that meet are one", () => {
  const once = movedSpans([], { at: 0, removed: "", added: "abc" }, "x");
  assert.deepEqual(movedSpans(once, { at: 3, removed: "", added: "def" }, "x"), [{ start: 0, end: 6, source: "x" }]);
});

test("places by characters and by units are each other's", () => {
  const text = "a🙂é“漢";
  for (const [units, points] of [
    [0, 0],
    [1, 1],
    [3, 2],
    [4, 3],
    [6, 5],
  ]) {
    assert.equal(pointsOf(text, units), points);
    assert.equal(unitsOf(text, points), units);
  }
  assert.equal(unitsOf(text, 99), text.length);
});

test("a text is cut between what people take for characters", () => {
  assert.deepEqual(characterEnds("e\u0301👩‍👧!"), [2, 7, 8]);
});
