// All drafts: found by words and tags, opened, named, tagged, put into the archive, begun, brought in.

import { h } from "../../web/js/kit.js";
import { shortened } from "./acts.js";
import { held } from "./held.js";
import { count } from "./offers.js";

/** @import { Child } from "../../web/js/kit.js" */
/** @import { Desk } from "./desk.js" */

/** @param {Desk} desk @returns {Child[]} */
export function draftsDialog(desk) {
  const { view } = desk;
  view.search ??= { query: "", tags: [], archived: false };
  if (!view.found) search(desk);
  const { drafts, tags } = view.found ?? { drafts: [], tags: [] };
  const { search: wanted } = view;
  return [
    h(
      "div",
      { class: "line find", key: "find" },
      h("input", {
        type: "search",
        autofocus: true,
        placeholder: "Search names, texts and everything ever tried",
        "aria-label": "Search the drafts",
        value: wanted.query,
        input: (event) => {
          wanted.query = event.target.value;
          clearTimeout(view.searching);
          view.searching = setTimeout(() => search(desk), 200);
        },
      }),
      h("button", { type: "button", class: "main", click: () => desk.commands.create.run() }, "New draft"),
      h(
        "label",
        { class: "button" },
        "Bring in a tree…",
        h("input", {
          type: "file",
          class: "sr",
          accept: ".json,application/json",
          change: (event) => bringIn(desk, event.target),
        }),
      ),
    ),
    h(
      "div",
      { class: "line tags", key: "tags" },
      tags.map((/** @type {string} */ tag) =>
        h(
          "button",
          {
            type: "button",
            key: tag,
            class: "toggle",
            "aria-pressed": String(wanted.tags.includes(tag)),
            click: () => {
              wanted.tags = wanted.tags.includes(tag)
                ? wanted.tags.filter((/** @type {string} */ one) => one !== tag)
                : [...wanted.tags, tag];
              search(desk);
            },
          },
          tag,
        ),
      ),
      h(
        "label",
        { key: "archived" },
        h("input", {
          type: "checkbox",
          checked: wanted.archived,
          change: (event) => {
            wanted.archived = event.target.checked;
            search(desk);
          },
        }),
        "the archive",
      ),
    ),
    h(
      "ul",
      { class: "draft-list", key: "list" },
      drafts.map((/** @type {any} */ draft) => summary(desk, draft)),
    ),
    view.found && !drafts.length && h("p", { class: "quiet", key: "none" }, "No draft is like that."),
  ];
}

/** @param {Desk} desk */
async function search(desk) {
  const { view } = desk;
  const told = await desk.ask("drafts", view.search);
  if (told && desk.view === view) view.found = told;
  desk.draw();
}

/** @param {Desk} desk @param {any} draft */
function summary(desk, draft) {
  const here = draft.id === desk.writing.draft.id;
  const change = async (/** @type {string} */ verb, /** @type {object} */ body) => {
    const changed = await desk.ask(verb, { draft: draft.id, ...body });
    if (changed && here) await desk.writing.replace(changed);
    await search(desk);
  };
  const tagged = (/** @type {string} */ typed) =>
    typed
      .split(",")
      .map((tag) => tag.trim())
      .filter(Boolean);
  const made = new Date(draft.changed).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  return h(
    "li",
    { key: draft.id, class: here ? "here" : "" },
    h(
      "button",
      {
        type: "button",
        class: "open-draft",
        "aria-current": here ? "true" : undefined,
        click: () => openDraft(desk, draft.id),
      },
      h("b", {}, draft.name || shortened(draft.excerpt, 40) || "Untitled"),
      h("span", { class: "excerpt" }, shortened(draft.excerpt, 110)),
      h(
        "span",
        { class: "quiet" },
        `${made} · ${count(draft.nodes, "node")} · ${draft.model}${draft.parent ? ` · child of draft ${draft.parent.draft}` : ""}`,
      ),
    ),
    h(
      "details",
      {},
      h("summary", {}, "Name, tags, archive"),
      h(
        "label",
        {},
        "Name ",
        h("input", {
          type: "text",
          maxlength: 120,
          ...held(desk, `draft ${draft.id}`, draft.name, (name) => change("rename", { name: name.trim() })),
        }),
      ),
      h(
        "label",
        {},
        "Tags, by commas ",
        h("input", {
          type: "text",
          ...held(desk, `tags ${draft.id}`, draft.tags.join(", "), (typed) => change("tag", { tags: tagged(typed) })),
        }),
      ),
      h(
        "button",
        { type: "button", click: () => change("archive", { archived: !draft.archived }) },
        draft.archived ? "Take out of the archive" : "Into the archive",
      ),
    ),
    (draft.found ?? [])
      .slice(0, 3)
      .map((/** @type {any} */ { node, snippet }) =>
        h(
          "button",
          { type: "button", class: "found", key: `found ${node}`, click: () => openDraft(desk, draft.id, node) },
          `… ${shortened(snippet, 120)} …`,
        ),
      ),
  );
}

/** @param {Desk} desk @param {number} id @param {number} [node] */
async function openDraft(desk, id, node) {
  desk.dialog("");
  await desk.open(id);
  if (node !== undefined && node !== desk.writing.draft.node) {
    desk.view.node = node;
    desk.panel("tree", false);
  }
  desk.put(desk.writing.text.length);
}

/** @param {Desk} desk @param {HTMLInputElement} input */
async function bringIn(desk, input) {
  const text = await input.files?.[0]?.text();
  input.value = "";
  if (text === undefined) return;
  const draft = await desk.ask("import_tree", { text });
  if (draft) await desk.show(draft);
}
