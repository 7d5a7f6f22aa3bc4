// The picture of an essay's words: the same numbers as shape.py makes of the same words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { shapePaths } from "../../verbosify/site/assets/js/shape.js";

test("words stand above and below the line in turn", () => {
  assert.deepEqual(shapePaths({ words: 15, between: [10, 5, 0], ends: [1] }, [3, 0]), {
    width: 18,
    human: "M0 0h10v9h-10zM13 0h5v9h-5z",
    machine: "M10 11h3v9h-3z",
  });
});

test("a pause follows each paragraph", () => {
  const { human, width } = shapePaths({ words: 600, between: [300, 300], ends: [0] }, [1]);
  assert.equal(human, "M0 0h300v9h-300zM305 0h300v9h-300z");
  assert.equal(width, 605);
});

test("an essay without words has a shape", () => {
  assert.deepEqual(shapePaths({ words: 0, between: [0], ends: [] }, []), { width: 1, human: "", machine: "" });
});
