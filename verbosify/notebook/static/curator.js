// The view of verbosify.notebook.Curator. It shows what the kernel says and asks it to act; it decides nothing.

import { build, h, patch } from "../../web/js/kit.js";
import { keyHelp, keyListener } from "./keys.js";
import { heading, prose, tools, wholeEssay } from "./passage.js";
import { rerollForm } from "./reroll.js";
import { editedText, sampleList, sieve } from "./samples.js";

/**
 * A sample as view.py tells it; a word is what stands before it, itself, its start and its end.
 *
 * @typedef {object} Sample
 * @property {number} id
 * @property {number} number
 * @property {string} why
 * @property {string} settings
 * @property {Record<string, string>} badges
 * @property {[before: string, word: string, start: number, end: number][]} words
 * @property {number[]} ends where its sentences end
 * @property {number} suggested where to cut it
 * @property {boolean} pinned
 * @property {{ order: number, start: number, end: number, edited: boolean, text: string } | null} pick
 * @property {number} count
 * @property {number | null} similarity
 * @property {number | null} copied
 * @property {number | null} repetition
 */
/** @typedef {{ kind: string, text: string }} Stretch */

/** @typedef {{ sample: number, text: string, sent?: boolean }} Editing */

/**
 * anywidget's model: the traits of the widget.
 *
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(content: object) => void} send
 * @property {(event: string, listener: () => void) => void} on
 * @property {(event: string, listener: () => void) => void} off
 */

/**
 * What the parts of the view share. Of the state the kernel knows nothing: the word that a cut stands after while one
 * is choosing by keyboard, by sample; the sample that has or last had the focus; the one that is edited; and what was
 * typed into the form.
 *
 * @typedef {object} Curator
 * @property {Model} model
 * @property {{ cuts: Map<number, number>, current: number | null, editing: Editing | null,
 *   typed: Record<string, string> }} state
 * @property {(what: string, values?: object) => void} ask
 * @property {() => void} draw
 * @property {(message: string) => void} say
 * @property {(sample: Sample | null) => void} edit
 * @property {(sample: number) => void} focusOn
 * @property {() => void} submit
 */

/** @param {{ model: Model, el: HTMLElement }} widget */
function render({ model, el }) {
  /** @type {Curator} */
  const curator = {
    model,
    state: { cuts: new Map(), current: null, editing: null, typed: {} },
    ask: (what, values = {}) => model.send({ do: what, ...values }),
    draw,
    say: (message) => patch(status, message),
    edit,
    focusOn,
    submit: () => root.querySelector("form")?.requestSubmit(),
  };
  const { state } = curator;
  const status = build(h("p", { class: "vb-status", role: "status", "aria-live": "polite" }));
  const body = build(h("div", { class: "vb-body" }));
  // JupyterLab listens for single letters everywhere; inside this element they are ours.
  const root = build(
    h("section", { class: "vb", tabindex: -1, "aria-label": "Curator", "data-lm-suppress-shortcuts": "true" }),
  );
  root.append(status, body);
  root.addEventListener("keydown", keyListener(curator));
  el.append(root);

  function focusOn(/** @type {number} */ sample) {
    state.current = sample;
    const element = articleOf(sample);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  }

  /** @returns {HTMLElement | null} */
  function articleOf(/** @type {number | null} */ sample) {
    return root.querySelector(`[data-sample="${sample}"]`);
  }

  function edit(/** @type {Sample | null} */ sample) {
    state.editing = sample && { sample: sample.id, text: editedText(sample) };
    if (sample) state.current = sample.id;
    draw();
    root.querySelector("textarea")?.focus();
  }

  function draw() {
    const view = model.get("view");
    const focused = hasFocus();
    patch(
      body,
      heading(curator),
      h(
        "div",
        { class: "vb-text-side" },
        prose(view.paragraph, "The paragraph, with the passage and what you picked marked"),
        tools(curator),
        rerollForm(curator),
      ),
      h("div", { class: "vb-sample-side" }, sieve(curator), sampleList(curator)),
      wholeEssay(curator),
      keyHelp(),
    );
    // What had the focus is gone or out of use: keys stay ours all the same.
    if (focused && !hasFocus()) {
      const next = articleOf(state.current) ?? root.querySelector("article") ?? root;
      next.focus({ preventScroll: true });
    }
  }

  function hasFocus() {
    const home = /** @type {Document | ShadowRoot} */ (root.getRootNode());
    return root.contains(home.activeElement) && !home.activeElement?.matches(":disabled");
  }

  function tell() {
    const busy = model.get("busy");
    root.setAttribute("aria-busy", String(busy !== ""));
    curator.say(busy || model.get("message"));
  }

  let queued = false;
  function redraw() {
    if (queued) return;
    queued = true;
    queueMicrotask(() => {
      queued = false;
      draw();
      tell();
    });
  }

  let seen = model.get("view").index;
  function changed() {
    const now = model.get("view");
    if (state.editing?.sent) state.editing = null;
    if (now.index !== seen) {
      state.cuts.clear();
      state.editing = null;
      state.typed = {};
    }
    seen = now.index;
    redraw();
  }

  /** @type {[string, () => void][]} */
  const listeners = [
    ["change:view", changed],
    ["change:message", tell],
  ];
  for (const name of ["totals", "shown", "settings", "advice", "essay", "busy"])
    listeners.push([`change:${name}`, redraw]);
  for (const [event, listener] of listeners) model.on(event, listener);
  redraw();
  return () => {
    for (const [event, listener] of listeners) model.off(event, listener);
  };
}

export default { render };
