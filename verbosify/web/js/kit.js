// The DOM kit of all our pages and widgets: say what shall stand in an element, and only what differs is touched.
// All text goes in as text, never as HTML, since essays and samples are data.

/** @typedef {(event: any) => void} Listener */
/** @typedef {string | number | boolean | null | undefined | Listener} Value */

/**
 * An element that is wanted; nothing of the page yet.
 *
 * @typedef {object} Wanted
 * @property {string} tag
 * @property {string | number | undefined} key
 * @property {Map<string, string | boolean>} attributes
 * @property {Map<string, Listener>} listeners
 * @property {(Wanted | string)[]} children
 */
/** @typedef {Wanted | string | number | false | null | undefined | Child[]} Child */

// What a person changes lives in properties, of which the attribute is but the first value.
const LIVE = new Set(["checked", "selected", "value"]);

/** @type {WeakMap<Node, Wanted>} */
const known = new WeakMap();

/**
 * Describes an element. Functions among the attributes are listeners, by the event's name; true stands for an attribute
 * without a value, and false, null and undefined for none. `key` names the element among its siblings, so that it stays
 * the same one, with its focus and its scroll position, wherever it moves and whatever it says. A name that begins with
 * two dashes is a variable of its style, which a strict policy lets scripts set, and only them.
 *
 * @param {string} tag
 * @param {Record<string, Value>} attributes
 * @param {...Child} children
 * @returns {Wanted}
 */
export function h(tag, { key, ...attributes } = {}, ...children) {
  /** @type {Wanted} */
  const wanted = { tag, key: keyOf(key), attributes: new Map(), listeners: new Map(), children: flat(children) };
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") wanted.listeners.set(name, value);
    else if (typeof value === "boolean" && (value || LIVE.has(name))) wanted.attributes.set(name, value);
    else if (typeof value === "string" || typeof value === "number") wanted.attributes.set(name, String(value));
  }
  return wanted;
}

/** @param {Value} key */
function keyOf(key) {
  return typeof key === "string" || typeof key === "number" ? key : undefined;
}

/** @param {Child[]} children @returns {(Wanted | string)[]} */
function flat(children) {
  return children.flatMap((child) => {
    if (Array.isArray(child)) return flat(child);
    if (child === null || child === undefined || child === false || child === "") return [];
    return typeof child === "number" ? String(child) : child;
  });
}

/**
 * Makes a new element.
 *
 * @param {Wanted} wanted
 * @returns {HTMLElement}
 */
export function build(wanted) {
  const element = document.createElement(wanted.tag);
  update(element, wanted);
  return element;
}

/**
 * Lets `parent` hold these children and no others. An element that was made here before is taken again for a child of
 * the same tag and key; without keys, for the next of the same tag. What had the focus has it afterwards, if it is still
 * there.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function patch(parent, ...children) {
  const root = parent.getRootNode();
  const focused = root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null;
  arrange(parent, flat(children));
  if (focused instanceof HTMLElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

/** @param {Element} parent @param {(Wanted | string)[]} children */
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

/** @param {Node} node @param {Wanted | string} child */
function fits(node, child) {
  if (typeof child === "string") return node.nodeType === Node.TEXT_NODE;
  const made = known.get(node);
  return made !== undefined && made.tag === child.tag && made.key === child.key;
}

/** @param {HTMLElement} element @param {Wanted} wanted */
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

/** @param {any} element @param {string} name @param {string | boolean} value */
function set(element, name, value) {
  const text = value === true ? "" : value;
  if (name.startsWith("--")) element.style.setProperty(name, text);
  else if (LIVE.has(name) && name in element) {
    if (element[name] !== value) element[name] = value;
  } else if (text !== false && element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/**
 * One listener for all events of an element that is wanted: it asks what is wanted now.
 *
 * @this {HTMLElement}
 * @param {Event} event
 */
function heard(event) {
  known.get(this)?.listeners.get(event.type)?.(event);
}

/**
 * The element of that id, which the page must have.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element #${id}.`);
  return element;
}
