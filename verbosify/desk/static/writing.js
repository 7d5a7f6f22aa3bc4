// A draft as one writes in it: the text on the screen, what of it is saved, and the acts that move the draft, one after
// another. Nothing is thrown away: what cannot be saved waits in the browser. Knows no page.

import { editBetween, edited, movedSpans } from "./edits.js";
import { asProblem } from "./problems.js";
import { Tree } from "./tree.js";

/** @import { Edit, Span } from "./edits.js" */
/** @import { Transport } from "./http.js" */
/** @import { Keeper, Unsaved } from "./keep.js" */
/** @import { Problem } from "./problems.js" */

/** @typedef {Record<string, any> & { id: number, node: number, text: string, revision: number, created: string }} Draft */
/**
 * Another tab has moved the draft on: where it stands now, and our own words, which began at a node of before.
 *
 * @typedef {{ current: Draft, yours: string, node: number }} Conflict
 */
/** @typedef {"saved" | "unsaved" | "away" | "login"} Link */

/**
 * @typedef {object} Hooks
 * @property {() => void} changed something differs: draw
 * @property {(edit: Edit | null) => void} moved the text is another, not by typing
 * @property {(conflict: Conflict) => void} conflict
 * @property {(message: string) => void} say
 */

const MOST_TYPED = 60;
/** Seconds until a server that is away is asked again. */
const PATIENCE = [1, 2, 4, 8];

export class Writing {
  /** @type {Draft} */
  draft;
  text = "";
  /** @type {Span[]} */
  spans = [];
  tree = new Tree();
  /** @type {Link} */
  link = "saved";
  /** @type {string[]} texts on the way to the server, a pause each; the present one is not among them */
  #outbox = [];
  #began = 0;
  /** @type {Edit | null} */
  #last = null;
  #typed = 0;
  #steps = 0;
  #stepping = false;
  #failures = 0;
  #halted = false;
  /** @type {Promise<any>} */
  #queue = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #transport;
  #keeper;
  #hooks;
  #pause;

  /**
   * @param {Transport} transport
   * @param {Keeper} keeper
   * @param {Draft} draft
   * @param {Hooks} hooks
   * @param {number} pause milliseconds without typing until it is saved
   */
  constructor(transport, keeper, draft, hooks, pause = 700) {
    this.#transport = transport;
    this.#keeper = keeper;
    this.#hooks = hooks;
    this.#pause = pause;
    this.draft = draft;
    this.text = draft.text;
    this.#began = draft.node;
  }

  /** What the browser keeps this draft's words under. */
  get place() {
    return `${this.draft.id}@${this.draft.created}`;
  }

  get isSaved() {
    return this.#outbox.length === 0 && this.text === this.draft.text;
  }

  /**
   * One has typed: the text is this now. What was typed before is a step of its own after a pause, a jump to another
   * place, a change from writing to deleting, a line's end, or a few words.
   *
   * @param {string} text
   * @param {number} [caret]
   */
  typed(text, caret) {
    const edit = editBetween(this.text, text, caret);
    if (!edit) return;
    if (this.text !== this.draft.text && this.#isNewStep(edit)) this.#outbox.push(this.text);
    if (this.#outbox.at(-1) === this.text) this.#typed = 0;
    this.#typed += edit.added.length + edit.removed.length;
    this.#last = edit;
    this.text = text;
    this.spans = movedSpans(this.spans, edit);
    this.#keep();
    if (this.link === "saved") this.link = "unsaved";
    this.#hooks.changed();
    this.#later(this.#pause);
  }

  /** @param {Edit} edit */
  #isNewStep(edit) {
    const last = this.#last;
    if (!last) return false;
    const wrote = last.removed === "";
    const goesOn = wrote ? edit.at === last.at + last.added.length : edit.at + edit.removed.length === last.at;
    const turned = wrote !== (edit.removed === "") || edit.added.length > MOST_TYPED;
    const full = this.#typed > MOST_TYPED && /\s/.test(last.added);
    return !goesOn || turned || full || last.added.endsWith("\n");
  }

  #keep() {
    if (this.isSaved) this.#keeper.keep(this.place, null);
    else if (!this.#keeper.keep(this.place, { node: this.#began, texts: [...this.#outbox, this.text], at: Date.now() }))
      this.#hooks.say("This browser has no room to keep your text until it is saved.");
  }

  /** @param {number} milliseconds */
  #later(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), milliseconds);
  }

  /** Saves what is not saved. @returns {Promise<boolean>} whether all is */
  save() {
    return this.#next(() => this.#flush()).then(
      () => this.isSaved,
      () => false,
    );
  }

  /** Saves as the page is left, without waiting. */
  leave() {
    if (!this.isSaved && !this.#halted) {
      const { id, revision } = this.draft;
      this.#transport.call("save", { draft: id, revision, text: this.text }, { leaving: true }).catch(() => {});
    }
  }

  /**
   * An act that moves the draft, after all that was typed and asked before it.
   *
   * @param {string} verb
   * @param {object} body
   * @returns {Promise<Draft | null>} null if it could not be done, which is told
   */
  act(verb, body = {}) {
    return this.#next(async () => {
      await this.#flush();
      const before = this.text;
      const { id, revision } = this.draft;
      const draft = await this.#transport.call(verb, { draft: id, revision, ...body });
      await this.#take(draft, before, isGiven(verb));
      return draft;
    }).catch((error) => this.#failed(asProblem(error)));
  }

  /** @param {number} by how many steps back (below 0) or forth; quick repetition adds up, and none is lost */
  step(by) {
    this.#steps += by;
    if (this.#stepping) return;
    this.#stepping = true;
    this.#next(async () => {
      this.#stepping = false;
      await this.#flush();
      const steps = this.#steps;
      this.#steps = 0;
      const able = steps < 0 ? this.draft.can_undo : this.draft.can_redo;
      if (steps === 0) return;
      if (!able) return this.#hooks.say(steps < 0 ? "There is nothing to undo." : "There is nothing to redo.");
      const before = this.text;
      const { id, revision } = this.draft;
      const verb = steps < 0 ? "undo" : "redo";
      await this.#take(
        await this.#transport.call(verb, { draft: id, revision, steps: Math.abs(steps) }),
        before,
        false,
      );
    }).catch((error) => this.#failed(asProblem(error)));
  }

  /** Looks whether another tab has moved the draft. @param {{ revision: number, steering_revision: number }} seen */
  heard(seen) {
    if (this.#failures) this.#later(0);
    this.#next(async () => {
      const { revision, steering_revision, id } = this.draft;
      // Of our own changes we are told too, and late.
      if (seen.revision <= revision && seen.steering_revision <= steering_revision) return;
      if (!this.isSaved) return this.#flush();
      const before = this.text;
      await this.#take(await this.#transport.call("open", { draft: id }), before, false);
    }).catch((error) => this.#failed(asProblem(error)));
  }

  /** The draft as the server had it when it answered, with nothing of ours lost. @param {Draft} draft */
  replace(draft) {
    return this.#next(() => this.#take(draft, this.draft.text, false));
  }

  /** Learns the tree as far as it has grown. */
  async learn() {
    const { nodes } = await this.#transport.call("tree", { draft: this.draft.id, since: this.tree.last });
    this.tree.add(nodes);
    this.#hooks.changed();
  }

  /**
   * Puts back what this browser kept of the draft: words that go on from where it stands are there again, all others stand
   * beside it in the tree.
   *
   * @param {Unsaved[]} left
   */
  async restore(left) {
    let beside = 0;
    for (const { node, texts } of left) {
      const text = texts.at(-1) ?? "";
      if (node === this.draft.node && this.text === this.draft.text) {
        this.#outbox = texts.slice(0, -1);
        this.spans = movedSpans(this.spans, editBetween(this.text, text) ?? { at: 0, removed: "", added: "" });
        this.text = text;
        this.#hooks.moved(null);
      } else if (text !== this.draft.text) {
        await this.#transport.call("branch", { draft: this.draft.id, parent: node, text });
        beside += 1;
      }
    }
    if (beside) {
      await this.learn();
      this.#hooks.say("Words that were not saved stand in the tree, beside this text.");
    }
    await this.save();
  }

  /** After a conflict: keeps ours beside what is there now, and goes on with that. @param {Conflict} conflict */
  async keepBeside({ current, yours, node }) {
    await this.#transport.call("branch", { draft: this.draft.id, parent: node, text: yours });
    await this.#resolve(current, current.text);
  }

  /** After a conflict: puts ours on top of what is there now; that stays in the tree. @param {Conflict} conflict */
  async putOnTop({ current, yours }) {
    await this.#resolve(current, yours);
    await this.save();
  }

  /** @param {Draft} current @param {string} text */
  async #resolve(current, text) {
    this.#halted = false;
    this.#outbox = [];
    this.draft = current;
    this.#began = current.node;
    this.text = text;
    this.#keep();
    this.link = this.isSaved ? "saved" : "unsaved";
    await this.learn();
    this.#look();
    this.#hooks.moved(null);
  }

  /** @template T @param {() => Promise<T>} what @returns {Promise<T>} */
  #next(what) {
    const next = this.#queue.then(what);
    this.#queue = next.catch(() => {});
    return next;
  }

  async #flush() {
    clearTimeout(this.#timer);
    while (!this.isSaved && !this.#halted) {
      const text = this.#outbox[0] ?? this.text;
      const { id, revision } = this.draft;
      let draft;
      try {
        draft = await this.#transport.call("save", { draft: id, revision, text });
      } catch (error) {
        this.#failed(asProblem(error));
        throw error;
      }
      if (this.#outbox[0] === text) this.#outbox.shift();
      this.draft = newest(this.draft, draft);
      this.#began = draft.node;
      this.#keep();
      this.#failures = 0;
      this.link = this.isSaved ? "saved" : "unsaved";
      await this.learn();
      if (this.isSaved) this.#look();
    }
  }

  /**
   * @param {Draft} draft
   * @param {string} before the text that was asked about
   * @param {boolean} given whether what it adds is the model's
   */
  async #take(draft, before, given) {
    const { node, text } = this.draft;
    this.draft = newest(this.draft, draft);
    if (node === this.draft.node && text === this.draft.text) return this.#look();
    const edit = editBetween(before, this.draft.text);
    const meanwhile = before === this.text ? [] : [...this.#outbox, this.text];
    if (edit) this.spans = movedSpans(this.spans, edit, given ? "model" : undefined);
    this.#began = this.draft.node;
    this.text = this.draft.text;
    this.#outbox = [];
    this.#last = null;
    this.#typed = 0;
    this.#failures = 0;
    this.link = "saved";
    if (!this.tree.nodes.has(this.draft.node)) await this.learn();
    this.#look();
    if (meanwhile.length) await this.#weave(meanwhile, edit, before);
    this.#hooks.moved(edit);
    this.#keep();
  }

  /**
   * Words typed while the draft was moved: where they fit the new text they go in, else they stand beside it.
   *
   * @param {string[]} texts what stood here, one after another
   * @param {Edit | null} theirs
   * @param {string} before
   */
  async #weave(texts, theirs, before) {
    let last = before;
    for (const text of texts) {
      const ours = editBetween(last, text);
      last = text;
      if (!ours) continue;
      const by = ours.added.length - ours.removed.length;
      if (!theirs || ours.at + ours.removed.length <= theirs.at) {
        this.typed(edited(this.text, ours));
        if (theirs) theirs = { ...theirs, at: theirs.at + by };
      } else if (ours.at >= theirs.at + theirs.removed.length) {
        this.typed(edited(this.text, { ...ours, at: ours.at + theirs.added.length - theirs.removed.length }));
      } else {
        const words = { draft: this.draft.id, parent: this.draft.node, text: texts.at(-1) ?? "" };
        await this.#transport.call("branch", words);
        return this.#hooks.say("What you typed meanwhile stands in the tree, beside this text.");
      }
    }
  }

  /** The model's stretches as the tree has them, if the text is a node's. */
  #look() {
    const said = this.tree.said(this.draft.node);
    if (said?.text === this.text) this.spans = said.spans;
    this.#hooks.changed();
  }

  /** @param {Problem} problem @returns {null} */
  #failed(problem) {
    if (problem.code === "conflict") this.#disagree(problem.more.current);
    else if (problem.code === "away" || problem.status >= 500) {
      this.#failures += 1;
      this.link = "away";
      this.#later(1000 * PATIENCE[Math.min(this.#failures, PATIENCE.length) - 1]);
      if (this.#failures === 1) this.#hooks.say(problem.message);
    } else {
      if (problem.code === "login") this.link = "login";
      this.#hooks.say(problem.message);
    }
    this.#hooks.changed();
    return null;
  }

  /** @param {Draft} current */
  #disagree(current) {
    if (this.isSaved || this.text === current.text) {
      this.#outbox = [];
      this.#take(current, this.text, false);
      this.#hooks.say("The draft was changed in another tab. It is shown as it is now.");
      return;
    }
    this.#halted = true;
    this.#hooks.conflict({ current, yours: this.text, node: this.#began });
  }
}

/**
 * Answers may come in another order than they were given: of each kind of thing that they tell, the newest.
 *
 * @param {Draft} ours
 * @param {Draft} theirs
 * @returns {Draft}
 */
function newest(ours, theirs) {
  const { node, text, revision, can_undo, can_redo } = theirs.revision >= ours.revision ? theirs : ours;
  const steered = theirs.steering_revision >= ours.steering_revision ? theirs : ours;
  const { steering, weights, model, steering_revision } = steered;
  const moved = { node, text, revision, can_undo, can_redo };
  return { ...theirs, ...moved, steering, weights, model, steering_revision };
}

/** @param {string} verb */
function isGiven(verb) {
  return verb === "accept" || verb === "take" || verb === "swap";
}
