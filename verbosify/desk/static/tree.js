// The tree of a draft: what each node says, which of its words are the model's, and how the tree is laid out. No page.

import { edited, movedSpans, unitsOf } from "./edits.js";

/** @import { Edit, Span } from "./edits.js" */

/**
 * A node as the server tells it; places count characters (code points).
 *
 * @typedef {object} TreeNode
 * @property {number} id
 * @property {number | null} parent
 * @property {"root" | "typed" | "edit" | "continuation" | "taken" | "swap"} kind
 * @property {number} start
 * @property {number} end
 * @property {string} inserted
 * @property {number | null} generation
 * @property {number | null} kept
 * @property {string | null} weights
 * @property {string | null} finish
 * @property {string} created
 * @property {string} name
 * @property {boolean} bookmarked
 * @property {boolean} pinned
 */

/** @typedef {{ text: string, spans: Span[] }} Said what a node's text is, and the model's stretches of it */

/**
 * A line of the tree as it is shown.
 *
 * @typedef {object} Row
 * @property {TreeNode} node the last of those that the line stands for
 * @property {number} count how many it stands for
 * @property {string} words what they put in
 * @property {number} level from 1
 * @property {boolean} here whether the draft stands there
 * @property {boolean} onPath whether it stands behind
 * @property {boolean} branches whether others come off that are not on the same level
 * @property {boolean} open whether those are shown
 */

const KEPT_EVERY = 128;

/** The nodes of one draft, as far as they are known. */
export class Tree {
  /** @type {Map<number, TreeNode>} */
  nodes = new Map();
  /** @type {Map<number | null, number[]>} */
  children = new Map();
  /** @type {Map<number, Said>} */
  #said = new Map();

  /** The highest id that is known, 0 if none is. */
  last = 0;

  /** @param {TreeNode[]} nodes new ones, or marked anew */
  add(nodes) {
    for (const node of nodes) {
      if (!this.nodes.has(node.id)) {
        const siblings = this.children.get(node.parent);
        if (siblings) siblings.push(node.id);
        else this.children.set(node.parent, [node.id]);
      }
      this.nodes.set(node.id, node);
      this.last = Math.max(this.last, node.id);
    }
  }

  /**
   * The ids from the root to a node; none if one of them is not known.
   *
   * @param {number} id
   * @returns {number[]}
   */
  path(id) {
    const path = [];
    for (let at = /** @type {number | null} */ (id); at !== null; ) {
      const node = this.nodes.get(at);
      if (!node) return [];
      path.push(at);
      at = node.parent;
    }
    return path.reverse();
  }

  /**
   * What a node says; null if it is not known.
   *
   * @param {number} id
   * @returns {Said | null}
   */
  said(id) {
    const path = this.path(id);
    if (!path.length) return null;
    let from = path.length;
    while (from > 0 && !this.#said.has(path[from - 1])) from -= 1;
    let said = this.#said.get(path[from - 1]) ?? { text: "", spans: [] };
    for (const step of path.slice(from)) {
      said = after(said, /** @type {TreeNode} */ (this.nodes.get(step)));
      // A text for each of many thousand nodes would not fit: from a neighbour on, the way is short.
      if (step === id || step % KEPT_EVERY === 0) this.#said.set(step, said);
    }
    return said;
  }

  /**
   * The continuations that were made at a node; what was taken of one is none.
   *
   * @param {number} id
   * @returns {TreeNode[]}
   */
  continuations(id) {
    return this.childrenOf(id).filter(({ kind, kept }) => kind === "continuation" && kept === null);
  }

  /** @param {number | null} id @returns {TreeNode[]} */
  childrenOf(id) {
    return (this.children.get(id) ?? []).map((child) => /** @type {TreeNode} */ (this.nodes.get(child)));
  }

  /**
   * The tree as lines, from the root. The line that leads to where one is stays at its level; what comes off it stands
   * before it, one level in. Typing that nothing came off is one line, and so are
   * tokens taken one after another.
   *
   * @param {number} here
   * @param {ReadonlySet<number>} turned nodes whose branches are shown, though they are not by themselves, or the reverse
   * @returns {Row[]}
   */
  rows(here, turned = new Set()) {
    const onPath = new Set(this.path(here));
    /** @type {Row[]} */
    const rows = [];
    /** @type {{ id: number, level: number }[]} */
    const waiting = this.childrenOf(null)
      .map(({ id }) => ({ id, level: 1 }))
      .reverse();
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const chain = this.#chain(next.id, here);
      const node = /** @type {TreeNode} */ (this.nodes.get(/** @type {number} */ (chain.at(-1))));
      const children = this.children.get(node.id) ?? [];
      const main = children.find((id) => onPath.has(id)) ?? (children.length === 1 ? children[0] : undefined);
      const others = children.filter((id) => id !== main);
      const open = others.length > 0 && (onPath.has(node.id) || others.length < 4) !== turned.has(node.id);
      rows.push({
        node,
        count: chain.length,
        words: chain.map((id) => this.nodes.get(id)?.inserted ?? "").join(""),
        level: next.level,
        here: node.id === here,
        onPath: onPath.has(node.id),
        branches: others.length > 0,
        open,
      });
      if (main !== undefined) waiting.push({ id: main, level: next.level });
      if (open) waiting.push(...others.map((id) => ({ id, level: next.level + 1 })).reverse());
    }
    return rows;
  }

  /** @param {number} first @param {number} here @returns {number[]} */
  #chain(first, here) {
    const chain = [first];
    for (let at = first; at !== here; ) {
      const [only, ...more] = this.childrenOf(at);
      const node = /** @type {TreeNode} */ (this.nodes.get(at));
      if (!only || more.length || !areAlike(node, only) || node.name || node.bookmarked) break;
      chain.push(only.id);
      at = only.id;
    }
    return chain;
  }
}

/** Whether both were typed, or both taken token by token. @param {TreeNode} node @param {TreeNode} next */
function areAlike(node, next) {
  const isTyping = (/** @type {TreeNode} */ { kind }) => kind === "typed" || kind === "edit";
  return (isTyping(node) && isTyping(next)) || (node.kind === "taken" && next.kind === "taken");
}

/** @param {TreeNode} node whether its words are the model's */
export function isModels(node) {
  return node.kind === "continuation" || node.kind === "taken" || node.kind === "swap";
}

/** @param {Said} before @param {TreeNode} node @returns {Said} */
function after(before, node) {
  if (node.parent === null) return { text: node.inserted, spans: [] };
  const at = unitsOf(before.text, node.start);
  const end = unitsOf(before.text, node.end);
  /** @type {Edit} */
  const edit = { at, removed: before.text.slice(at, end), added: node.inserted };
  const source = isModels(node) ? "model" : undefined;
  return { text: edited(before.text, edit), spans: movedSpans(before.spans, edit, source) };
}

/**
 * Words about a node, for its line and for those who hear it.
 *
 * @param {TreeNode} node
 * @param {number} count
 */
export function kindInWords(node, count = 1) {
  if (node.kind === "root") return "beginning";
  if (node.kind === "taken") return count > 1 ? `${count} tokens taken` : "token taken";
  if (node.kind === "swap") return "token swapped";
  if (node.kind === "continuation") {
    return node.weights === "overfit" ? "continuation, overfitted" : "continuation, fresh";
  }
  return count > 1 ? `typed in ${count} steps` : node.kind === "edit" ? "edited" : "typed";
}
