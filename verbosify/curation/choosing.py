"""What goes into each gap, so that the essay comes to its length, reads well, and says nothing twice.

A gap is filled by one candidate or a few short ones. Choosing one filling for each gap under a bound on the total is
the multiple-choice knapsack problem (Sinha and Zoltners 1979), solved here exactly by dynamic programming over words
added.

What a candidate is worth was learnt from people's ratings: see docs/measures.md.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from typing import NamedTuple

import numpy as np

from verbosify.curation.candidates import Candidate
from verbosify.curation.prose import alike, content_of
from verbosify.words import in_characters

TOLERANCE = 0.05
"""How far the whole may stay from its target, as a share of it."""
CERTAIN, RISK = 0.0, 0.042
"""The log-odds of being worth keeping of a candidate that says nothing new, and by how much each nat of what it says
lowers them: as a reader rated 180 candidates for three texts, and told from chance on two others (docs/measures.md)."""
NATS_A_WORD = 2.9
"""What a word says, where the fresh model was not asked."""
CLOSENESS, NOVELTY = 0.5, 1.0
"""By how much more a word is worth as close to its passage (or as far from it) as can be, and one new to the essay."""
JOIN = 0.03
"""What each further candidate in a gap costs."""
EVENNESS = 0.03
"""What a gap filled to e times (or 1/e of) its share of words costs."""
NEARNESS = 0.3
"""What it costs to miss the target by all of the tolerance."""
RAILS = 8.0
"""A stretch that surprises the fresh model by more nats a token has gone off its rails, and is not chosen."""
PRICES = {
    "circular": 0.15,
    "echo": 0.2,
    "stammer": 0.3,
    "same beginnings": 0.1,
    "speaks about the text": 0.3,
    "question": 0.1,
    "first person": 0.2,
    "first person plural": 0.1,
    "addresses the reader": 0.1,
}
"""What a blemish costs."""
WORN, WORN_AFTER, ROUNDS = 0.04, 3, 3
"""The price of a word that is worn: the essay does not use it, and so many picks do. How often the price is set."""
OPENING = 3
"""Words that no two sentences of a reading begin with alike."""
FAR = (0.05, 0.45)
"""Closeness of what may be read as *strange*: far from the passage, and yet not about nothing."""
SHORTLISTED = {"close": 20, "far": 8}
"""Candidates of a gap on which the fresh model is asked for its opinion, for either reading."""
A_SAMPLE = 2
"""Candidates of one sample among them, at most: they are mostly the same words."""
MOST_PARTS, JOINED = 3, 12
"""Candidates in a gap, and of how many of the best they are joined."""
MOST_CELLS = 20_000
"""Of the knapsack: words, up to so many; beyond, a few words together, of which some are lost by rounding up."""
MOST_WORK = 500_000_000
"""Cells looked at in search of the best choice that says nothing twice; then it goes straight on to a good one."""

Offers = Mapping[int, Sequence[Candidate]]
"""Candidates by gap."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: candidates, in order, for each gap that got any, their words, and whether the target was met."""

    picks: dict[int, tuple[Candidate, ...]]
    words: int
    wanted: int
    met: bool


def worth(candidate: Candidate) -> float:
    """How likely people are to find the candidate worth keeping, 0 to 1, by what it says that could be wrong."""
    nats = NATS_A_WORD * candidate.words if candidate.opinion is None else candidate.opinion.information
    return 1 / (1 + math.exp(RISK * nats - CERTAIN))


def shortlist(offered: Sequence[Candidate]) -> list[Candidate]:
    """The candidates of one gap that either reading is likely to choose, in their order."""
    usable = [candidate for candidate in offered if candidate.is_usable] or list(offered)
    close = sorted(usable, key=lambda c: -worth(c) * c.words * (1 + CLOSENESS * c.closeness))
    far = sorted(
        (c for c in offered if FAR[0] <= c.closeness <= FAR[1] and not c.blemishes), key=lambda c: -worth(c) * c.words
    )
    kept = {c.place for c in (*_few(close, SHORTLISTED["close"], A_SAMPLE), *_few(far, SHORTLISTED["far"], 1))}
    return [candidate for candidate in offered if candidate.place in kept]


def _few(ranked: Sequence[Candidate], most: int, a_sample: int) -> list[Candidate]:
    """The first `most`, but not more than `a_sample` of each sample."""
    found: list[Candidate] = []
    of_sample: Counter[int] = Counter()
    for candidate in ranked:
        if len(found) < most and of_sample[candidate.sample] < a_sample:
            found.append(candidate)
            of_sample[candidate.sample] += 1
    return found


def choose(
    offers: Offers,
    *,
    words_before: int,
    target: float,
    strange: float = 0.0,
) -> Choice:
    """The best picks whose words bring an essay of `words_before` words to `target` times that, +-5 %.

    When there is not enough to reach the target, the choice with the most words is taken and `met` is False.

    Args:
        offers: candidates by gap.
        words_before: words of the essay.
        target: words after, as a multiple of words before, >= 1.
        strange: 0 wants picks close to their passages, 1 wants them far; between, a mixture.
    """
    wanted = round(words_before * (target - 1))
    low = math.ceil(words_before * target * (1 - TOLERANCE)) - words_before
    high = math.floor(words_before * target * (1 + TOLERANCE)) - words_before
    considered = {gap: considerable for gap, found in offers.items() if (considerable := _considered(found))}
    aim = _Aim(wanted, max(low, 0), max(high, 0), wanted / max(len(considered), 1), strange)
    picks = _picks_of_many_words(considered, aim) if wanted > 0 else {}
    words = sum(pick.words for parts in picks.values() for pick in parts)
    return Choice(picks, words, wanted, aim.low <= words <= aim.high)


def _considered(found: Sequence[Candidate]) -> list[Candidate]:
    """Those on which the fresh model has an opinion, if it was asked at that gap, and not too bad a one."""
    asked = [candidate for candidate in found if candidate.opinion is not None]
    return [c for c in asked if c.opinion is not None and c.opinion.surprise <= RAILS] if asked else list(found)


class _Aim(NamedTuple):
    """Words to add: `wanted`, or a few more or less, a `share` of them at each gap; how strange; and what is worn."""

    wanted: int
    low: int
    high: int
    share: float
    strange: float
    worn: frozenset[str] = frozenset()

    @property
    def unit(self) -> int:
        """Words of a cell: one, unless there would be too many cells."""
        return max(1, math.ceil(self.high / MOST_CELLS))


class _Filling(NamedTuple):
    """What may fill a gap, in order; its words in cells of the knapsack, and what it is worth."""

    parts: tuple[Candidate, ...]
    cells: int
    value: float


_Fillings = dict[int, list[_Filling]]
_Said = tuple[int, str]
"""A gap, and a sentence that was chosen there."""
_Picks = dict[int, tuple[Candidate, ...]]


def _picks_of_many_words(offers: Offers, aim: _Aim) -> _Picks:
    """The best picks when words that the essay does not use, and the picks use again and again, have their price."""
    picks = _picks_that_differ(offers, aim)
    for _ in range(ROUNDS):
        uses = Counter(word for parts in picks.values() for word in {w for part in parts for w in part.new_words})
        worn = aim.worn | {word for word, gaps in uses.items() if gaps >= WORN_AFTER}
        if worn == aim.worn:
            break
        aim = aim._replace(worn=worn)
        picks = _picks_that_differ(offers, aim)
    return picks


def _picks_that_differ(offers: Offers, aim: _Aim) -> _Picks:
    """The best picks of which no two say the same.

    Where two do, one of their gaps has to go without that sentence. Both ways are open, and the more promising is
    always followed first, so that the first to come to an end is the best (branch and bound, Land and Doig 1960).
    """
    fillings: _Fillings = {gap: _fillings(found, aim) for gap, found in offers.items()}
    loss, picks = _knapsack(fillings, aim)
    number = count()
    branches = [(loss, next(number), offers, fillings, picks)]
    while True:
        _, branch, offers, fillings, picks = heapq.heappop(branches)
        clashes = list(_clashes(picks))
        if not clashes:
            return picks
        ways: list[list[_Said]] = [[said] for said in clashes[0]]
        if branch * sum(map(len, fillings.values())) * (aim.high // aim.unit) > MOST_WORK:
            branches.clear()
            ways = [[later for _, later in clashes]]
        for without in ways:
            fewer = _without(offers, without)
            changed = {gap: _fillings(fewer[gap], aim) for gap, _ in without}
            loss, picks = _knapsack(fillings | changed, aim)
            heapq.heappush(branches, (loss, next(number), fewer, fillings | changed, picks))


def _without(offers: Offers, without: Sequence[_Said]) -> Offers:
    """The offers without the candidates that say these sentences in these gaps."""
    fewer = dict(offers)
    for gap, sentence in without:
        fewer[gap] = [candidate for candidate in fewer[gap] if sentence not in candidate.sentences]
    return fewer


def _value(candidate: Candidate, aim: _Aim) -> float:
    """What a pick adds to its gap: its words as far as they are worth keeping, how close (or far) they are; less its
    prices."""
    share = candidate.words / max(aim.share, 1.0)
    near = candidate.closeness * (1 - aim.strange) + (1 - candidate.closeness) * aim.strange
    prices = sum(PRICES[blemish] for blemish in candidate.blemishes) + WORN * len(candidate.new_words & aim.worn)
    novel = len(candidate.new_words) / max(candidate.words, 1)
    return share * worth(candidate) * (1 + CLOSENESS * near + NOVELTY * novel) - prices


def _fillings(found: Sequence[Candidate], aim: _Aim) -> list[_Filling]:
    """The best way to fill a gap for each number of cells."""
    best: dict[int, _Filling] = {}
    for parts in _joined(found, aim):
        words = sum(part.words for part in parts)
        cells = math.ceil(words / aim.unit)
        uneven = math.log(max(words, 1) / max(aim.share, 1.0))
        value = sum(_value(part, aim) for part in parts) - JOIN * (len(parts) - 1) - EVENNESS * uneven * uneven
        if cells not in best or value > best[cells].value:
            best[cells] = _Filling(parts, cells, value)
    return list(best.values())


def _joined(found: Sequence[Candidate], aim: _Aim) -> Iterator[tuple[Candidate, ...]]:
    """Each candidate by itself, and the best ones two and three together, if they can stand beside one another.

    What leans on the passage comes first, and only one may; what leads up to the next sentence comes last.
    """
    yield from ((candidate,) for candidate in found)
    ranked = sorted(found, key=lambda candidate: -_value(candidate, aim) / max(candidate.words, 1))[:JOINED]
    clashing = {
        (one, other)
        for one, other in combinations(range(len(ranked)), 2)
        if not _go_together(ranked[one], ranked[other])
    }
    for size in range(2, MOST_PARTS + 1):
        for places in combinations(range(len(ranked)), size):
            if not any(pair in clashing for pair in combinations(places, 2)):
                parts = (ranked[place] for place in places)
                yield tuple(sorted(parts, key=lambda part: (not part.leans, _flow(part))))


def _go_together(one: Candidate, other: Candidate) -> bool:
    overlap = one.sample == other.sample and one.start < other.end and other.start < one.end
    return not (overlap or (one.leans and other.leans) or any(_clashes({0: (one,), 1: (other,)})))


def _flow(candidate: Candidate) -> float:
    return (candidate.opinion.flow if candidate.opinion else None) or 0.0


def _knapsack(fillings: _Fillings, aim: _Aim) -> tuple[tuple[bool, float], _Picks]:
    """The best picks, whatever they say, and what they lack: first whether it is words, then how much."""
    cells = aim.high // aim.unit + 1
    best = np.full(cells, -np.inf)
    best[0] = 0.0
    taken: list[np.ndarray[tuple[int], np.dtype[np.int32]]] = []
    for found in fillings.values():
        after, which = best.copy(), np.full(cells, -1, dtype=np.int32)
        for place, filling in enumerate(found):
            if filling.cells >= cells:
                continue
            gain = best[: cells - filling.cells] + filling.value
            better = gain > after[filling.cells :]
            after[filling.cells :][better] = gain[better]
            which[filling.cells :][better] = place
        best = after
        taken.append(which)
    reached = np.flatnonzero(np.isfinite(best))
    within = reached[reached * aim.unit >= aim.low]
    if len(within):
        missed = (within * aim.unit - aim.wanted) / max(aim.high - aim.wanted, 1)
        losses = NEARNESS * missed * missed - best[within]
        cell, loss = int(within[np.argmin(losses)]), (False, float(losses.min()))
    else:
        cell = int(reached[-1])
        loss = (True, -float(cell))
    picks: _Picks = {}
    for gap, which in zip(reversed(list(fillings)), reversed(taken), strict=True):
        place = int(which[cell])
        if place >= 0:
            picks[gap] = fillings[gap][place].parts
            cell -= fillings[gap][place].cells
    return loss, dict(sorted(picks.items()))


def _clashes(picks: Mapping[int, Sequence[Candidate]]) -> Iterator[tuple[_Said, _Said]]:
    """Sentences in two gaps that say the same, or begin so, the earlier first; each later one once."""
    seen: list[tuple[_Said, frozenset[str]]] = []
    opened: dict[str, int] = {}
    using: defaultdict[str, list[int]] = defaultdict(list)
    for gap, parts in picks.items():
        for sentence in (sentence for part in parts for sentence in part.sentences):
            content, opening = content_of(sentence), _opening(sentence)
            near = {place for word in content for place in using[word]}
            near.update(place for place in [opened.get(opening)] if place is not None)
            for place in sorted(near):
                (other_gap, other), known = seen[place]
                if other_gap != gap and (_opening(other) == opening or alike(content, known)):
                    yield (other_gap, other), (gap, sentence)
                    break
            opened.setdefault(opening, len(seen))
            for word in content:
                using[word].append(len(seen))
            seen.append(((gap, sentence), content))


def _opening(sentence: str) -> str:
    """How a sentence begins: its first words, or all of a short one."""
    return " ".join(sentence.split()[: in_characters(OPENING, sentence)])
