// Lets a visitor guess which of the two columns is the machine's, and counts how visitors guessed, in this browser alone.

const PLACE = "verbosify-columns";

/** @typedef {{ right: number, wrong: number }} Tally */
/** @typedef {{ tally: Tally, guesses: Record<string, boolean> }} Kept */

/** @returns {Kept} */
function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
    const count = (/** @type {unknown} */ value) => (Number.isInteger(value) ? Number(value) : 0);
    return {
      tally: { right: count(found.tally?.right), wrong: count(found.tally?.wrong) },
      guesses: typeof found.guesses === "object" && found.guesses ? found.guesses : {},
    };
  } catch {
    return { tally: { right: 0, wrong: 0 }, guesses: {} }; // no storage, or not ours: this visit is not remembered
  }
}

const state = kept();
const blind = /** @type {HTMLInputElement} */ (document.querySelector("#blind"));
const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".row")]);

function keep() {
  try {
    localStorage.setItem(PLACE, JSON.stringify(state));
  } catch {
    // Nothing can be kept here; the page goes on.
  }
}

/** @param {HTMLElement} row @param {string} name @returns {HTMLElement} */
const part = (row, name) => /** @type {HTMLElement} */ (row.querySelector(name));

/** @param {HTMLElement} row */
const keyOf = (row) => row.dataset.key ?? "";

/** @param {HTMLElement} row @param {"writer" | "machine"} side */
function guess(row, side) {
  const right = side === "machine";
  state.guesses[keyOf(row)] = right;
  state.tally[right ? "right" : "wrong"] += 1;
  keep();
  show();
  part(row, `.${side}`).focus();
}

/** @param {HTMLElement} row @param {boolean} guessing */
function showRow(row, guessing) {
  row.classList.toggle("guessing", guessing);
  row.classList.toggle("machine-first", guessing && row.dataset.first === "machine");
  for (const side of /** @type {const} */ (["writer", "machine"])) {
    const column = part(row, `.${side}`);
    const isFirst = (row.dataset.first === "machine") === (side === "machine");
    const label = isFirst ? "A" : "B";
    const heading = part(column, "h3");
    heading.textContent = guessing ? label : side === "machine" ? "The machine" : "The writer";
    column.tabIndex = -1;
    column.querySelector("button")?.remove();
    if (guessing) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `The machine wrote ${label}`;
      button.addEventListener("click", () => guess(row, side));
      column.append(button);
    }
  }
  // What is read aloud, and what Tab finds, comes in the order in which it is seen.
  const [writer, machine] = [part(row, ".writer"), part(row, ".machine")];
  const machineFirst = guessing && row.dataset.first === "machine";
  if (machineFirst !== (machine.nextElementSibling === writer))
    machineFirst ? writer.before(machine) : machine.before(writer);
  const guessed = state.guesses[keyOf(row)];
  part(row, ".result").textContent =
    guessed === undefined || guessing ? "" : guessed ? "You guessed right." : "You took the writer for the machine.";
}

function show() {
  for (const row of rows) showRow(row, blind.checked && state.guesses[keyOf(row)] === undefined);
  const { right, wrong } = state.tally;
  const mine = Object.values(state.guesses);
  const own = mine.length ? `You guessed ${mine.filter(Boolean).length} of ${mine.length} right. ` : "";
  const all = right + wrong > mine.length ? `All visitors here: ${right} of ${right + wrong}.` : "";
  part(document.body, "#tally").textContent = own + all || (blind.checked ? "Which of the two is the machine’s?" : "");
  part(document.body, "#next").hidden = !mine.length;
  part(document.body, "#clear").hidden = right + wrong === 0;
}

blind.checked = document.body.dataset.blind === "yes";
blind.addEventListener("change", show);
part(document.body, "#next").addEventListener("click", () => {
  state.guesses = {};
  keep();
  show();
  blind.focus();
});
part(document.body, "#clear").addEventListener("click", () => {
  state.guesses = {};
  state.tally = { right: 0, wrong: 0 };
  keep();
  show();
  blind.focus();
});
part(document.body, ".tools").hidden = false;
show();
