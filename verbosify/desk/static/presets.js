// Settings that have a name.

import { h } from "../../web/js/kit.js";

/** @import { Desk } from "./desk.js" */

/** @param {Desk} desk */
export function presets(desk) {
  const { view } = desk;
  if (!view.presets) {
    view.presets = [];
    desk.ask("presets").then((told) => {
      view.presets = told?.presets ?? [];
      desk.draw();
    });
  }
  const save = async () => {
    const name = (view.presetName ?? "").trim();
    if (!name) return desk.say("Give the preset a name first.");
    const told = await desk.ask("save_preset", { name, settings: desk.writing.draft.steering.settings });
    if (told) Object.assign(view, { presets: told.presets, presetName: "" });
    desk.draw();
  };
  return h(
    "fieldset",
    { class: "presets", key: "presets" },
    h("legend", {}, "Presets"),
    h(
      "div",
      { class: "buttons" },
      view.presets.map((/** @type {any} */ preset) =>
        h(
          "span",
          { key: preset.name, class: "preset" },
          h(
            "button",
            { type: "button", click: () => desk.steer("steer", { steering: { settings: preset.settings } }) },
            preset.name,
          ),
          !preset.built_in &&
            h(
              "button",
              {
                type: "button",
                class: "quiet",
                "aria-label": `Delete the preset ${preset.name}`,
                click: async () => {
                  view.presets = (await desk.ask("delete_preset", { name: preset.name }))?.presets ?? view.presets;
                  desk.draw();
                },
              },
              "×",
            ),
        ),
      ),
    ),
    h(
      "div",
      { class: "line" },
      h("input", {
        type: "text",
        maxlength: 60,
        placeholder: "a name",
        "aria-label": "Name of a new preset",
        value: view.presetName ?? "",
        input: (event) => {
          view.presetName = event.target.value;
        },
      }),
      h("button", { type: "button", click: save }, "Save these settings"),
    ),
  );
}
