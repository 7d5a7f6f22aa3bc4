// What several parts of the desk do alike: overfit, download, and a passage to overfit on.

/** @import { Desk } from "./desk.js" */

/**
 * What an overfit would be on: the selection, or else the three sentences that end with the one the caret is in.
 *
 * @param {string} text
 * @param {{ start: number, end: number }} selection
 */
export function passageAt(text, { start, end }) {
  if (end > start && text.slice(start, end).trim()) return text.slice(start, end).trim();
  const sentences = Array.from(new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(text)).filter(
    ({ index, segment }) => index < Math.max(end, 1) && segment.trim(),
  );
  const last = sentences.at(-1);
  const passage = last ? text.slice(sentences.at(-3)?.index ?? 0, last.index + last.segment.length) : "";
  // Of one paragraph: that of the last sentence.
  return (
    passage
      .trim()
      .split(/\n\s*\n/)
      .at(-1) ?? ""
  ).trim();
}

/** @param {Desk} desk */
export async function overfitOn(desk, text = passageAt(desk.writing.text, desk.editor.selection())) {
  const { view } = desk;
  if (!text) return desk.say("Write or select something first, to overfit on.");
  if (view.overfitting) return;
  view.overfitting = { text, elapsed: 0, seconds: 0, job: "" };
  desk.draw();
  const { id, steering_revision } = desk.writing.draft;
  const recipe = view.recipe ?? "classic";
  const strength = recipe === "original" ? 1 : (view.strength ?? 1);
  /** @type {any} */
  let made = null;
  const asked = { draft: id, steering_revision, text, recipe, strength };
  const stream = desk.transport.stream("overfit", asked, (name, data) => {
    if (!view.overfitting) return;
    if (name === "queued") Object.assign(view.overfitting, { job: data.job, ahead: data.ahead });
    if (name === "started") view.overfitting.seconds = data.seconds;
    if (name === "progress") view.overfitting.elapsed = data.elapsed;
    if (name === "done") made = data.draft;
    desk.draw();
  });
  try {
    await stream.done;
  } catch (error) {
    desk.say(error instanceof Error ? error.message : String(error));
  }
  view.overfitting = null;
  if (made) {
    await desk.writing.replace(made);
    desk.say(`Overfitted on “${shortened(text, 40)}”. These weights are in force until you choose others.`);
    desk.seeing.moved();
  }
  view.overfits = null;
  desk.draw();
}

/** @param {string} text @param {number} most */
export function shortened(text, most) {
  const line = text.replace(/\s+/g, " ").trim();
  const letters = Array.from(line);
  return letters.length > most ? `${letters.slice(0, most).join("").trimEnd()}…` : line;
}

/** @param {Desk} desk @param {string} verb @param {object} [more] */
export async function download(desk, verb, more = {}) {
  await desk.writing.save();
  const made = await desk.ask(verb, { draft: desk.writing.draft.id, ...more });
  if (!made) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([made.text], { type: "text/plain" }));
  link.download = made.filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  desk.say(`Exported as ${made.filename}.`);
}
