// Likelihood in classes, numbers and words; tokens with their white space seen; the text in stretches.

import assert from "node:assert/strict";
import { test } from "node:test";

import { runsOf } from "../../verbosify/desk/static/runs.js";
import {
  legendOf,
  percent,
  shownToken,
  spokenToken,
  timesLikelier,
  tintClass,
} from "../../verbosify/desk/static/tints.js";

test("every class that a token may have is in the legend", () => {
  for (const tint of ["fresh", "overfit", "difference"]) {
    const classes = new Set(legendOf(tint).map(({ className }) => className));
    for (const fresh of [1e-9, 0.001, 0.01, 0.05, 0.3, 0.9]) {
      for (const overfit of [1e-9, 0.001, 0.04, 0.3, 0.9]) assert.ok(classes.has(tintClass(tint, fresh, overfit)));
    }
  }
});

test("a difference is told by its factor, and a missing number by nothing", () => {
  assert.equal(tintClass("difference", 0.1, 0.5), "d1");
  assert.equal(tintClass("difference", 0.1, 0.1), "d3");
  assert.equal(tintClass("difference", 0.5, 0.1), "d5");
  assert.equal(tintClass("difference", null, 0.1), "");
  assert.equal(tintClass("fresh", undefined, 0.1), "");
});

test("a probability has the digits that tell it from others", () => {
  assert.deepEqual(
    [1, 0.4204, 0.0421, 0.00004, 0, null].map((share) => percent(share).replaceAll("\u202f", " ")),
    ["100 %", "42.0 %", "4.21 %", "< 0.01 %", "0", "–"],
  );
});

test("how many times likelier, in words", () => {
  assert.equal(timesLikelier(0.1, 0.3), "3.0 × likelier");
  assert.equal(timesLikelier(0.3, 0.1), "3.0 × less likely");
  assert.equal(timesLikelier(0.1, 0.1), "about as likely");
  assert.equal(timesLikelier(0, 0.1), "");
});

test("white space is seen and heard", () => {
  assert.equal(shownToken(" a\n\t"), "␣a↵⇥");
  assert.equal(spokenToken(" harbour\n"), "space harbour new line");
});

test("the text is cut where another wrote and where tokens begin", () => {
  const score = (probability) => ({ probability, rank: 1, entropy: 1 });
  const tints = [
    { start: 0, end: 3, text: "abc", fresh: null, overfit: null },
    { start: 3, end: 6, text: "def", fresh: score(0.001), overfit: null },
    { start: 6, end: 99, text: "of another text", fresh: score(0.9), overfit: null },
  ];
  const runs = runsOf("abcdefg", [{ start: 2, end: 5, source: "x" }], { look: "fresh", tints, seen: tints[1] });
  assert.deepEqual(
    runs.map(({ text, className }) => [text, className]),
    [
      ["ab", "run"],
      ["c", "run machine"],
      ["de", "run machine p5 seen"],
      ["f", "run p5 seen"],
      ["g", "run"],
    ],
  );
  assert.deepEqual(runsOf("", [], { look: "", tints: [] }), []);
});
