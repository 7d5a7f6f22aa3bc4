// Brings the page to life: one choice at a time, shown in the text, the count, the shape and the address.

import { build, byId, h, patch } from "../../../web/js/kit.js";
import { decodeChoice, encodeChoice, LINK_VERSION } from "./codec.js";
import { makeGame } from "./game.js";
import { climbed, ladder } from "./ladder.js";
import { readingChoice, readingOf, readPiece, sameStanding, wordCount } from "./piece.js";
import { shapePaths } from "./shape.js";
import { makeSlip } from "./slip.js";
import { essayText, weave } from "./weave.js";

/** @import { Rung } from "./ladder.js" */
/** @import { Choice, Piece, Reading } from "./piece.js" */
/** @import { Page } from "./slip.js" */

/** @param {Piece} piece */
function startPage(piece) {
  const article = /** @type {HTMLElement} */ (document.querySelector(".essay"));
  const notice = byId("notice");
  const slider = /** @type {HTMLInputElement} */ (byId("length"));
  const views = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input[name="view"]'));
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("[data-reading]"));
  const first = /** @type {Reading} */ (piece.readings.find(({ page }) => page === "index.html"));
  let reading = first; // the one last chosen whole
  let choice = readingChoice(piece, first);
  /** @type {Rung[]} */
  let rungs = [];
  let addressTimer = 0;

  /** @type {Page} */
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
