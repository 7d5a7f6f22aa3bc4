// Settings as a form asks for them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { passageAt, shortened } from "../../verbosify/desk/static/acts.js";
import { complaint, linesToStrings, stringsToLines } from "../../verbosify/desk/static/fields.js";

test("a value outside its range is told in a sentence", () => {
  const range = { low: 0, high: 1, step: 0.1, whole: false };
  assert.equal(complaint("Top-p", range, 0.5), "");
  assert.equal(complaint("Top-p", range, 2), "Top-p must be from 0 to 1.");
  assert.equal(complaint("Top-p", range, Number.NaN), "Top-p must be a number.");
  assert.equal(complaint("Top-k", { ...range, high: 9, whole: true }, 1.5), "Top-k must be a whole number.");
});

test("strings stand one to a line, and come back as they were", () => {
  const strings = ["\n", "Ruth:", "a\tb", "\\n", " "];
  assert.deepEqual(linesToStrings(stringsToLines(strings)), strings);
  assert.deepEqual(linesToStrings("\n\\n\n"), ["\n"]);
});

test("an overfit is on what is selected, or else on the last three sentences before the caret", () => {
  const text = "A one. B two. C three. D four.\n\nE five. F six.";
  assert.equal(passageAt(text, { start: 7, end: 13 }), "B two.");
  assert.equal(passageAt(text, { start: 30, end: 30 }), "B two. C three. D four.");
  assert.equal(passageAt(text, { start: text.length, end: text.length }), "E five. F six.");
  assert.equal(passageAt("", { start: 0, end: 0 }), "");
});

test("a long text is shortened between characters", () => {
  assert.equal(shortened("one\n two three", 8), "one two…");
  assert.equal(shortened("🙂🙂🙂", 2), "🙂🙂…");
});
