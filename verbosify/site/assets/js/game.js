// The guessing game: ten sentences of the essay as it stands, all set alike. Who wrote each?

const ROUNDS = 10;
const FEWEST_WORDS = 6;

function makeGame(piece, page) {
  const panel = document.getElementById("game");
  const opener = document.getElementById("play");
  const article = document.querySelector(".essay");
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

  function sentences(selector) {
    const found = [...article.querySelectorAll(`p:not(.original) ${selector}`)];
    return found.filter((element) => element.textContent.split(/\s+/).length >= FEWEST_WORDS);
  }

  function next() {
    unmark();
    if (!left.length) return finish();
    asked += 1;
    const element = left[left.length - 1];
    element.classList.add("asked");
    element.scrollIntoView({ block: "center" });
    say(
      `Sentence ${asked} of ${asked + left.length - 1}`,
      "Who wrote the marked sentence?",
      [["A person", () => answer(false)], ["The machine", () => answer(true)]],
    );
  }

  function answer(machine) {
    const element = left.pop();
    const wrote = element.classList.contains("said");
    right += wrote === machine;
    element.classList.add("told");
    const writer = wrote ? "The machine wrote it" : "A person wrote it";
    say(wrote === machine ? "Right" : "Wrong", `${writer}. ${score()}`, [[left.length ? "Next" : "Your score", next]]);
  }

  function score() {
    return `You have told ${right} of ${asked}.`;
  }

  function finish() {
    const coin = asked ? `Tossing a coin would tell about ${Math.round(asked / 2)}.` : "There is nothing to tell apart in this reading.";
    say(asked ? `${right} of ${asked}` : "No sentences", coin, [["Again", start], ["Done", stop]]);
  }

  function stop() {
    unmark();
    document.body.classList.remove("blind", "slipped");
    panel.hidden = true;
    opener.focus();
  }

  function unmark() {
    article.querySelectorAll(".asked").forEach((element) => element.classList.remove("asked", "told"));
  }

  function say(heading, text, buttons) {
    const made = buttons.map(([label, act]) => {
      const button = make("button", { type: "button" }, label);
      button.addEventListener("click", act);
      return button;
    });
    const close = make("button", { type: "button", class: "close", "aria-label": "End the game" }, "×");
    close.addEventListener("click", stop);
    panel.replaceChildren(
      make("h2", { id: "game-title" }, heading),
      make("p", { role: "status" }, text),
      make("p", { class: "answers" }, ...made),
      close,
    );
    made[0].focus({ preventScroll: true });
  }

  panel.addEventListener("keydown", (event) => event.key === "Escape" && stop());
  opener.addEventListener("click", start);
  return { stop: () => panel.hidden || stop() };
}

function shuffled(items) {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}
