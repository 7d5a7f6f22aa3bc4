// The tree of a draft as one walks in it: lines by level, the way one came and what comes off it.

import { h } from "../../web/js/kit.js";
import { download, shortened } from "./acts.js";
import { clone, mark } from "./commands.js";
import { isModels, kindInWords } from "./tree.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk } from "./desk.js" */
/** @import { Row, TreeNode } from "./tree.js" */

const MOST_ROWS = 400;

/** @param {Desk} desk @returns {Child[]} */
export function treePanel(desk) {
  const { writing, view } = desk;
  view.turned ??= new Set();
  const all = writing.tree.rows(writing.draft.node, view.turned);
  const here = all.findIndex((row) => row.here);
  const first = Math.max(0, Math.min(here - MOST_ROWS / 2, all.length - MOST_ROWS));
  const rows = view.onlyMarked
    ? all.filter(({ node }) => node.name || node.bookmarked || node.pinned || node.id === writing.draft.node)
    : all.slice(first, first + MOST_ROWS);
  const chosen = rows.find(({ node }) => node.id === view.node) ?? rows.find((row) => row.here) ?? rows[0];
  return [
    h(
      "label",
      { class: "line", key: "marked" },
      h("input", {
        type: "checkbox",
        checked: Boolean(view.onlyMarked),
        change: (event) => {
          view.onlyMarked = event.target.checked;
          desk.draw();
        },
      }),
      "only what is named, bookmarked or pinned",
    ),
    h(
      "ul",
      { class: "tree-lines", role: "tree", "aria-label": "Tree of this draft", key: "tree" },
      rows.map((row, index) => treeLine(desk, row, row === chosen, rows, index)),
    ),
    chosen && about(desk, chosen),
  ];
}

/** @param {Desk} desk @param {Row} row @param {boolean} chosen @param {Row[]} rows @param {number} index */
function treeLine(desk, row, chosen, rows, index) {
  const { node } = row;
  const words = shortened(row.words, 70);
  return h(
    "li",
    {
      key: node.id,
      role: "treeitem",
      class: `tree-line${row.here ? " here" : ""}${row.onPath ? " path" : ""}${isModels(node) ? " machine" : ""}`,
      tabindex: chosen ? 0 : -1,
      "data-node": node.id,
      "--level": row.level,
      "aria-level": row.level,
      "aria-selected": String(row.here),
      "aria-expanded": row.branches ? String(row.open) : undefined,
      click: () => choose(desk, node, false),
      dblclick: () => go(desk, node),
      focus: () => choose(desk, node, false),
      keydown: (event) => treeKey(desk, event, row, rows, index),
    },
    h("span", { class: "dot", "aria-hidden": "true" }, row.branches ? (row.open ? "–" : "+") : ""),
    h(
      "span",
      { class: "words" },
      node.name && h("b", {}, `${node.name} `),
      node.bookmarked && h("span", { class: "flag" }, "bookmark "),
      node.pinned && h("span", { class: "flag" }, "pinned "),
      words || h("i", {}, kindInWords(node, row.count)),
      h("span", { class: "sr" }, `, ${kindInWords(node, row.count)}${row.here ? ", you are here" : ""}`),
    ),
  );
}

/** @param {Desk} desk @param {Row} row @returns {Child} */
function about(desk, { node, count, here }) {
  const { writing, view } = desk;
  const made = new Date(node.created);
  const button = (/** @type {string} */ label, /** @type {() => any} */ click) =>
    h("button", { type: "button", key: label, click }, label);
  return h(
    "div",
    { class: "about", key: "about" },
    h(
      "p",
      { class: "quiet" },
      `${kindInWords(node, count)}, ${made.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}`,
    ),
    h(
      "label",
      { key: `name ${node.id}` },
      "Name",
      h("input", {
        type: "text",
        maxlength: 80,
        value: node.name,
        placeholder: "none",
        change: (event) => mark(desk, { name: event.target.value.trim() }, node.id),
      }),
    ),
    h(
      "div",
      { class: "buttons" },
      !here && button("Go there", () => go(desk, node)),
      button(node.bookmarked ? "Remove bookmark" : "Bookmark", () =>
        mark(desk, { bookmarked: !node.bookmarked }, node.id),
      ),
      !here && button("Compare with here", () => compare(desk, node)),
      button("Clone to a child draft", () => clone(desk, node.id)),
      button("Branch as text", () => download(desk, "export_text", { node: node.id })),
      button("Tree as JSON", () => download(desk, "export_tree")),
      desk.hello.piece &&
        button("Hand to the piece", () => {
          view.pickNode = node.id;
          desk.dialog("pick");
        }),
    ),
    writing.tree.nodes.size > 1 &&
      h("p", { class: "quiet hint" }, "↑ ↓ walk, → ← open and close, Enter goes there, b bookmarks, c compares."),
  );
}

/** @param {Desk} desk @param {TreeNode} node @param {boolean} focus */
function choose(desk, node, focus) {
  desk.view.node = node.id;
  desk.draw();
  if (!focus) return;
  requestAnimationFrame(() => {
    const element = /** @type {HTMLElement | null} */ (desk.root.querySelector(`[data-node="${node.id}"]`));
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  });
}

/** @param {Desk} desk @param {TreeNode} node */
async function go(desk, node) {
  const went = await desk.writing.act("go", { node: node.id });
  if (went) desk.say("Here you are. Undo takes you back.");
}

/** @param {Desk} desk @param {TreeNode} node */
async function compare(desk, node) {
  await desk.writing.save();
  const { draft } = desk.writing;
  const told = await desk.ask("compare", { draft: draft.id, a: node.id, b: draft.node });
  if (!told) return;
  desk.view.compared = { ...told, node };
  desk.dialog("compare");
}

/** @param {Desk} desk @param {KeyboardEvent} event @param {Row} row @param {Row[]} rows @param {number} index */
function treeKey(desk, event, row, rows, index) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { node } = row;
  const to = (/** @type {number} */ at) => rows[at] && choose(desk, rows[at].node, true);
  const turn = () => {
    const { turned } = desk.view;
    if (!turned.delete(node.id)) turned.add(node.id);
    desk.draw();
  };
  /** @type {Record<string, () => any>} */
  const acts = {
    ArrowDown: () => to(index + 1),
    ArrowUp: () => to(index - 1),
    Home: () => to(0),
    End: () => to(rows.length - 1),
    ArrowRight: () => (row.branches && !row.open ? turn() : to(index + 1)),
    ArrowLeft: () =>
      row.branches && row.open ? turn() : to(rows.findLastIndex(({ level }, at) => at < index && level < row.level)),
    Enter: () => go(desk, node),
    " ": () => go(desk, node),
    b: () => mark(desk, { bookmarked: !node.bookmarked }, node.id),
    c: () => compare(desk, node),
  };
  if (!(event.key in acts)) return;
  event.preventDefault();
  event.stopPropagation();
  acts[event.key]();
}
