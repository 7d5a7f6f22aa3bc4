// The samples of a passage: which are shown, each with its words to click on, and the editor of one.

import { h } from "../../web/js/kit.js";
import { suggestedText } from "./cuts.js";
import { button } from "./passage.js";
import { count, percent } from "./words.js";

/** @import { Curator, Sample } from "./curator.js" */

/** @param {Curator} curator */
export function sieve({ model, ask }) {
  const { orders, badges } = model.get("choices");
  const [view, shown] = [model.get("view"), model.get("shown")];
  const sort = (/** @type {Event} */ event) => {
    ask("sort_by", { order: /** @type {HTMLSelectElement} */ (event.target).value });
  };
  const box = (/** @type {string} */ badge) => {
    const checked = shown.hidden.includes(badge);
    const change = () => {
      ask("hide", {
        badges: badges.filter((/** @type {string} */ name) => shown.hidden.includes(name) !== (name === badge)),
      });
    };
    return h("label", {}, h("input", { type: "checkbox", checked, change }), badge);
  };
  const earlier = h("input", {
    type: "checkbox",
    checked: shown.earlier,
    change: () => ask("show_earlier", { earlier: !shown.earlier }),
  });
  return h(
    "div",
    { class: "vb-sieve" },
    h("strong", {}, count(view.samples.length, "sample")),
    h(
      "select",
      { "aria-label": "Sort samples", value: shown.order, change: sort },
      Object.entries(orders).map(([value, label]) => h("option", { value }, label)),
    ),
    h("fieldset", {}, h("legend", {}, "Hide"), badges.map(box)),
    view.filtered ? h("span", { class: "vb-quiet" }, `${view.filtered} hidden`) : null,
    view.earlier ? h("label", {}, earlier, `${view.earlier} earlier`) : null,
  );
}

/** @param {Curator} curator */
export function sampleList(curator) {
  const view = curator.model.get("view");
  const nothing = view.filtered ? "All samples are hidden." : "No samples yet: reroll to draw some.";
  return h(
    "div",
    { key: `samples of ${view.index}`, class: "vb-samples", role: "group", "aria-label": "Samples" },
    view.samples.length
      ? view.samples.map((/** @type {Sample} */ sample) => card(curator, sample))
      : h("p", { class: "vb-quiet" }, nothing),
  );
}

/** @param {Curator} curator @param {Sample} sample */
function card(curator, sample) {
  const { state } = curator;
  const { pick } = sample;
  const editing = state.editing?.sample === sample.id;
  const picked = pick && `pick ${pick.order}${pick.edited ? ", edited" : ""}`;
  const said = [`Sample ${sample.number}`, picked, sample.pinned && "pinned", ...Object.keys(sample.badges)];
  const focus = () => {
    state.current = sample.id;
  };
  return h(
    "article",
    {
      key: sample.id,
      class: `vb-sample${pick ? " vb-picked" : ""}`,
      tabindex: 0,
      "data-sample": sample.id,
      "aria-label": [...said, count(sample.count, "word")].filter(Boolean).join(", "),
      focus,
    },
    h(
      "div",
      { class: "vb-line" },
      h("strong", {}, `Sample ${sample.number}`),
      pick && h("span", { class: "vb-badge vb-is-pick" }, `✓ ${picked}`),
      sample.pinned && h("span", { class: "vb-badge" }, "pinned"),
      Object.entries(sample.badges).map(([name, why]) =>
        h("span", { class: `vb-badge vb-${name.replaceAll(" ", "-")}`, title: `${name}: ${why}` }, name),
      ),
    ),
    editing ? editor(curator, sample) : words(curator, sample),
    pick?.edited && !editing ? h("p", { class: "vb-edited" }, h("ins", { class: "vb-pick" }, pick.text)) : null,
    acts(curator, sample),
  );
}

/** @param {Curator} curator @param {Sample} sample */
function words({ ask, state }, sample) {
  const { pick } = sample;
  const place = state.cuts.get(sample.id);
  const spans = sample.words.map(([before, word, start, end], number) => {
    const classes = [
      pick && (start >= pick.start && end <= pick.end ? "kept" : "cut"),
      !pick && end === sample.suggested && "suggested",
      place === number && "caret",
    ].filter(Boolean);
    return [
      h("span", { class: classes.join(" ") }, number ? before : ""),
      h("span", { class: ["vb-word", ...classes].join(" "), "data-word": number }, word),
    ];
  });
  const click = (/** @type {MouseEvent} */ event) => {
    const text = /** @type {Element} */ (event.currentTarget);
    const word = /** @type {Element} */ (event.target).closest("[data-word]");
    const marked = getSelection();
    if (!word || (marked && !marked.isCollapsed && text.contains(marked.anchorNode))) return; // marked to be copied
    state.current = sample.id;
    const [, , start, end] = sample.words[Number(word.getAttribute("data-word"))];
    ask("pick", event.shiftKey ? { sample: sample.id, start } : { sample: sample.id, end });
  };
  return h("p", { class: "vb-text", click }, spans);
}

/** @param {Curator} curator @param {Sample} sample */
function acts({ ask, edit }, sample) {
  const { id, pick, pinned } = sample;
  const closeness = `closeness ${(sample.similarity ?? 0).toFixed(2)}`;
  const measures = [closeness, `copied ${percent(sample.copied)}`, `repeated ${percent(sample.repetition)}`];
  const pinning = { key: "pin", title: "Keep in view while rerolling  p" };
  return h(
    "div",
    { key: "acts", class: "vb-line vb-acts" },
    pick
      ? button("Unpick", () => ask("unpick", { sample: id }), { key: "pick", title: "Unpick  x" })
      : button("Pick", () => ask("pick", { sample: id }), {
          key: "pick",
          title: "Pick up to the suggested cut  Enter",
        }),
    pick &&
      pick.order > 1 &&
      button("Earlier", () => ask("move_up", { sample: id }), { key: "earlier", title: "Earlier among the picks  u" }),
    button("Edit", () => edit(sample), { key: "edit", title: "Edit by hand  e" }),
    button(pinned ? "Unpin" : "Pin", () => ask("pin", { sample: id, pinned: !pinned }), pinning),
    h(
      "span",
      { class: "vb-quiet", title: `${sample.settings}. ${sample.why}` },
      [count(sample.count, "word"), ...measures].join(" · "),
    ),
  );
}

/** @param {Curator} curator @param {Sample} sample */
function editor({ ask, edit, state }, sample) {
  const save = () => {
    if (!state.editing) return;
    state.editing.sent = true; // it closes when the kernel has taken it
    ask("edit", { sample: sample.id, text: state.editing.text });
  };
  const input = (/** @type {Event} */ event) => {
    state.editing = { sample: sample.id, text: /** @type {HTMLTextAreaElement} */ (event.target).value };
  };
  const keydown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") edit(null);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
  };
  const label = `Edit sample ${sample.number}`;
  return h(
    "div",
    { class: "vb-editor" },
    h("textarea", { rows: 5, "aria-label": label, value: state.editing?.text ?? "", input, keydown }),
    button("Keep this text", save, { title: "Ctrl+Enter" }),
    button("Cancel", () => edit(null), { title: "Escape" }),
  );
}

/**
 * What an editor begins with: the pick as it stands, or what would be picked.
 *
 * @param {Sample} sample
 */
export function editedText(sample) {
  return sample.pick?.text ?? suggestedText(sample);
}
