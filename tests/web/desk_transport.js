// A desk in memory for tests of what a browser does: one draft, whose nodes are whole texts, in the contract's words.

import { Problem } from "../../verbosify/desk/static/problems.js";

export function makeServer(text = "") {
  const nodes = [{ id: 1, parent: null, kind: "root", start: 0, end: 0, inserted: text, text }];
  const server = {
    nodes,
    node: 1,
    revision: 1,
    steering: 1,
    away: false,
    asked: [],
    undone: [],
    delay: 0,
    streams: {},
    marks: [],
  };
  const draft = () => ({
    id: 7,
    created: "then",
    node: server.node,
    text: nodes[server.node - 1].text,
    revision: server.revision,
    steering_revision: server.steering,
    can_undo: nodes[server.node - 1].parent !== null,
    can_redo: server.undone.length > 0,
    steering: { settings: { n: 2 } },
    weights: { kind: "fresh" },
  });
  const add = (parent, kind, next) => {
    const before = nodes[parent - 1].text;
    let start = 0;
    while (start < Math.min(before.length, next.length) && before[start] === next[start]) start += 1;
    let back = 0;
    while (back < Math.min(before.length, next.length) - start && before.at(-1 - back) === next.at(-1 - back))
      back += 1;
    const [points, ends] = [[...before.slice(0, start)].length, [...before.slice(0, before.length - back)].length];
    nodes.push({
      id: nodes.length + 1,
      parent,
      kind,
      kept: null,
      start: points,
      end: ends,
      inserted: next.slice(start, next.length - back),
      text: next,
    });
    return nodes.length;
  };
  const move = (to) => {
    server.node = to;
    server.revision += 1;
    return draft();
  };
  server.other = (next) => move(add(server.node, "typed", next));
  server.add = add;
  const verbs = {
    open: () => draft(),
    tree: ({ since }) => ({
      nodes: nodes.filter(({ id }) => id > since),
      node: server.node,
      revision: server.revision,
    }),
    branch: ({ parent, text: next }) => nodes[add(parent, "typed", next) - 1],
    save({ text: next }) {
      if (next === draft().text) return draft();
      server.undone = [];
      return move(add(server.node, "typed", next));
    },
    undo({ steps }) {
      let to = server.node;
      for (let left = steps; left > 0 && nodes[to - 1].parent !== null; left -= 1) {
        server.undone.push(to);
        to = nodes[to - 1].parent;
      }
      return move(to);
    },
    redo({ steps }) {
      let to = server.node;
      for (let left = steps; left > 0 && server.undone.length; left -= 1) to = server.undone.pop();
      return move(to);
    },
    go: ({ node }) => move(node),
    accept({ node, end }) {
      const { parent, start, inserted } = nodes[node - 1];
      if (end === undefined) return move(node);
      const before = [...nodes[parent - 1].text];
      const kept = [...inserted].slice(0, end).join("");
      return move(add(parent, "continuation", before.slice(0, start).join("") + kept + before.slice(start).join("")));
    },
    mark(body) {
      server.marks.push(body);
      return nodes[body.node - 1];
    },
    cancel: ({ job }) => server.streams[job]?.cancel() ?? { cancelled: false },
  };
  const moving = new Set(["save", "undo", "redo", "go", "accept"]);
  const transport = {
    async call(verb, body = {}) {
      server.asked.push([verb, body]);
      await new Promise((resolve) => setTimeout(resolve, server.delay));
      if (server.away) throw new Problem({ code: "away", detail: "Away." });
      if (moving.has(verb) && body.revision !== server.revision) {
        throw new Problem({
          status: 409,
          code: "conflict",
          detail: "Moved.",
          current: draft(),
          yours: body.text ?? null,
        });
      }
      return verbs[verb](body);
    },
    stream(verb, body, onEvent) {
      server.asked.push([verb, body]);
      let end;
      let fail;
      const done = new Promise((resolve, reject) => {
        end = resolve;
        fail = reject;
      });
      const job = `job ${server.asked.length}`;
      server.streams[job] = server.last = { body, tell: onEvent, end, fail, job, cancel: () => ({ cancelled: true }) };
      return { done, cancel: () => end() };
    },
  };
  return { server, transport, draft };
}

export function makeShelf() {
  const kept = new Map();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
    key: (at) => [...kept.keys()][at] ?? null,
    get length() {
      return kept.size;
    },
  };
}
