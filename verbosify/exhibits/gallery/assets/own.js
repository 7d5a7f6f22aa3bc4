// Try your own: the title is where a name is written, and what is said of it comes as it is said.

import { charactersOf } from "../../../web/js/characters.js";
import { readEvents } from "../../../web/js/events.js";
import { byId, h, patch } from "../../../web/js/kit.js";
import { offerLink } from "./copying.js";

const MOST = 64;

/** @typedef {{ description: string, code: string, pieces: [string, string][] | null }} Words */

const form = /** @type {HTMLFormElement} */ (byId("own"));
const field = /** @type {HTMLInputElement} */ (byId("name"));
const go = /** @type {HTMLButtonElement} */ (byId("go"));
const main = byId("main");
const state = byId("state");
const shown = field.value;

/** @param {string} text @param {boolean} isError */
function say(text, isError = false) {
  state.textContent = text;
  state.className = isError ? "state is-error" : "state";
  state.setAttribute("role", isError ? "alert" : "status");
}

// Go is there once there is a new name to go with.
function weigh() {
  const name = field.value.trim();
  const length = charactersOf(name);
  field.setCustomValidity(length > MOST ? `A name has at most ${MOST} characters; this has ${length}.` : "");
  go.hidden = name === shown.trim() && shown !== "";
  go.disabled = !name || length > MOST;
  if (length > MOST) say(field.validationMessage, true);
  else if (state.classList.contains("is-error")) say("");
}

/**
 * A text with the name at its beginning apart, so that its direction is that of what follows.
 *
 * @param {string} text
 */
function isolated(text) {
  const name = field.value.trim();
  return text.startsWith(name) ? [h("bdi", {}, name), text.slice(name.length)] : text;
}

/** @param {Words} words */
function show(words) {
  const code = words.pieces
    ? words.pieces.map(([kind, text]) => (kind ? h("span", { class: kind }, text) : text))
    : words.code;
  patch(
    byId("words"),
    h("p", { class: "description machine", id: "description", dir: "auto" }, isolated(words.description)),
    words.code &&
      h(
        "figure",
        { class: "usage" },
        h("figcaption", {}, "Python that would use it. It has never been run."),
        h("pre", { tabindex: "0", dir: "ltr" }, h("code", { id: "code" }, code)),
      ),
  );
}

/** @param {string} name */
async function ask(name) {
  /** @type {Words} */
  const words = { description: "", code: "", pieces: null };
  show(words);
  patch(byId("notes"));
  say("A description is being thought up…");
  const response = await fetch("/api/models", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name }),
  });
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Error(problem.detail ?? "The gallery does not answer: try again in a moment.");
  }
  for await (const { name: kind, data } of readEvents(response)) {
    const part = data.part === "code" ? "code" : "description";
    if (kind === "error") throw new Error(data.detail);
    if (kind === "done") {
      location.assign(data.address);
      return;
    }
    if (kind === "nothing" && part === "description") {
      throw new Error("The model had nothing to say about that name: try another.");
    }
    if (kind === "text") words[part] += data.text;
    if (kind === "again") words[part] = "";
    if (kind === "part") {
      words[part] = data.text;
      if (part === "code") words.pieces = data.pieces;
      else say("Now the code…");
    }
    show(words);
  }
  throw new Error("The line went dead: try again.");
}

/** @param {boolean} busy */
function setBusy(busy) {
  main.classList.toggle("busy", busy);
  main.setAttribute("aria-busy", String(busy));
  field.readOnly = busy;
  go.disabled = busy;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = field.value.trim();
  weigh();
  if (go.disabled || main.classList.contains("busy") || (name === shown.trim() && shown !== "")) return;
  setBusy(true);
  try {
    await ask(name);
  } catch (error) {
    setBusy(false);
    weigh();
    go.hidden = false;
    say(error instanceof Error ? error.message : String(error), true);
    field.focus();
  }
});

field.addEventListener("input", weigh);
weigh();

const own = byId("try");
own.hidden = false;
own.addEventListener("click", () => {
  field.value = "";
  weigh();
  field.focus();
});
const { address } = main.dataset;
if (address) offerLink(byId("copy"), () => new URL(address, location.href).href);
// A page that comes back from the browser's memory is as it was before it asked.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
