(() => {
"use strict";

// A reader's choice as a short text for the address bar, and back.
//
//   v1.<choices>.<check>
//
// For each gap in the order of the essay one number: 0 for nothing, else 1 + 3 * offer + kind, where kind 0 is the whole
// offer, 1 some of its sentences (the first and the one after the last follow, as numbers from 0), and 2 one of the offers
// that are no plain sample. Offers are
// numbered as the samples were made, so that a link outlives a rebuild that keeps the samples. Numbers are written as
// bytes of seven bits, lowest first, and those in base64url. The check is 24 bits of a hash of the choices, which tells a
// damaged link, and 24 bits of one of the words chosen, which tells whether they are still the same.

const LINK_VERSION = "v1";

function encodeChoice(choice, piece) {
  const numbers = [];
  choice.forEach((standing, gap) => {
    if (!standing) return numbers.push(0);
    const samples = piece.gaps[gap].s.length;
    const whole = sameStanding(standing, wholeOffer(piece, gap, standing.offer));
    if (standing.offer >= samples) return numbers.push(3 + 3 * (standing.offer - samples));
    numbers.push(1 + 3 * standing.offer + (whole ? 0 : 1));
    if (!whole) numbers.push(standing.first, standing.end);
  });
  while (numbers.length && numbers[numbers.length - 1] === 0) numbers.pop();
  const body = toBase64(numbers.flatMap(toBytes));
  return `${LINK_VERSION}.${body}.${check(piece.id + body)}${check(wordsOf(choice, piece))}`;
}

// What a link says: {choice, same} if it is whole, where `same` tells whether its words are still as they were; else null.
function decodeChoice(text, piece) {
  const match = /^v1\.([\w-]*)\.([\w-]{4})([\w-]{4})$/.exec(text);
  if (!match || check(piece.id + match[1]) !== match[2]) return null;
  const numbers = toNumbers(fromBase64(match[1]));
  const choice = piece.gaps.map(() => null);
  let gap = 0;
  for (let at = 0; at < numbers.length; at += 1, gap += 1) {
    if (numbers[at] === 0) continue;
    const kind = (numbers[at] - 1) % 3;
    const number = (numbers[at] - 1 - kind) / 3;
    if (kind === 1) at += 2;
    if (gap >= choice.length) continue;
    const offer = kind === 2 ? piece.gaps[gap].s.length + number : number;
    const offered = offerAt(piece, gap, offer);
    if (!offered || !offered.u.length) continue;
    const [first, end] = kind === 1 ? [numbers[at - 1], Math.min(numbers[at], offered.u.length)] : [0, offered.u.length];
    if (first < end) choice[gap] = { offer, first, end };
  }
  return { choice, same: check(wordsOf(choice, piece)) === match[3] };
}

function wordsOf(choice, piece) {
  return choice.map((standing, gap) => (standing ? `${gap}:${textOf(piece, gap, standing)}` : "")).join("\n");
}

// FNV-1a over UTF-16 units, folded to 24 bits: four characters.
function check(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ (text.charCodeAt(at) & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (text.charCodeAt(at) >>> 8), 0x01000193);
  }
  hash = (hash ^ (hash >>> 24)) & 0xffffff;
  return toBase64([hash >> 16, (hash >> 8) & 0xff, hash & 0xff]);
}

function toBytes(number) {
  const bytes = [];
  while (number > 127) {
    bytes.push((number & 127) | 128);
    number >>>= 7;
  }
  return [...bytes, number];
}

function toNumbers(bytes) {
  const numbers = [];
  let number = 0;
  let shift = 0;
  for (const byte of bytes) {
    number += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128) {
      numbers.push(number);
      number = shift = 0;
    }
  }
  return numbers;
}

function toBase64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function fromBase64(text) {
  try {
    return Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
  } catch {
    return [];
  }
}

// The piece as the builder wrote it into the page (its keys are explained in page_data.py), and what stands where.
//
// A choice has an entry for each gap in the order of the essay: null, or {offer, first, end}: the number of an offer, and
// which of its sentences, from `first` up to but not including `end`. Choices are never changed; a new one takes an old
// one's place.

function readPiece() {
  const element = document.getElementById("piece-data");
  if (!element) return null;
  const piece = JSON.parse(element.textContent);
  for (const reading of piece.readings) {
    reading.standings = new Map(reading.gaps.map(([gap, offer, first, end]) => [gap, { offer, first, end }]));
  }
  return piece;
}

function offerAt(piece, gap, offer) {
  const { s: samples, x: extras = [] } = piece.gaps[gap];
  return offer < samples.length ? samples[offer] : extras[offer - samples.length];
}

function offerCount(piece, gap) {
  return piece.gaps[gap].s.length + (piece.gaps[gap].x || []).length;
}

function unitsOf(piece, gap, standing) {
  return standing ? offerAt(piece, gap, standing.offer).u.slice(standing.first, standing.end) : [];
}

function textOf(piece, gap, standing) {
  return unitsOf(piece, gap, standing).join("").trim();
}

// The samples behind an offer: one, unless a curator put several together.
function samplesOf(piece, gap, offer) {
  const { s: samples } = piece.gaps[gap];
  return offer < samples.length ? [samples[offer]] : offerAt(piece, gap, offer).n.map((number) => samples[number]);
}

function wordCount(piece, gap, standing) {
  if (!standing) return 0;
  const { w: words } = offerAt(piece, gap, standing.offer);
  return words.slice(standing.first, standing.end).reduce((sum, count) => sum + count, 0);
}

function sameStanding(one, other) {
  if (!one || !other) return one === other;
  return one.offer === other.offer && one.first === other.first && one.end === other.end;
}

function wholeOffer(piece, gap, offer) {
  return { offer, first: 0, end: offerAt(piece, gap, offer).u.length };
}

function readingChoice(piece, reading) {
  return piece.gaps.map((_, gap) => reading.standings.get(gap) || null);
}

// The reading that a choice is, if it is one.
function readingOf(piece, choice) {
  return piece.readings.find((reading) =>
    choice.every((standing, gap) => sameStanding(standing, reading.standings.get(gap) || null)),
  );
}

// Offers in the order a reader should meet them: what curators chose, then the closest to the passage, then what the
// measures set aside. Each with the readings that chose it.
function rankedOffers(piece, gap) {
  const chosen = new Map();
  for (const reading of piece.readings) {
    const found = reading.standings.get(gap);
    if (found) chosen.set(found.offer, [...(chosen.get(found.offer) || []), reading.label]);
  }
  const ranked = [];
  for (let offer = 0; offer < offerCount(piece, gap); offer += 1) {
    const { u: units, f: badges = [], c: closeness = 0 } = offerAt(piece, gap, offer);
    if (units.length) ranked.push({ offer, badges, closeness, chosenBy: chosen.get(offer) || [] });
  }
  const rank = ({ badges, chosenBy }) => (chosenBy.length ? 0 : badges.length ? 2 : 1);
  return ranked.sort((a, b) => rank(a) - rank(b) || b.closeness - a.closeness || a.offer - b.offer);
}

// The sentences that may be added, one after another, from none to all that fit. First those of `choice`, spread evenly
// over the essay; then, to make it longer still, what `reading` has where `choice` has nothing, or the best there is.
function ladder(piece, choice, reading) {
  const preferred = reading ? readingChoice(piece, reading) : [];
  const order = piece.gaps.map((_, gap) => gap).sort((a, b) => ((a * 0.618034) % 1) - ((b * 0.618034) % 1) || a - b);
  const rungs = [];
  const climb = (standings, done) => {
    const deepest = standings.reduce((most, standing) => Math.max(most, standing ? standing.end - standing.first : 0), 0);
    for (let count = 1; count <= deepest; count += 1) {
      for (const gap of order) {
        const standing = standings[gap];
        if (!standing || count <= done[gap] || count > standing.end - standing.first) continue;
        rungs.push([gap, { ...standing, end: standing.first + count }]);
      }
    }
  };
  climb(choice, choice.map(() => 0));
  const asChosen = rungs.length;
  const more = choice.map((standing, gap) => {
    if (standing) return { ...standing, end: offerAt(piece, gap, standing.offer).u.length };
    if (preferred[gap]) return preferred[gap];
    const best = rankedOffers(piece, gap).find(({ badges }) => !badges.length);
    return best ? wholeOffer(piece, gap, best.offer) : null;
  });
  climb(more, choice.map((standing) => (standing ? standing.end - standing.first : 0)));
  return { rungs, asChosen };
}

function climbed(piece, rungs, count) {
  const choice = piece.gaps.map(() => null);
  for (const [gap, standing] of rungs.slice(0, count)) choice[gap] = standing;
  return choice;
}

// Puts generated sentences into the essay, and takes them out again. All text goes in as text, never as HTML.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function gapElement(piece, gap) {
  return document.getElementById(`gap-${piece.gaps[gap].p}`);
}

// Shows what stands in a gap: a caret to choose by, and each sentence in an element of its own.
function weave(piece, gap, standing, { fresh = false } = {}) {
  const element = gapElement(piece, gap);
  const units = unitsOf(piece, gap, standing);
  const caret = make(
    "button",
    {
      type: "button",
      class: units.length ? "mark" : "mark empty",
      "data-gap": gap,
      "aria-haspopup": "dialog",
      "aria-label": `Gap ${gap + 1} of ${piece.gaps.length}: ${units.length ? "change what stands here" : "add a sentence"}`,
    },
    "^",
  );
  const parts = [];
  if (units.length) {
    const said = make("span", { class: fresh ? "machine fresh" : "machine", dir: "auto" }, caret);
    units.forEach((unit, number) => {
      if (number && /\s$/.test(units[number - 1])) said.append(" ");
      said.append(make("span", { class: "said" }, unit.trim()));
    });
    parts.push(element.dataset.spaced === "no" ? "" : " ", said);
  } else {
    parts.push(caret);
  }
  const focused = element.contains(document.activeElement);
  element.replaceChildren(...parts);
  if (focused) caret.focus({ preventScroll: true });
}

// The essay as plain text, as it stands on the page.
function essayText(article, title) {
  const paragraphs = [title];
  for (const block of article.children) {
    if (block.classList.contains("original")) continue;
    const copy = block.cloneNode(true);
    copy.querySelectorAll(".mark").forEach((mark) => mark.remove());
    copy.querySelectorAll("li, tr").forEach((row) => row.append("\n"));
    copy.querySelectorAll("th, td").forEach((cell) => cell.append("\t"));
    const keep = block.classList.contains("kept");
    const text = keep ? copy.textContent.replace(/\n{2,}/g, "\n") : copy.textContent.replace(/\s+/g, " ");
    if (text.trim()) paragraphs.push(text.trim());
  }
  return `${paragraphs.join("\n\n")}\n`;
}

// The essay's shape: its own words above the line, generated ones below it, by their number.
function shapePaths(piece, choice) {
  const pause = Math.max(2, Math.floor((piece.words + 75) / 150));
  const ends = new Set(piece.ends);
  const human = [];
  const machine = [];
  let x = 0;
  let width = 1;
  piece.between.forEach((words, gap) => {
    if (words) human.push(`M${x} 0h${words}v9h-${words}z`);
    x += words;
    if (words) width = x;
    if (gap >= choice.length) return;
    const added = wordCount(piece, gap, choice[gap]);
    if (added) machine.push(`M${x} 11h${added}v9h-${added}z`);
    if (added) width = x + added;
    x += added + (ends.has(gap) ? pause : 0);
  });
  return { width, human: human.join(""), machine: machine.join("") };
}

// Where a generated sentence came from: how many sentences are kept, the settings, the measures, and all that was said.

const FINENESS = 16; // as in page_data.py

let originOpen = false; // as the reader last left it

function originOf(piece, gap, standing, page) {
  const offered = offerAt(piece, gap, standing.offer);
  const told = make("details", { open: originOpen }, make("summary", {}, "Where it came from"));
  told.addEventListener("toggle", () => (originOpen = told.open));
  for (const sample of samplesOf(piece, gap, standing.offer)) {
    const rows = [...piece.batches[sample.b], ["sample", `${sample.i}, number ${sample.r} of its batch`]];
    (sample.m || []).forEach((value, number) => value && rows.push([piece.measures[number], value]));
    rows.push(["kept", offered.n ? (offered.e ? "edited by hand" : "part of it") : keptWords(offered, standing)]);
    told.append(facts(rows), ...saidInFull(sample, offered.n ? null : standing));
  }
  const trim = offered.u.length > 1 ? trimmer(piece, gap, standing, page) : null;
  return make("div", { class: "origin-here" }, trim, told);
}

function keptWords({ u: units, t: tail }, { first, end }) {
  if (end - first < units.length) return `${end - first} of ${units.length} sentences`;
  return tail && tail.trim() ? "all its whole sentences" : "all of it";
}

function facts(rows) {
  return make(
    "dl",
    { class: "facts" },
    ...rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
  );
}

function trimmer(piece, gap, standing, page) {
  const most = offerAt(piece, gap, standing.offer).u.length;
  const button = (label, sign, end) => {
    const impossible = end <= standing.first || end > most;
    const element = make("button", { type: "button", "aria-label": label, disabled: impossible }, sign);
    element.addEventListener("click", () => {
      page.choose(gap, { ...standing, end });
      const again = document.querySelector(`.origin-here [aria-label="${label}"]:enabled, .trim button:enabled`);
      if (again) again.focus();
    });
    return element;
  };
  return make(
    "p",
    { class: "trim" },
    make("span", { role: "status" }, `${standing.end - standing.first} of ${most} sentences`),
    button("One sentence fewer", "−", standing.end - 1),
    button("One sentence more", "+", standing.end + 1),
  );
}

// All that the model said, what was not kept struck out; tinted by probability where the record has it.
function saidInFull(sample, standing) {
  const whole = sample.u.join("") + (sample.t || "");
  if (sample.k) return [make("h3", {}, "Token by token"), ...tokens(sample, whole)];
  const { first, end } = standing || { first: 0, end: sample.u.length };
  const [before, kept, after] = [[0, first], [first, end], [end]].map((range) => sample.u.slice(...range).join(""));
  const rest = after + (sample.t || "");
  if (standing && !before && !rest.trim()) return [];
  const text = make("p", { class: "raw machine", dir: "auto" });
  text.append(before ? make("del", {}, before) : "", kept, rest ? make("del", {}, rest) : "");
  return [make("h3", {}, "All that it said"), text];
}

function tokens(sample, whole) {
  const { n: lengths, b: base, o: overfitted } = sample.k;
  const text = make("p", { class: "raw machine tokens", dir: "auto" });
  const length = lengths.reduce((sum, count) => sum + count, 0);
  // The text begins after the white space that the first tokens hold.
  let start = Math.min(0, whole.length - length);
  lengths.forEach((count, number) => {
    const token = whole.slice(Math.max(0, start), Math.max(0, start + count));
    start += count;
    if (!token) return;
    const [before, after] = [base, overfitted].map((levels) => parseInt(levels[number], 36));
    const title = `about ${percent(before)} before overfitting, ${percent(after)} after`;
    const element = make("span", { title }, token);
    element.dataset.base = Math.min(4, Math.floor(before / 8));
    element.dataset.overfitted = Math.min(4, Math.floor(after / 8));
    text.append(element);
  });
  const select = make(
    "select",
    { id: "tint" },
    make("option", { value: "overfitted" }, "the overfitted model"),
    make("option", { value: "base" }, "the model before"),
  );
  const tint = () => (text.dataset.by = select.value);
  select.addEventListener("change", tint);
  tint();
  return [make("p", { class: "tint" }, make("label", { for: "tint" }, "Darker where it surprised "), select), text];
}

function percent(level) {
  const share = 100 * 10 ** -((level / FINENESS) ** 2);
  return share < 0.1 ? "under 0.1 %" : `${share < 1 ? share.toFixed(1) : Math.round(share)} %`;
}

// The slip: what may stand in a gap, to choose from, and where what stands there came from.

function makeSlip(piece, page) {
  const slip = document.getElementById("slip");
  let open = null; // the gap it is about

  function show(gap, { focus = true } = {}) {
    if (open !== null) mark(false);
    open = gap;
    mark(true);
    fill();
    slip.hidden = false;
    document.body.classList.add("slipped");
    keepInView(gapElement(piece, gap));
    const chosen = slip.querySelector(".offer:has(input:checked)");
    slip.scrollTop = chosen.offsetTop - slip.firstChild.offsetHeight - 8;
    if (focus) (slip.querySelector("input:checked") || slip).focus({ preventScroll: true });
  }

  function hide() {
    if (open === null) return;
    const caret = gapElement(piece, open).querySelector(".mark");
    mark(false);
    open = null;
    slip.hidden = true;
    document.body.classList.remove("slipped");
    if (caret) caret.focus({ preventScroll: true });
  }

  function mark(on) {
    gapElement(piece, open).classList.toggle("open", on);
  }

  // The slip covers the foot of a small window: what it is about must stay above it.
  function keepInView(element) {
    const seen = element.getBoundingClientRect();
    const covers = slip.getBoundingClientRect();
    const bottom = covers.left < seen.right ? covers.top : window.innerHeight;
    if (seen.top < 80 || seen.bottom > bottom - 20) {
      const middle = Math.max(90, (bottom - seen.height) / 2);
      window.scrollBy({ top: seen.top - middle, behavior: calm() ? "auto" : "smooth" });
    }
  }

  function fill() {
    const gap = open;
    const standing = page.choice()[gap];
    const ranked = rankedOffers(piece, gap);
    const fit = ranked.filter(({ badges, chosenBy }) => chosenBy.length || !badges.length);
    const unfit = ranked.filter((offer) => !fit.includes(offer));
    const aside = make(
      "details",
      { class: "aside", open: Boolean(standing && unfit.some(({ offer }) => offer === standing.offer)) },
      make("summary", {}, `${unfit.length} more, set aside by the measures`),
      ...unfit.map((offer) => choiceRow(gap, offer, standing)),
    );
    const set = make(
      "fieldset",
      {},
      make("legend", {}, "What shall stand here?"),
      nothingRow(standing),
      ...fit.map((offer) => choiceRow(gap, offer, standing)),
      unfit.length ? aside : null,
    );
    const { o: leftOut } = piece.gaps[gap];
    const more = leftOut ? make("p", { class: "left-out" }, `In piece.json, not here: ${leftOut} more.`) : null;
    slip.replaceChildren(...[head(gap), set, more].filter(Boolean));
    fillOrigin();
  }

  function head(gap) {
    const step = (label, sign, to) => {
      const button = make("button", { type: "button", "aria-label": label, disabled: to < 0 || to >= piece.gaps.length }, sign);
      button.addEventListener("click", () => show(to));
      return button;
    };
    const close = make("button", { type: "button", "aria-label": "Close", class: "close" }, "×");
    close.addEventListener("click", hide);
    return make(
      "div",
      { class: "slip-head" },
      make("h2", { id: "slip-title" }, `Gap ${gap + 1} of ${piece.gaps.length}`),
      step("Previous gap", "←", gap - 1),
      step("Next gap", "→", gap + 1),
      close,
    );
  }

  function row(checked, choose, ...parts) {
    const input = make("input", { type: "radio", name: "offer", checked });
    input.addEventListener("change", choose);
    return make("div", { class: "offer" }, make("label", {}, input, make("span", { class: "offer-body" }, ...parts)));
  }

  function nothingRow(standing) {
    return row(!standing, () => page.choose(open, null), make("span", { class: "offer-text" }, "Nothing"));
  }

  function choiceRow(gap, { offer, badges, chosenBy }, standing) {
    const checked = Boolean(standing && standing.offer === offer);
    const offered = offerAt(piece, gap, offer);
    const chosen = checked ? standing : asChosen(gap, offer);
    const text = make("span", { class: "offer-text machine", dir: "auto" }, textOf(piece, gap, chosen));
    const notes = [
      ...samplesOf(piece, gap, offer).map((sample) => `sample ${sample.i}`),
      `${wordCount(piece, gap, chosen)} words`,
      offered.c === undefined ? "" : `closeness ${offered.c.toFixed(2)}`,
      offered.e ? "edited by hand" : "",
    ];
    return row(
      checked,
      () => page.choose(open, chosen),
      text,
      make("span", { class: "offer-notes" }, notes.filter(Boolean).join(" · ")),
      ...chosenBy.map((label) => make("bdi", { class: "badge chosen" }, label)),
      ...badges.map((badge) => make("span", { class: "badge" }, badge)),
    );
  }

  // As much of an offer as a reading kept of it, or all.
  function asChosen(gap, offer) {
    const standings = piece.readings.map((reading) => reading.standings.get(gap));
    return standings.find((standing) => standing && standing.offer === offer) || wholeOffer(piece, gap, offer);
  }

  function fillOrigin() {
    const standing = page.choice()[open];
    const before = slip.querySelector(".origin-here");
    if (before) before.remove();
    if (!standing) return;
    const chosen = slip.querySelector("input:checked").closest(".offer");
    chosen.querySelector(".offer-text").textContent = textOf(piece, open, standing);
    chosen.append(originOf(piece, open, standing, page));
  }

  slip.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      hide();
    }
  });

  return {
    show,
    hide,
    isOpen: () => open !== null,
    changed: (gap) => {
      if (gap !== open || open === null) return;
      gapElement(piece, gap).classList.add("open");
      fillOrigin();
    },
    refresh: () => open !== null && fill(),
  };
}

function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

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

// Brings the page to life: one choice at a time, shown in the text, the count, the shape and the address.

function startPage(piece) {
  const article = document.querySelector(".essay");
  const notice = document.getElementById("notice");
  const slider = document.getElementById("length");
  const first = piece.readings.find(({ page }) => page === "index.html");
  let reading = first; // the one last chosen whole
  let choice = readingChoice(piece, first);
  let rungs = null;
  let addressTimer = 0;

  const page = {
    choice: () => choice,
    choose(gap, standing) {
      change(choice.map((old, number) => (number === gap ? standing : old)));
      slip.changed(gap);
    },
    closeSlip: () => slip.hide(),
    stand,
  };
  const slip = makeSlip(piece, page);
  const game = makeGame(piece, page);

  // Show another choice. Only gaps that differ are touched.
  function change(next, { climbing = false, address = true } = {}) {
    const before = choice;
    choice = next;
    next.forEach((standing, gap) => {
      if (!sameStanding(before[gap], standing)) weave(piece, gap, standing, { fresh: true });
    });
    if (!climbing) rungs = null;
    show(climbing);
    if (address) setAddress();
  }

  function show(climbing = false) {
    const current = readingOf(piece, choice);
    if (current && !climbing) reading = current;
    for (const link of document.querySelectorAll("[data-reading]")) {
      if (current && link.dataset.reading === current.name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.getElementById("yours").hidden = Boolean(current);
    const by = document.getElementById("by");
    if (by) by.textContent = current ? current.by : "a reader of this page";
    showCount();
    if (!climbing) prepareSlider();
    drawShape();
  }

  function showCount() {
    const added = choice.reduce((sum, standing, gap) => sum + wordCount(piece, gap, standing), 0);
    const [before, after] = [piece.words, piece.words + added].map((count) => count.toLocaleString("en-US"));
    const ratio = piece.words ? ((piece.words + added) / piece.words).toFixed(2) : "∞";
    const parts = added ? [`${before} → ${after} words,`, `${ratio} ×`] : [`${before} words`];
    const spans = parts.flatMap((part, number) => [number ? " " : "", make("span", {}, part)]);
    document.getElementById("count").replaceChildren(...spans);
    slider.setAttribute("aria-valuetext", parts.join(" "));
  }

  function drawShape() {
    const shape = document.getElementById("shape");
    const { width, human, machine } = shapePaths(piece, choice);
    shape.setAttribute("viewBox", `0 0 ${width} 20`);
    shape.querySelector(".shape-human").setAttribute("d", human);
    shape.querySelector(".shape-machine").setAttribute("d", machine);
  }

  function prepareSlider() {
    rungs = ladder(piece, choice, reading.gaps.length ? reading : first);
    slider.max = Math.max(1, rungs.rungs.length);
    slider.value = rungs.asChosen;
    document.querySelector("#chosen option").value = rungs.asChosen;
  }

  function climb() {
    change(climbed(piece, rungs.rungs, Number(slider.value)), { climbing: true });
    slip.refresh();
  }

  function stand(view) {
    document.body.classList.toggle("beside", view === "beside");
    document.body.classList.toggle("plain", view === "plain");
    document.querySelector(`input[name="view"][value="${view}"]`).checked = true;
    if (view === "beside" && !article.querySelector(".original")) {
      for (const paragraph of [...article.querySelectorAll(":scope > p")]) {
        const original = paragraph.cloneNode(true);
        original.querySelectorAll(".gap").forEach((gap) => gap.remove());
        original.className = "original";
        paragraph.before(original);
      }
    }
  }

  // Soon, since a slider asks for it many times a second; and not if the reader has gone elsewhere by then.
  function setAddress() {
    clearTimeout(addressTimer);
    const here = location.href;
    addressTimer = setTimeout(() => location.href === here && history.replaceState(null, "", link()), 200);
  }

  function link() {
    const current = readingOf(piece, choice);
    if (current === first) return location.pathname + location.search;
    return `#${encodeChoice(choice, piece)}`;
  }

  // Show what the address says: nothing is the first reading. A place in the page says nothing of a choice: the one that
  // stands goes on, and into the address.
  function readAddress() {
    const said = location.hash.slice(1);
    clearTimeout(addressTimer);
    notice.hidden = true;
    const named = said ? piece.readings.find(({ name }) => name === said) : first;
    if (named) return change(readingChoice(piece, named), { address: false });
    if (!/^v\d/.test(said)) return readingOf(piece, choice) === first || setAddress();
    const found = said.startsWith(`${LINK_VERSION}.`) ? decodeChoice(said, piece) : null;
    if (!found) change(readingChoice(piece, first), { address: false });
    if (!found) return tell("This link is damaged or was made by a newer page, so you see the first reading instead.");
    change(found.choice, { address: false });
    if (!found.same) tell("The piece has been made anew since this link was made: some sentences may differ.");
  }

  function tell(text) {
    notice.textContent = text;
    notice.hidden = false;
  }

  async function copyLink() {
    const address = new URL(link(), location.href).href;
    try {
      await navigator.clipboard.writeText(address);
      tell("The link is copied. Whoever opens it reads what you read now.");
    } catch {
      tell(`Copy this link: ${address}`);
    }
  }

  function saveText() {
    const name = `${piece.title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) || "essay"}.txt`;
    const address = URL.createObjectURL(new Blob([essayText(article, piece.title)], { type: "text/plain" }));
    make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  article.addEventListener("click", (event) => {
    if (document.body.classList.contains("blind") || event.target.closest("a")) return;
    const gap = event.target.closest(".gap:not(.original .gap)");
    const caret = gap && gap.querySelector(".mark");
    if (caret && !String(getSelection())) slip.show(Number(caret.dataset.gap));
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && slip.hide());
  for (const anchor of document.querySelectorAll("[data-reading]")) {
    anchor.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      game.stop();
      change(readingChoice(piece, piece.readings.find(({ name }) => name === anchor.dataset.reading)));
      slip.refresh();
    });
  }
  for (const input of document.querySelectorAll('input[name="view"]')) {
    input.addEventListener("change", () => stand(input.value));
  }
  slider.addEventListener("input", climb);
  document.getElementById("copy").addEventListener("click", copyLink);
  document.getElementById("save").addEventListener("click", saveText);
  document.getElementById("print").addEventListener("click", () => window.print());
  window.addEventListener("hashchange", () => {
    game.stop();
    readAddress();
    slip.refresh();
  });
  // Going back, a browser may put the controls as they were left.
  window.addEventListener("pageshow", () => stand(document.querySelector('input[name="view"]:checked').value));

  choice.forEach((standing, gap) => weave(piece, gap, standing));
  document.body.classList.add("live");
  document.querySelectorAll("[data-live]").forEach((element) => (element.hidden = false));
  show();
  readAddress();
}

const piece = readPiece();
if (piece) startPage(piece);

})();
