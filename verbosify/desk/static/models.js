// Models to have in place of the one in use, and the room they take.

import { h } from "../../web/js/kit.js";

/** @import { Desk } from "./desk.js" */

/** @param {Desk} desk */
export function models(desk) {
  const { view } = desk;
  const { draft } = desk.writing;
  const held = view.status?.memory;
  const names = view.models ?? desk.hello.models;
  return h(
    "fieldset",
    { class: "models", key: "models" },
    h("legend", {}, "Models"),
    h(
      "ul",
      {},
      names.map((/** @type {any} */ one) => {
        const loaded = view.status?.models?.find((/** @type {any} */ other) => other.name === one.name) ?? one;
        return h(
          "li",
          { key: one.name },
          h(
            "span",
            {},
            one.name,
            h(
              "span",
              { class: "quiet" },
              [
                one.parameters && ` ${millions(one.parameters)} parameters`,
                loaded.memory
                  ? `${megabytes(loaded.memory)} in memory`
                  : one.on_disk
                    ? "on this disk"
                    : one.size
                      ? `${megabytes(one.size)} to fetch`
                      : "",
              ]
                .filter(Boolean)
                .join(", "),
            ),
          ),
          one.name === draft.model
            ? h("b", {}, "in use")
            : h(
                "button",
                {
                  type: "button",
                  "aria-disabled": String(Boolean(view.switching)),
                  click: () => useModel(desk, one.name),
                },
                "Use",
              ),
        );
      }),
    ),
    h(
      "div",
      { class: "line" },
      h("input", {
        type: "text",
        placeholder: "or a name on the hub: owner/model",
        "aria-label": "A model’s name on the hub",
        value: view.hubName ?? "",
        input: (event) => {
          view.hubName = event.target.value;
        },
      }),
      h("button", { type: "button", click: () => view.hubName?.trim() && useModel(desk, view.hubName.trim()) }, "Use"),
    ),
    view.switching && h("p", { role: "status" }, view.switching),
    view.status &&
      h(
        "p",
        { class: "quiet" },
        [
          held ? `${megabytes(held)} of memory in all` : "",
          `${view.status.running} at work, ${view.status.waiting} waiting`,
        ]
          .filter(Boolean)
          .join("; "),
        ".",
      ),
  );
}

/** @param {Desk} desk @param {string} model */
async function useModel(desk, model) {
  const { view } = desk;
  if (view.switching) return;
  view.switching = `Loading ${model}…`;
  desk.draw();
  const { id, steering_revision } = desk.writing.draft;
  /** @type {any} */
  let made = null;
  const stream = desk.transport.stream("use_model", { draft: id, steering_revision, model }, (name, data) => {
    if (name === "done") made = data.draft;
    else if (data.total) view.switching = `${data.what}: ${Math.round((100 * data.done) / data.total)} %`;
    else if (data.what) view.switching = data.what;
    desk.draw();
  });
  try {
    await stream.done;
  } catch (error) {
    desk.say(error instanceof Error ? error.message : String(error));
  }
  view.switching = "";
  view.overfits = null;
  if (made) await desk.writing.replace(made);
  if (made) desk.say(`${model} is in use, with fresh weights.`);
  desk.seeing.moved();
  desk.draw();
}

/** @param {number} bytes */
function megabytes(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

/** @param {number} number */
function millions(number) {
  return number >= 1e9 ? `${(number / 1e9).toFixed(1)} billion` : `${Math.round(number / 1e6)} million`;
}
