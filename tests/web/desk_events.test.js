// Events come whole, however the answer was cut into pieces on its way.

import assert from "node:assert/strict";
import { test } from "node:test";

import { eventReader } from "../../verbosify/desk/static/events.js";

const SAID = 'event: token\ndata: {"row": 0}\n\n: still there\n\nevent: done\r\ndata: {"a":\r\ndata: 1}\r\n\r\n';

test("events are read from any pieces, and comments are none", () => {
  for (const size of [1, 2, 7, SAID.length]) {
    const heard = [];
    const read = eventReader((name, data) => heard.push([name, data]));
    for (let at = 0; at < SAID.length; at += size) read(SAID.slice(at, at + size));
    assert.deepEqual(heard, [
      ["token", { row: 0 }],
      ["done", { a: 1 }],
    ]);
  }
});

test("an event that has not ended is not told", () => {
  const heard = [];
  eventReader((name) => heard.push(name))("event: token\ndata: 1\n");
  assert.deepEqual(heard, []);
});
