// A field that keeps what is being typed into it, however often all around it is drawn anew.

/** @import { Desk } from "./desk.js" */

/**
 * The attributes of such a field.
 *
 * @param {Desk} desk
 * @param {string} name unlike any other's
 * @param {string} value what it says while nobody types
 * @param {(typed: string) => void} changed called when one has typed and leaves it
 */
export function held(desk, name, value, changed) {
  const { view } = desk;
  view.typed ??= {};
  return {
    value: view.typed[name] ?? value,
    input: (/** @type {any} */ event) => {
      view.typed[name] = event.target.value;
    },
    change: (/** @type {any} */ event) => {
      delete view.typed[name];
      changed(event.target.value);
    },
    blur: () => {
      delete view.typed[name];
      desk.draw();
    },
  };
}
