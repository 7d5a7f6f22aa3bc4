// Continuations as they come: streamed side by side, stopped, pinned, drawn anew, accepted up to any place.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeKeeper } from "../../verbosify/desk/static/keep.js";
import { endAt, movedEnd, Offers } from "../../verbosify/desk/static/offers.js";
import { Problem } from "../../verbosify/desk/static/problems.js";
import { Writing } from "../../verbosify/desk/static/writing.js";
import { makeServer, makeShelf } from "./desk_transport.js";

async function offersOn(text = "One.") {
  const { server, transport, draft } = makeServer(text);
  const said = [];
  const hooks = { changed() {}, moved() {}, conflict() {}, say: (message) => said.push(message) };
  const writing = new Writing(transport, makeKeeper(makeShelf(), "tab"), draft(), hooks, 5);
  await writing.learn();
  return { server, writing, said, offers: new Offers(transport, writing, hooks) };
}

/** Waits until `generate` was asked for once more. */
async function asked({ server }) {
  const { last } = server;
  for (let left = 2000; server.last === last; left -= 1) {
    assert.ok(left, "nothing was asked for");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Has the stream that was asked for last say these rows, a token each, and record them. */
function answer({ server, writing }, rows, { finish = "length", cancelled = false } = {}) {
  const { tell, end, body, job } = server.last;
  const before = writing.draft.text;
  const at = [...before].slice(0, body.at).join("").length;
  tell("queued", { job, ahead: 0, overfitting: null });
  tell("started", { n: rows.length, weights: "fresh" });
  rows.forEach((tokens, row) => {
    for (const text of tokens) tell("token", { row, text, probability: 0.5, sampled_probability: 0.6, token_id: 1 });
  });
  const done = rows.map((tokens, row) => {
    const text = tokens.join("");
    const node = server.add(body.node, "continuation", before.slice(0, at) + text + before.slice(at));
    return { row, node, generation: row, text, finish };
  });
  for (const row of done) tell("row", row);
  tell("done", { rows: done, cancelled });
  end();
}

test("continuations grow side by side, and are known by their nodes in the end", async () => {
  const at = await offersOn();
  const { offers } = at;
  const all = offers.generate(4);
  await asked(at);
  answer(at, [[" Two", " words", "."], [" Zwei"]]);
  assert.equal(await all, true);
  assert.deepEqual(
    offers.list.map(({ text, node, finish }) => [text, node, finish]),
    [
      [" Two words.", 2, "length"],
      [" Zwei", 3, "length"],
    ],
  );
  assert.deepEqual(offers.list[0].ends, [4, 10, 11]);
  assert.equal(offers.busy, false);
});

test("one is taken up to a place, and the text goes on there", async () => {
  const at = await offersOn();
  const { offers, writing } = at;
  const all = offers.generate(4);
  await asked(at);
  answer(at, [[" Two", " words"]]);
  await all;
  assert.equal(await offers.accept(offers.list[0], 4), 8);
  assert.equal(writing.text, "One. Two");
  assert.equal(offers.shown, false);
});

test("at the cursor what stands behind it stays behind", async () => {
  const at = await offersOn("🙂 One. Three.");
  const { offers, writing, server } = at;
  const all = offers.generate(7);
  await asked(at);
  assert.equal(server.last.body.at, 6);
  answer(at, [[" Two", "."]]);
  await all;
  assert.equal(await offers.accept(offers.list[0]), 12);
  assert.equal(writing.text, "🙂 One. Two. Three.");
});

test("taking one that is still written stops it first", async () => {
  const at = await offersOn();
  const { offers, server, writing } = at;
  const all = offers.generate(4);
  await asked(at);
  const { tell, job } = server.last;
  tell("queued", { job, ahead: 0, overfitting: null });
  tell("started", { n: 1, weights: "fresh" });
  tell("token", { row: 0, text: " Two", probability: 0.5 });
  server.last.cancel = () => {
    const node = server.add(1, "continuation", "One. Two");
    tell("done", { rows: [{ row: 0, node, text: " Two", finish: "cancelled" }], cancelled: true });
    server.last.end();
    return { cancelled: true };
  };
  assert.equal(await offers.accept(offers.list[0], 4), 8);
  assert.equal(writing.text, "One. Two");
  assert.equal(await all, false);
});

test("a stop that comes before the desk has answered is kept until it has", async () => {
  const at = await offersOn();
  const { offers, server } = at;
  const all = offers.generate(4, 3);
  await asked(at);
  const stopped = offers.cancel();
  assert.equal(offers.phase, "stopping");
  answer(at, [[" T"]], { finish: "cancelled", cancelled: true });
  await stopped;
  assert.equal(await all, false);
  assert.equal(server.asked.filter(([verb]) => verb === "generate").length, 1);
  assert.equal(server.asked.filter(([verb]) => verb === "cancel").length, 1);
});

test("several rounds come one after another and add up", async () => {
  const at = await offersOn();
  const all = at.offers.generate(4, 2);
  await asked(at);
  answer(at, [[" a"], [" b"]]);
  await asked(at);
  answer(at, [[" c"], [" d"]]);
  assert.equal(await all, true);
  assert.deepEqual(
    at.offers.list.map(({ text }) => text),
    [" a", " b", " c", " d"],
  );
});

test("what is pinned stays when the rest is drawn anew, and as many are drawn as are not", async () => {
  const at = await offersOn();
  const { offers, server } = at;
  let all = offers.generate(4);
  await asked(at);
  answer(at, [[" a"], [" b"], [" c"]]);
  await all;
  await offers.pin(offers.list[1]);
  assert.deepEqual(server.marks, [{ draft: 7, node: 3, pinned: true }]);
  all = offers.reroll(3);
  await asked(at);
  assert.equal(server.last.body.n, 2);
  answer(at, [[" d"], [" e"]]);
  await all;
  assert.deepEqual(
    offers.list.map(({ text }) => text),
    [" b", " d", " e"],
  );
});

test("after another was taken, drawing anew goes back to where they were asked for", async () => {
  const at = await offersOn();
  const { offers, writing } = at;
  let all = offers.generate(4);
  await asked(at);
  answer(at, [[" a"], [" b"]]);
  await all;
  await offers.accept(offers.list[0]);
  all = offers.reroll(2);
  await asked(at);
  assert.equal(writing.text, "One.");
  answer(at, [[" c"], [" d"]]);
  await all;
  assert.deepEqual(
    offers.list.map(({ text }) => text),
    [" c", " d"],
  );
});

test("an error is told in its sentence, and what had been recorded stays", async () => {
  const at = await offersOn();
  const { offers, server, said } = at;
  const all = offers.generate(4);
  await asked(at);
  server.last.tell("queued", { job: "x", ahead: 2, overfitting: null });
  assert.equal(offers.ahead, 2);
  server.last.tell("started", { n: 2, weights: "fresh" });
  server.last.fail(new Problem({ code: "interrupted", detail: "The model ended." }));
  assert.equal(await all, false);
  assert.deepEqual([offers.list, offers.busy, said.at(-1)], [[], false, "The model ended."]);
});

test("what was drawn at a node is shown again", async () => {
  const { offers, writing, server } = await offersOn();
  const [first, second] = [
    server.add(1, "continuation", "One. Two words."),
    server.add(1, "continuation", "One. Zwei."),
  ];
  await writing.learn();
  assert.equal(offers.recall(writing.tree.continuations(1), "One."), true);
  assert.deepEqual(
    offers.list.map(({ node, text }) => [node, text]),
    [
      [first, " Two words."],
      [second, " Zwei."],
    ],
  );
  assert.deepEqual(offers.list[0].ends, [4, 11]);
  assert.equal(offers.recall([], "One."), false);
});

test("a cut moves by tokens, or by characters, and to both ends", () => {
  const offer = { text: " Two é.", ends: [4, 6, 7] };
  assert.deepEqual(
    [movedEnd(offer, 4, 1, false), movedEnd(offer, 4, -1, false), movedEnd(offer, 7, 1, false)],
    [6, 0, 7],
  );
  assert.deepEqual([movedEnd(offer, 4, 1, true), movedEnd(offer, 4, -1, true)], [5, 3]);
  assert.deepEqual([endAt(offer, 0, false), endAt(offer, 4, false), endAt(offer, 1, true)], [4, 6, 2]);
});
