// The panel beside the text: which of them is shown.

import { h } from "../../web/js/kit.js";
import { promptPanel } from "./prompt.js";
import { steeringPanel } from "./steering.js";
import { tokensPanel } from "./tokens.js";
import { treePanel } from "./treepanel.js";
import { weightsPanel } from "./weights.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk } from "./desk.js" */

/** @type {Record<string, [title: string, panel: (desk: Desk) => Child[]]>} */
const ALL = {
  tokens: ["Tokens", tokensPanel],
  tree: ["Tree", treePanel],
  steering: ["Steering", steeringPanel],
  prompt: ["What the model sees", promptPanel],
  weights: ["Weights and model", weightsPanel],
};

/** @param {Desk} desk @returns {Child[]} */
export function panelOf(desk) {
  const shown = ALL[desk.likes.panel];
  if (!shown) return [];
  const [title, panel] = shown;
  return [
    h(
      "div",
      { class: "side-head", key: "head" },
      h("h2", {}, title),
      h(
        "button",
        { type: "button", class: "quiet", "aria-label": `Close: ${title}`, click: () => desk.panel("") },
        "Close",
      ),
    ),
    h("div", { class: `side-body ${desk.likes.panel}`, key: desk.likes.panel }, panel(desk)),
  ];
}
