// The desk's verbs over a notebook's line: each answer finds its question, streams too, and what is left is not heard.

import assert from "node:assert/strict";
import { test } from "node:test";

import { overComm } from "../../verbosify/desk/static/comm.js";

function line() {
  const listeners = new Set();
  const sent = [];
  return {
    sent,
    tell(content) {
      for (const listener of listeners) listener(content);
    },
    model: {
      send: (content) => sent.push(content),
      on: (_, listener) => listeners.add(listener),
      off: (_, listener) => listeners.delete(listener),
    },
  };
}

test("an answer goes to the one who asked, whatever the order", async () => {
  const { sent, tell, model } = line();
  const { call } = overComm(model);
  const answers = [call("open", { draft: 1 }), call("open", { draft: 2 })];
  assert.notEqual(sent[0].id, sent[1].id);
  tell({ id: sent[1].id, event: "result", data: "two" });
  tell({ id: "of another view", event: "result", data: "none" });
  tell({ id: sent[0].id, event: "result", data: "one" });
  assert.deepEqual(await Promise.all(answers), ["one", "two"]);
  assert.deepEqual(sent[0], { id: sent[0].id, verb: "open", body: { draft: 1 } });
});

test("a stream tells its events up to the last, and an error is a problem in its words", async () => {
  const { sent, tell, model } = line();
  const { stream, call } = overComm(model);
  const heard = [];
  const { done } = stream("generate", {}, (name, data) => heard.push([name, data]));
  tell({ id: sent[0].id, event: "token", data: 1 });
  tell({ id: sent[0].id, event: "done", data: 2 });
  await done;
  assert.deepEqual(heard, [
    ["token", 1],
    ["done", 2],
  ]);
  const refused = call("save");
  tell({
    id: sent[1].id,
    event: "error",
    data: { status: 409, code: "conflict", detail: "Moved.", current: { id: 1 } },
  });
  await assert.rejects(
    refused,
    ({ message, code, more }) => message === "Moved." && code === "conflict" && more.current.id === 1,
  );
});

test("a stream that one leaves is heard no more, which the other end is told, and a closed line listens to nothing", async () => {
  const { sent, tell, model } = line();
  const { stream, close } = overComm(model);
  const heard = [];
  stream("watch", {}, (name) => heard.push(name)).cancel();
  tell({ id: sent[0].id, event: "changed", data: {} });
  stream("watch", {}, (name) => heard.push(name));
  close();
  tell({ id: sent[2].id, event: "changed", data: {} });
  assert.deepEqual(heard, []);
  assert.deepEqual([sent[1], sent[3]], [{ leave: sent[0].id }, { leave: sent[2].id }]);
});
