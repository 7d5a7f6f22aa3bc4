// Brings the page to life: one choice at a time, shown in the text, the count, the shape and the address.

function startPage(piece) {
  const article = document.querySelector(".essay");
  const notice = document.getElementById("notice");
  const slider = document.getElementById("length");
  const first = piece.readings.find(({ page }) => page === "index.html");
  let reading = first; // the one last chosen whole
  let choice = readingChoice(piece, first);
  let rungs = null;
  let addressTimer = 0;

  const page = {
    choice: () => choice,
    choose(gap, standing) {
      change(choice.map((old, number) => (number === gap ? standing : old)));
      slip.changed(gap);
    },
    closeSlip: () => slip.hide(),
    stand,
  };
  const slip = makeSlip(piece, page);
  const game = makeGame(piece, page);

  // Show another choice. Only gaps that differ are touched.
  function change(next, { climbing = false, address = true } = {}) {
    const before = choice;
    choice = next;
    next.forEach((standing, gap) => {
      if (!sameStanding(before[gap], standing)) weave(piece, gap, standing, { fresh: true });
    });
    if (!climbing) rungs = null;
    show(climbing);
    if (address) setAddress();
  }

  function show(climbing = false) {
    const current = readingOf(piece, choice);
    if (current && !climbing) reading = current;
    for (const link of document.querySelectorAll("[data-reading]")) {
      if (current && link.dataset.reading === current.name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.getElementById("yours").hidden = Boolean(current);
    const by = document.getElementById("by");
    if (by) by.textContent = current ? current.by : "a reader of this page";
    showCount();
    if (!climbing) prepareSlider();
    drawShape();
  }

  function showCount() {
    const added = choice.reduce((sum, standing, gap) => sum + wordCount(piece, gap, standing), 0);
    const [before, after] = [piece.words, piece.words + added].map((count) => count.toLocaleString("en-US"));
    const ratio = piece.words ? ((piece.words + added) / piece.words).toFixed(2) : "∞";
    const parts = added ? [`${before} → ${after} words,`, `${ratio} ×`] : [`${before} words`];
    const spans = parts.flatMap((part, number) => [number ? " " : "", make("span", {}, part)]);
    document.getElementById("count").replaceChildren(...spans);
    slider.setAttribute("aria-valuetext", parts.join(" "));
  }

  function drawShape() {
    const shape = document.getElementById("shape");
    const { width, human, machine } = shapePaths(piece, choice);
    shape.setAttribute("viewBox", `0 0 ${width} 20`);
    shape.querySelector(".shape-human").setAttribute("d", human);
    shape.querySelector(".shape-machine").setAttribute("d", machine);
  }

  function prepareSlider() {
    rungs = ladder(piece, choice, reading.gaps.length ? reading : first);
    slider.max = Math.max(1, rungs.rungs.length);
    slider.value = rungs.asChosen;
    document.querySelector("#chosen option").value = rungs.asChosen;
  }

  function climb() {
    change(climbed(piece, rungs.rungs, Number(slider.value)), { climbing: true });
    slip.refresh();
  }

  function stand(view) {
    document.body.classList.toggle("beside", view === "beside");
    document.body.classList.toggle("plain", view === "plain");
    document.querySelector(`input[name="view"][value="${view}"]`).checked = true;
    if (view === "beside" && !article.querySelector(".original")) {
      for (const paragraph of [...article.querySelectorAll(":scope > p")]) {
        const original = paragraph.cloneNode(true);
        original.querySelectorAll(".gap").forEach((gap) => gap.remove());
        original.className = "original";
        paragraph.before(original);
      }
    }
  }

  // Soon, since a slider asks for it many times a second; and not if the reader has gone elsewhere by then.
  function setAddress() {
    clearTimeout(addressTimer);
    const here = location.href;
    addressTimer = setTimeout(() => location.href === here && history.replaceState(null, "", link()), 200);
  }

  function link() {
    const current = readingOf(piece, choice);
    if (current === first) return location.pathname + location.search;
    return `#${encodeChoice(choice, piece)}`;
  }

  // Show what the address says: nothing is the first reading. A place in the page says nothing of a choice: the one that
  // stands goes on, and into the address.
  function readAddress() {
    const said = location.hash.slice(1);
    clearTimeout(addressTimer);
    notice.hidden = true;
    const named = said ? piece.readings.find(({ name }) => name === said) : first;
    if (named) return change(readingChoice(piece, named), { address: false });
    if (!/^v\d/.test(said)) return readingOf(piece, choice) === first || setAddress();
    const found = said.startsWith(`${LINK_VERSION}.`) ? decodeChoice(said, piece) : null;
    if (!found) change(readingChoice(piece, first), { address: false });
    if (!found) return tell("This link is damaged or was made by a newer page, so you see the first reading instead.");
    change(found.choice, { address: false });
    if (!found.same) tell("The piece has been made anew since this link was made: some sentences may differ.");
  }

  function tell(text) {
    notice.textContent = text;
    notice.hidden = false;
  }

  async function copyLink() {
    const address = new URL(link(), location.href).href;
    try {
      await navigator.clipboard.writeText(address);
      tell("The link is copied. Whoever opens it reads what you read now.");
    } catch {
      tell(`Copy this link: ${address}`);
    }
  }

  function saveText() {
    const name = `${piece.title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) || "essay"}.txt`;
    const address = URL.createObjectURL(new Blob([essayText(article, piece.title)], { type: "text/plain" }));
    make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  article.addEventListener("click", (event) => {
    if (document.body.classList.contains("blind") || event.target.closest("a")) return;
    const gap = event.target.closest(".gap:not(.original .gap)");
    const caret = gap && gap.querySelector(".mark");
    if (caret && !String(getSelection())) slip.show(Number(caret.dataset.gap));
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && slip.hide());
  for (const anchor of document.querySelectorAll("[data-reading]")) {
    anchor.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      game.stop();
      change(readingChoice(piece, piece.readings.find(({ name }) => name === anchor.dataset.reading)));
      slip.refresh();
    });
  }
  for (const input of document.querySelectorAll('input[name="view"]')) {
    input.addEventListener("change", () => stand(input.value));
  }
  slider.addEventListener("input", climb);
  document.getElementById("copy").addEventListener("click", copyLink);
  document.getElementById("save").addEventListener("click", saveText);
  document.getElementById("print").addEventListener("click", () => window.print());
  window.addEventListener("hashchange", () => {
    game.stop();
    readAddress();
    slip.refresh();
  });
  // Going back, a browser may put the controls as they were left.
  window.addEventListener("pageshow", () => stand(document.querySelector('input[name="view"]:checked').value));

  choice.forEach((standing, gap) => weave(piece, gap, standing));
  document.body.classList.add("live");
  document.querySelectorAll("[data-live]").forEach((element) => (element.hidden = false));
  show();
  readAddress();
}

const piece = readPiece();
if (piece) startPage(piece);
