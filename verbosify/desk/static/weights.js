// Which weights are in force, and others to have: overfits of this draft, their strength, other models.

import { h } from "../../web/js/kit.js";
import { overfitOn, passageAt, shortened } from "./acts.js";
import { modelInWords, weightsInWords } from "./frame.js";
import { models } from "./models.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk } from "./desk.js" */

/** @param {Desk} desk @returns {Child[]} */
export function weightsPanel(desk) {
  learn(desk);
  const { weights, model } = desk.writing.draft;
  return [
    h(
      "p",
      { class: `in-force ${weights.kind}`, key: "force" },
      h("b", {}, modelInWords(model)),
      ` ${weightsInWords(weights)}`,
      weights.kind === "overfit" &&
        ` · loss ${weights.loss_before.toFixed(2)} → ${weights.loss_after.toFixed(2)} nats a token`,
    ),
    weights.kind === "overfit" && strengthDial(desk, weights),
    weights.kind === "overfit" &&
      h(
        "div",
        { class: "buttons", key: "fresh" },
        h("button", { type: "button", click: () => desk.commands.freshWeights.run() }, "Back to fresh weights"),
        h("button", { type: "button", click: () => compareHere(desk) }, "Write once with each"),
      ),
    overfitForm(desk),
    earlier(desk),
    models(desk),
    h(
      "p",
      { class: "quiet", key: "truth" },
      "What a model writes may be false. The desk keeps which model, with which weights, wrote which words.",
    ),
  ];
}

/** @param {Desk} desk */
async function learn(desk) {
  const { view, writing } = desk;
  if (view.overfits && Date.now() - view.looked < 5000) return;
  view.overfits ??= [];
  view.looked = Date.now();
  const draft = writing.draft.id;
  const [overfits, status, models] = await Promise.all([
    desk.ask("overfits", { draft }),
    desk.ask("status"),
    view.models ? { models: view.models } : desk.ask("models"),
  ]);
  Object.assign(view, { overfits: overfits?.overfits ?? [], status, models: models?.models ?? null });
  desk.draw();
}

/** @param {Desk} desk @param {Record<string, any>} weights */
function strengthDial(desk, weights) {
  const { view } = desk;
  const strength = view.dial ?? weights.strength;
  const one = weights.recipe?.steps === undefined || weights.recipe.steps === 1;
  return h(
    "label",
    { class: "dial", key: "dial" },
    h("span", {}, "Strength ", h("output", {}, Number(strength).toFixed(2))),
    h("input", {
      type: "range",
      min: 0,
      max: 2,
      step: 0.05,
      value: String(strength),
      disabled: !one,
      "aria-valuetext": `${Number(strength).toFixed(2)} of its step`,
      input: (event) => {
        view.dial = Number(event.target.value);
        desk.draw();
      },
      change: async (event) => {
        await desk.steer("weigh", { overfit: weights.overfit, strength: Number(event.target.value) });
        view.dial = undefined;
        desk.draw();
      },
    }),
    h("span", { class: "ends quiet" }, h("span", {}, "0 fresh"), h("span", {}, "1 as taken"), h("span", {}, "2")),
  );
}

/** @param {Desk} desk */
function overfitForm(desk) {
  const { view } = desk;
  const text = view.overfitText ?? passageAt(desk.writing.text, desk.editor.selection());
  const recipe = view.recipe ?? "classic";
  estimate(desk, text, recipe);
  const working = view.overfitting;
  return h(
    "fieldset",
    { class: "overfit", key: "overfit" },
    h("legend", {}, "Overfit on a passage"),
    h("blockquote", {}, text ? shortened(text, 260) : "Select a passage in the text, or write one."),
    h("p", { class: "quiet" }, "What is selected, or else the three sentences up to the cursor."),
    h(
      "div",
      { class: "line" },
      h(
        "label",
        {},
        "Recipe ",
        h(
          "select",
          {
            value: recipe,
            change: (event) => {
              view.recipe = event.target.value;
              desk.draw();
            },
          },
          Object.keys(desk.hello.recipes).map((name) => h("option", { value: name, key: name }, name)),
        ),
      ),
      working
        ? h(
            "button",
            { type: "button", class: "main", key: "stop", click: () => desk.ask("cancel", { job: working.job }) },
            "Stop",
          )
        : h(
            "button",
            {
              type: "button",
              class: "main",
              key: "go",
              "aria-disabled": String(!text),
              click: () => overfitOn(desk, text),
            },
            view.estimate?.seconds === undefined
              ? "Overfit on this"
              : `Overfit on this, ${secondsInWords(view.estimate)}`,
          ),
    ),
    working &&
      h("progress", {
        max: Math.max(working.seconds, working.elapsed, 1),
        value: working.elapsed,
        "aria-label": "Overfitting",
      }),
    working &&
      h(
        "p",
        { class: "quiet" },
        working.ahead
          ? `Waiting for ${working.ahead} before it.`
          : `${Math.round(working.elapsed)} s of about ${Math.ceil(working.seconds)} s`,
      ),
  );
}

/** @param {{ seconds: number, measured: boolean }} estimated */
function secondsInWords({ seconds, measured }) {
  const told = seconds < 10 ? seconds.toFixed(1) : Math.round(seconds).toString();
  return `${measured ? "" : "about "}${told} s`;
}

/** @param {Desk} desk @param {string} text @param {string} recipe */
function estimate(desk, text, recipe) {
  const { view } = desk;
  const asked = JSON.stringify([text, recipe, desk.writing.draft.model]);
  if (!text || view.estimated === asked) return;
  view.estimated = asked;
  clearTimeout(view.estimating);
  view.estimating = setTimeout(async () => {
    try {
      view.estimate = await desk.transport.call("estimate", { draft: desk.writing.draft.id, text, recipe });
    } catch {
      view.estimate = null;
    }
    desk.draw();
  }, 300);
}

/** @param {Desk} desk */
function earlier(desk) {
  const { overfits } = desk.view;
  const { weights } = desk.writing.draft;
  if (!overfits?.length) return null;
  return h(
    "fieldset",
    { class: "earlier", key: "earlier" },
    h("legend", {}, "Overfits of this draft"),
    h(
      "ul",
      {},
      overfits.map((/** @type {any} */ one) =>
        h(
          "li",
          { key: one.id },
          h(
            "span",
            {},
            `“${shortened(one.text, 60)}” `,
            h(
              "span",
              { class: "quiet" },
              `${one.recipe.name ?? ""}, loss ${one.loss_before.toFixed(2)} → ${one.loss_after.toFixed(2)}`,
            ),
          ),
          weights.overfit === one.id
            ? h("b", {}, "in force")
            : h(
                "button",
                { type: "button", click: () => desk.steer("weigh", { overfit: one.id, strength: 1 }) },
                "Use",
              ),
        ),
      ),
    ),
  );
}

/** One continuation of each weights, side by side. @param {Desk} desk */
async function compareHere(desk) {
  const at = desk.editor.selection().end;
  if (!(await desk.offers.generate(at, 1, { n: 1, weights: "fresh" }))) return;
  const [fresh] = desk.offers.list;
  if (!fresh) return;
  fresh.pinned = true;
  await desk.offers.generate(at, 1, { n: 1 });
  fresh.pinned = false;
  desk.say("The first is the fresh model’s, the second the overfitted one’s.");
  desk.draw();
}
