// The curator by keyboard.

import { h } from "../../web/js/kit.js";
import { movedCut, standingCut } from "./cuts.js";
import { count } from "./words.js";

/** @import { Curator, Sample } from "./curator.js" */

const KEYS = [
  ["↑ ↓", "the sample before, after"],
  ["← →", "move the cut by a word (with Shift: by a sentence)"],
  ["Enter", "pick up to the cut"],
  ["1–9", "pick that sample as suggested"],
  ["x", "unpick"],
  ["u", "earlier among the picks"],
  ["0", "none here"],
  ["e", "edit"],
  ["p", "pin"],
  ["z, y", "undo, redo"],
  ["[ ]", "passage before, after"],
  ["n", "next undecided"],
  ["r", "reroll"],
  ["a", "advise me"],
];

export function keyHelp() {
  return h(
    "details",
    { class: "vb-keys" },
    h("summary", {}, "Keys"),
    h("p", {}, "Click a word to accept a sample up to there; Shift-click to begin there."),
    h(
      "dl",
      {},
      KEYS.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what))),
    ),
  );
}

/**
 * A listener for all keys pressed inside the curator.
 *
 * @param {Curator} curator
 * @returns {(event: KeyboardEvent) => void}
 */
export function keyListener(curator) {
  const { model, ask, state } = curator;
  /** @returns {Sample[]} */
  const samples = () => model.get("view").samples ?? [];

  function neighbour(/** @type {number} */ by) {
    const order = samples();
    if (!order.length) return;
    const at = order.findIndex((sample) => sample.id === state.current);
    curator.focusOn(order[at < 0 ? 0 : Math.max(0, Math.min(order.length - 1, at + by))].id);
  }

  function moveCut(/** @type {Sample} */ sample, /** @type {1 | -1} */ by, /** @type {boolean} */ whole) {
    const place = movedCut(sample, state.cuts.get(sample.id) ?? standingCut(sample), by, whole);
    state.cuts.set(sample.id, place);
    curator.draw();
    curator.focusOn(sample.id);
    curator.say(`Up to “${sample.words[place]?.[1] ?? ""}”, ${count(place + 1, "word")}. Enter accepts.`);
  }

  function take(/** @type {Sample} */ sample) {
    const word = sample.words[state.cuts.get(sample.id) ?? -1];
    state.cuts.delete(sample.id);
    ask("pick", word ? { sample: sample.id, end: word[3] } : { sample: sample.id });
  }

  /**
   * What each key does, at a sample if the focus is on one.
   *
   * @param {Sample | undefined} at
   * @param {boolean} shift
   * @returns {Record<string, () => void>}
   */
  function actsOf(at, shift) {
    const here = (/** @type {(sample: Sample) => void} */ act) => () => at && act(at);
    return {
      ArrowDown: () => neighbour(1),
      ArrowUp: () => neighbour(-1),
      j: () => neighbour(1),
      k: () => neighbour(-1),
      ArrowLeft: here((sample) => moveCut(sample, -1, shift)),
      ArrowRight: here((sample) => moveCut(sample, 1, shift)),
      Enter: here(take),
      " ": here(take),
      x: here((sample) => sample.pick && ask("unpick", { sample: sample.id })),
      u: here((sample) => ask("move_up", { sample: sample.id })),
      e: here((sample) => curator.edit(sample)),
      p: here((sample) => ask("pin", { sample: sample.id, pinned: !sample.pinned })),
      0: () => ask("choose_none"),
      z: () => ask("undo"),
      y: () => ask("redo"),
      Z: () => ask("redo"),
      "[": () => ask("step", { by: -1 }),
      "]": () => ask("step", { by: 1 }),
      n: () => ask("next_undecided"),
      r: () => curator.submit(),
      a: () => ask("advise"),
    };
  }

  return (event) => {
    const { key } = event;
    const target = /** @type {Element} */ (event.target);
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || event.altKey || model.get("busy")) return;
    const command = event.ctrlKey || event.metaKey;
    const bare = !command && !(target.tagName === "BUTTON" && (key === "Enter" || key === " "));
    const undoing = command && /^[zZyY]$/.test(key);
    const number = Number(target.closest("[data-sample]")?.getAttribute("data-sample"));
    const act = actsOf(
      samples().find((sample) => sample.id === number),
      event.shiftKey,
    )[key];
    const digit = bare && /^[1-9]$/.test(key) ? samples()[Number(key) - 1] : undefined;
    if (digit) {
      curator.focusOn(digit.id);
      ask("pick", { sample: digit.id });
    } else if ((bare || undoing) && act) act();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
}
