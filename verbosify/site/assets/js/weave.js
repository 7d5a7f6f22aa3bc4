// Puts generated sentences into the essay, and takes them out again. All text goes in as text, never as HTML.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function gapElement(piece, gap) {
  return document.getElementById(`gap-${piece.gaps[gap].p}`);
}

// Shows what stands in a gap: a caret to choose by, and each sentence in an element of its own.
function weave(piece, gap, standing, { fresh = false } = {}) {
  const element = gapElement(piece, gap);
  const units = unitsOf(piece, gap, standing);
  const caret = make(
    "button",
    {
      type: "button",
      class: units.length ? "mark" : "mark empty",
      "data-gap": gap,
      "aria-haspopup": "dialog",
      "aria-label": `Gap ${gap + 1} of ${piece.gaps.length}: ${units.length ? "change what stands here" : "add a sentence"}`,
    },
    "^",
  );
  const parts = [];
  if (units.length) {
    const said = make("span", { class: fresh ? "machine fresh" : "machine", dir: "auto" }, caret);
    units.forEach((unit, number) => {
      if (number && /\s$/.test(units[number - 1])) said.append(" ");
      said.append(make("span", { class: "said" }, unit.trim()));
    });
    parts.push(element.dataset.spaced === "no" ? "" : " ", said);
  } else {
    parts.push(caret);
  }
  const focused = element.contains(document.activeElement);
  element.replaceChildren(...parts);
  if (focused) caret.focus({ preventScroll: true });
}

// The essay as plain text, as it stands on the page.
function essayText(article, title) {
  const paragraphs = [title];
  for (const block of article.children) {
    if (block.classList.contains("original")) continue;
    const copy = block.cloneNode(true);
    copy.querySelectorAll(".mark").forEach((mark) => mark.remove());
    copy.querySelectorAll("li, tr").forEach((row) => row.append("\n"));
    copy.querySelectorAll("th, td").forEach((cell) => cell.append("\t"));
    const keep = block.classList.contains("kept");
    const text = keep ? copy.textContent.replace(/\n{2,}/g, "\n") : copy.textContent.replace(/\s+/g, " ");
    if (text.trim()) paragraphs.push(text.trim());
  }
  return `${paragraphs.join("\n\n")}\n`;
}

// The essay's shape: its own words above the line, generated ones below it, by their number.
function shapePaths(piece, choice) {
  const pause = Math.max(2, Math.floor((piece.words + 75) / 150));
  const ends = new Set(piece.ends);
  const human = [];
  const machine = [];
  let x = 0;
  let width = 1;
  piece.between.forEach((words, gap) => {
    if (words) human.push(`M${x} 0h${words}v9h-${words}z`);
    x += words;
    if (words) width = x;
    if (gap >= choice.length) return;
    const added = wordCount(piece, gap, choice[gap]);
    if (added) machine.push(`M${x} 11h${added}v9h-${added}z`);
    if (added) width = x + added;
    x += added + (ends.has(gap) ? pause : 0);
  });
  return { width, human: human.join(""), machine: machine.join("") };
}
