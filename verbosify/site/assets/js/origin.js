// Where a generated sentence came from: how many sentences are kept, the settings, the measures, and all that was said.

const FINENESS = 16; // as in page_data.py

let originOpen = false; // as the reader last left it

function originOf(piece, gap, standing, page) {
  const offered = offerAt(piece, gap, standing.offer);
  const told = make("details", { open: originOpen }, make("summary", {}, "Where it came from"));
  told.addEventListener("toggle", () => (originOpen = told.open));
  for (const sample of samplesOf(piece, gap, standing.offer)) {
    const rows = [...piece.batches[sample.b], ["sample", `${sample.i}, number ${sample.r} of its batch`]];
    (sample.m || []).forEach((value, number) => value && rows.push([piece.measures[number], value]));
    rows.push(["kept", offered.n ? (offered.e ? "edited by hand" : "part of it") : keptWords(offered, standing)]);
    told.append(facts(rows), ...saidInFull(sample, offered.n ? null : standing));
  }
  const trim = offered.u.length > 1 ? trimmer(piece, gap, standing, page) : null;
  return make("div", { class: "origin-here" }, trim, told);
}

function keptWords({ u: units, t: tail }, { first, end }) {
  if (end - first < units.length) return `${end - first} of ${units.length} sentences`;
  return tail && tail.trim() ? "all its whole sentences" : "all of it";
}

function facts(rows) {
  return make(
    "dl",
    { class: "facts" },
    ...rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
  );
}

function trimmer(piece, gap, standing, page) {
  const most = offerAt(piece, gap, standing.offer).u.length;
  const button = (label, sign, end) => {
    const impossible = end <= standing.first || end > most;
    const element = make("button", { type: "button", "aria-label": label, disabled: impossible }, sign);
    element.addEventListener("click", () => {
      page.choose(gap, { ...standing, end });
      const again = document.querySelector(`.origin-here [aria-label="${label}"]:enabled, .trim button:enabled`);
      if (again) again.focus();
    });
    return element;
  };
  return make(
    "p",
    { class: "trim" },
    make("span", { role: "status" }, `${standing.end - standing.first} of ${most} sentences`),
    button("One sentence fewer", "−", standing.end - 1),
    button("One sentence more", "+", standing.end + 1),
  );
}

// All that the model said, what was not kept struck out; tinted by probability where the record has it.
function saidInFull(sample, standing) {
  const whole = sample.u.join("") + (sample.t || "");
  if (sample.k) return [make("h3", {}, "Token by token"), ...tokens(sample, whole)];
  const { first, end } = standing || { first: 0, end: sample.u.length };
  const [before, kept, after] = [[0, first], [first, end], [end]].map((range) => sample.u.slice(...range).join(""));
  const rest = after + (sample.t || "");
  if (standing && !before && !rest.trim()) return [];
  const text = make("p", { class: "raw machine", dir: "auto" });
  text.append(before ? make("del", {}, before) : "", kept, rest ? make("del", {}, rest) : "");
  return [make("h3", {}, "All that it said"), text];
}

function tokens(sample, whole) {
  const { n: lengths, b: base, o: overfitted } = sample.k;
  const text = make("p", { class: "raw machine tokens", dir: "auto" });
  const length = lengths.reduce((sum, count) => sum + count, 0);
  // The text begins after the white space that the first tokens hold.
  let start = Math.min(0, whole.length - length);
  lengths.forEach((count, number) => {
    const token = whole.slice(Math.max(0, start), Math.max(0, start + count));
    start += count;
    if (!token) return;
    const [before, after] = [base, overfitted].map((levels) => parseInt(levels[number], 36));
    const title = `about ${percent(before)} before overfitting, ${percent(after)} after`;
    const element = make("span", { title }, token);
    element.dataset.base = Math.min(4, Math.floor(before / 8));
    element.dataset.overfitted = Math.min(4, Math.floor(after / 8));
    text.append(element);
  });
  const select = make(
    "select",
    { id: "tint" },
    make("option", { value: "overfitted" }, "the overfitted model"),
    make("option", { value: "base" }, "the model before"),
  );
  const tint = () => (text.dataset.by = select.value);
  select.addEventListener("change", tint);
  tint();
  return [make("p", { class: "tint" }, make("label", { for: "tint" }, "Darker where it surprised "), select), text];
}

function percent(level) {
  const share = 100 * 10 ** -((level / FINENESS) ** 2);
  return share < 0.1 ? "under 0.1 %" : `${share < 1 ? share.toFixed(1) : Math.round(share)} %`;
}
