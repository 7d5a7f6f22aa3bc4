// The desk in a cell of a notebook.

import { build, h } from "../../web/js/kit.js";
import { overComm } from "./comm.js";
import { mountDesk } from "./desk.js";

/** @import { Line } from "./comm.js" */

/** @type {Record<string, string>} */
const THEMES_OF_JUPYTER = { true: "light", false: "dark" };

/** @param {{ model: Line, el: HTMLElement }} widget */
function render({ model, el }) {
  const transport = overComm(model);
  // JupyterLab listens for single letters everywhere; inside this element they are ours.
  const root = build(
    h("section", { class: "desk in-notebook", "aria-label": "Desk", "data-lm-suppress-shortcuts": "true" }),
  );
  root.addEventListener("keydown", (event) => event.stopPropagation());
  el.append(root);
  transport
    .call("hello")
    .then((hello) =>
      mountDesk(root, transport, {
        ...hello,
        widget: true,
        theme: THEMES_OF_JUPYTER[document.body.dataset.jpThemeLight ?? ""],
      }),
    )
    .catch((error) => {
      root.textContent = `The desk could not be opened: ${error.message} Run the cell again.`;
    });
  return () => transport.close();
}

export default { render };
