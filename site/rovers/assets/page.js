(() => {
"use strict";

// The DOM kit of all our pages and widgets: say what shall stand in an element, and only what differs is touched.
// All text goes in as text, never as HTML, since essays and samples are data.



// What a person changes lives in properties, of which the attribute is but the first value.
const LIVE = new Set(["checked", "selected", "value"]);

const known = new WeakMap();

function h(tag, { key, ...attributes } = {}, ...children) {
  const wanted = { tag, key: keyOf(key), attributes: new Map(), listeners: new Map(), children: flat(children) };
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") wanted.listeners.set(name, value);
    else if (typeof value === "boolean" && (value || LIVE.has(name))) wanted.attributes.set(name, value);
    else if (typeof value === "string" || typeof value === "number") wanted.attributes.set(name, String(value));
  }
  return wanted;
}

function keyOf(key) {
  return typeof key === "string" || typeof key === "number" ? key : undefined;
}

function flat(children) {
  return children.flatMap((child) => {
    if (Array.isArray(child)) return flat(child);
    if (child === null || child === undefined || child === false || child === "") return [];
    return typeof child === "number" ? String(child) : child;
  });
}

function build(wanted) {
  const element = document.createElement(wanted.tag);
  update(element, wanted);
  return element;
}

function patch(parent, ...children) {
  const root = parent.getRootNode();
  const focused = root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null;
  arrange(parent, flat(children));
  if (focused instanceof HTMLElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

function arrange(parent, children) {
  const before = [...parent.childNodes];
  const nodes = children.map((child) => {
    const at = before.findIndex((node) => fits(node, child));
    if (at < 0) return typeof child === "string" ? document.createTextNode(child) : build(child);
    const [node] = before.splice(at, 1);
    if (typeof child !== "string") update(/** @type {HTMLElement} */ (node), child);
    else if (node.nodeValue !== child) node.nodeValue = child;
    return node;
  });
  for (const node of before) node.remove();
  let here = parent.firstChild;
  for (const node of nodes) {
    if (node === here) here = here.nextSibling;
    else parent.insertBefore(node, here);
  }
}

function fits(node, child) {
  if (typeof child === "string") return node.nodeType === Node.TEXT_NODE;
  const made = known.get(node);
  return made !== undefined && made.tag === child.tag && made.key === child.key;
}

function update(element, wanted) {
  const before = known.get(element);
  known.set(element, wanted);
  for (const name of wanted.listeners.keys()) {
    if (!before?.listeners.has(name)) element.addEventListener(name, heard);
  }
  arrange(element, wanted.children); // first, since a select can have no value before its options are there
  for (const name of before?.attributes.keys() ?? []) {
    if (wanted.attributes.has(name)) continue;
    if (name.startsWith("--")) element.style.removeProperty(name);
    else element.removeAttribute(name);
  }
  for (const [name, value] of wanted.attributes) set(element, name, value);
}

function set(element, name, value) {
  const text = value === true ? "" : value;
  if (name.startsWith("--")) element.style.setProperty(name, text);
  else if (LIVE.has(name) && name in element) {
    if (element[name] !== value) element[name] = value;
  } else if (text !== false && element.getAttribute(name) !== text) element.setAttribute(name, text);
}

function heard(event) {
  known.get(this)?.listeners.get(event.type)?.(event);
}

function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element #${id}.`);
  return element;
}

// Numbers as a short text that may stand in an address, and a check of a text. Knows no meaning of either.

function packNumbers(numbers) {
  return toBase64(numbers.flatMap(toBytes));
}

function unpackNumbers(text) {
  const numbers = [];
  let number = 0;
  let shift = 0;
  for (const byte of fromBase64(text)) {
    number += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128) {
      numbers.push(number);
      number = shift = 0;
    }
  }
  return numbers;
}

function checkOf(text) {
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
  let left = number;
  while (left > 127) {
    bytes.push((left & 127) | 128);
    left >>>= 7;
  }
  return [...bytes, left];
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





function readPiece(text) {
  const piece = JSON.parse(text);
  for (const reading of piece.readings) {
    reading.standings = new Map(
      reading.gaps.map((/** @type {number[]} */ [gap, offer, first, end]) => [gap, { offer, first, end }]),
    );
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

function samplesOf(piece, gap, offer) {
  const { s: samples } = piece.gaps[gap];
  return offer < samples.length
    ? [samples[offer]]
    : (offerAt(piece, gap, offer).n || []).map((number) => samples[number]);
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

function readingOf(piece, choice) {
  return piece.readings.find((reading) =>
    choice.every((standing, gap) => sameStanding(standing, reading.standings.get(gap) || null)),
  );
}


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
  const rank = (/** @type {Ranked} */ { badges, chosenBy }) => (chosenBy.length ? 0 : badges.length ? 2 : 1);
  return ranked.sort((a, b) => rank(a) - rank(b) || b.closeness - a.closeness || a.offer - b.offer);
}

// A reader's choice as a short text for the address bar, and back.
//
//   v1.<choices>.<check>
//
// For each gap in the order of the essay one number: 0 for nothing, else 1 + 3 * offer + kind, where kind 0 is the whole
// offer, 1 some of its sentences (the first and the one after the last follow, as numbers from 0), and 2 one of the offers
// that are no plain sample. Offers are numbered as the samples were made, so that a link outlives a rebuild that keeps the
// samples. The check is 24 bits of a hash of the choices, which tells a damaged link, and 24 bits of one of the words
// chosen, which tells whether they are still the same.



const LINK_VERSION = "v1";

function encodeChoice(choice, piece) {
  const numbers = choice.flatMap((standing, gap) => {
    if (!standing) return [0];
    const samples = piece.gaps[gap].s.length;
    if (standing.offer >= samples) return [3 + 3 * (standing.offer - samples)];
    if (sameStanding(standing, wholeOffer(piece, gap, standing.offer))) return [1 + 3 * standing.offer];
    return [2 + 3 * standing.offer, standing.first, standing.end];
  });
  while (numbers.length && numbers[numbers.length - 1] === 0) numbers.pop();
  const body = packNumbers(numbers);
  return `${LINK_VERSION}.${body}.${checkOf(piece.id + body)}${checkOf(wordsOf(choice, piece))}`;
}

function decodeChoice(text, piece) {
  const match = /^v1\.([\w-]*)\.([\w-]{4})([\w-]{4})$/.exec(text);
  if (!match || checkOf(piece.id + match[1]) !== match[2]) return null;
  const numbers = unpackNumbers(match[1]);
  const choice = piece.gaps.map(() => null);
  for (let at = 0, gap = 0; at < numbers.length; at += 1, gap += 1) {
    if (numbers[at] === 0) continue;
    const kind = (numbers[at] - 1) % 3;
    const number = (numbers[at] - 1 - kind) / 3;
    if (kind === 1) at += 2;
    if (gap >= choice.length) continue;
    const offer = kind === 2 ? piece.gaps[gap].s.length + number : number;
    const offered = offerAt(piece, gap, offer);
    if (!offered?.u.length) continue;
    const [first, end] =
      kind === 1 ? [numbers[at - 1], Math.min(numbers[at], offered.u.length)] : [0, offered.u.length];
    if (first < end) choice[gap] = { offer, first, end };
  }
  return { choice, same: checkOf(wordsOf(choice, piece)) === match[3] };
}

function wordsOf(choice, piece) {
  return choice.map((standing, gap) => (standing ? `${gap}:${textOf(piece, gap, standing)}` : "")).join("\n");
}

// The guessing game: ten sentences of the essay as it stands, all set alike. Who wrote each?



const ROUNDS = 10;
const FEWEST_WORDS = 6;

function makeGame(article, page) {
  const panel = byId("game");
  const opener = byId("play");
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

function shuffled(items) {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}

// The sentences that the slider adds, one after another, from none to all that fit.



function ladder(piece, choice, reading) {
  const preferred = reading ? readingChoice(piece, reading) : [];
  const order = piece.gaps.map((_, gap) => gap).sort((a, b) => ((a * 0.618034) % 1) - ((b * 0.618034) % 1) || a - b);
  const rungs = [];
  const climb = (/** @type {Choice} */ standings, /** @type {number[]} */ done) => {
    const deepest = standings.reduce(
      (most, standing) => Math.max(most, standing ? standing.end - standing.first : 0),
      0,
    );
    for (let count = 1; count <= deepest; count += 1) {
      for (const gap of order) {
        const standing = standings[gap];
        if (!standing || count <= done[gap] || count > standing.end - standing.first) continue;
        rungs.push([gap, { ...standing, end: standing.first + count }]);
      }
    }
  };
  climb(
    choice,
    choice.map(() => 0),
  );
  const asChosen = rungs.length;
  const more = choice.map((standing, gap) => {
    if (standing) return { ...standing, end: offerAt(piece, gap, standing.offer).u.length };
    if (preferred[gap]) return preferred[gap];
    const best = rankedOffers(piece, gap).find(({ badges }) => !badges.length);
    return best ? wholeOffer(piece, gap, best.offer) : null;
  });
  climb(
    more,
    choice.map((standing) => (standing ? standing.end - standing.first : 0)),
  );
  return { rungs, asChosen };
}

function climbed(piece, rungs, count) {
  const choice = piece.gaps.map(() => null);
  for (const [gap, standing] of rungs.slice(0, count)) choice[gap] = standing;
  return choice;
}

// The essay's shape as two paths of an SVG: its own words above a line, generated ones below it, by their number.
// shape.py draws the same for the page without a script.

function shapePaths({ words, between, ends }, added) {
  const pause = Math.max(2, Math.floor((words + 75) / 150));
  const last = new Set(ends);
  const human = [];
  const machine = [];
  let x = 0;
  let width = 1;
  between.forEach((own, gap) => {
    if (own) human.push(`M${x} 0h${own}v9h-${own}z`);
    x += own;
    if (own) width = x;
    if (gap >= added.length) return;
    if (added[gap]) machine.push(`M${x} 11h${added[gap]}v9h-${added[gap]}z`);
    x += added[gap];
    if (added[gap]) width = x;
    if (last.has(gap)) x += pause;
  });
  return { width, human: human.join(""), machine: machine.join("") };
}

// Where a generated sentence came from: how many sentences are kept, the settings, the measures, and all that was said.



const FINENESS = 16; // as in page_data.py

// As the reader last left them.
let originOpen = false;
let tintBy = "overfitted";

function originOf(piece, gap, standing, page) {
  const offered = offerAt(piece, gap, standing.offer);
  const told = samplesOf(piece, gap, standing.offer).map((sample) => {
    const rows = [...piece.batches[sample.b ?? 0], ["sample", `${sample.i}, number ${sample.r} of its batch`]];
    (sample.m || []).forEach((value, number) => {
      if (value) rows.push([piece.measures[number], value]);
    });
    rows.push(["kept", offered.n ? (offered.e ? "edited by hand" : "part of it") : keptWords(offered, standing)]);
    return [facts(rows), saidInFull(sample, offered.n ? null : standing, page)];
  });
  const toggle = (/** @type {Event} */ event) => {
    originOpen = /** @type {HTMLDetailsElement} */ (event.target).open;
  };
  return h(
    "div",
    { class: "origin-here" },
    offered.u.length > 1 ? trimmer(piece, gap, standing, page) : null,
    h("details", { open: originOpen, toggle }, h("summary", {}, "Where it came from"), told),
  );
}

function keptWords({ u: units, t: tail }, { first, end }) {
  if (end - first < units.length) return `${end - first} of ${units.length} sentences`;
  return tail?.trim() ? "all its whole sentences" : "all of it";
}

function facts(rows) {
  const row = (/** @type {[string, Child]} */ [name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return h("dl", { class: "facts" }, rows.map(row));
}

function trimmer(piece, gap, standing, page) {
  const most = offerAt(piece, gap, standing.offer).u.length;
  const button = (/** @type {string} */ label, /** @type {string} */ sign, /** @type {number} */ end) => {
    const click = (/** @type {Event} */ event) => {
      const pressed = /** @type {HTMLButtonElement} */ (event.target);
      const row = pressed.parentElement;
      page.choose(gap, { ...standing, end });
      const other = row?.querySelector("button:enabled");
      if (pressed.disabled && other instanceof HTMLElement) other.focus();
    };
    const disabled = end <= standing.first || end > most;
    return h("button", { key: label, type: "button", "aria-label": label, disabled, click }, sign);
  };
  return h(
    "p",
    { class: "trim" },
    h("span", { role: "status" }, `${standing.end - standing.first} of ${most} sentences`),
    button("One sentence fewer", "−", standing.end - 1),
    button("One sentence more", "+", standing.end + 1),
  );
}

function saidInFull(sample, standing, page) {
  const whole = sample.u.join("") + (sample.t || "");
  if (sample.k) return [h("h3", {}, "Token by token"), tokens(sample.k, whole, page)];
  const { first, end } = standing || { first: 0, end: sample.u.length };
  const [before, kept, after] = [[0, first], [first, end], [end]].map((range) => sample.u.slice(...range).join(""));
  const rest = after + (sample.t || "");
  if (standing && !before && !rest.trim()) return [];
  const out = (/** @type {string} */ text) => (text ? h("del", {}, text) : null);
  return [h("h3", {}, "All that it said"), h("p", { class: "raw machine", dir: "auto" }, out(before), kept, out(rest))];
}

function tokens({ n: lengths, b: base, o: overfitted }, whole, page) {
  const length = lengths.reduce((sum, count) => sum + count, 0);
  // The text begins after the white space that the first tokens hold.
  let start = Math.min(0, whole.length - length);
  const spans = lengths.map((count, number) => {
    const token = whole.slice(Math.max(0, start), Math.max(0, start + count));
    start += count;
    if (!token) return null;
    const [before, after] = [base, overfitted].map((levels) => Number.parseInt(levels[number], 36));
    const title = `about ${percent(before)} before overfitting, ${percent(after)} after`;
    return h("span", { title, "data-base": tint(before), "data-overfitted": tint(after) }, token);
  });
  const change = (/** @type {Event} */ event) => {
    tintBy = /** @type {HTMLSelectElement} */ (event.target).value;
    page.refresh();
  };
  const select = h(
    "select",
    { value: tintBy, change },
    h("option", { value: "overfitted" }, "the overfitted model"),
    h("option", { value: "base" }, "the model before"),
  );
  return [
    h("p", { class: "tint" }, h("label", {}, "Darker where it surprised ", select)),
    h("p", { class: "raw machine tokens", dir: "auto", "data-by": tintBy }, spans),
  ];
}

function tint(level) {
  return Math.min(4, Math.floor(level / 8));
}

function percent(level) {
  const share = 100 * 10 ** -((level / FINENESS) ** 2);
  return share < 0.1 ? "under 0.1 %" : `${share < 1 ? share.toFixed(1) : Math.round(share)} %`;
}

// Puts generated sentences into the essay, and takes them out again.



function gapElement(piece, gap) {
  return byId(`gap-${piece.gaps[gap].p}`);
}

function weave(piece, gap, standing, { fresh = false } = {}) {
  const element = gapElement(piece, gap);
  const units = unitsOf(piece, gap, standing);
  const doing = units.length ? "change what stands here" : "add a sentence";
  const caret = h(
    "button",
    {
      type: "button",
      class: units.length ? "mark" : "mark empty",
      "data-gap": gap,
      "aria-haspopup": "dialog",
      "aria-label": `Gap ${gap + 1} of ${piece.gaps.length}: ${doing}`,
    },
    "^",
  );
  const said = units.map((unit, number) => [
    number && /\s$/.test(units[number - 1]) ? " " : "",
    h("span", { class: "said" }, unit.trim()),
  ]);
  const focused = element.contains(document.activeElement);
  element.replaceChildren(); // new elements, so that they arrive visibly
  if (!units.length) patch(element, caret);
  else {
    const space = element.dataset.spaced === "no" ? "" : " ";
    patch(element, space, h("span", { class: fresh ? "machine fresh" : "machine", dir: "auto" }, caret, said));
  }
  if (focused) /** @type {HTMLElement} */ (element.querySelector(".mark")).focus({ preventScroll: true });
}

function essayText(article, title) {
  const paragraphs = [title];
  for (const block of article.children) {
    if (block.classList.contains("original")) continue;
    const copy = /** @type {Element} */ (block.cloneNode(true));
    for (const mark of copy.querySelectorAll(".mark")) mark.remove();
    for (const row of copy.querySelectorAll("li, tr")) row.append("\n");
    for (const cell of copy.querySelectorAll("th, td")) cell.append("\t");
    const said = copy.textContent || "";
    const text = block.classList.contains("kept") ? said.replace(/\n{2,}/g, "\n") : said.replace(/\s+/g, " ");
    if (text.trim()) paragraphs.push(text.trim());
  }
  return `${paragraphs.join("\n\n")}\n`;
}

// The slip: what may stand in a gap, to choose from, and where what stands there came from.




function makeSlip(piece, page) {
  const slip = byId("slip");
  let open = null; // the gap it is about
  let asideOpen = false;

  function show(gap) {
    if (open !== null) mark(open, false);
    open = gap;
    mark(gap, true);
    const standing = page.choice()[gap];
    asideOpen = sorted(gap)[1].some(({ offer }) => offer === standing?.offer);
    fill();
    slip.hidden = false;
    document.body.classList.add("slipped");
    keepInView(gapElement(piece, gap));
    const chosen = /** @type {HTMLElement} */ (slip.querySelector(".offer:has(input:checked)"));
    slip.scrollTop = chosen.offsetTop - /** @type {HTMLElement} */ (slip.firstChild).offsetHeight - 8;
    /** @type {HTMLElement} */ (chosen.querySelector("input")).focus({ preventScroll: true });
  }

  function hide() {
    if (open === null) return;
    const caret = gapElement(piece, open).querySelector(".mark");
    mark(open, false);
    open = null;
    slip.hidden = true;
    document.body.classList.remove("slipped");
    if (caret instanceof HTMLElement) caret.focus({ preventScroll: true });
  }

  function mark(/** @type {number} */ gap, /** @type {boolean} */ on) {
    gapElement(piece, gap).classList.toggle("open", on);
  }

  // The slip covers the foot of a small window: what it is about must stay above it.
  function keepInView(/** @type {Element} */ element) {
    const seen = element.getBoundingClientRect();
    const covers = slip.getBoundingClientRect();
    const bottom = covers.left < seen.right ? covers.top : window.innerHeight;
    if (seen.top < 80 || seen.bottom > bottom - 20) {
      const middle = Math.max(90, (bottom - seen.height) / 2);
      window.scrollBy({ top: seen.top - middle, behavior: calm() ? "auto" : "smooth" });
    }
  }

  // The offers that fit, and those that the measures set aside.
  function sorted(/** @type {number} */ gap) {
    const ranked = rankedOffers(piece, gap);
    const fits = (/** @type {Ranked} */ { badges, chosenBy }) => chosenBy.length > 0 || !badges.length;
    return [ranked.filter(fits), ranked.filter((offer) => !fits(offer))];
  }

  function fill() {
    if (open === null) return;
    const gap = open;
    const standing = page.choice()[gap];
    const [fit, unfit] = sorted(gap);
    const toggle = (/** @type {Event} */ event) => {
      asideOpen = /** @type {HTMLDetailsElement} */ (event.target).open;
    };
    const rows = (/** @type {Ranked[]} */ offers) => offers.map((offer) => offerRow(gap, offer, standing));
    const aside = h(
      "details",
      { class: "aside", open: asideOpen, toggle },
      h("summary", {}, `${unfit.length} more, set aside by the measures`),
      rows(unfit),
    );
    const { o: leftOut } = piece.gaps[gap];
    patch(
      slip,
      head(gap),
      h(
        "fieldset",
        { key: gap },
        h("legend", {}, "What shall stand here?"),
        row("nothing", !standing, () => page.choose(gap, null), h("span", { class: "offer-text" }, "Nothing")),
        rows(fit),
        unfit.length ? aside : null,
      ),
      leftOut ? h("p", { class: "left-out" }, `In piece.json, not here: ${leftOut} more.`) : null,
    );
  }

  function head(/** @type {number} */ gap) {
    const step = (/** @type {string} */ label, /** @type {string} */ sign, /** @type {number} */ to) => {
      const disabled = to < 0 || to >= piece.gaps.length;
      return h("button", { key: label, type: "button", "aria-label": label, disabled, click: () => show(to) }, sign);
    };
    return h(
      "div",
      { class: "slip-head" },
      h("h2", { id: "slip-title" }, `Gap ${gap + 1} of ${piece.gaps.length}`),
      step("Previous gap", "←", gap - 1),
      step("Next gap", "→", gap + 1),
      h("button", { type: "button", "aria-label": "Close", class: "close", click: hide }, "×"),
    );
  }

  function row(key, checked, change, body, below) {
    const input = h("input", { type: "radio", name: "offer", checked, change });
    return h("div", { class: "offer", key }, h("label", {}, input, h("span", { class: "offer-body" }, body)), below);
  }

  function offerRow(gap, { offer, badges, chosenBy }, standing) {
    const offered = offerAt(piece, gap, offer);
    const here = standing?.offer === offer ? standing : null;
    const shown = here || asChosen(gap, offer);
    const notes = [
      ...samplesOf(piece, gap, offer).map((sample) => `sample ${sample.i}`),
      `${wordCount(piece, gap, shown)} words`,
      offered.c === undefined ? "" : `closeness ${offered.c.toFixed(2)}`,
      offered.e ? "edited by hand" : "",
    ];
    const body = [
      h("span", { class: "offer-text machine", dir: "auto" }, textOf(piece, gap, shown)),
      h("span", { class: "offer-notes" }, notes.filter(Boolean).join(" · ")),
      chosenBy.map((label) => h("bdi", { class: "badge chosen" }, label)),
      badges.map((badge) => h("span", { class: "badge" }, badge)),
    ];
    const choose = () => page.choose(gap, shown);
    return row(offer, here !== null, choose, body, here && originOf(piece, gap, here, page));
  }

  // As much of an offer as a reading kept of it, or all.
  function asChosen(/** @type {number} */ gap, /** @type {number} */ offer) {
    const standings = piece.readings.map((reading) => reading.standings.get(gap));
    return standings.find((standing) => standing?.offer === offer) || wholeOffer(piece, gap, offer);
  }

  slip.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      hide();
    }
  });

  return { show, hide, refresh: fill };
}

function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// Brings the page to life: one choice at a time, shown in the text, the count, the shape and the address.



function startPage(piece) {
  const article = /** @type {HTMLElement} */ (document.querySelector(".essay"));
  const notice = byId("notice");
  const slider = /** @type {HTMLInputElement} */ (byId("length"));
  const views = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input[name="view"]'));
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("[data-reading]"));
  const first = /** @type {Reading} */ (piece.readings.find(({ page }) => page === "index.html"));
  let reading = first; // the one last chosen whole
  let choice = readingChoice(piece, first);
  let rungs = [];
  let addressTimer = 0;

  const page = {
    choice: () => choice,
    choose(gap, standing) {
      change(choice.map((old, number) => (number === gap ? standing : old)));
      slip.refresh();
    },
    closeSlip: () => slip.hide(),
    refresh: () => slip.refresh(),
    stand,
  };
  const slip = makeSlip(piece, page);
  const game = makeGame(article, page);

  // Show another choice. Only gaps that differ are touched.
  function change(/** @type {Choice} */ next, { climbing = false, address = true } = {}) {
    const before = choice;
    choice = next;
    next.forEach((standing, gap) => {
      if (!sameStanding(before[gap], standing)) weave(piece, gap, standing, { fresh: true });
    });
    show(climbing);
    if (address) setAddress();
  }

  function show(climbing = false) {
    const current = readingOf(piece, choice);
    if (current && !climbing) reading = current;
    for (const link of links) {
      if (current && link.dataset.reading === current.name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    byId("yours").hidden = Boolean(current);
    const by = document.getElementById("by");
    if (by) by.textContent = current ? current.by : "a reader of this page";
    showCount();
    if (!climbing) prepareSlider();
    drawShape();
  }

  function addedWords() {
    return choice.map((standing, gap) => wordCount(piece, gap, standing));
  }

  function showCount() {
    const added = addedWords().reduce((sum, words) => sum + words, 0);
    const [before, after] = [piece.words, piece.words + added].map((count) => count.toLocaleString("en-US"));
    const ratio = piece.words ? ((piece.words + added) / piece.words).toFixed(2) : "∞";
    const parts = added ? [`${before} → ${after} words,`, `${ratio} ×`] : [`${before} words`];
    patch(byId("count"), ...parts.flatMap((part, number) => [number ? " " : "", h("span", {}, part)]));
    slider.setAttribute("aria-valuetext", parts.join(" "));
  }

  function drawShape() {
    const shape = byId("shape");
    const { width, human, machine } = shapePaths(piece, addedWords());
    shape.setAttribute("viewBox", `0 0 ${width} 20`);
    shape.querySelector(".shape-human")?.setAttribute("d", human);
    shape.querySelector(".shape-machine")?.setAttribute("d", machine);
  }

  function prepareSlider() {
    const made = ladder(piece, choice, reading.gaps.length ? reading : first);
    rungs = made.rungs;
    slider.max = String(Math.max(1, rungs.length));
    slider.value = String(made.asChosen);
    document.querySelector("#chosen option")?.setAttribute("value", slider.value);
  }

  function climb() {
    change(climbed(piece, rungs, Number(slider.value)), { climbing: true });
    slip.refresh();
  }

  function stand(/** @type {string} */ view) {
    document.body.classList.toggle("beside", view === "beside");
    document.body.classList.toggle("plain", view === "plain");
    for (const input of views) input.checked = input.value === view;
    if (view === "beside" && !article.querySelector(".original")) {
      for (const paragraph of [...article.querySelectorAll(":scope > p")]) {
        const original = /** @type {HTMLElement} */ (paragraph.cloneNode(true));
        for (const gap of original.querySelectorAll(".gap")) gap.remove();
        original.className = "original";
        paragraph.before(original);
      }
    }
  }

  // Soon, since a slider asks for it many times a second; and not if the reader has gone elsewhere by then.
  function setAddress() {
    clearTimeout(addressTimer);
    const here = location.href;
    addressTimer = setTimeout(() => {
      if (location.href === here) history.replaceState(null, "", link());
    }, 200);
  }

  function link() {
    const current = readingOf(piece, choice);
    if (current === first) return location.pathname + location.search;
    return `#${encodeChoice(choice, piece)}`;
  }

  // Show what the address says: nothing is the first reading. A place in the page says nothing of a choice: the one that
  // stands goes on, and into the address.
  function readAddress() {
    clearTimeout(addressTimer);
    notice.hidden = true;
    const said = location.hash.slice(1);
    const named = said ? piece.readings.find(({ name }) => name === said) : first;
    if (named) return change(readingChoice(piece, named), { address: false });
    if (!/^v\d/.test(said)) {
      if (readingOf(piece, choice) !== first) setAddress();
      return;
    }
    const found = said.startsWith(`${LINK_VERSION}.`) ? decodeChoice(said, piece) : null;
    change(found ? found.choice : readingChoice(piece, first), { address: false });
    if (!found) return tell("This link is damaged or was made by a newer page, so you see the first reading instead.");
    if (!found.same) tell("The piece has been made anew since this link was made: some sentences may differ.");
  }

  function tell(/** @type {string} */ text) {
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
    build(h("a", { href: address, download: name })).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  article.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element) || document.body.classList.contains("blind") || target.closest("a")) return;
    const caret = target.closest(".gap:not(.original .gap)")?.querySelector(".mark");
    if (caret instanceof HTMLElement && !String(getSelection())) slip.show(Number(caret.dataset.gap));
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && slip.hide());
  for (const anchor of links) {
    anchor.addEventListener("click", (event) => {
      const named = piece.readings.find(({ name }) => name === anchor.dataset.reading);
      if (!named || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      game.stop();
      change(readingChoice(piece, named));
      slip.refresh();
    });
  }
  for (const input of views) input.addEventListener("change", () => stand(input.value));
  slider.addEventListener("input", climb);
  byId("copy").addEventListener("click", copyLink);
  byId("save").addEventListener("click", saveText);
  byId("print").addEventListener("click", () => window.print());
  window.addEventListener("hashchange", () => {
    game.stop();
    readAddress();
    slip.refresh();
  });
  // Going back, a browser may put the controls as they were left.
  window.addEventListener("pageshow", () => stand([...views].find((input) => input.checked)?.value || "voices"));

  choice.forEach((standing, gap) => {
    weave(piece, gap, standing);
  });
  document.body.classList.add("live");
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-live]"))) {
    element.hidden = false;
  }
  show();
  readAddress();
}

const data = document.getElementById("piece-data");
if (data) startPage(readPiece(data.textContent || ""));

})();
