// The tree of a draft: texts and whose words they are along a path, and its lines.

import assert from "node:assert/strict";
import { test } from "node:test";

import { kindInWords, Tree } from "../../verbosify/desk/static/tree.js";

const node = (id, parent, kind, start, end, inserted, more = {}) => ({
  id,
  parent,
  kind,
  start,
  end,
  inserted,
  name: "",
  bookmarked: false,
  pinned: false,
  weights: null,
  kept: null,
  ...more,
});

function grown() {
  const tree = new Tree();
  tree.add([
    node(1, null, "root", 0, 0, "🙂 One."),
    node(2, 1, "typed", 6, 6, " Two"),
    node(3, 2, "typed", 10, 10, "."),
    node(4, 3, "continuation", 11, 11, " Drei."),
    node(5, 3, "continuation", 11, 11, " Three.", { weights: "overfit" }),
    node(6, 5, "edit", 13, 16, "HR"),
    node(7, 6, "swap", 0, 1, "☀"),
  ]);
  return tree;
}

test("a node's text is its parent's with its own words put in, by characters", () => {
  const tree = grown();
  assert.equal(tree.said(4).text, "🙂 One. Two. Drei.");
  assert.equal(tree.said(7).text, "☀ One. Two. THRe.");
  assert.equal(tree.said(99), null);
});

test("the model's words are known in it, without those that a person put in between", () => {
  const { text, spans } = grown().said(7);
  assert.deepEqual(
    spans.map(({ start, end }) => text.slice(start, end)),
    ["☀", " T", "e."],
  );
});

test("marks come later, and nodes again are no new ones", () => {
  const tree = grown();
  tree.add([node(4, 3, "continuation", 11, 11, " Drei.", { bookmarked: true })]);
  assert.equal(tree.nodes.size, 7);
  assert.equal(tree.last, 7);
  assert.deepEqual(
    tree.continuations(3).map(({ id, bookmarked }) => [id, bookmarked]),
    [
      [4, true],
      [5, false],
    ],
  );
});

test("the way one came stays at its level, what comes off it is one in, and typing is one line", () => {
  const rows = grown().rows(7);
  assert.deepEqual(
    rows.map(({ node: { id }, level, here, onPath, count, words }) => [id, level, here, onPath, count, words]),
    [
      [1, 1, false, true, 1, "🙂 One."],
      [3, 1, false, true, 2, " Two."],
      [4, 2, false, false, 1, " Drei."],
      [5, 1, false, true, 1, " Three."],
      [6, 1, false, true, 1, "HR"],
      [7, 1, true, true, 1, "☀"],
    ],
  );
});

test("one who stands within typing sees where", () => {
  assert.deepEqual(
    grown()
      .rows(2)
      .map(({ node: { id }, here }) => [id, here])
      .slice(0, 3),
    [
      [1, false],
      [2, true],
      [3, false],
    ],
  );
});

test("what comes off is closed and opened", () => {
  const tree = grown();
  const closed = tree.rows(7, new Set([3]));
  assert.deepEqual(
    closed.map(({ node: { id } }) => id),
    [1, 3, 5, 6, 7],
  );
  assert.deepEqual([closed[1].branches, closed[1].open], [true, false]);
});

test("a tree of thousands of nodes is laid out and read", () => {
  const tree = new Tree();
  tree.add([node(1, null, "root", 0, 0, "")]);
  for (let id = 2; id < 3_000; id += 1) tree.add([node(id, id - 1, "taken", id - 2, id - 2, "x")]);
  assert.deepEqual(
    tree.rows(2_999).map(({ count }) => count),
    [1, 2_998],
  );
  assert.equal(tree.said(2_999).text.length, 2_998);
});

test("kinds are told in words", () => {
  assert.equal(kindInWords(node(1, null, "root", 0, 0, "")), "beginning");
  assert.equal(kindInWords(node(2, 1, "typed", 0, 0, ""), 3), "typed in 3 steps");
  assert.equal(kindInWords(node(2, 1, "continuation", 0, 0, "", { weights: "overfit" })), "continuation, overfitted");
});
