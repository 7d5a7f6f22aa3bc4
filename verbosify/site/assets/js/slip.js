// The slip: what may stand in a gap, to choose from, and where what stands there came from.

function makeSlip(piece, page) {
  const slip = document.getElementById("slip");
  let open = null; // the gap it is about

  function show(gap, { focus = true } = {}) {
    if (open !== null) mark(false);
    open = gap;
    mark(true);
    fill();
    slip.hidden = false;
    document.body.classList.add("slipped");
    keepInView(gapElement(piece, gap));
    const chosen = slip.querySelector(".offer:has(input:checked)");
    slip.scrollTop = chosen.offsetTop - slip.firstChild.offsetHeight - 8;
    if (focus) (slip.querySelector("input:checked") || slip).focus({ preventScroll: true });
  }

  function hide() {
    if (open === null) return;
    const caret = gapElement(piece, open).querySelector(".mark");
    mark(false);
    open = null;
    slip.hidden = true;
    document.body.classList.remove("slipped");
    if (caret) caret.focus({ preventScroll: true });
  }

  function mark(on) {
    gapElement(piece, open).classList.toggle("open", on);
  }

  // The slip covers the foot of a small window: what it is about must stay above it.
  function keepInView(element) {
    const seen = element.getBoundingClientRect();
    const covers = slip.getBoundingClientRect();
    const bottom = covers.left < seen.right ? covers.top : window.innerHeight;
    if (seen.top < 80 || seen.bottom > bottom - 20) {
      const middle = Math.max(90, (bottom - seen.height) / 2);
      window.scrollBy({ top: seen.top - middle, behavior: calm() ? "auto" : "smooth" });
    }
  }

  function fill() {
    const gap = open;
    const standing = page.choice()[gap];
    const ranked = rankedOffers(piece, gap);
    const fit = ranked.filter(({ badges, chosenBy }) => chosenBy.length || !badges.length);
    const unfit = ranked.filter((offer) => !fit.includes(offer));
    const aside = make(
      "details",
      { class: "aside", open: Boolean(standing && unfit.some(({ offer }) => offer === standing.offer)) },
      make("summary", {}, `${unfit.length} more, set aside by the measures`),
      ...unfit.map((offer) => choiceRow(gap, offer, standing)),
    );
    const set = make(
      "fieldset",
      {},
      make("legend", {}, "What shall stand here?"),
      nothingRow(standing),
      ...fit.map((offer) => choiceRow(gap, offer, standing)),
      unfit.length ? aside : null,
    );
    const { o: leftOut } = piece.gaps[gap];
    const more = leftOut ? make("p", { class: "left-out" }, `In piece.json, not here: ${leftOut} more.`) : null;
    slip.replaceChildren(...[head(gap), set, more].filter(Boolean));
    fillOrigin();
  }

  function head(gap) {
    const step = (label, sign, to) => {
      const button = make("button", { type: "button", "aria-label": label, disabled: to < 0 || to >= piece.gaps.length }, sign);
      button.addEventListener("click", () => show(to));
      return button;
    };
    const close = make("button", { type: "button", "aria-label": "Close", class: "close" }, "×");
    close.addEventListener("click", hide);
    return make(
      "div",
      { class: "slip-head" },
      make("h2", { id: "slip-title" }, `Gap ${gap + 1} of ${piece.gaps.length}`),
      step("Previous gap", "←", gap - 1),
      step("Next gap", "→", gap + 1),
      close,
    );
  }

  function row(checked, choose, ...parts) {
    const input = make("input", { type: "radio", name: "offer", checked });
    input.addEventListener("change", choose);
    return make("div", { class: "offer" }, make("label", {}, input, make("span", { class: "offer-body" }, ...parts)));
  }

  function nothingRow(standing) {
    return row(!standing, () => page.choose(open, null), make("span", { class: "offer-text" }, "Nothing"));
  }

  function choiceRow(gap, { offer, badges, chosenBy }, standing) {
    const checked = Boolean(standing && standing.offer === offer);
    const offered = offerAt(piece, gap, offer);
    const chosen = checked ? standing : asChosen(gap, offer);
    const text = make("span", { class: "offer-text machine", dir: "auto" }, textOf(piece, gap, chosen));
    const notes = [
      ...samplesOf(piece, gap, offer).map((sample) => `sample ${sample.i}`),
      `${wordCount(piece, gap, chosen)} words`,
      offered.c === undefined ? "" : `closeness ${offered.c.toFixed(2)}`,
      offered.e ? "edited by hand" : "",
    ];
    return row(
      checked,
      () => page.choose(open, chosen),
      text,
      make("span", { class: "offer-notes" }, notes.filter(Boolean).join(" · ")),
      ...chosenBy.map((label) => make("bdi", { class: "badge chosen" }, label)),
      ...badges.map((badge) => make("span", { class: "badge" }, badge)),
    );
  }

  // As much of an offer as a reading kept of it, or all.
  function asChosen(gap, offer) {
    const standings = piece.readings.map((reading) => reading.standings.get(gap));
    return standings.find((standing) => standing && standing.offer === offer) || wholeOffer(piece, gap, offer);
  }

  function fillOrigin() {
    const standing = page.choice()[open];
    const before = slip.querySelector(".origin-here");
    if (before) before.remove();
    if (!standing) return;
    const chosen = slip.querySelector("input:checked").closest(".offer");
    chosen.querySelector(".offer-text").textContent = textOf(piece, open, standing);
    chosen.append(originOf(piece, open, standing, page));
  }

  slip.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      hide();
    }
  });

  return {
    show,
    hide,
    isOpen: () => open !== null,
    changed: (gap) => {
      if (gap !== open || open === null) return;
      gapElement(piece, gap).classList.add("open");
      fillOrigin();
    },
    refresh: () => open !== null && fill(),
  };
}

function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
