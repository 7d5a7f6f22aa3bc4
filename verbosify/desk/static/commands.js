// Everything that can be done, each once: what it is called, the letter it has on the map of keys, and its own keys.

import { download, overfitOn } from "./acts.js";
import { unitsOf } from "./edits.js";
import { focusOffer } from "./offerlist.js";

/** @import { Desk } from "./desk.js" */

/**
 * @typedef {object} Command
 * @property {string} letter on the map: Ctrl+K, then this
 * @property {string} name
 * @property {string} group
 * @property {string} keys its own, in words
 * @property {() => any} run
 */

const THEMES = ["", "light", "dark"];

/**
 * @param {Desk} desk
 * @returns {Record<string, Command>}
 */
export function commandsOf(desk) {
  /** @type {Record<string, Command>} */
  const made = {};
  let group = "";
  /** @param {string} id @param {string} letter @param {string} name @param {() => any} run @param {string} [keys] */
  function add(id, letter, name, run, keys = "") {
    made[id] = { letter, name, group, keys, run };
  }
  const likes = () => desk.likes;
  const here = () => desk.writing.draft.node;

  group = "Writing";
  add("generate", "g", "Go on from the cursor", () => generate(desk), "Ctrl+Enter, Ctrl+E");
  add("reroll", "r", "Draw anew what is not pinned", () => reroll(desk), "Ctrl+Shift+Enter");
  add("again", "a", "Write what was asked for when the desk ended", () => askAgain(desk));
  add("stop", "s", "Stop, or put away", () => stop(desk), "Esc");
  add("toOffers", "c", "To the continuations", () => toOffers(desk), "Tab");
  add("undo", "u", "Undo", () => desk.writing.step(-1), "Ctrl+Z");
  add("redo", "y", "Redo", () => desk.writing.step(1), "Ctrl+Y, Ctrl+Shift+Z");
  add("quick", "q", "Go on at once after each taking", () => desk.like({ quick: !likes().quick }));
  add("tokensOnly", "o", "Tokens only", () => desk.like({ tokensOnly: !likes().tokensOnly }));
  add("save", "e", "Save now (it is saved by itself)", () => saveNow(desk), "Ctrl+S");

  group = "Looking";
  add("tokens", "t", "Next tokens", () => toTokens(desk), "Ctrl+Space");
  add("plain", "0", "Text without tints", () => look(desk, ""));
  add("fresh", "1", "Tint: likely to the fresh model", () => look(desk, "fresh"));
  add("overfitted", "2", "Tint: likely to the overfitted model", () => look(desk, "overfit"));
  add("difference", "3", "Tint: what the overfit changed", () => look(desk, "difference"));
  add("prompt", "v", "What the model sees", () => desk.panel("prompt"));

  group = "The tree";
  add("tree", "h", "Tree of this draft", () => toPanel(desk, "tree", '[role="treeitem"][tabindex="0"]'));
  add("bookmark", "b", "Bookmark this place", () =>
    mark(desk, { bookmarked: !desk.writing.tree.nodes.get(here())?.bookmarked }),
  );
  add("clone", "k", "Clone to a child draft", () => clone(desk));
  add("drafts", "d", "Drafts", () => desk.dialog("drafts"));
  add("create", "n", "New draft", async () => {
    const draft = await desk.ask("create", { name: "", text: "" });
    if (draft) await desk.show(draft);
    desk.put(0);
  });
  add("exportText", "x", "This branch as text", () => download(desk, "export_text"));
  add("exportTree", "j", "The tree as JSON", () => download(desk, "export_tree"));
  if (desk.hello.piece) add("pick", "z", "Hand the selection to the piece", () => desk.dialog("pick"));

  group = "Steering and weights";
  add("steering", "p", "Memory, note, entries, settings", () => toPanel(desk, "steering", "textarea"));
  add("weights", "w", "Weights and model", () => toPanel(desk, "weights", "select, textarea, button"));
  add("overfit", "f", "Overfit on the selection, or the last passage", () => overfitOn(desk));
  add("freshWeights", "l", "Back to fresh weights", () => desk.steer("weigh", { overfit: null }));

  group = "The desk";
  add("map", "?", "This map", () => desk.dialog("map"), "Ctrl+K; ? outside the text");
  add("theme", ".", "Light, dark, or as the system", () => {
    desk.like({ theme: THEMES[(THEMES.indexOf(likes().theme) + 1) % THEMES.length] });
    desk.say(likes().theme ? `It is ${likes().theme} now.` : "As the system has it.");
  });
  add("text", "i", "Back to the text", () => desk.put(desk.editor.selection().end), "Esc");
  return made;
}

/** @param {Desk} desk */
async function generate(desk) {
  const { offers, seeing, likes, editor } = desk;
  const at = Math.min(editor.selection().end, desk.writing.text.length);
  if (likes.tokensOnly) {
    seeing.caret = at;
    await toTokens(desk);
    return;
  }
  desk.view.cut = null;
  await offers.generate(at, Math.max(1, likes.rounds));
}

/** A question that a killed server left open, at its own place and with its own seed. @param {Desk} desk */
async function askAgain(desk) {
  const [question] = desk.writing.draft.interrupted ?? [];
  if (!question) return desk.say("Every question was answered.");
  if (question.node !== desk.writing.draft.node && !(await desk.writing.act("go", { node: question.node }))) return;
  await desk.offers.generate(unitsOf(desk.writing.text, question.at), 1, { again: question.id });
  const now = await desk.ask("open", { draft: desk.writing.draft.id });
  if (now) await desk.writing.replace(now);
}

/** @param {Desk} desk */
async function reroll(desk) {
  if (!desk.offers.list.length) {
    const { tree, draft } = desk.writing;
    const before = tree.nodes.get(draft.node)?.parent ?? null;
    for (const node of [draft.node, before]) {
      const said = node === null ? null : tree.said(node);
      if (node !== null && said && desk.offers.recall(tree.continuations(node), said.text)) break;
    }
  }
  if (!desk.offers.list.length) return generate(desk);
  await desk.offers.reroll(desk.writing.draft.steering.settings.n);
}

/** @param {Desk} desk */
function stop(desk) {
  if (desk.offers.busy) return desk.offers.cancel();
  if (desk.offers.shown) {
    const { at } = desk.offers;
    desk.offers.fold();
    return desk.put(at);
  }
  if (desk.likes.panel) desk.panel("");
  desk.put(desk.editor.selection().end);
}

/** @param {Desk} desk */
function toOffers(desk) {
  const { offers, writing } = desk;
  if (!offers.shown) {
    const { tree, draft } = writing;
    for (const node of [draft.node, tree.nodes.get(draft.node)?.parent ?? -1]) {
      const said = tree.said(node);
      if (said && offers.recall(tree.continuations(node), said.text)) break;
    }
  }
  if (!offers.shown) return desk.say("Nothing was drawn here yet.");
  requestAnimationFrame(() => offers.list[0] && focusOffer(desk, offers.list[0]));
}

/** @param {Desk} desk */
async function toTokens(desk) {
  if (desk.likes.panel !== "tokens") desk.panel("tokens");
  desk.seeing.listing = true;
  await desk.seeing.settled();
  desk.draw();
  requestAnimationFrame(() => focusFirst(desk, '[data-choice="0"]'));
}

/** @param {Desk} desk @param {import("./desk.js").PanelName} name @param {string} first */
function toPanel(desk, name, first) {
  desk.panel(name, false);
  requestAnimationFrame(() => focusFirst(desk, first));
}

/** @param {Desk} desk @param {string} selector */
function focusFirst(desk, selector) {
  /** @type {HTMLElement | null} */ (desk.root.querySelector(`.side-body :is(${selector})`))?.focus();
}

/** @param {Desk} desk @param {import("./tints.js").Tint | ""} tint */
export async function look(desk, tint) {
  if ((tint === "overfit" || tint === "difference") && desk.writing.draft.weights.kind === "fresh") {
    desk.say("The weights are fresh: overfit on something first, then see what that changed.");
    return;
  }
  desk.seeing.look = tint;
  if (!tint) desk.seeing.tints = [];
  else await desk.writing.save();
  desk.draw();
  await desk.seeing.refresh();
}

/** @param {Desk} desk @param {object} changes */
export async function mark(desk, changes, node = desk.writing.draft.node) {
  await desk.writing.save();
  const marked = await desk.ask("mark", { draft: desk.writing.draft.id, node, ...changes });
  if (marked) desk.writing.tree.add([marked]);
  desk.draw();
}

/** @param {Desk} desk */
export async function clone(desk, node = desk.writing.draft.node) {
  await desk.writing.save();
  const draft = await desk.ask("clone", { draft: desk.writing.draft.id, node });
  if (draft) await desk.show(draft);
  if (draft) desk.say("This is a child of the draft it was cloned from; that one stays as it is.");
}

/** @param {Desk} desk */
async function saveNow(desk) {
  desk.say((await desk.writing.save()) ? "Saved." : "It could not be saved yet; it is safe in this browser.");
}

/**
 * A listener for all keys pressed on the desk.
 *
 * @param {Desk} desk
 * @returns {(event: KeyboardEvent) => void}
 */
export function keyListener(desk) {
  return (event) => {
    if (event.isComposing || event.altKey || desk.view.dialog) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const writes = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    const id = commandFor(event, writes && !target.isContentEditable);
    if (!id || (id === "map" && event.key === "?" && writes)) return;
    event.preventDefault();
    event.stopPropagation();
    desk.commands[id].run();
  };
}

/** @param {KeyboardEvent} event @param {boolean} inField whether undo is the field's own */
function commandFor(event, inField) {
  const key = event.key.toLowerCase();
  if (event.key === "Escape") return "stop";
  if (event.key === "?") return "map";
  if (!event.ctrlKey && !event.metaKey) return "";
  if (key === "enter") return event.shiftKey ? "reroll" : "generate";
  if (key === "z" && !inField) return event.shiftKey ? "redo" : "undo";
  if (key === "y" && !inField) return "redo";
  if (event.shiftKey) return "";
  /** @type {Record<string, string>} */
  const plain = { e: "generate", s: "save", k: "map", " ": "tokens" };
  return plain[key] ?? "";
}
