// The desk: the text in the middle, a line above it, a line below it, and a panel beside it where one is wanted. Ties the
// parts together; what each does is theirs.

import { build, h, patch } from "../../web/js/kit.js";
import { commandsOf, keyListener } from "./commands.js";
import { dialogsOf } from "./dialogs.js";
import { keptAs } from "./draft.js";
import { makeEditor } from "./editor.js";
import { footer, header } from "./frame.js";
import { makeKeeper, nameTab } from "./keep.js";
import { offerList } from "./offerlist.js";
import { Offers } from "./offers.js";
import { panelOf } from "./panels.js";
import { asProblem } from "./problems.js";
import { runsOf } from "./runs.js";
import { Seeing } from "./seeing.js";
import { Writing } from "./writing.js";

/** @import { Editor } from "./editor.js" */
/** @import { Transport } from "./http.js" */
/** @import { Keeper } from "./keep.js" */
/** @import { Conflict, Draft } from "./draft.js" */

/** @typedef {"" | "tokens" | "tree" | "steering" | "prompt" | "weights"} PanelName */
/** @typedef {"" | "map" | "drafts" | "compare" | "conflict" | "pick"} DialogName */

/**
 * What the parts share.
 *
 * @typedef {object} Desk
 * @property {HTMLElement} root
 * @property {Transport} transport
 * @property {Record<string, any>} hello
 * @property {Keeper} keeper
 * @property {Editor} editor
 * @property {Writing} writing
 * @property {Offers} offers
 * @property {Seeing} seeing
 * @property {{ quick: boolean, rounds: number, tokensOnly: boolean, theme: string, panel: PanelName }} likes
 * @property {Record<string, any> & { dialog: DialogName, cut: { key: string, end: number } | null }} view
 * @property {Record<string, import("./commands.js").Command>} commands
 * @property {() => void} draw
 * @property {(message: string) => void} say
 * @property {(verb: string, body?: object) => Promise<any>} ask an answer, or null and it is told why
 * @property {(verb: string, body: object) => Promise<boolean>} steer changes that are of steering and weights
 * @property {(id: number) => Promise<void>} open
 * @property {(draft: Draft) => Promise<void>} show
 * @property {(likes: object) => void} like
 * @property {(name: PanelName, toggle?: boolean) => void} panel
 * @property {(name: DialogName) => void} dialog
 * @property {(at: number | null) => void} put the caret, and the focus, into the text
 */

/**
 * Builds the desk in an element.
 *
 * @param {HTMLElement} root
 * @param {Transport} transport
 * @param {Record<string, any>} hello what the desk said at first
 * @returns {Promise<Desk>}
 */
export async function mountDesk(root, transport, hello) {
  const { tab, alive } = await nameTab();
  const keeper = makeKeeper(localStorage, tab);
  const likes = { quick: false, rounds: 1, tokensOnly: false, theme: "", panel: "", ...keeper.liking("likes", {}) };
  const { parts, text } = skeleton(root);
  /** @type {{ cancel: () => void } | null} */
  let watching = null;
  let drawing = false;
  /** @type {Promise<any>} */
  let steering = Promise.resolve();
  /** @type {Desk} */
  const desk = Object.assign(Object.create(null), {
    root,
    transport,
    hello,
    keeper,
    likes,
    view: { dialog: "", cut: null },
    say: (/** @type {string} */ message) => patch(parts.status, message),
    draw() {
      if (drawing) return;
      drawing = true;
      queueMicrotask(() => {
        drawing = false;
        draw();
      });
    },
    async ask(/** @type {string} */ verb, body = {}) {
      try {
        return await transport.call(verb, body);
      } catch (error) {
        desk.say(asProblem(error).message);
        return null;
      }
    },
    steer(/** @type {string} */ verb, /** @type {object} */ body) {
      // One after another, each on what the one before has made.
      const done = steering.then(() => steerNow(verb, body));
      steering = done.catch(() => {});
      return done;
    },
    async open(/** @type {number} */ id) {
      const draft = await desk.ask("open", { draft: id });
      if (draft) await desk.show(draft);
    },
    show,
    like(/** @type {object} */ changes) {
      Object.assign(likes, changes);
      keeper.like("likes", likes);
      desk.draw();
    },
    panel(/** @type {PanelName} */ name, toggle = true) {
      desk.like({ panel: toggle && likes.panel === name ? "" : name });
      desk.seeing.listing = likes.panel === "tokens";
      desk.seeing.moved();
    },
    dialog(/** @type {DialogName} */ name) {
      desk.view.dialog = name;
      desk.draw();
    },
    put(/** @type {number | null} */ at) {
      if (at === null) return;
      draw();
      text.focus({ preventScroll: true });
      desk.editor.select(at);
      desk.seeing.moved(at);
      into(parts.page, desk.editor.place(at));
    },
  });

  desk.editor = makeEditor(text, {
    typed(now, caret) {
      desk.writing.typed(now, caret);
      desk.seeing.typed(Math.max(0, caret - 1));
      desk.seeing.moved(caret);
      if (desk.offers.shown && !desk.offers.busy) desk.offers.fold();
    },
    moved(start, end) {
      desk.seeing.moved(end);
      desk.view.selection = { start, end };
      desk.draw();
    },
    insert(added) {
      const { start, end } = desk.editor.selection();
      const now = desk.writing.text.slice(0, start) + added + desk.writing.text.slice(end);
      desk.writing.typed(now, start + added.length);
      desk.seeing.typed(start);
      if (desk.offers.shown && !desk.offers.busy) desk.offers.fold();
      desk.put(start + added.length);
    },
    undo: () => desk.writing.step(-1),
    redo: () => desk.writing.step(1),
  });
  desk.commands = commandsOf(desk);
  root.addEventListener("keydown", keyListener(desk));
  const dialogs = dialogsOf(desk);
  root.append(...dialogs.elements);
  new ResizeObserver(() => desk.editor.open(parts.offers.offsetHeight)).observe(parts.offers);
  addEventListener("pagehide", () => desk.writing.leave());
  text.addEventListener("blur", () => desk.writing.save());

  /** @param {string} verb @param {object} body @returns {Promise<boolean>} */
  async function steerNow(verb, body, again = true) {
    const { id, steering_revision } = desk.writing.draft;
    try {
      await desk.writing.replace(await transport.call(verb, { draft: id, steering_revision, ...body }));
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code !== "conflict" || !again) {
        desk.say(problem.message);
        return false;
      }
      // Another tab steered meanwhile: what it changed stays, but for what we change now.
      await desk.writing.replace(problem.more.current);
      return steerNow(verb, body, false);
    }
    desk.seeing.moved();
    return true;
  }

  /** @param {Draft} draft */
  async function show(draft) {
    if (desk.writing) await desk.writing.save();
    watching?.cancel();
    const { changed, say } = { changed: desk.draw, say: desk.say };
    desk.writing = new Writing(transport, keeper, draft, {
      changed,
      say,
      moved(edit) {
        desk.seeing.moved(edit ? edit.at + edit.added.length : undefined);
        desk.seeing.typed(edit?.at ?? 0);
        if (desk.offers.shown && !desk.offers.busy && desk.offers.node !== desk.writing.draft.node) desk.offers.fold();
        if (edit && root.contains(document.activeElement) && !desk.view.dialog) {
          draw();
          desk.editor.select(Math.min(edit.at + edit.added.length, desk.writing.text.length));
        }
      },
      conflict(/** @type {Conflict} */ conflict) {
        desk.view.conflict = conflict;
        desk.dialog("conflict");
      },
    });
    desk.offers = new Offers(transport, desk.writing, { changed, say });
    const { listing, look, top } = desk.seeing ?? { listing: likes.panel === "tokens", look: "", top: 100 };
    desk.seeing = Object.assign(new Seeing(transport, desk.writing, changed), { listing, look, top });
    desk.view = { dialog: "", cut: null };
    if (!hello.widget) history.replaceState(null, "", `#draft=${draft.id}`);
    await desk.writing.learn();
    await desk.writing.replace(draft);
    const left = keeper.left(keptAs(draft), await alive());
    await desk.writing.restore(left);
    keeper.forget(left);
    draw();
    desk.editor.select(desk.writing.text.length);
    desk.seeing.moved(desk.writing.text.length);
    watch();
  }

  function watch() {
    const { writing } = desk;
    const stream = transport.stream("watch", { draft: writing.draft.id }, (_, seen) => writing.heard(seen));
    watching = stream;
    const again = () => {
      if (desk.writing === writing && watching === stream) setTimeout(() => desk.writing === writing && watch(), 2000);
    };
    stream.done.then(again, again);
  }

  function draw() {
    const { writing, offers, seeing } = desk;
    const theme = likes.theme || hello.theme;
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    root.dataset.look = seeing.look;
    const opening = offers.shown ? { at: offers.at, height: parts.offers.offsetHeight } : null;
    desk.editor.show(
      runsOf(writing.text, writing.spans, { look: seeing.look, tints: seeing.tints, seen: seeing.seen }),
      opening,
    );
    text.classList.toggle("empty", writing.text === "" && !offers.shown);
    patch(parts.top, header(desk));
    patch(parts.offers, offers.shown ? offerList(desk) : null);
    if (offers.shown) parts.offers.style.setProperty("--top", `${desk.editor.opening()}px`);
    patch(parts.side, panelOf(desk));
    parts.side.hidden = !likes.panel;
    patch(parts.bar, footer(desk));
    dialogs.draw();
  }

  const wanted = Number(/draft=(\d+)/.exec(hello.widget ? "" : location.hash)?.[1] ?? hello.draft);
  const first = (await desk.ask("open", { draft: wanted })) ?? (await transport.call("open", { draft: hello.draft }));
  await show(first);
  desk.put(desk.writing.text.length);
  return desk;
}

/** @param {HTMLElement} root */
function skeleton(root) {
  root.classList.add("desk");
  const part = (/** @type {string} */ tag, /** @type {any} */ attributes) => build(h(tag, attributes));
  const parts = {
    top: part("header", { class: "top" }),
    page: part("main", { class: "page" }),
    offers: part("section", { class: "offers", "aria-label": "Continuations" }),
    side: part("aside", { class: "side", "aria-label": "Panel" }),
    bar: part("footer", { class: "bar" }),
    status: part("p", { class: "status", role: "status" }),
  };
  const text = part("div", {
    class: "text",
    role: "textbox",
    "aria-multiline": "true",
    "aria-label": "Your text",
    tabindex: "0",
    spellcheck: "false",
    "data-placeholder": "Write. Ctrl+Enter goes on from the cursor.",
  });
  const sheet = part("div", { class: "sheet" });
  sheet.append(text, parts.offers);
  parts.page.append(sheet);
  const room = part("div", { class: "room" });
  room.append(parts.page, parts.side);
  root.append(parts.top, room, parts.status, parts.bar);
  return { parts, text };
}

/** Scrolls a page so that a place of it is seen. @param {HTMLElement} page @param {DOMRect} place */
function into(page, place) {
  const seen = page.getBoundingClientRect();
  const margin = Math.min(120, seen.height / 4);
  if (place.bottom > seen.bottom - margin) page.scrollTop += place.bottom - seen.bottom + margin;
  else if (place.top < seen.top + margin / 2) page.scrollTop -= seen.top + margin / 2 - place.top;
}
