// What stands beside the samples: the passage in its paragraph, what is decided, and the essay as it grows.

import { h } from "../../web/js/kit.js";
import { count } from "./words.js";

/** @import { Child, Value } from "../../web/js/kit.js" */
/** @import { Curator, Stretch } from "./curator.js" */

/** @param {Child} label @param {() => void} click @param {Record<string, Value>} [attributes] */
export function button(label, click, attributes = {}) {
  return h("button", { type: "button", click, ...attributes }, label);
}

/** @param {Curator} curator */
export function heading({ model, ask }) {
  const [view, totals] = [model.get("view"), model.get("totals")];
  const share = Math.min(1, (totals.now - totals.before) / Math.max(1, totals.wanted - totals.before));
  const words = `${count(totals.now, "word")} so far, ${totals.wanted.toLocaleString("en")} wanted (×${totals.target})`;
  const decided = `${view.decided} of ${count(view.count, "gap")} decided · reading “${totals.reading}”`;
  const step = (
    /** @type {number} */ by,
    /** @type {string} */ sign,
    /** @type {string} */ label,
    /** @type {string} */ key,
  ) => {
    const disabled = by < 0 ? view.index === 0 : view.index + 1 === view.count;
    return button(sign, () => ask("step", { by }), { "aria-label": label, title: `${label}  ${key}`, disabled });
  };
  return h(
    "header",
    { class: "vb-head" },
    h(
      "div",
      { class: "vb-move", role: "group", "aria-label": "Passages" },
      step(-1, "←", "Previous passage", "["),
      h("h3", {}, `Passage ${view.index + 1} of ${view.count}`),
      step(1, "→", "Next passage", "]"),
      h("span", { class: "vb-decision" }, view.decision),
      button("Next undecided", () => ask("next_undecided"), { title: "Next undecided passage  n" }),
    ),
    h(
      "div",
      { class: "vb-words" },
      h("span", {}, words),
      h("meter", { min: 0, max: 1, value: Math.max(0, share), "aria-label": words }),
      h("span", { class: "vb-quiet" }, decided),
    ),
  );
}

/** @param {Stretch[]} stretches @param {string} [label] */
export function prose(stretches, label) {
  const parts = stretches.map(({ kind, text }) => {
    if (kind === "gap") return h("span", { class: "vb-gap", title: "The gap: what you pick goes in here" }, "▏");
    if (kind === "pick" || kind === "other") return [h("ins", { class: `vb-${kind}` }, text), " "];
    return h("span", { class: `vb-${kind}` }, `${text} `);
  });
  return h("p", { class: "vb-paragraph", "aria-label": label }, parts);
}

/** @param {Curator} curator */
export function tools({ model, ask }) {
  const [view, totals] = [model.get("view"), model.get("totals")];
  const begin = (/** @type {Event} */ event) => {
    ask("begin_from", { reading: /** @type {HTMLSelectElement} */ (event.target).value });
  };
  const others = totals.others.map((/** @type {string} */ name) => h("option", { value: name }, name));
  return h(
    "div",
    { class: "vb-tools", role: "toolbar", "aria-label": "Decide" },
    button("Undo", () => ask("undo"), { disabled: !view.undo, title: "Undo  z" }),
    button("Redo", () => ask("redo"), { disabled: !view.redo, title: "Redo  y" }),
    button("None here", () => ask("choose_none"), { title: "Nothing goes into this gap  0" }),
    others.length > 0 &&
      h(
        "select",
        { "aria-label": "Begin from another reading", value: "", change: begin },
        h("option", { value: "", disabled: true }, "Begin from…"),
        others,
      ),
  );
}

/** @param {Curator} curator */
export function wholeEssay({ model, ask }) {
  /** @type {{ kind: string, stretches: Stretch[] }[]} */
  const blocks = model.get("essay");
  const toggle = (/** @type {Event} */ event) => {
    const opened = /** @type {HTMLDetailsElement} */ (event.target).open;
    if (opened !== model.get("essay").length > 0) ask("open_essay", { opened });
  };
  const shown = blocks.map(({ kind, stretches }) => {
    if (kind === "paragraph") return prose(stretches);
    const text = stretches.map((stretch) => stretch.text).join(" ");
    return kind === "heading" ? h("h4", {}, text.replace(/^#+\s*/, "")) : h("pre", {}, text);
  });
  const summary = h("summary", {}, "The essay as it grows");
  return h("details", { class: "vb-essay", open: blocks.length > 0, toggle }, summary, shown);
}
