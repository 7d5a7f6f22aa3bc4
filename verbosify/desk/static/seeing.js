// What the model thinks: of what may come at the caret, and of every token that is there. Asked for while it is shown, and
// only the newest answer counts. Knows no page.

import { pointsOf, unitsOf } from "./edits.js";
import { asProblem } from "./problems.js";

/** @import { Transport } from "./http.js" */
/** @import { Tint } from "./tints.js" */
/** @import { Writing } from "./writing.js" */

/** @typedef {{ token_id: number, text: string, whole: boolean, probability: number, sampled_probability: number }} Choice */
/** @typedef {{ probability: number, rank: number, entropy: number }} Score */
/**
 * A token of the text; places in UTF-16 units.
 *
 * @typedef {{ start: number, end: number, text: string, fresh: Score | null, overfit: Score | null }} SeenToken
 */

const PAUSE = 120;

export class Seeing {
  /** Whether the list of next tokens is wanted. */
  listing = false;
  /** @type {Tint | ""} */
  look = "";
  top = 100;
  /** Whether a token that is taken in another's place keeps what follows. */
  rest = false;
  caret = 0;
  /** @type {Choice[]} */
  choices = [];
  /** @type {{ start: number, end: number, text: string, probability: number, rank: number } | null} */
  token = null;
  /** Where the choices would stand. */
  at = 0;
  /** Tokens that the model read for them. */
  read = 0;
  stale = false;
  problem = "";
  /** @type {SeenToken[]} */
  tints = [];
  /** @type {number | null} the overfit that the tints are of */
  overfit = null;
  #tinted = "";
  #asked = 0;
  #tinting = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #writing;
  #transport;
  #changed;

  /**
   * @param {Transport} transport
   * @param {Writing} writing
   * @param {() => void} changed
   */
  constructor(transport, writing, changed) {
    this.#transport = transport;
    this.#writing = writing;
    this.#changed = changed;
  }

  /** The caret is there now, or the text, the settings or the weights are others. @param {number} [caret] */
  moved(caret = this.caret) {
    this.caret = Math.min(caret, this.#writing.text.length);
    if (!this.listing && !this.look) return;
    this.stale = true;
    this.#asked += 1; // what was asked of another place is not told any more
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), PAUSE);
  }

  /** Tints behind a place that was typed at are of another text. @param {number} at */
  typed(at) {
    this.tints = this.tints.filter(({ end }) => end <= at);
    this.#tinted = "";
  }

  /** Asks at once, and waits until nothing newer is asked for either. */
  async settled() {
    for (let seen = 0; seen !== this.#asked || this.stale; seen = this.#asked) await this.refresh();
  }

  async refresh() {
    clearTimeout(this.#timer);
    if (this.look) await this.#tint();
    if (this.listing) await this.list();
  }

  /** The token that the caret stands in or before, while one looks. */
  get seen() {
    return this.look ? this.tints.find(({ start, end }) => start <= this.caret && this.caret < end) : undefined;
  }

  async list() {
    this.#asked += 1;
    const asked = this.#asked;
    const { draft, text, isSaved } = this.#writing;
    const seen = isSaved ? this.seen : undefined;
    const at = seen?.start ?? this.caret;
    try {
      const start = pointsOf(text, at);
      const of = isSaved ? { node: draft.node } : { text };
      const { token, tokens, alternatives, context_tokens } =
        seen && seen.start > 0
          ? await this.#transport.call("alternatives", { draft: draft.id, ...of, start, top: this.top })
          : await this.#transport.call("tokens", { draft: draft.id, ...of, at: start, top: this.top });
      if (asked !== this.#asked) return;
      this.choices = tokens ?? alternatives;
      this.token = token ? { ...token, start: unitsOf(text, token.start), end: unitsOf(text, token.end) } : null;
      this.at = at;
      this.read = context_tokens ?? 0;
      this.problem = "";
    } catch (error) {
      if (asked !== this.#asked) return;
      this.problem = asProblem(error).message;
      this.choices = [];
      this.token = null;
    }
    this.stale = false;
    this.#changed();
  }

  async #tint() {
    const { draft, text, isSaved } = this.#writing;
    const { weights } = draft;
    const wanted = JSON.stringify([draft.node, weights.overfit, weights.strength]);
    if (!isSaved || wanted === this.#tinted) return;
    this.#tinting += 1;
    const asked = this.#tinting;
    try {
      const kinds = weights.kind === "overfit" ? ["fresh", "overfit"] : ["fresh"];
      const told = await this.#transport.call("tints", { draft: draft.id, node: draft.node, weights: kinds });
      if (asked !== this.#tinting || text !== this.#writing.text) return;
      this.#tinted = wanted;
      this.tints = inUnits(text, told.tokens);
      this.overfit = told.overfit;
    } catch (error) {
      this.problem = asProblem(error).message;
    }
    this.#changed();
  }

  /**
   * Takes one of the choices: in the place of the token that one looks at, which begins a new branch, or at the caret.
   *
   * @param {Choice} choice
   * @returns {Promise<number | null>} where the text goes on
   */
  async take(choice) {
    const { text } = this.#writing;
    const token = this.token;
    const before = text.length;
    if (token) {
      const [start, end] = [pointsOf(text, token.start), pointsOf(text, token.end)];
      const body = { start, end, token_id: choice.token_id, rest: this.rest };
      const draft = await this.#writing.act("swap", body);
      if (!draft) return null;
      return this.rest ? token.end + draft.text.length - before : draft.text.length;
    }
    const draft = await this.#writing.act("take", { at: pointsOf(text, this.at), token_id: choice.token_id });
    return draft ? this.at + draft.text.length - before : null;
  }
}

/** @param {string} text @param {any[]} tokens whose places count characters @returns {SeenToken[]} */
function inUnits(text, tokens) {
  let points = 0;
  let units = 0;
  const to = (/** @type {number} */ place) => {
    units += unitsOf(text.slice(units), place - points);
    points = place;
    return units;
  };
  // Tokens that share a character have places that overlap.
  return tokens.map((token) => {
    if (token.start < points) [points, units] = [0, 0];
    return { ...token, start: to(token.start), end: to(token.end) };
  });
}
