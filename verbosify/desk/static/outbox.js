// What one has typed and the server has not saved: a text a pause, kept in the browser until then. Knows no server.

/** @import { Edit } from "./edits.js" */
/** @import { Keeper } from "./keep.js" */

const MOST_TYPED = 60;

export class Outbox {
  /** @type {string[]} texts on the way to the server, a pause each; the present one is not among them */
  texts = [];
  /** The node they go on from. */
  began;
  /** @type {Edit | null} */
  #last = null;
  #typed = 0;
  #keeper;
  #place;

  /**
   * @param {Keeper} keeper
   * @param {string} place what the browser keeps the draft's words under
   * @param {number} node
   */
  constructor(keeper, place, node) {
    this.#keeper = keeper;
    this.#place = place;
    this.began = node;
  }

  /** Nothing waits, and what is typed next goes on from that node. @param {number} node */
  begin(node) {
    this.texts = [];
    this.began = node;
    this.#last = null;
    this.#typed = 0;
  }

  /**
   * One has typed. What was there before is a step of its own after a pause, a jump to another place, a change from
   * writing to deleting, a line's end, or a few words.
   *
   * @param {string} before
   * @param {Edit} edit
   * @param {boolean} saved whether the server has what was there before
   */
  typed(before, edit, saved) {
    if (!saved && this.#isNewStep(edit)) this.texts.push(before);
    if (this.texts.at(-1) === before) this.#typed = 0;
    this.#typed += edit.added.length + edit.removed.length;
    this.#last = edit;
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

  /** The server has that text, and stands there. @param {string} text @param {number} node */
  sent(text, node) {
    if (this.texts[0] === text) this.texts.shift();
    this.began = node;
  }

  /** @param {string | null} text the present one, null if all is saved @returns {boolean} whether there was room */
  keep(text) {
    const unsaved = text === null ? null : { node: this.began, texts: [...this.texts, text], at: Date.now() };
    return this.#keeper.keep(this.#place, unsaved);
  }
}
