// The piece as the builder wrote it into the page (its keys are explained in page_data.py), and what stands where.
//
// A choice has an entry for each gap in the order of the essay: null, or {offer, first, end}: the number of an offer, and
// which of its sentences, from `first` up to but not including `end`. Choices are never changed; a new one takes an old
// one's place.

function readPiece() {
  const element = document.getElementById("piece-data");
  if (!element) return null;
  const piece = JSON.parse(element.textContent);
  for (const reading of piece.readings) {
    reading.standings = new Map(reading.gaps.map(([gap, offer, first, end]) => [gap, { offer, first, end }]));
  }
  return piece;
}

function offerAt(piece, gap, offer) {
  const { s: samples, x: extras = [] } = piece.gaps[gap];
  return offer < samples.length ? samples[offer] : extras[offer - samples.length];
}

function offerCount(piece, gap) {
  return piece.gaps[gap].s.length + (piece.gaps[gap].x || []).length;
}

function unitsOf(piece, gap, standing) {
  return standing ? offerAt(piece, gap, standing.offer).u.slice(standing.first, standing.end) : [];
}

function textOf(piece, gap, standing) {
  return unitsOf(piece, gap, standing).join("").trim();
}

// The samples behind an offer: one, unless a curator put several together.
function samplesOf(piece, gap, offer) {
  const { s: samples } = piece.gaps[gap];
  return offer < samples.length ? [samples[offer]] : offerAt(piece, gap, offer).n.map((number) => samples[number]);
}

function wordCount(piece, gap, standing) {
  if (!standing) return 0;
  const { w: words } = offerAt(piece, gap, standing.offer);
  return words.slice(standing.first, standing.end).reduce((sum, count) => sum + count, 0);
}

function sameStanding(one, other) {
  if (!one || !other) return one === other;
  return one.offer === other.offer && one.first === other.first && one.end === other.end;
}

function wholeOffer(piece, gap, offer) {
  return { offer, first: 0, end: offerAt(piece, gap, offer).u.length };
}

function readingChoice(piece, reading) {
  return piece.gaps.map((_, gap) => reading.standings.get(gap) || null);
}

// The reading that a choice is, if it is one.
function readingOf(piece, choice) {
  return piece.readings.find((reading) =>
    choice.every((standing, gap) => sameStanding(standing, reading.standings.get(gap) || null)),
  );
}

// Offers in the order a reader should meet them: what curators chose, then the closest to the passage, then what the
// measures set aside. Each with the readings that chose it.
function rankedOffers(piece, gap) {
  const chosen = new Map();
  for (const reading of piece.readings) {
    const found = reading.standings.get(gap);
    if (found) chosen.set(found.offer, [...(chosen.get(found.offer) || []), reading.label]);
  }
  const ranked = [];
  for (let offer = 0; offer < offerCount(piece, gap); offer += 1) {
    const { u: units, f: badges = [], c: closeness = 0 } = offerAt(piece, gap, offer);
    if (units.length) ranked.push({ offer, badges, closeness, chosenBy: chosen.get(offer) || [] });
  }
  const rank = ({ badges, chosenBy }) => (chosenBy.length ? 0 : badges.length ? 2 : 1);
  return ranked.sort((a, b) => rank(a) - rank(b) || b.closeness - a.closeness || a.offer - b.offer);
}

// The sentences that may be added, one after another, from none to all that fit. First those of `choice`, spread evenly
// over the essay; then, to make it longer still, what `reading` has where `choice` has nothing, or the best there is.
function ladder(piece, choice, reading) {
  const preferred = reading ? readingChoice(piece, reading) : [];
  const order = piece.gaps.map((_, gap) => gap).sort((a, b) => ((a * 0.618034) % 1) - ((b * 0.618034) % 1) || a - b);
  const rungs = [];
  const climb = (standings, done) => {
    const deepest = standings.reduce((most, standing) => Math.max(most, standing ? standing.end - standing.first : 0), 0);
    for (let count = 1; count <= deepest; count += 1) {
      for (const gap of order) {
        const standing = standings[gap];
        if (!standing || count <= done[gap] || count > standing.end - standing.first) continue;
        rungs.push([gap, { ...standing, end: standing.first + count }]);
      }
    }
  };
  climb(choice, choice.map(() => 0));
  const asChosen = rungs.length;
  const more = choice.map((standing, gap) => {
    if (standing) return { ...standing, end: offerAt(piece, gap, standing.offer).u.length };
    if (preferred[gap]) return preferred[gap];
    const best = rankedOffers(piece, gap).find(({ badges }) => !badges.length);
    return best ? wholeOffer(piece, gap, best.offer) : null;
  });
  climb(more, choice.map((standing) => (standing ? standing.end - standing.first : 0)));
  return { rungs, asChosen };
}

function climbed(piece, rungs, count) {
  const choice = piece.gaps.map(() => null);
  for (const [gap, standing] of rungs.slice(0, count)) choice[gap] = standing;
  return choice;
}
