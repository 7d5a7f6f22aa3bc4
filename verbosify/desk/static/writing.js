// A draft as one writes in it: the text on the screen, what of it is saved, and the acts that move the draft, one after
// another. Nothing is thrown away: what cannot be saved waits in the browser. Knows no page.

import { givesWords, keptAs, newest } from "./draft.js";
import { editBetween, edited, movedSpans, woven } from "./edits.js";
import { Outbox } from "./outbox.js";
import { asProblem } from "./problems.js";
import { Tree } from "./tree.js";

/** @import { Conflict, Draft, Hooks, Link } from "./draft.js" */
/** @import { Edit, Span } from "./edits.js" */
/** @import { Transport } from "./http.js" */
/** @import { Keeper, Unsaved } from "./keep.js" */
/** @import { Problem } from "./problems.js" */

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
  #steps = 0;
  #stepping = false;
  #failures = 0;
  #halted = false;
  /** @type {Promise<any>} */
  #queue = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #transport;
  #outbox;
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
    this.#outbox = new Outbox(keeper, keptAs(draft), draft.node);
    this.#hooks = hooks;
    this.#pause = pause;
    this.draft = draft;
    this.text = draft.text;
  }

  get isSaved() {
    return this.#outbox.texts.length === 0 && this.text === this.draft.text;
  }

  /**
   * One has typed: the text is this now.
   *
   * @param {string} text
   * @param {number} [caret]
   */
  typed(text, caret) {
    const edit = editBetween(this.text, text, caret);
    if (!edit) return;
    this.#outbox.typed(this.text, edit, this.text === this.draft.text);
    this.text = text;
    this.spans = movedSpans(this.spans, edit);
    this.#keep();
    if (this.link === "saved") this.link = "unsaved";
    this.#hooks.changed();
    this.#later(this.#pause);
  }

  #keep() {
    if (!this.#outbox.keep(this.isSaved ? null : this.text))
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
      return this.#ask(verb, body);
    }).catch((error) => this.#failed(asProblem(error)));
  }

  /** @param {string} verb @param {object} body @returns {Promise<Draft>} */
  async #ask(verb, body) {
    const before = this.text;
    const { id, revision } = this.draft;
    const draft = await this.#transport.call(verb, { draft: id, revision, ...body });
    await this.#take(draft, before, givesWords(verb));
    return draft;
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
      await this.#ask(steps < 0 ? "undo" : "redo", { steps: Math.abs(steps) });
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
   * beside it in the tree. Until that is done, the browser keeps them.
   *
   * @param {Unsaved[]} left
   */
  async restore(left) {
    let beside = 0;
    for (const { node, texts } of left) {
      const text = texts.at(-1) ?? "";
      if (node === this.draft.node && this.text === this.draft.text) {
        this.#outbox.texts = texts.slice(0, -1);
        this.spans = movedSpans(this.spans, editBetween(this.text, text) ?? { at: 0, removed: "", added: "" });
        this.text = text;
        this.#hooks.moved(null);
      } else if (text !== this.draft.text) {
        await this.#transport.call("branch", { draft: this.draft.id, parent: node, text });
        beside += 1;
      }
    }
    this.#keep();
    if (beside) {
      await this.learn();
      this.#hooks.say("Words that were not saved stand in the tree, beside this text.");
    }
    await this.save();
  }

  /**
   * After a conflict: goes on with what is there now, ours beside it, or puts ours on top; both stay in the tree.
   *
   * @param {Conflict} conflict
   * @param {boolean} onTop
   */
  async resolve({ current, yours, node }, onTop) {
    if (!onTop) await this.#transport.call("branch", { draft: this.draft.id, parent: node, text: yours });
    this.#halted = false;
    this.draft = current;
    this.#outbox.begin(current.node);
    this.text = onTop ? yours : current.text;
    this.#keep();
    this.link = this.isSaved ? "saved" : "unsaved";
    await this.learn();
    this.#look();
    this.#hooks.moved(null);
    if (onTop) await this.save();
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
      const text = this.#outbox.texts[0] ?? this.text;
      const { id, revision } = this.draft;
      let draft;
      try {
        draft = await this.#transport.call("save", { draft: id, revision, text });
      } catch (error) {
        this.#failed(asProblem(error));
        throw error;
      }
      this.#outbox.sent(text, draft.node);
      this.draft = newest(this.draft, draft);
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
    const meanwhile = before === this.text ? [] : [...this.#outbox.texts, this.text];
    if (edit) this.spans = movedSpans(this.spans, edit, given ? "model" : undefined);
    this.#outbox.begin(this.draft.node);
    this.text = this.draft.text;
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
    const { edits, fit } = woven(texts, theirs, before);
    for (const edit of edits) this.typed(edited(this.text, edit));
    if (fit) return;
    const words = { draft: this.draft.id, parent: this.draft.node, text: texts.at(-1) ?? "" };
    await this.#transport.call("branch", words);
    this.#hooks.say("What you typed meanwhile stands in the tree, beside this text.");
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
      this.#outbox.texts = [];
      this.#take(current, this.text, false);
      this.#hooks.say("The draft was changed in another tab. It is shown as it is now.");
      return;
    }
    this.#halted = true;
    this.#hooks.conflict({ current, yours: this.text, node: this.#outbox.began });
  }
}
