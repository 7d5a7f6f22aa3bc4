// The essay's shape as two paths of an SVG: its own words above a line, generated ones below it, by their number.
// shape.py draws the same for the page without a script.

/**
 * @param {{ words: number, between: number[], ends: number[] }} words how the essay's own words lie between its gaps
 * @param {number[]} added how many words stand in each gap
 */
export function shapePaths({ words, between, ends }, added) {
  const pause = Math.max(2, Math.floor((words + 75) / 150));
  const last = new Set(ends);
  /** @type {string[]} */
  const human = [];
  /** @type {string[]} */
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
