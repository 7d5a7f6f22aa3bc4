// The guessing game: ten sentences of the essay as it stands, all set alike. Who wrote each?

import { byId, h, patch } from "../../../web/js/kit.js";

/** @import { Page } from "./slip.js" */

const ROUNDS = 10;
const FEWEST_WORDS = 6;

/** @param {Element} article @param {Page} page */
export function makeGame(article, page) {
  const panel = byId("game");
  const opener = byId("play");
  /** @type {Element[]} */
  let left = [];
  let right = 0;
  let asked = 0;

  function start() {
    page.closeSlip();
    page.stand("voices");
    document.body.classList.add("blind", "slipped");
    panel.hidden = false;
    left = questions();
    right = asked = 0;
    next();
  }

  function questions() {
    const humans = sentences(".human");
    const machines = sentences(".said");
    const rounds = Math.min(ROUNDS, 2 * Math.min(humans.length, machines.length));
    const half = Math.floor(rounds / 2);
    return shuffled([...shuffled(humans).slice(0, half), ...shuffled(machines).slice(0, half)]);
  }

  function sentences(/** @type {string} */ selector) {
    const found = [...article.querySelectorAll(`p:not(.original) ${selector}`)];
    return found.filter((element) => (element.textContent || "").split(/\s+/).length >= FEWEST_WORDS);
  }

  function next() {
    unmark();
    const element = left.at(-1);
    if (!element) return finish();
    asked += 1;
    element.classList.add("asked");
    element.scrollIntoView({ block: "center" });
    say(`Sentence ${asked} of ${asked + left.length - 1}`, "Who wrote the marked sentence?", [
      ["A person", () => answer(false)],
      ["The machine", () => answer(true)],
    ]);
  }

  function answer(/** @type {boolean} */ machine) {
    const element = left.pop();
    const wrote = element?.classList.contains("said") === true;
    if (wrote === machine) right += 1;
    element?.classList.add("told");
    const writer = wrote ? "The machine wrote it" : "A person wrote it";
    const more = left.length ? "Next" : "Your score";
    say(wrote === machine ? "Right" : "Wrong", `${writer}. You have told ${right} of ${asked}.`, [[more, next]]);
  }

  function finish() {
    const coin = `Tossing a coin would tell about ${Math.round(asked / 2)}.`;
    say(
      asked ? `${right} of ${asked}` : "No sentences",
      asked ? coin : "There is nothing to tell apart in this reading.",
      [
        ["Again", start],
        ["Done", stop],
      ],
    );
  }

  function stop() {
    unmark();
    document.body.classList.remove("blind", "slipped");
    panel.hidden = true;
    opener.focus();
  }

  function unmark() {
    for (const element of article.querySelectorAll(".asked")) element.classList.remove("asked", "told");
  }

  function say(
    /** @type {string} */ heading,
    /** @type {string} */ text,
    /** @type {[string, () => void][]} */ answers,
  ) {
    patch(
      panel,
      h("h2", { id: "game-title" }, heading),
      h("p", { role: "status" }, text),
      h(
        "p",
        { class: "answers", key: heading }, // other buttons, so that the one that gets the focus is read out
        answers.map(([label, click]) => h("button", { type: "button", click }, label)),
      ),
      h("button", { type: "button", class: "close", "aria-label": "End the game", click: stop }, "×"),
    );
    /** @type {HTMLElement} */ (panel.querySelector(".answers button")).focus({ preventScroll: true });
  }

  panel.addEventListener("keydown", (event) => event.key === "Escape" && stop());
  opener.addEventListener("click", start);
  return { stop: () => panel.hidden || stop() };
}

/** @template Item @param {Item[]} items */
function shuffled(items) {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}
