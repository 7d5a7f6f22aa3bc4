// A draft as the server tells it, and how one stands to the server. Knows no page.

/** @import { Edit } from "./edits.js" */

/** @typedef {Record<string, any> & { id: number, node: number, text: string, revision: number, created: string }} Draft */
/**
 * Another tab has moved the draft on: where it stands now, and our own words, which began at a node of before.
 *
 * @typedef {{ current: Draft, yours: string, node: number }} Conflict
 */

/** @typedef {"saved" | "unsaved" | "away" | "login"} Link */

/**
 * @typedef {object} Hooks
 * @property {() => void} changed something differs: draw
 * @property {(edit: Edit | null) => void} moved the text is another, not by typing
 * @property {(conflict: Conflict) => void} conflict
 * @property {(message: string) => void} say
 */

/**
 * Answers may come in another order than they were given: of each kind of thing that they tell, the newest.
 *
 * @param {Draft} ours
 * @param {Draft} theirs
 * @returns {Draft}
 */
export function newest(ours, theirs) {
  const { node, text, revision, can_undo, can_redo } = theirs.revision >= ours.revision ? theirs : ours;
  const steered = theirs.steering_revision >= ours.steering_revision ? theirs : ours;
  const { steering, weights, model, steering_revision } = steered;
  const moved = { node, text, revision, can_undo, can_redo };
  return { ...theirs, ...moved, steering, weights, model, steering_revision };
}

/** What the browser keeps a draft's words under. @param {Draft} draft */
export function keptAs({ id, created }) {
  return `${id}@${created}`;
}

/** Whether an act puts words of the model's into the text. @param {string} verb */
export function givesWords(verb) {
  return verb === "accept" || verb === "take" || verb === "swap";
}
