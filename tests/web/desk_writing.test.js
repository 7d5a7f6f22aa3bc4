// A draft as one writes in it: saved by itself, undone step by step, and nothing lost when the desk is away or another tab
// writes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { keptAs } from "../../verbosify/desk/static/draft.js";
import { makeKeeper } from "../../verbosify/desk/static/keep.js";
import { Writing } from "../../verbosify/desk/static/writing.js";
import { makeServer, makeShelf } from "./desk_transport.js";

async function writingOn(text = "", shelf = makeShelf(), tab = "tab") {
  const { server, transport, draft } = makeServer(text);
  const told = { said: [], conflicts: [], moved: [] };
  const hooks = {
    changed() {},
    moved: (edit) => told.moved.push(edit),
    conflict: (conflict) => told.conflicts.push(conflict),
    say: (message) => told.said.push(message),
  };
  const writing = new Writing(transport, makeKeeper(shelf, tab), draft(), hooks, 5);
  await writing.learn();
  return { server, transport, writing, told, shelf, keeper: makeKeeper(shelf, tab) };
}

const type = (writing, words) => {
  for (const letter of words) writing.typed(writing.text + letter, writing.text.length + 1);
};
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits for as long as it takes. */
async function until(holds) {
  for (let left = 2000; !holds(); left -= 1) {
    assert.ok(left, `never: ${holds}`);
    await pause(5);
  }
}

test("what is typed is saved after a pause, as one step", async () => {
  const { server, writing, shelf } = await writingOn("One.");
  type(writing, " Two.");
  assert.equal(writing.link, "unsaved");
  assert.equal(shelf.length, 1);
  await until(() => writing.link === "saved");
  assert.equal(server.nodes.at(-1).text, "One. Two.");
  assert.equal(server.nodes.length, 2);
  assert.deepEqual([writing.link, shelf.length], ["saved", 0]);
});

test("a jump, a turn to deleting and a line's end are steps of their own, and undo knows each", async () => {
  const { server, writing } = await writingOn("");
  type(writing, "one\n");
  type(writing, "two");
  writing.typed("one\ntw", 6);
  writing.typed("!one\ntw", 1);
  await writing.save();
  assert.deepEqual(
    server.nodes.map(({ text }) => text),
    ["", "one\n", "one\ntwo", "one\ntw", "!one\ntw"],
  );
});

test("undo and redo that come fast add up, and none is lost", async () => {
  const { server, writing } = await writingOn("0");
  for (const next of ["01", "012", "0123", "01234"]) {
    writing.typed(next, next.length);
    await writing.save();
  }
  server.delay = 10;
  const { revision } = server;
  for (let press = 0; press < 3; press += 1) writing.step(-1);
  await until(() => server.asked.some(([verb]) => verb === "undo"));
  writing.step(-1);
  writing.step(1);
  writing.step(-1);
  await until(() => server.revision > revision + 1);
  await writing.save();
  assert.equal(writing.text, "0");
  writing.step(1);
  writing.step(1);
  await writing.save();
  assert.equal(writing.text, "012");
});

test("undo takes what was typed and not saved yet with it, and redo brings it back", async () => {
  const { writing } = await writingOn("One.");
  type(writing, " Two");
  writing.step(-1);
  await writing.save();
  assert.equal(writing.text, "One.");
  writing.step(1);
  await writing.save();
  assert.equal(writing.text, "One. Two");
});

test("where there is nothing to undo it is said", async () => {
  const { writing, told } = await writingOn("One.");
  writing.step(-1);
  await writing.save();
  assert.deepEqual(told.said, ["There is nothing to undo."]);
});

test("while the desk is away words wait in the browser, and are saved when it is back", async () => {
  const { server, writing, told, shelf } = await writingOn("One.");
  server.away = true;
  type(writing, " Two.");
  await until(() => writing.link === "away");
  assert.equal(writing.link, "away");
  assert.equal(told.said.length, 1);
  type(writing, "\nThree.");
  await until(() => server.asked.filter(([verb]) => verb === "save").length > 1);
  assert.deepEqual(JSON.parse(shelf.getItem(shelf.key(0))).texts, ["One. Two.\n", "One. Two.\nThree."]);
  server.away = false;
  writing.heard({ revision: server.revision, steering_revision: server.steering });
  await until(() => writing.link === "saved");
  assert.equal(server.nodes.at(-1).text, "One. Two.\nThree.");
  assert.deepEqual([writing.link, shelf.length], ["saved", 0]);
});

test("words that a tab left go on where the draft stands still, and stand beside it where it has moved", async () => {
  const shelf = makeShelf();
  const { server, writing, keeper, told } = await writingOn("One.", shelf);
  await writing.restore([{ node: 1, texts: ["One. T", "One. Two."], at: 1 }]);
  assert.equal(writing.text, "One. Two.");
  assert.deepEqual(
    server.nodes.map(({ text }) => text),
    ["One.", "One. T", "One. Two."],
  );
  keeper.keep(keptAs(writing.draft), { node: 1, texts: ["One. Other."], at: 2 });
  await writing.restore(keeper.left(keptAs(writing.draft), new Set()));
  assert.equal(writing.text, "One. Two.");
  assert.deepEqual([server.nodes.at(-1).parent, server.nodes.at(-1).text], [1, "One. Other."]);
  assert.equal(told.said.length, 1);
  assert.equal(shelf.length, 0);
  server.away = true;
  keeper.keep(keptAs(writing.draft), { node: 1, texts: ["One. Later."], at: 3 });
  await assert.rejects(writing.restore(keeper.left(keptAs(writing.draft), new Set())));
  assert.equal(shelf.length, 1);
});

test("what other tabs have kept is theirs as long as they are open", () => {
  const shelf = makeShelf();
  makeKeeper(shelf, "other").keep("7@then", { node: 1, texts: ["theirs"], at: 1 });
  makeKeeper(shelf, "mine").keep("7@then", { node: 1, texts: ["mine"], at: 2 });
  const keeper = makeKeeper(shelf, "mine");
  assert.deepEqual(
    keeper.left("7@then", new Set(["other", "mine"])).map(({ texts }) => texts[0]),
    ["mine"],
  );
  assert.deepEqual(
    keeper.left("7@then", new Set(["mine"])).map(({ texts }) => texts[0]),
    ["theirs", "mine"],
  );
  keeper.forget(keeper.left("7@then", new Set(["mine"])));
  assert.deepEqual(
    keeper.left("7@then", new Set(["mine"])).map(({ texts }) => texts[0]),
    ["mine"],
  );
});

test("where another tab wrote meanwhile both are shown, and either way both stay in the tree", async () => {
  for (const onTop of [false, true]) {
    const { server, writing, told } = await writingOn("One.");
    server.other("One. Theirs.");
    type(writing, " Mine.");
    await until(() => told.conflicts.length);
    const [conflict] = told.conflicts;
    assert.deepEqual([conflict.current.text, conflict.yours, conflict.node], ["One. Theirs.", "One. Mine.", 1]);
    await writing.resolve(conflict, onTop);
    assert.equal(writing.text, onTop ? "One. Mine." : "One. Theirs.");
    assert.deepEqual(server.nodes.map(({ text }) => text).sort(), ["One.", "One. Mine.", "One. Theirs."]);
    type(writing, "!");
    await until(() => writing.link === "saved");
    assert.equal(server.nodes.at(-1).text, writing.text);
  }
});

test("another tab's words are shown where nothing of ours waits", async () => {
  const { server, writing, told } = await writingOn("One.");
  server.other("One. Theirs.");
  writing.heard({ revision: server.revision, steering_revision: server.steering });
  await until(() => told.moved.length);
  assert.equal(writing.text, "One. Theirs.");
  assert.deepEqual(told.moved.at(-1), { at: 4, removed: "", added: " Theirs." });
});

test("words typed while an act is under way go into what it made", async () => {
  const { server, writing } = await writingOn("One. Four.");
  const made = server.add(1, "continuation", "One. Two. Four.");
  server.delay = 10;
  const act = writing.act("accept", { node: made });
  await until(() => server.asked.at(-1)[0] === "accept");
  writing.typed("One. Four.!", 11);
  writing.typed("0One. Four.!", 1);
  await act;
  assert.equal(writing.text, "0One. Two. Four.!");
  await writing.save();
  assert.equal(server.nodes.at(-1).text, writing.text);
});

test("the model's words are known at once and after the tree is", async () => {
  const { server, writing } = await writingOn("One.");
  const made = server.add(1, "continuation", "One. Two words.");
  await writing.act("accept", { node: made, end: 4 });
  assert.equal(writing.text, "One. Two");
  assert.deepEqual(
    writing.spans.map(({ start, end }) => [start, end]),
    [[4, 8]],
  );
});

test("a full browser is told, and writing goes on", async () => {
  const full = {
    ...makeShelf(),
    setItem() {
      throw new Error("full");
    },
  };
  const { writing, told, server } = await writingOn("", full);
  type(writing, "a");
  await until(() => writing.link === "saved");
  assert.equal(told.said.length, 1);
  assert.equal(server.nodes.at(-1).text, "a");
});

test("what is typed while the steering is answered stays, and an answer that comes late turns nothing back", async () => {
  const { server, writing } = await writingOn("One.");
  const { text, node, revision } = writing.draft;
  const steered = { ...writing.draft, steering_revision: 2, steering: { settings: { n: 5 } } };
  type(writing, " Two.");
  await writing.replace(steered);
  assert.equal(writing.text, "One. Two.");
  await writing.save();
  await writing.replace({ ...steered, steering_revision: 3, text, node, revision });
  assert.equal(writing.text, "One. Two.");
  assert.deepEqual([writing.draft.steering_revision, writing.draft.revision], [3, server.revision]);
  type(writing, " Three.");
  await writing.save();
  assert.equal(server.nodes.at(-1).text, "One. Two. Three.");
  assert.equal(writing.draft.steering.settings.n, 5);
});
