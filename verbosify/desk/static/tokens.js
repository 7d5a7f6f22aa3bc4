// The tokens that may come next, and those that might have come in place of one that is there.

import { h } from "../../web/js/kit.js";
import { look } from "./commands.js";
import { legendOf, percent, shownToken, spokenToken, timesLikelier, visibleParts } from "./tints.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk } from "./desk.js" */
/** @import { Choice, SeenToken } from "./seeing.js" */
/** @import { Tint } from "./tints.js" */

/** @type {[Tint | "", string][]} */
const LOOKS = [
  ["", "plain"],
  ["fresh", "fresh"],
  ["overfit", "overfitted"],
  ["difference", "difference"],
];

/** @param {Desk} desk @returns {Child[]} */
export function tokensPanel(desk) {
  const { seeing } = desk;
  return [
    lookForm(desk),
    heading(desk),
    seeing.problem && h("p", { class: "problem", key: "problem" }, seeing.problem),
    seeing.choices.length === 0 &&
      !seeing.problem &&
      !seeing.stale &&
      h("p", { class: "quiet", key: "none" }, "Nothing stands before it, so nothing in particular is expected there."),
    seeing.choices.length > 0 && choiceList(desk),
    seeing.choices.length > 0 &&
      h(
        "p",
        { class: "quiet", key: "more" },
        `${seeing.choices.length} likeliest${seeing.read ? `, after ${seeing.read} tokens read` : ""}. `,
        seeing.top < 1000 &&
          h(
            "button",
            {
              type: "button",
              class: "quiet",
              click: () => {
                seeing.top = seeing.top < 300 ? 300 : 1000;
                seeing.list();
              },
            },
            "Show more",
          ),
      ),
  ];
}

/** @param {Desk} desk */
function lookForm(desk) {
  const { seeing } = desk;
  const fresh = desk.writing.draft.weights.kind === "fresh";
  return h(
    "fieldset",
    { class: "looks", key: "looks" },
    h("legend", {}, "Tint the text by what each model expected"),
    h(
      "div",
      { class: "choices" },
      LOOKS.map(([value, label]) =>
        h(
          "label",
          { key: label },
          h("input", {
            type: "radio",
            name: "look",
            value,
            checked: seeing.look === value,
            disabled: fresh && (value === "overfit" || value === "difference"),
            change: () => look(desk, value),
          }),
          label,
        ),
      ),
    ),
    seeing.look &&
      h(
        "ul",
        { class: "legend", "aria-label": "What the tints mean" },
        legendOf(seeing.look).map(({ className, name }) =>
          h("li", { key: className }, h("span", { class: `run ${className}` }, "word"), ` ${name}`),
        ),
      ),
  );
}

/** @param {Desk} desk @returns {Child} */
function heading({ seeing, draw }) {
  const { token } = seeing;
  if (!token) {
    const end = seeing.at === seeing.caret ? "at the cursor" : "there";
    return h(
      "div",
      { class: "token-head", key: "token-head" },
      h("h3", {}, `Next ${end}`),
      h(
        "p",
        { class: "quiet" },
        "Click or Enter puts one in. Broad bars and the last column: after your settings. Thin bars: as the model gives it.",
      ),
    );
  }
  return h(
    "div",
    { class: "token-head", key: "token-head" },
    h("h3", {}, shown(token.text)),
    h("p", {}, `${percent(token.probability)}, rank ${token.rank.toLocaleString("en")}`, changeInWords(seeing.seen)),
    h(
      "label",
      { class: "line" },
      h("input", {
        type: "checkbox",
        checked: seeing.rest,
        change: (event) => {
          seeing.rest = event.target.checked;
          draw();
        },
      }),
      "keep what follows when it is swapped",
    ),
    h(
      "p",
      { class: "quiet" },
      "Click or Enter puts another in its place, on a branch of its own; this one stays in the tree.",
    ),
  );
}

/** @param {SeenToken | undefined} seen */
function changeInWords(seen) {
  if (!seen?.fresh || !seen.overfit) return "";
  const { fresh, overfit } = seen;
  return `. Fresh ${percent(fresh.probability)}, overfitted ${percent(overfit.probability)}: ${timesLikelier(fresh.probability, overfit.probability)}`;
}

/** @param {Desk} desk */
function choiceList(desk) {
  const { seeing } = desk;
  const most = Math.max(
    ...seeing.choices.map((choice) => Math.max(choice.probability, choice.sampled_probability)),
    1e-9,
  );
  return h(
    "ol",
    { class: `choices-list${seeing.stale ? " stale" : ""}`, key: "choices", "aria-label": "Tokens, likeliest first" },
    seeing.choices.map((choice, index) => {
      const there = seeing.token?.text === choice.text;
      return h(
        "li",
        {}, // by its place, so that the focus stays in the list when others stand in it
        h(
          "button",
          {
            type: "button",
            class: `choice${there ? " there" : ""}${choice.sampled_probability === 0 ? " never" : ""}`,
            "data-choice": index,
            tabindex: index === 0 ? 0 : -1,
            click: () => takeChoice(desk, choice),
            keydown: (event) => (event.key === "Delete" ? ban(desk, choice) : moveInList(event, index)),
          },
          h("span", { class: "rank" }, index + 1),
          h(
            "span",
            { class: "token" },
            shown(choice.text),
            !choice.whole && h("small", {}, " part of a character"),
            there && h("small", {}, " there now"),
          ),
          h("span", { class: "number own" }, percent(choice.probability)),
          h("span", { class: "sr" }, ", after settings "),
          h("span", { class: "number set" }, percent(choice.sampled_probability)),
          h(
            "span",
            {
              class: "bars",
              "--own": choice.probability / most,
              "--set": choice.sampled_probability / most,
              "aria-hidden": "true",
            },
            h("i", { class: "bar-set" }),
            h("i", { class: "bar-own" }),
          ),
        ),
      );
    }),
  );
}

/** @param {string} text @returns {Child[]} */
function shown(text) {
  return visibleParts(text).map(({ text: part, white }) =>
    white ? h("span", { class: "white", role: "img", "aria-label": white }, part) : part,
  );
}

/** Whether the focus is in the list of tokens. @param {Desk} desk */
function isInList(desk) {
  return desk.root.querySelector(".choices-list")?.contains(document.activeElement) ?? false;
}

/** @param {Desk} desk @param {Choice} choice */
async function takeChoice(desk, choice) {
  if (desk.seeing.stale) {
    await desk.seeing.settled();
    desk.say("These are the tokens of this place: choose again.");
    return;
  }
  const byKey = isInList(desk);
  const swapped = desk.seeing.token !== null;
  const at = await desk.seeing.take(choice);
  if (at === null) return;
  desk.seeing.caret = at;
  if (byKey && !desk.likes.quick) {
    // One goes on taking: the focus stays in the list.
    desk.editor.select(at);
    await desk.seeing.settled();
    desk.draw();
    requestAnimationFrame(() => {
      // Who went on writing meanwhile is left there.
      if (document.activeElement !== document.body && !isInList(desk)) return;
      /** @type {HTMLElement | null} */ (desk.root.querySelector('[data-choice="0"]'))?.focus();
    });
  } else desk.put(at);
  desk.say(`${swapped ? "Swapped" : "Taken"}: ${spokenToken(choice.text)}.`);
  if (desk.likes.quick && !desk.likes.tokensOnly) desk.commands.generate.run();
}

/** Bans a token, which the steering's list of them shows and takes back. @param {Desk} desk @param {Choice} choice */
async function ban(desk, choice) {
  const { steering, model } = desk.writing.draft;
  desk.keeper.like(`token ${model} ${choice.token_id}`, shownToken(choice.text));
  const banned = [...new Set([...steering.settings.banned_tokens, choice.token_id])];
  if (!(await desk.steer("steer", { steering: { settings: { banned_tokens: banned } } }))) return;
  desk.say(`${spokenToken(choice.text)} never comes now. The steering takes it back.`);
}

/** @param {KeyboardEvent} event @param {number} index */
function moveInList(event, index) {
  const list = /** @type {HTMLElement} */ (event.target).closest("ol");
  const last = (list?.children.length ?? 1) - 1;
  /** @type {Record<string, number>} */
  const to = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + 10, PageUp: index - 10, Home: 0, End: last };
  if (!(event.key in to)) return;
  event.preventDefault();
  event.stopPropagation();
  const next = Math.min(last, Math.max(0, to[event.key]));
  /** @type {HTMLElement | null | undefined} */ (list?.querySelector(`[data-choice="${next}"]`))?.focus();
}
