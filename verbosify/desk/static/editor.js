// The text, to be written in: two voices, tints and a place that opens for continuations, and always plain text. What the
// browser does to it is read back; all else, undo too, is done by whoever owns the text. Knows no model.

/**
 * A stretch of the text as it is shown; `source` tells the model's words from the writer's.
 *
 * @typedef {{ text: string, className: string, start: number }} Run
 */

/**
 * @typedef {object} Editor
 * @property {() => string} text what stands in it
 * @property {() => { start: number, end: number }} selection the last one within the text
 * @property {(runs: Run[], opening?: { at: number, height: number } | null) => void} show
 * @property {(start: number, end?: number) => void} select
 * @property {(at: number) => DOMRect} place where a place of the text is on the screen
 * @property {(x: number, y: number) => number | null} at the place of the text at a point of the screen
 * @property {(height: number) => void} open has the opening, if there is one, be so high
 * @property {() => number} opening how far down the opening is, 0 if there is none
 * @property {() => boolean} composing whether an input method is at work
 */

/**
 * Makes an element an editor.
 *
 * @param {HTMLElement} element
 * @param {{ typed: (text: string, caret: number) => void, moved: (start: number, end: number) => void,
 *   insert: (text: string) => void, undo: () => void, redo: () => void }} owner
 * @returns {Editor}
 */
export function makeEditor(element, owner) {
  let composing = false;
  let selection = { start: 0, end: 0 };
  let pressed = false;
  element.contentEditable = "plaintext-only";
  if (element.contentEditable !== "plaintext-only") element.contentEditable = "true";

  element.addEventListener("beforeinput", (event) => {
    const act = actFor(event);
    if (!act) return;
    event.preventDefault();
    act();
  });
  element.addEventListener("compositionstart", () => {
    composing = true;
  });
  element.addEventListener("compositionend", () => {
    composing = false;
    heard();
  });
  element.addEventListener("input", () => {
    if (!composing) heard();
  });
  document.addEventListener("selectionchange", () => {
    const now = selected();
    if (!now || composing || (now.start === selection.start && now.end === selection.end)) return;
    selection = now;
    owner.moved(now.start, now.end);
  });

  function heard() {
    selection = selected() ?? selection;
    owner.typed(textOf(element), selection.end);
  }

  /** @param {InputEvent} event @returns {(() => void) | null} */
  function actFor(event) {
    const pasted = event.dataTransfer?.getData("text/plain").replace(/\r\n?/g, "\n");
    if (event.inputType === "historyUndo") return () => owner.undo();
    if (event.inputType === "historyRedo") return () => owner.redo();
    if (event.inputType === "insertParagraph" || event.inputType === "insertLineBreak") return () => owner.insert("\n");
    if (pasted !== undefined && /^insert(FromPaste|FromDrop|FromYank|ReplacementText)$/.test(event.inputType)) {
      const [range] = event.getTargetRanges();
      if (range)
        selection = {
          start: offsetOf(element, range.startContainer, range.startOffset),
          end: offsetOf(element, range.endContainer, range.endOffset),
        };
      return () => owner.insert(pasted);
    }
    if (event.inputType.startsWith("format")) return () => {};
    return null;
  }

  // Without the focus it is ours to remember: where the text is laid anew, the browser's goes to its beginning.
  function selected() {
    return document.activeElement === element ? chosenNow() : null;
  }

  function chosenNow() {
    const chosen = document.getSelection();
    if (!chosen?.anchorNode || !chosen.focusNode || !element.contains(chosen.anchorNode)) return null;
    if (!element.contains(chosen.focusNode)) return null;
    const anchor = offsetOf(element, chosen.anchorNode, chosen.anchorOffset);
    const focus = offsetOf(element, chosen.focusNode, chosen.focusOffset);
    return { start: Math.min(anchor, focus), end: Math.max(anchor, focus) };
  }

  /** @param {number} start @param {number} [end] */
  function select(start, end = start) {
    selection = { start, end };
    if (document.activeElement !== element) return;
    const [from, to] = [pointOf(element, start), pointOf(element, end)];
    document.getSelection()?.setBaseAndExtent(from.node, from.offset, to.node, to.offset);
  }

  element.addEventListener("blur", () => {
    selection = chosenNow() ?? selection;
  });
  element.addEventListener("mousedown", () => {
    pressed = document.activeElement !== element;
  });
  element.addEventListener("focus", () => {
    if (!pressed) select(selection.start, selection.end);
    pressed = false;
  });

  return {
    text: () => textOf(element),
    // Asked for now: the browser tells of a change only a moment later.
    selection() {
      selection = selected() ?? selection;
      return selection;
    },
    select,
    composing: () => composing,
    open(height) {
      const opening = /** @type {HTMLElement | null} */ (element.querySelector(".opening"));
      if (opening) setHeight(opening, height);
    },
    opening: () => /** @type {HTMLElement | null} */ (element.querySelector(".opening"))?.offsetTop ?? 0,
    show(runs, opening = null) {
      if (composing) return;
      if (lay(element, runs, opening)) select(selection.start, selection.end);
    },
    place(at) {
      const { node, offset } = pointOf(element, at);
      const range = document.createRange();
      range.setStart(node, offset);
      const rect = range.getClientRects()[0];
      if (rect) return rect;
      return (
        node instanceof Element ? (node.children[offset] ?? node) : (node.parentElement ?? element)
      ).getBoundingClientRect();
    },
    at(x, y) {
      const found = caretAt(x, y);
      return found && element.contains(found.node) ? offsetOf(element, found.node, found.offset) : null;
    },
  };
}

/**
 * The place in a text node that is nearest to a point of the screen.
 *
 * @param {number} x
 * @param {number} y
 * @returns {{ node: Node, offset: number } | null}
 */
export function caretAt(x, y) {
  if (document.caretPositionFromPoint) {
    const found = document.caretPositionFromPoint(x, y);
    return found && { node: found.offsetNode, offset: found.offset };
  }
  const range = document.caretRangeFromPoint?.(x, y);
  return range ? { node: range.startContainer, offset: range.startOffset } : null;
}

/**
 * Has the element hold these runs; whether anything had to be changed.
 *
 * @param {HTMLElement} element
 * @param {Run[]} runs
 * @param {{ at: number, height: number } | null} opening
 */
function lay(element, runs, opening) {
  const wanted = pieces(runs, opening);
  const present = [...element.childNodes];
  const same = (/** @type {number} */ at) =>
    at < wanted.length && at < present.length && isSame(present[at], wanted[at]);
  let first = 0;
  while (same(first)) first += 1;
  if (first === wanted.length && first === present.length) return false;
  let left = wanted.length;
  let kept = present.length;
  while (left > first && kept > first && isSame(present[kept - 1], wanted[left - 1])) {
    left -= 1;
    kept -= 1;
  }
  const after = present[kept] ?? null;
  for (const node of present.slice(first, kept)) node.remove();
  for (const piece of wanted.slice(first, left)) element.insertBefore(made(piece), after);
  return true;
}

/** @typedef {{ tag: "span" | "br" | "opening", text: string, className: string, height: number }} Piece */

/** @param {Run[]} runs @param {{ at: number, height: number } | null} opening @returns {Piece[]} */
function pieces(runs, opening) {
  /** @type {Piece[]} */
  const wanted = [];
  const open = opening && {
    tag: /** @type {const} */ ("opening"),
    text: "",
    className: "opening",
    height: opening.height,
  };
  let opened = !open;
  for (const { text, className, start } of runs) {
    const at = opening ? opening.at - start : -1;
    const parts = !opened && at >= 0 && at < text.length ? [text.slice(0, at), text.slice(at)] : [text];
    parts.forEach((part, index) => {
      if (open && parts.length === 2 && index === 1) {
        wanted.push(open);
        opened = true;
      }
      if (part) wanted.push({ tag: "span", text: part, className, height: 0 });
    });
  }
  // With something behind it a last line that is empty is there to be seen, and the browser need not put in its own.
  wanted.push({ tag: "br", text: "", className: "end", height: 0 });
  if (open && !opened) wanted.push(open);
  return wanted;
}

/** @param {Node} node @param {Piece} piece */
function isSame(node, piece) {
  if (!(node instanceof HTMLElement) || node.className !== piece.className) return false;
  if (piece.tag === "br") return node.tagName === "BR";
  if (node.tagName !== "SPAN" || node.textContent !== piece.text) return false;
  if (piece.tag === "opening") return true; // its height goes its own way
  return node.childNodes.length === 1 && node.firstChild?.nodeType === Node.TEXT_NODE;
}

/** @param {Piece} piece */
function made({ tag, text, className, height }) {
  const element = document.createElement(tag === "br" ? "br" : "span");
  element.className = className;
  element.textContent = text;
  if (tag === "opening") {
    element.contentEditable = "false";
    setHeight(element, height);
    element.setAttribute("aria-hidden", "true");
  }
  return element;
}

/** @param {HTMLElement} opening @param {number} height */
function setHeight(opening, height) {
  opening.style.height = `${height}px`;
}

/** @param {Node} node @returns {string} */
function textOf(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.nodeValue ?? "";
  if (node instanceof HTMLElement && node.classList.contains("opening")) return "";
  if (node.nodeName === "BR") return /** @type {HTMLElement} */ (node).className === "end" ? "" : "\n";
  let text = "";
  for (const child of node.childNodes) text += textOf(child);
  return text;
}

/**
 * How much text stands before a point of the element.
 *
 * @param {Node} root
 * @param {Node} node
 * @param {number} offset
 * @returns {number}
 */
function offsetOf(root, node, offset) {
  let count = node.nodeType === Node.TEXT_NODE ? offset : 0;
  if (node.nodeType !== Node.TEXT_NODE)
    for (const child of [...node.childNodes].slice(0, offset)) count += textOf(child).length;
  for (let at = node; at !== root && at.parentNode; at = at.parentNode) {
    for (let before = at.previousSibling; before; before = before.previousSibling) count += textOf(before).length;
  }
  return count;
}

/** @param {Node} root @param {number} offset @returns {{ node: Node, offset: number }} */
function pointOf(root, offset) {
  let left = offset;
  for (const node of textNodes(root)) {
    const length = node.data.length;
    // At the border of two runs the earlier one, but for a line's end: there the caret stands where one would type.
    if (left < length || (left === length && !node.data.endsWith("\n"))) return { node, offset: left };
    left -= length;
  }
  const end = root.childNodes.length;
  return { node: root, offset: root.lastChild?.nodeName === "BR" ? end - 1 : end };
}

/** @param {Node} root @returns {Text[]} */
function textNodes(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(/** @type {Text} */ (walker.currentNode));
  return nodes;
}
