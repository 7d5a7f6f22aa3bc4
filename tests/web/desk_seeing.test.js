// The list of tokens: only what was asked of the present place is told.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Seeing } from "../../verbosify/desk/static/seeing.js";

/** A list of tokens whose questions are answered by hand: `answer` tells the oldest that waits one token. */
function listOf(text) {
  const waiting = [];
  const transport = {
    call: (_, { at }) => new Promise((resolve) => waiting.push({ at, resolve })),
    stream() {},
  };
  const writing = { draft: { id: 1, node: 1, weights: {} }, text, isSaved: true };
  const seeing = new Seeing(transport, writing, () => {});
  seeing.listing = true;
  return { seeing, waiting, answer: (token) => waiting.shift().resolve({ tokens: [token], context_tokens: 1 }) };
}

test("an answer is not told once the caret has moved on, and the list stays stale until it is of the new place", async () => {
  const { seeing, waiting, answer } = listOf("One two.");
  seeing.caret = 3;
  const first = seeing.list();
  seeing.moved(8);
  answer("of the third place");
  await first;
  assert.deepEqual(seeing.choices, []);
  assert.ok(seeing.stale);

  const settled = seeing.settled();
  assert.equal(waiting[0].at, 8);
  answer("of the eighth place");
  await settled;
  assert.deepEqual(seeing.choices, ["of the eighth place"]);
  assert.equal(seeing.at, 8);
  assert.ok(!seeing.stale);
});
