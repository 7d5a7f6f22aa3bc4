// The view of verbosify.notebook.Curator. It shows what the kernel says and asks it to act; it decides nothing.
// All text is set as text, never as HTML: samples are data.

const MEASURES = [
  ["similarity", "closeness"],
  ["copied", "copied"],
  ["repetition", "repeated"],
];

/** An element with attributes (functions become listeners) and children. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

const percent = (value) => (value == null ? "–" : `${Math.round(value * 100)} %`);
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

function render({ model, el }) {
  const ask = (what, values = {}) => model.send({ do: what, ...values });
  const cuts = new Map(); // sample -> number of the word its cut stands after, while one is choosing by keyboard
  let current = null; // the sample that has, or last had, the focus
  let editing = null;
  let field = null; // what is being typed in the drawing form, by name

  const status = h("p", { class: "vb-status", role: "status", "aria-live": "polite" });
  const body = h("div", { class: "vb-body" });
  // JupyterLab listens for single letters everywhere; inside this element they are ours.
  const root = h(
    "section",
    { class: "vb", tabindex: -1, "aria-label": "Curator", "data-lm-suppress-shortcuts": "true", keydown: onKey },
    status,
    body,
  );
  el.append(root);

  const button = (label, action, attributes = {}) =>
    h("button", { type: "button", click: action, ...attributes }, label);
  const samples = () => model.get("view").samples ?? [];
  const sampleOf = (id) => samples().find((sample) => sample.id === id);

  // The parts of the page

  function heading(view, totals) {
    const share = Math.min(1, (totals.now - totals.before) / Math.max(1, totals.wanted - totals.before));
    const words = `${count(totals.now, "word")} so far, ${totals.wanted.toLocaleString("en")} wanted (×${totals.target})`;
    return h(
      "header",
      { class: "vb-head" },
      h(
        "div",
        { class: "vb-move", role: "group", "aria-label": "Passages" },
        button("←", () => ask("step", { by: -1 }), { "aria-label": "Previous passage", title: "Previous passage  [", disabled: view.index === 0 }),
        h("h3", {}, `Passage ${view.index + 1} of ${view.count}`),
        button("→", () => ask("step", { by: 1 }), { "aria-label": "Next passage", title: "Next passage  ]", disabled: view.index + 1 === view.count }),
        h("span", { class: "vb-decision" }, view.decision),
        button("Next undecided", () => ask("next_undecided"), { title: "Next undecided passage  n" }),
      ),
      h(
        "div",
        { class: "vb-words" },
        h("span", {}, words),
        h("meter", { min: 0, max: 1, value: Math.max(0, share), "aria-label": words }),
        h("span", { class: "vb-quiet" }, `${view.decided} of ${count(view.count, "gap")} decided · reading “${totals.reading}”`),
      ),
    );
  }

  function prose(stretches, label) {
    const parts = stretches.map(({ kind, text }) => {
      if (kind === "gap") return h("span", { class: "vb-gap", title: "The gap: what you pick goes in here" }, "▏");
      if (kind === "pick" || kind === "other") return [h("ins", { class: `vb-${kind}` }, text), " "];
      return h("span", { class: `vb-${kind}` }, `${text} `);
    });
    return h("p", { class: "vb-paragraph", "aria-label": label }, parts.flat());
  }

  function tools(view, totals) {
    const others = totals.others.map((name) => h("option", { value: name }, name));
    const copy = h(
      "select",
      { "aria-label": "Begin from another reading", change: () => ask("begin_from", { reading: copy.value }) },
      h("option", { value: "", selected: true, disabled: true }, "Begin from…"),
      others,
    );
    return h(
      "div",
      { class: "vb-tools", role: "toolbar", "aria-label": "Decide" },
      button("Undo", () => ask("undo"), { disabled: !view.undo, title: "Undo  z" }),
      button("Redo", () => ask("redo"), { disabled: !view.redo, title: "Redo  y" }),
      button("None here", () => ask("choose_none"), { title: "Nothing goes into this gap  0" }),
      others.length ? copy : null,
    );
  }

  function sieve(view) {
    const { orders, badges } = model.get("choices");
    const shown = model.get("shown");
    const order = h(
      "select",
      { "aria-label": "Sort samples", change: () => ask("sort_by", { order: order.value }) },
      Object.entries(orders).map(([key, label]) => h("option", { value: key, selected: key === shown.order }, label)),
    );
    const boxes = badges.map((badge) => {
      const box = h("input", { type: "checkbox", checked: shown.hidden.includes(badge) });
      box.addEventListener("change", () =>
        ask("hide", { badges: badges.filter((name) => (name === badge ? box.checked : shown.hidden.includes(name))) }),
      );
      return h("label", {}, box, badge);
    });
    const earlier = h("input", { type: "checkbox", checked: shown.earlier });
    earlier.addEventListener("change", () => ask("show_earlier", { earlier: earlier.checked }));
    return h(
      "div",
      { class: "vb-sieve" },
      h("strong", {}, count(samples().length, "sample")),
      order,
      h("fieldset", {}, h("legend", {}, "Hide"), boxes),
      view.filtered ? h("span", { class: "vb-quiet" }, `${view.filtered} hidden`) : null,
      view.earlier ? h("label", {}, earlier, `${view.earlier} earlier`) : null,
    );
  }

  function card(sample) {
    const { pick } = sample;
    const place = cuts.get(sample.id);
    const said = [
      `Sample ${sample.number}`,
      pick ? `pick ${pick.order}${pick.edited ? ", edited" : ""}` : null,
      sample.pinned ? "pinned" : null,
      ...Object.keys(sample.badges),
      count(sample.count, "word"),
    ].filter(Boolean);
    const text = h("p", { class: "vb-text" });
    sample.words.forEach(([before, word, start, end], number) => {
      const kept = pick && start >= pick.start && end <= pick.end;
      const classes = [
        kept ? "kept" : pick ? "cut" : "",
        !pick && end === sample.suggested ? "suggested" : "",
        place === number ? "caret" : "",
      ];
      text.append(
        h("span", { class: classes.join(" ").trim() || null }, number ? before : ""),
        h("span", { class: `vb-word ${classes.join(" ")}`.trim(), "data-word": number }, word),
      );
    });
    text.addEventListener("click", (event) => {
      const word = event.target.closest("[data-word]");
      const marked = getSelection();
      if (!word || (!marked.isCollapsed && text.contains(marked.anchorNode))) return; // somebody marks words to copy them
      current = sample.id;
      const [, , start, end] = sample.words[Number(word.dataset.word)];
      ask("pick", event.shiftKey ? { sample: sample.id, start } : { sample: sample.id, end });
    });
    return h(
      "article",
      {
        class: `vb-sample${pick ? " vb-picked" : ""}`,
        tabindex: 0,
        "data-sample": sample.id,
        "aria-label": said.join(", "),
        focus: () => (current = sample.id),
      },
      h(
        "div",
        { class: "vb-line" },
        h("strong", {}, `Sample ${sample.number}`),
        pick ? h("span", { class: "vb-badge vb-is-pick" }, `✓ pick ${pick.order}${pick.edited ? ", edited" : ""}`) : null,
        sample.pinned ? h("span", { class: "vb-badge" }, "pinned") : null,
        Object.entries(sample.badges).map(([name, why]) =>
          h("span", { class: `vb-badge vb-${name.replace(" ", "-")}`, title: `${name}: ${why}` }, name),
        ),
      ),
      editing === sample.id ? editor(sample) : text,
      pick?.edited && editing !== sample.id ? h("p", { class: "vb-edited" }, h("ins", { class: "vb-pick" }, pick.text)) : null,
      h(
        "div",
        { class: "vb-line vb-acts" },
        pick
          ? button("Unpick", () => ask("unpick", { sample: sample.id }), { title: "Unpick  x" })
          : button("Pick", () => ask("pick", { sample: sample.id }), { title: "Pick up to the suggested cut  Enter" }),
        pick && pick.order > 1 ? button("Earlier", () => ask("move_up", { sample: sample.id }), { title: "Earlier among the picks  u" }) : null,
        button("Edit", () => edit(sample.id), { title: "Edit by hand  e" }),
        button(sample.pinned ? "Unpin" : "Pin", () => ask("pin", { sample: sample.id, pinned: !sample.pinned }), { title: "Keep in view while rerolling  p" }),
        h(
          "span",
          { class: "vb-quiet", title: `${sample.settings}. ${sample.why}` },
          [count(sample.count, "word"), ...MEASURES.map(([key, name]) => `${name} ${key === "similarity" ? (sample[key] ?? 0).toFixed(2) : percent(sample[key])}`)].join(" · "),
        ),
      ),
    );
  }

  function editor(sample) {
    const now = sample.pick?.text ?? sample.words.filter(([, , , end]) => end <= sample.suggested).map(([before, word]) => before + word).join("").trim();
    const area = h("textarea", { rows: 5, "aria-label": `Edit sample ${sample.number}` });
    area.value = now;
    const save = () => (stopEditing(), ask("edit", { sample: sample.id, text: area.value }));
    area.addEventListener("keydown", (event) => {
      if (event.key === "Escape") stopEditing(), draw();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
    });
    return h(
      "div",
      { class: "vb-editor" },
      area,
      button("Keep this text", save, { title: "Ctrl+Enter" }),
      button("Cancel", () => (stopEditing(), draw()), { title: "Escape" }),
    );
  }

  function edit(id) {
    editing = id;
    draw();
    root.querySelector("textarea")?.focus();
  }
  const stopEditing = () => (editing = null);

  function drawing() {
    const settings = model.get("settings");
    const advice = model.get("advice");
    const busy = model.get("busy") !== "";
    const can = model.get("choices").can_reroll;
    const bounds = { n: [1, 40, 1, "samples"], temperature: [0, 2, 0.05, "temperature"], top_k: [0, 1000, 1, "top-k"], top_p: [0.05, 1, 0.05, "top-p"], length: [1, 400, 1, "tokens"] };
    field = { ...settings, ...field };
    const inputs = Object.entries(bounds).map(([name, [min, max, step, label]]) => {
      const input = h("input", { type: "number", min, max, step, value: field[name], disabled: !can });
      input.addEventListener("input", () => (field[name] = input.valueAsNumber));
      return h("label", {}, label, input);
    });
    const reroll = (values = {}, why = "") => {
      const asked = Object.fromEntries(Object.entries({ ...field, ...values }).filter(([, value]) => Number.isFinite(value)));
      field = null;
      ask("reroll", { settings: asked, why });
    };
    return h(
      "form",
      { class: "vb-draw", "aria-label": "Draw more samples", submit: (event) => (event.preventDefault(), reroll()) },
      h("strong", {}, "Reroll the rest"),
      inputs,
      h("button", { type: "submit", disabled: busy || !can, title: can ? "Pinned and picked samples stay  r" : "Needs Curator(piece, model)" }, "Reroll"),
      button("Advise me", () => ask("advise"), { title: "The artist's rule  a" }),
      advice.text ? h("p", { class: "vb-advice" }, advice.text, " ",
        Object.keys(advice.settings).length && can ? button("Do that", () => reroll(advice.settings, advice.why), { disabled: busy }) : null) : null,
      can ? null : h("p", { class: "vb-quiet" }, "No model is loaded here, so nothing new can be drawn."),
    );
  }

  function wholeEssay() {
    const blocks = model.get("essay");
    const details = h("details", { class: "vb-essay", open: blocks.length > 0 }, h("summary", {}, "The essay as it grows"));
    details.addEventListener("toggle", () => details.open !== model.get("essay").length > 0 && ask("open_essay", { opened: details.open }));
    for (const { kind, stretches } of blocks) {
      if (kind === "paragraph") details.append(prose(stretches));
      else details.append(h(kind === "heading" ? "h4" : "pre", {}, stretches.map(({ text }) => text).join(" ").replace(kind === "heading" ? /^#+\s*/ : "", "")));
    }
    return details;
  }

  const keys = [
    ["↑ ↓", "the sample before, after"], ["← →", "move the cut by a word (with Shift: by a sentence)"],
    ["Enter", "pick up to the cut"], ["1–9", "pick that sample as suggested"], ["x", "unpick"], ["u", "earlier among the picks"],
    ["0", "none here"], ["e", "edit"], ["p", "pin"], ["z, y", "undo, redo"], ["[ ]", "passage before, after"],
    ["n", "next undecided"], ["r", "reroll"], ["a", "advise me"],
  ];
  const help = h(
    "details",
    { class: "vb-keys" },
    h("summary", {}, "Keys"),
    h("p", {}, "Click a word to accept a sample up to there; Shift-click to begin there."),
    h("dl", {}, keys.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)))),
  );

  // Keyboard

  function focus(id) {
    current = id;
    const element = root.querySelector(`[data-sample="${id}"]`);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  }

  function neighbour(by) {
    const order = samples();
    if (!order.length) return;
    const at = order.findIndex((sample) => sample.id === current);
    focus(order[at < 0 ? 0 : Math.max(0, Math.min(order.length - 1, at + by))].id);
  }

  function moveCut(sample, by, whole) {
    const last = sample.words.length - 1;
    const standing = sample.words.findLastIndex(([, , , end]) => end <= (sample.pick?.end ?? sample.suggested));
    let place = cuts.get(sample.id) ?? standing;
    if (whole) {
      const ends = sample.ends.map((end) => sample.words.findLastIndex(([, , , other]) => other <= end)).filter((word) => word >= 0);
      place = (by > 0 ? ends.find((word) => word > place) : ends.findLast((word) => word < place)) ?? (by > 0 ? last : place);
    } else place = Math.max(0, Math.min(last, place + by));
    cuts.set(sample.id, place);
    draw();
    focus(sample.id);
    status.textContent = `Up to “${sample.words[place]?.[1] ?? ""}”, ${count(place + 1, "word")}. Enter accepts.`;
  }

  function take(sample) {
    const place = cuts.get(sample.id);
    cuts.delete(sample.id);
    ask("pick", place == null ? { sample: sample.id } : { sample: sample.id, end: sample.words[place][3] });
  }

  function onKey(event) {
    const { key, target } = event;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || event.altKey || model.get("busy")) return;
    const command = event.ctrlKey || event.metaKey;
    const at = target.closest("[data-sample]");
    const sample = at && sampleOf(Number(at.dataset.sample));
    const bare = !command && !(target.tagName === "BUTTON" && (key === "Enter" || key === " "));
    const here = (does) => sample && does(sample);
    const acts = {
      ArrowDown: () => neighbour(1), ArrowUp: () => neighbour(-1), j: () => neighbour(1), k: () => neighbour(-1),
      ArrowLeft: () => here((s) => moveCut(s, -1, event.shiftKey)), ArrowRight: () => here((s) => moveCut(s, 1, event.shiftKey)),
      Enter: () => here(take), " ": () => here(take),
      x: () => here((s) => s.pick && ask("unpick", { sample: s.id })), u: () => here((s) => ask("move_up", { sample: s.id })),
      e: () => here((s) => edit(s.id)), p: () => here((s) => ask("pin", { sample: s.id, pinned: !s.pinned })),
      0: () => ask("choose_none"), z: () => ask("undo"), y: () => ask("redo"), Z: () => ask("redo"),
      "[": () => ask("step", { by: -1 }), "]": () => ask("step", { by: 1 }), n: () => ask("next_undecided"),
      r: () => root.querySelector(".vb-draw button[type=submit]").click(), a: () => ask("advise"),
    };
    const undoing = command && /^[zZyY]$/.test(key);
    const digit = bare && /^[1-9]$/.test(key) && samples()[Number(key) - 1];
    if (digit) focus(digit.id), ask("pick", { sample: digit.id });
    else if ((bare || undoing) && acts[key]) acts[key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Drawing: everything anew, then focus and scroll as they were

  function draw() {
    const view = model.get("view");
    const focused = root.contains(document.activeElement) ? document.activeElement : null;
    const held = focused?.closest("[data-sample]")?.dataset.sample;
    const name = focused?.textContent;
    const list = root.querySelector(".vb-samples");
    const scrolled = list && list.dataset.passage === String(view.index) ? list.scrollTop : 0;
    body.replaceChildren(
      heading(view, model.get("totals")),
      h("div", { class: "vb-text-side" }, prose(view.paragraph, "The paragraph, with the passage and what you picked marked"), tools(view, model.get("totals")), drawing()),
      h(
        "div",
        { class: "vb-sample-side" },
        sieve(view),
        h("div", { class: "vb-samples", "data-passage": view.index, role: "group", "aria-label": "Samples" },
          view.samples.length ? view.samples.map(card) : h("p", { class: "vb-quiet" }, view.filtered ? "All samples are hidden." : "No samples yet: reroll to draw some.")),
      ),
      wholeEssay(),
      help,
    );
    const after = root.querySelector(".vb-samples");
    after.scrollTop = scrolled;
    if (!focused) return;
    if (held) focus(Number(held));
    if (focused.tagName === "BUTTON") {
      const places = [...root.querySelectorAll(held ? `[data-sample="${held}"] button` : "button")];
      places.find((other) => other.textContent === name && !other.disabled)?.focus();
    }
    if (!root.contains(document.activeElement)) (after.querySelector("article") ?? root).focus(); // keys stay ours
  }

  function tell() {
    const busy = model.get("busy");
    root.setAttribute("aria-busy", String(busy !== ""));
    status.textContent = busy || model.get("message");
    root.querySelectorAll(".vb-draw button").forEach((element) => (element.disabled = busy !== "" || !model.get("choices").can_reroll && element.type === "submit"));
  }

  let queued = false;
  const redraw = () => {
    if (queued) return;
    queued = true;
    queueMicrotask(() => {
      queued = false;
      draw();
      tell();
    });
  };
  const passage = () => model.get("view").index;
  let seen = passage();
  const onView = () => {
    if (passage() !== seen) cuts.clear(), (editing = field = null);
    seen = passage();
    redraw();
  };
  const listeners = [["change:view", onView], ...["totals", "shown", "settings", "advice", "essay"].map((name) => [`change:${name}`, redraw]), ...["message", "busy"].map((name) => [`change:${name}`, tell])];
  listeners.forEach(([event, listener]) => model.on(event, listener));
  redraw();
  return () => listeners.forEach(([event, listener]) => model.off(event, listener));
}

export default { render };
