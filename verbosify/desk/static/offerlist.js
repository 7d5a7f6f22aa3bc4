// The continuations as one reads them and takes them: a click or a key takes up to that place.

import { h } from "../../web/js/kit.js";
import { caretAt } from "./editor.js";
import { count, endAt, movedEnd } from "./offers.js";
import { percent } from "./tints.js";

/** @import { Desk } from "./desk.js" */
/** @import { Offer } from "./offers.js" */
/** @import { Child } from "../../web/js/kit.js" */

/** @type {Record<string, string>} */
const ENDS = { length: "", end: "the model ends here", stop: "stopped at a stop", cancelled: "stopped" };

/** @param {Desk} desk @returns {Child[]} */
export function offerList(desk) {
  const { offers, view } = desk;
  const state = stateInWords(desk);
  return [
    state && h("p", { class: "offers-state", key: "state" }, state),
    h(
      "ol",
      { class: "offer-list", key: "list" },
      offers.list.map((offer, index) => {
        const end = view.cut?.key === offer.key ? Math.min(view.cut.end, offer.text.length) : offer.text.length;
        const cut = view.cut?.key === offer.key;
        const last = offer.ends.length && offer.ends.at(-1) === end;
        return h(
          "li",
          { key: offer.key, class: `offer${cut ? " cut" : ""}${offer.pinned ? " pinned" : ""}` },
          h(
            "div",
            {
              class: "offer-text",
              role: "button",
              tabindex: 0,
              "data-offer": offer.key,
              "aria-label": `Continuation ${index + 1} of ${offers.list.length}${offer.finish ? `: ${offer.text}` : ", being written"}`,
              "aria-describedby": "desk-offer-help",
              pointermove: (event) => hover(desk, offer, event),
              pointerleave: () => leaveOffer(desk),
              click: (event) => click(desk, offer, event),
              keydown: (event) => offerKey(desk, offer, event),
              focus: () => {
                view.cut = { key: offer.key, end: offer.text.length };
                desk.draw();
              },
              blur: () => leaveOffer(desk),
            },
            h("span", { class: "kept" }, onOneLine(offer.text.slice(0, end))),
            h("span", { class: "rest" }, onOneLine(offer.text.slice(end))),
            !offer.finish && offers.busy && h("span", { class: "pen", "aria-hidden": "true" }),
          ),
          h(
            "div",
            { class: "offer-tools" },
            h(
              "button",
              { type: "button", class: "quiet", click: () => takeOffer(desk, offer, offer.text.length) },
              "Take all",
            ),
            h(
              "button",
              { type: "button", class: "quiet", "aria-pressed": String(offer.pinned), click: () => offers.pin(offer) },
              offer.pinned ? "Pinned" : "Pin",
            ),
            h("span", { class: "quiet" }, cut && !last ? chanceInWords(offer, end) : (ENDS[offer.finish ?? ""] ?? "")),
          ),
        );
      }),
    ),
    !offers.busy &&
      h(
        "p",
        { class: "offers-foot", key: "foot" },
        h("button", { type: "button", class: "quiet", click: () => desk.commands.reroll.run() }, anewInWords(desk)),
        h("button", { type: "button", class: "quiet", click: () => desk.commands.stop.run() }, "Put away"),
        h(
          "span",
          { class: "quiet hint", id: "desk-offer-help" },
          "Click a word to take up to there, with Shift a single letter. By keyboard: ← → and Enter.",
        ),
      ),
  ];
}

/** Line ends as marks, so that a list of continuations stays a list. @param {string} text @returns {Child[]} */
function onOneLine(text) {
  return text
    .split(/(\n+)/)
    .map((part) =>
      part.startsWith("\n") ? h("span", { class: "line-end", "data-marks": "¶".repeat(part.length) }, part) : part,
    );
}

/** @param {Desk} desk */
function stateInWords({ offers }) {
  if (offers.phase === "stopping") return "Stopping…";
  if (offers.phase === "overfitting") return `Overfitting first, about ${Math.ceil(offers.overfitting ?? 1)} s…`;
  if (offers.phase !== "queued") return "";
  return offers.ahead > 0 ? `Waiting: ${count(offers.ahead, "request")} before this one.` : "Asking the model…";
}

/** @param {Desk} desk */
function anewInWords({ offers }) {
  const pinned = offers.list.filter((offer) => offer.pinned).length;
  return pinned ? "Draw the rest anew" : "Draw anew";
}

/** @param {Offer} offer @param {number} end */
function chanceInWords(offer, end) {
  const at = offer.ends.findIndex((place) => place >= end);
  const chance = offer.chances[at];
  return chance === undefined ? "" : `this token: ${percent(chance)}`;
}

/** @param {Desk} desk @param {Offer} offer @param {PointerEvent} event */
function hover(desk, offer, event) {
  if (event.pointerType === "touch") return;
  const end = placeOf(offer, event);
  if (end === null || (desk.view.cut?.key === offer.key && desk.view.cut.end === end)) return;
  desk.view.cut = { key: offer.key, end };
  desk.draw();
}

/** @param {Desk} desk */
function leaveOffer(desk) {
  desk.view.cut = null;
  desk.draw();
}

/** @param {Desk} desk @param {Offer} offer @param {MouseEvent} event */
function click(desk, offer, event) {
  const end = event.detail === 0 ? offer.text.length : placeOf(offer, event);
  if (end !== null) takeOffer(desk, offer, end);
}

/**
 * Where a continuation would be cut at the pointer.
 *
 * @param {Offer} offer
 * @param {MouseEvent} event
 */
function placeOf(offer, event) {
  const home = /** @type {HTMLElement} */ (event.currentTarget ?? event.target);
  const found = caretAt(event.clientX, event.clientY);
  if (!found || !home.contains(found.node)) return null;
  const before = document.createRange();
  before.setStart(home, 0);
  before.setEnd(found.node, 0);
  // The nearest place may be behind the letter that the pointer is on: that letter is meant all the same.
  const range = document.createRange();
  range.setStart(found.node, 0);
  range.setEnd(found.node, found.offset);
  const rect = [...range.getClientRects()].at(-1);
  const past = rect !== undefined && found.offset > 0 && event.clientX < rect.right && event.clientY < rect.bottom;
  return endAt(offer, before.toString().length + found.offset - (past ? 1 : 0), event.shiftKey);
}

/** @param {Desk} desk @param {Offer} offer @param {number} end */
async function takeOffer(desk, offer, end) {
  if (end <= 0) return;
  desk.view.cut = null;
  const at = await desk.offers.accept(offer, end);
  if (at === null) return;
  desk.put(at);
  if (desk.likes.quick) desk.commands.generate.run();
}

/** @param {Desk} desk @param {Offer} offer @param {KeyboardEvent} event */
function offerKey(desk, offer, event) {
  const { view, offers } = desk;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const from = view.cut?.key === offer.key ? view.cut.end : offer.text.length;
  const move = (/** @type {number} */ end) => {
    view.cut = { key: offer.key, end };
    desk.draw();
    const word = offer.text.slice(movedEnd(offer, end, -1, event.shiftKey), end).trim();
    desk.say(end ? `Up to “${word}”. Enter takes it.` : "Nothing of it.");
  };
  const step = (/** @type {number} */ by) => {
    const next = offers.list[offers.list.indexOf(offer) + by];
    if (next) focusOffer(desk, next);
    else if (by < 0) desk.put(offers.at);
  };
  /** @type {Record<string, () => void>} */
  const acts = {
    ArrowRight: () => move(movedEnd(offer, from, 1, event.shiftKey)),
    ArrowLeft: () => move(movedEnd(offer, from, -1, event.shiftKey)),
    Home: () => move(movedEnd(offer, 0, 1, event.shiftKey)),
    End: () => move(offer.text.length),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => takeOffer(desk, offer, from),
    " ": () => takeOffer(desk, offer, from),
    p: () => offers.pin(offer),
    r: () => desk.commands.reroll.run(),
  };
  const number = /^[1-9]$/.test(event.key) ? offers.list[Number(event.key) - 1] : undefined;
  const act = number ? () => takeOffer(desk, number, number.text.length) : acts[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

/** @param {Desk} desk @param {Offer} offer */
export function focusOffer(desk, offer) {
  const element = /** @type {HTMLElement | null} */ (desk.root.querySelector(`[data-offer="${offer.key}"]`));
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "nearest" });
}
