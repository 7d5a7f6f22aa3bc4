// The slider's ladder: a sentence a rung, through the reader's own choice, to all that fits.

import assert from "node:assert/strict";
import { test } from "node:test";

import { climbed, ladder } from "../../verbosify/site/assets/js/ladder.js";
import { readingChoice, wordCount } from "../../verbosify/site/assets/js/piece.js";
import { anyChoice, chanceOf, pieceOf } from "./pieces.js";

const wordsOf = (piece, choice) => choice.reduce((sum, standing, gap) => sum + wordCount(piece, gap, standing), 0);

test("the bottom is the essay alone, and one rung is the choice itself", () => {
  const chance = chanceOf(5);
  for (let round = 0; round < 50; round += 1) {
    const piece = pieceOf(1 + chance(20));
    const choice = anyChoice(piece, chance);
    const { rungs, asChosen } = ladder(piece, choice, piece.readings[0]);
    assert.deepEqual(
      climbed(piece, rungs, 0),
      piece.gaps.map(() => null),
    );
    assert.deepEqual(climbed(piece, rungs, asChosen), choice);
  }
});

test("each rung adds one sentence and takes none away", () => {
  const piece = pieceOf(12);
  const { rungs } = ladder(piece, anyChoice(piece, chanceOf(9)), piece.readings[0]);
  let before = 0;
  for (let count = 1; count <= rungs.length; count += 1) {
    const words = wordsOf(piece, climbed(piece, rungs, count));
    assert.ok(words > before);
    before = words;
  }
});

test("above an empty choice come the reading's sentences, or else the best there are", () => {
  const piece = pieceOf(5, (row) =>
    row.p === 4 ? { ...row, s: row.s.map((sample) => ({ ...sample, f: ["looped"] })) } : row,
  );
  piece.readings[0].standings.delete(3);
  const { rungs, asChosen } = ladder(
    piece,
    piece.gaps.map(() => null),
    piece.readings[0],
  );
  assert.equal(asChosen, 0);
  const top = climbed(piece, rungs, rungs.length);
  assert.deepEqual(top.slice(0, 3), readingChoice(piece, piece.readings[0]).slice(0, 3));
  assert.equal(top[3].offer, 2); // the closest
});

test("sentences are spread over the essay, not filled in from its beginning", () => {
  const piece = pieceOf(40);
  const { rungs } = ladder(piece, readingChoice(piece, piece.readings[0]), null);
  const firstTen = rungs.slice(0, 10).map(([gap]) => gap);
  assert.ok(Math.max(...firstTen) > 30);
  assert.ok(Math.min(...firstTen) < 10);
});
