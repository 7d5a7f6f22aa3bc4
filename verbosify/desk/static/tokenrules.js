// Tokens that never come, and those that are made likelier or less likely.

import { h } from "../../web/js/kit.js";
import { held } from "./held.js";
import { sent } from "./settings.js";
import { shownToken } from "./tints.js";

/** @import { Desk } from "./desk.js" */

/** @param {Desk} desk */
export function tokensOf(desk) {
  const { settings } = desk.writing.draft.steering;
  const { view } = desk;
  const called = (/** @type {number} */ id) =>
    desk.keeper.liking(`token ${desk.writing.draft.model} ${id}`, `token ${id}`);
  const steer = (/** @type {object} */ changes) => desk.steer("steer", { steering: { settings: changes } });
  const add = async (/** @type {boolean} */ ban) => {
    const told = await desk.ask("tokenize", { draft: desk.writing.draft.id, text: view.tokenText ?? "" });
    if (!told?.tokens.length) return desk.say("Type the text of a token first; a space before a word counts.");
    if (told.tokens.length > 1) {
      const parts = told.tokens.map((/** @type {any} */ token) => shownToken(token.text)).join(" · ");
      return desk.say(`That is ${told.tokens.length} tokens, ${parts}: take one of them, or ban the string.`);
    }
    const [{ token_id: id, text }] = told.tokens;
    desk.keeper.like(`token ${desk.writing.draft.model} ${id}`, shownToken(text));
    view.tokenText = "";
    if (ban) await steer({ banned_tokens: [...new Set([...settings.banned_tokens, id])] });
    else
      await steer({
        logit_bias: [...settings.logit_bias.filter((/** @type {any} */ pair) => pair[0] !== id), [id, 2]],
      });
  };
  return h(
    "fieldset",
    { class: "biases", key: "biases" },
    h("legend", {}, "Tokens: banned, likelier, less likely"),
    settings.banned_tokens.map((/** @type {number} */ id) =>
      h(
        "p",
        { class: "line", key: `ban ${id}` },
        h("span", { class: "token" }, called(id)),
        " never comes ",
        h(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-label": `Allow ${called(id)} again`,
            click: () =>
              steer({ banned_tokens: settings.banned_tokens.filter((/** @type {number} */ other) => other !== id) }),
          },
          "×",
        ),
      ),
    ),
    settings.logit_bias.map((/** @type {[number, number]} */ [id, bias]) =>
      h(
        "p",
        { class: "line", key: `bias ${id}` },
        h("span", { class: "token" }, called(id)),
        " by ",
        h("input", {
          type: "number",
          min: -100,
          max: 100,
          step: 0.5,
          "aria-label": `Bias of ${called(id)}`,
          ...held(desk, `bias ${id}`, String(bias), (typed) =>
            sent(desk, typed, "Bias", { low: -100, high: 100, step: 0.5, whole: false }, (value) =>
              steer({
                logit_bias: settings.logit_bias.map((/** @type {any} */ pair) => (pair[0] === id ? [id, value] : pair)),
              }),
            ),
          ),
        }),
        h(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-label": `No bias for ${called(id)}`,
            click: () => steer({ logit_bias: settings.logit_bias.filter((/** @type {any} */ pair) => pair[0] !== id) }),
          },
          "×",
        ),
      ),
    ),
    h(
      "div",
      { class: "line" },
      h("input", {
        type: "text",
        placeholder: "a token’s text",
        "aria-label": "Text of a token",
        value: view.tokenText ?? "",
        input: (event) => {
          view.tokenText = event.target.value;
        },
      }),
      h("button", { type: "button", click: () => add(true) }, "Ban"),
      h("button", { type: "button", click: () => add(false) }, "Bias"),
    ),
  );
}
