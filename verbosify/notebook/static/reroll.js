// The form that draws more samples: settings, what the artist's rule advises, and the button.

import { h } from "../../web/js/kit.js";
import { button } from "./passage.js";

/** @import { Curator } from "./curator.js" */

/** @type {[name: string, min: number, max: number, step: number, label: string][]} */
const FIELDS = [
  ["n", 1, 40, 1, "samples"],
  ["temperature", 0, 2, 0.05, "temperature"],
  ["top_k", 0, 1000, 1, "top-k"],
  ["top_p", 0.05, 1, 0.05, "top-p"],
  ["length", 1, 400, 1, "tokens"],
];

/** @param {Curator} curator */
export function rerollForm({ model, ask, state }) {
  const [settings, advice] = [model.get("settings"), model.get("advice")];
  const can = model.get("choices").can_reroll;
  // A button that cannot be used for a while keeps the focus, which a disabled one would lose.
  const waiting = model.get("busy") !== "" ? "true" : null;
  const fields = FIELDS.map(([name, min, max, step, label]) => {
    const value = state.typed[name] ?? settings[name];
    const input = (/** @type {Event} */ event) => {
      state.typed[name] = /** @type {HTMLInputElement} */ (event.target).value;
    };
    return h("label", {}, label, h("input", { type: "number", min, max, step, value, disabled: !can, input }));
  });
  const reroll = (/** @type {Record<string, number>} */ values, /** @type {string} */ why) => {
    if (model.get("busy") !== "") return;
    const asked = { ...settings };
    for (const [name, typed] of Object.entries(state.typed)) if (typed !== "") asked[name] = Number(typed);
    state.typed = {};
    ask("reroll", { settings: { ...asked, ...values }, why });
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    reroll({}, "");
  };
  const advised =
    can && advice.text && Object.keys(advice.settings).length
      ? button("Do that", () => reroll(advice.settings, advice.why), { "aria-disabled": waiting })
      : null;
  const title = can ? "Pinned and picked samples stay  r" : "Needs Curator(piece, model)";
  return h(
    "form",
    { class: "vb-draw", "aria-label": "Draw more samples", submit },
    h("strong", {}, "Reroll the rest"),
    fields,
    h("button", { type: "submit", disabled: !can, "aria-disabled": waiting, title }, "Reroll"),
    button("Advise me", () => waiting || ask("advise"), { "aria-disabled": waiting, title: "The artist's rule  a" }),
    advice.text ? h("p", { class: "vb-advice" }, advice.text, " ", advised) : null,
    can ? null : h("p", { class: "vb-quiet" }, "No model is loaded here, so nothing new can be drawn."),
  );
}
