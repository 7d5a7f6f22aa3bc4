// Continuations as they come: asked for, streamed, cancelled, pinned, drawn anew and accepted up to any place. No page.

import { characterEnds, pointsOf, unitsOf } from "./edits.js";
import { asProblem } from "./problems.js";

/** @import { Transport } from "./http.js" */
/** @import { Writing } from "./writing.js" */
/** @import { TreeNode } from "./tree.js" */

/**
 * @typedef {object} Offer
 * @property {string} key the same as long as it is shown
 * @property {string} text
 * @property {number[]} ends where its tokens end, as far as whole characters tell
 * @property {number[]} chances the probability of each of those tokens, as the model gives it
 * @property {string | null} finish
 * @property {number | null} node once it is recorded
 * @property {boolean} pinned
 */

/** @typedef {"" | "queued" | "overfitting" | "writing" | "stopping"} Phase */
/** @typedef {{ n?: number, settings?: object, weights?: any, again?: number }} Wish */

export class Offers {
  /** @type {Offer[]} */
  list = [];
  /** Where they were asked for: a node and a place in its text, in UTF-16 units. */
  node = 0;
  at = 0;
  shown = false;
  /** @type {Phase} */
  phase = "";
  ahead = 0;
  /** @type {number | null} seconds that the overfit will take, while it is taken first */
  overfitting = null;
  weights = "";
  /** Of how many rounds so many are still to come. */
  left = 0;
  #job = "";
  #count = 0;
  /** @type {Promise<boolean>} */
  #whole = Promise.resolve(true);
  /** @type {(() => void) | null} */
  #leave = null;
  #stopped = false;
  #writing;
  #transport;
  #changed;
  #say;

  /**
   * @param {Transport} transport
   * @param {Writing} writing
   * @param {{ changed: () => void, say: (message: string) => void }} hooks
   */
  constructor(transport, writing, { changed, say }) {
    this.#transport = transport;
    this.#writing = writing;
    this.#changed = changed;
    this.#say = say;
  }

  get busy() {
    return this.phase !== "";
  }

  /**
   * Asks for continuations at a place of the text; those that are pinned stay if it is the same place.
   *
   * @param {number} at in UTF-16 units
   * @param {number} rounds how often, one after another
   * @param {Wish} [wish]
   * @returns {Promise<boolean>} whether all came
   */
  async generate(at, rounds = 1, wish = {}) {
    await this.cancel();
    this.#whole = this.#generate(at, rounds, wish);
    return this.#whole;
  }

  /** @param {number} at @param {number} rounds @param {Wish} wish @returns {Promise<boolean>} */
  async #generate(at, rounds, wish) {
    this.phase = "queued";
    this.shown = true;
    this.#stopped = false;
    const draft = this.#writing.draft.id;
    const before = { node: this.node, at: this.at };
    this.at = at;
    if (!(await this.#writing.save())) return this.#over(false);
    const { node } = this.#writing.draft;
    const stay = node === before.node && at === before.at;
    this.list = stay ? this.list.filter(({ pinned }) => pinned) : [];
    [this.node, this.at] = [node, at];
    this.#changed();
    const start = pointsOf(this.#writing.text, at);
    let came = true;
    for (this.left = rounds; this.left > 0 && came && !this.#stopped; this.left -= 1) {
      came = await this.#round({ draft, node, at: start, ...wish });
    }
    if (came && this.list.length) {
      this.#say(`${count(this.list.length, "continuation")} ${this.#stopped ? "as far as they came" : "ready"}.`);
    }
    return this.#over(came && !this.#stopped);
  }

  /** @param {boolean} came */
  #over(came) {
    this.phase = "";
    this.left = 0;
    this.overfitting = null;
    this.#changed();
    return came;
  }

  /** @param {object} asked */
  async #round(asked) {
    const first = this.list.length;
    if (this.#stopped) return true;
    const { done, cancel } = this.#transport.stream("generate", asked, (name, data) => this.#heard(name, data, first));
    this.#leave = cancel;
    try {
      await done;
      return true;
    } catch (error) {
      this.list = this.list.filter(({ node, text }) => node !== null || text);
      this.#say(asProblem(error).message);
      return false;
    } finally {
      this.#job = "";
    }
  }

  /** @param {string} name @param {any} data @param {number} first */
  #heard(name, data, first) {
    if (name === "queued") {
      this.#job = data.job;
      this.ahead = data.ahead;
      this.overfitting = data.overfitting ?? null;
      this.phase = data.overfitting ? "overfitting" : "queued";
      if (this.#stopped) this.#ask();
    } else if (name === "started") {
      this.phase = this.#stopped ? "stopping" : "writing";
      this.weights = data.weights;
      for (let row = 0; row < data.n; row += 1) this.list.push(this.#empty());
      this.#say(`Writing ${count(data.n, "continuation")}, ${data.weights === "fresh" ? "fresh" : "overfitted"}.`);
    } else if (name === "token") {
      const offer = this.list[first + data.row];
      offer.text += data.text;
      if (!data.text && offer.ends.length) return;
      offer.ends.push(offer.text.length);
      offer.chances.push(data.probability);
    } else if (name === "row") {
      const offer = this.list[first + data.row];
      if (offer.text !== data.text) offer.ends = [data.text.length];
      offer.text = data.text;
      offer.finish = data.finish;
    } else if (name === "done") {
      for (const { row, node, text, finish } of data.rows)
        Object.assign(this.list[first + row], { node, text, finish });
      this.#writing.learn().catch(() => {});
    }
    this.#changed();
  }

  /** @returns {Offer} */
  #empty() {
    this.#count += 1;
    return { key: `offer ${this.#count}`, text: "", ends: [], chances: [], finish: null, node: null, pinned: false };
  }

  /** Stops at the next token; what has come stays. */
  async cancel() {
    if (!this.busy) return;
    this.#stopped = true;
    this.phase = "stopping";
    this.#changed();
    if (this.#job) this.#ask();
    await this.#whole;
  }

  #ask() {
    this.#transport.call("cancel", { job: this.#job }).catch(() => this.#leave?.());
  }

  /** Draws as many anew as are not pinned, at the same place of the same text. @param {number} n */
  async reroll(n) {
    const pinned = this.list.filter((offer) => offer.pinned).length;
    const wanted = Math.max(1, Math.max(this.list.length, n) - pinned);
    if (this.#writing.draft.node !== this.node && this.list.length) {
      const kept = this.list;
      const went = await this.#writing.act("go", { node: this.node });
      if (!went) return false;
      this.list = kept;
    }
    return this.generate(this.at, 1, { n: wanted });
  }

  /**
   * Takes a continuation up to `end`, in UTF-16 units; while it is still written, it is stopped first.
   *
   * @param {Offer} offer
   * @param {number} [end]
   * @returns {Promise<number | null>} where the text goes on, null if it could not be taken
   */
  async accept(offer, end = offer.text.length) {
    const wanted = offer.text.slice(0, end);
    await this.cancel();
    if (offer.node === null || !wanted) return null;
    const all = end >= offer.text.length;
    const body = all ? {} : { end: pointsOf(offer.text, end) };
    const draft = await this.#writing.act("accept", { node: offer.node, ...body });
    if (!draft) return null;
    this.fold();
    return this.at + wanted.length;
  }

  /** Pins a continuation, so that it stays while others are drawn anew. @param {Offer} offer */
  async pin(offer) {
    offer.pinned = !offer.pinned;
    this.#changed();
    this.#say(offer.pinned ? "Pinned: it stays when the rest is drawn anew." : "No longer pinned.");
    if (offer.node !== null) {
      await this.#transport
        .call("mark", { draft: this.#writing.draft.id, node: offer.node, pinned: offer.pinned })
        .catch((error) => this.#say(asProblem(error).message));
    }
  }

  /** Hides them; they stay in the tree. */
  fold() {
    this.shown = false;
    this.#changed();
  }

  /**
   * Shows again what was drawn at a node, where most of it was.
   *
   * @param {TreeNode[]} nodes
   * @param {string} text the text of the node they continue
   */
  recall(nodes, text) {
    const [last] = nodes.slice(-1);
    if (!last || this.busy) return false;
    const same = nodes.filter(({ start }) => start === last.start);
    this.node = last.parent ?? 0;
    this.at = unitsOf(text, last.start);
    this.list = same.map((node) => {
      const words = node.inserted;
      return {
        ...this.#empty(),
        text: words,
        ends: wordEnds(words),
        finish: node.finish,
        node: node.id,
        pinned: node.pinned,
      };
    });
    this.shown = true;
    this.#changed();
    return true;
  }
}

/**
 * The next place where a continuation may be cut, by tokens or by characters.
 *
 * @param {Offer} offer
 * @param {number} from
 * @param {1 | -1} by
 * @param {boolean} finely
 */
export function movedEnd(offer, from, by, finely) {
  const ends = finely ? characterEnds(offer.text) : offer.ends;
  const past = by > 0 ? ends.find((end) => end > from) : ends.filter((end) => end < from).at(-1);
  return past ?? (by > 0 ? offer.text.length : 0);
}

/**
 * Where a cut goes that is asked for at a place: after the token, or the character, that stands there.
 *
 * @param {Offer} offer
 * @param {number} at
 * @param {boolean} finely
 */
export function endAt(offer, at, finely) {
  return movedEnd(offer, Math.max(0, at), 1, finely);
}

/** @param {string} text @returns {number[]} */
function wordEnds(text) {
  const ends = Array.from(text.matchAll(/\s*\S+/g), ({ index, 0: word }) => index + word.length);
  if (ends.at(-1) !== text.length) ends.push(text.length);
  return ends;
}

/** @param {number} number @param {string} noun */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
