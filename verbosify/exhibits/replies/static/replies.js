// The page of replies: counts what is typed, shows what is drawn while it is drawn, and goes to what was kept.
// Without this script the forms do the same in one step.

import { charactersOf } from "../../../web/js/characters.js";
import { readEvents } from "../../../web/js/events.js";
import { byId, h, patch } from "../../../web/js/kit.js";

const PATIENCE = 120_000; // milliseconds after which a request is given up

for (const form of document.querySelectorAll("form.post")) {
  if (form instanceof HTMLFormElement) enliven(form);
}
for (const button of document.querySelectorAll("button.copy")) {
  if (button instanceof HTMLButtonElement) offerLink(button);
}

/** @param {HTMLFormElement} form */
function enliven(form) {
  const area = form.querySelector("textarea");
  const left = form.querySelector(".left");
  const button = form.querySelector("button[type=submit]");
  if (!area || !left || !(button instanceof HTMLButtonElement)) return;
  const most = Number(form.dataset.most);
  const count = () => {
    const remaining = most - charactersOf(area.value.trim());
    left.textContent = `${remaining} left`;
    left.classList.toggle("over", remaining < 0);
    area.setCustomValidity(remaining < 0 ? `Make it ${-remaining} shorter: ${most} characters at most.` : "");
  };
  area.addEventListener("input", count);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!button.disabled) post(form, button);
  });
  count();
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} button
 */
async function post(form, button) {
  const stage = stageOf(form);
  const stop = new AbortController();
  const given = Object.fromEntries(new FormData(form));
  /** @type {{ text: string, dropped: boolean }[]} */
  let drafts = [];
  let state = "Waiting for the model…";
  const show = () => patch(stage, ...view(state, drafts, () => stop.abort("stopped")));
  button.disabled = true;
  stage.hidden = false;
  show();
  try {
    const response = await fetch("/api/replies", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream, application/problem+json" },
      body: JSON.stringify(given),
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(PATIENCE)]),
    });
    if (!response.ok) throw new Refusal(await response.json());
    for await (const { name, data } of readEvents(response)) {
      if (name === "error") throw new Refusal(data);
      if (name === "waiting") state = `Waiting for the model: ${data.ahead} before you…`;
      if (name === "drawing") {
        drafts = Array.from({ length: data.drafts }, () => ({ text: "", dropped: false }));
        state = `${data.drafts} drafts are being written, of which three may stay…`;
      }
      if (name === "draft") drafts[data.row].text += data.text;
      if (name === "dropped") drafts[data.row].dropped = true;
      if (name === "again") {
        drafts = drafts.map(() => ({ text: "", dropped: false }));
        state = "Too few of them would do. Once more…";
      }
      if (name === "done") {
        go(data.thread, data.key);
        return;
      }
      show();
    }
    throw new Refusal({ detail: "The line broke before there was an answer: try again." });
  } catch (error) {
    patch(stage, h("p", { class: "refusal", role: "alert" }, said(error)));
  } finally {
    button.disabled = false;
  }
}

class Refusal extends Error {
  /** @param {{ detail?: string }} problem */
  constructor(problem) {
    super(problem.detail ?? "That did not work: try again.");
  }
}

/** @param {unknown} error */
function said(error) {
  if (error instanceof Refusal) return error.message;
  if (error === "stopped") return "Stopped. Nothing was kept.";
  if (error instanceof DOMException && error.name === "TimeoutError") return "It took too long: try again.";
  return "The server cannot be reached: look at your connection, and try again.";
}

/**
 * @param {string} state
 * @param {{ text: string, dropped: boolean }[]} drafts
 * @param {() => void} stop
 */
function view(state, drafts, stop) {
  const items = drafts.map(({ text, dropped }, key) =>
    h("li", { key, class: dropped ? "dropped" : "" }, text.trimStart().split("\n")[0] || "…"),
  );
  return [
    h("p", { key: "state", role: "status" }, state),
    h("ol", { key: "drafts", class: "drafts", "aria-hidden": "true", hidden: !drafts.length }, items),
    h("button", { key: "stop", type: "button", class: "quiet", click: stop }, "Stop"),
  ];
}

/** @param {HTMLFormElement} form @returns {HTMLElement} */
function stageOf(form) {
  return byId(form.dataset.stage ?? "");
}

/**
 * To the page of a thread, anew even if it is this one.
 *
 * @param {string} thread
 * @param {string} key
 */
function go(thread, key) {
  const here = location.pathname === `/t/${thread}`;
  location.assign(`/t/${thread}#${key}`);
  if (here) location.reload();
}

/** @param {HTMLButtonElement} button */
function offerLink(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  const label = button.getAttribute("aria-label") ?? "";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(new URL(button.dataset.link ?? "", location.href).href);
    button.textContent = "Copied";
    button.setAttribute("aria-label", label.replace("Copy", "Copied"));
    setTimeout(() => {
      button.textContent = "Copy link";
      button.setAttribute("aria-label", label);
    }, 1500);
  });
}
