// Numbers go through a text unchanged, and the check is the one that links in the world were made with.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkOf, packNumbers, unpackNumbers } from "../../verbosify/web/js/packing.js";

test("numbers come back from their text", () => {
  for (const numbers of [
    [],
    [0],
    [1, 127, 128, 16383, 16384, 2 ** 31 - 1],
    Array.from({ length: 300 }, (_, at) => at * at),
  ]) {
    const text = packNumbers(numbers);
    assert.match(text, /^[\w-]*$/);
    assert.deepEqual(unpackNumbers(text), numbers);
  }
});

test("a text that is no base64 holds no numbers", () => {
  assert.deepEqual(unpackNumbers("%"), []);
  assert.deepEqual(unpackNumbers("A"), []);
});

test("the check is FNV-1a, two bytes a character, in four characters", () => {
  assert.equal(checkOf(""), "HJ1E");
  assert.equal(checkOf("漢字"), "_AZe");
  assert.notEqual(checkOf("ab"), checkOf("ba"));
  assert.notEqual(checkOf("é"), checkOf("e"));
  assert.match(checkOf("漢字 and all that"), /^[\w-]{4}$/);
});
