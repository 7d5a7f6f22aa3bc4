// The slip: what may stand in a gap, to choose from, and where what stands there came from.

import { byId, h, patch } from "../../../web/js/kit.js";
import { originOf } from "./origin.js";
import { offerAt, rankedOffers, samplesOf, textOf, wholeOffer, wordCount } from "./piece.js";
import { gapElement } from "./weave.js";

/** @import { Child } from "../../../web/js/kit.js" */
/** @import { Choice, Piece, Ranked, Standing } from "./piece.js" */

/**
 * What the slip and the game may ask of the page.
 *
 * @typedef {object} Page
 * @property {() => Choice} choice
 * @property {(gap: number, standing: Standing | null) => void} choose
 * @property {() => void} closeSlip
 * @property {() => void} refresh show the slip as things stand now
 * @property {(view: string) => void} stand
 */

/** @param {Piece} piece @param {Page} page */
export function makeSlip(piece, page) {
  const slip = byId("slip");
  /** @type {number | null} */
  let open = null; // the gap it is about
  let asideOpen = false;

  /** @param {number} gap */
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

  /**
   * @param {string | number} key
   * @param {boolean} checked
   * @param {() => void} change
   * @param {Child} body
   * @param {Child} [below]
   */
  function row(key, checked, change, body, below) {
    const input = h("input", { type: "radio", name: "offer", checked, change });
    return h("div", { class: "offer", key }, h("label", {}, input, h("span", { class: "offer-body" }, body)), below);
  }

  /** @param {number} gap @param {Ranked} ranked @param {Standing | null} standing */
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
