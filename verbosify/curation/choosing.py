"""One candidate for each gap, so that the essay comes to its length, reads well, and says nothing twice.

Choosing one of several at each gap under a bound on the total is the multiple-choice knapsack problem
(Sinha and Zoltners 1979), solved here exactly by dynamic programming over the words added. What a candidate is worth
was learnt from ratings: see docs/measures.md.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np

from verbosify.curation.candidates import LEAST_CLOSENESS, Candidate
from verbosify.curation.prose import alike, content_of
from verbosify.measures import is_off_its_rails
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
EVENNESS = 0.03
"""What a gap filled to e times (or 1/e of) its share of words costs."""
NEARNESS = 0.3
"""What it costs to miss the target by all of the tolerance."""
PRICES = {
    "circular": 0.15,
    "echo": 0.2,
    "stammer": 0.3,
    "same beginnings": 0.1,
    "figures": 0.3,
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
FAR = (0.05, LEAST_CLOSENESS)
"""Closeness of what may be read as *strange*: too far for a close reading, and yet not about nothing."""
SHORTLISTED = {"close": 20, "far": 8}
"""Candidates of a gap on which the fresh model is asked for its opinion, for either reading."""
A_SAMPLE = 2
"""Candidates of one sample among them, at most: they are mostly the same words."""
MOST_CELLS = 40_000
"""Of the knapsack: words, up to so many; beyond, a few words together, of which some are lost by rounding up."""
MOST_BRANCHES, MOST_WORK = 100, 500_000_000
"""Choices made, and cells looked at for them, in search of the best one that says nothing twice; then the search goes
straight on to a good one."""

Offers = Mapping[int, Sequence[Candidate]]
"""Candidates by gap."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: a candidate for each gap that got one, their words, and whether the target was met."""

    picks: dict[int, Candidate]
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

    It is made of what the fresh model was asked about, wherever it was asked, or if that is too little, of all. When
    there is not enough to reach the target, the choice with the most words is taken and `met` is False.

    Args:
        offers: candidates by gap.
        words_before: words of the essay.
        target: words after, as a multiple of words before, >= 1.
        strange: 0 wants picks close to their passages, 1 wants them far; between, a mixture.
    """
    wanted = round(words_before * (target - 1))
    low = math.ceil(words_before * target * (1 - TOLERANCE)) - words_before
    high = math.floor(words_before * target * (1 + TOLERANCE)) - words_before
    whole = {gap: kept for gap, found in offers.items() if (kept := [c for c in found if not _is_derailed(c)])}
    aim = _Aim(wanted, max(low, 0), max(high, 0), wanted / max(len(whole), 1), strange)
    if wanted <= 0:
        return Choice({}, 0, wanted, met=aim.low <= 0)
    choice = _choice({gap: _asked(found) for gap, found in whole.items()}, aim)
    return choice if choice.met else _choice(whole, aim)


def _choice(offers: Offers, aim: _Aim) -> Choice:
    picks = _picks_of_many_words(offers, aim)
    words = sum(pick.words for pick in picks.values())
    return Choice(picks, words, aim.wanted, aim.low <= words <= aim.high)


def _asked(found: Sequence[Candidate]) -> Sequence[Candidate]:
    """Those on which the fresh model has an opinion, if it was asked at that gap."""
    return [candidate for candidate in found if candidate.opinion is not None] or found


def _is_derailed(candidate: Candidate) -> bool:
    return candidate.opinion is not None and is_off_its_rails(candidate.opinion.surprise)


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


_Said = tuple[int, str]
"""A gap, and a sentence that was chosen there."""
_Picks = dict[int, Candidate]


def _picks_of_many_words(offers: Offers, aim: _Aim) -> _Picks:
    """The best picks when words that the essay does not use, and the picks use again and again, have their price."""
    picks = _picks_that_differ(offers, aim)
    for _ in range(ROUNDS):
        uses = Counter(word for pick in picks.values() for word in pick.new_words)
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
    loss, picks = _knapsack(offers, aim)
    number = count()
    branches = [(loss, next(number), offers, picks)]
    while True:
        _, branch, offers, picks = heapq.heappop(branches)
        clashes = list(_clashes(picks))
        if not clashes:
            return picks
        ways: list[list[_Said]] = [[said] for said in clashes[0]]
        work = branch * sum(map(len, offers.values())) * (aim.high // aim.unit)
        if branch > MOST_BRANCHES or work > MOST_WORK:
            branches.clear()
            ways = [[later for _, later in clashes]]
        for without in ways:
            fewer = _without(offers, without)
            loss, picks = _knapsack(fewer, aim)
            heapq.heappush(branches, (loss, next(number), fewer, picks))


def _without(offers: Offers, without: Sequence[_Said]) -> Offers:
    """The offers without the candidates that say these sentences in these gaps."""
    fewer = dict(offers)
    for gap, sentence in without:
        fewer[gap] = [candidate for candidate in fewer[gap] if sentence not in candidate.sentences]
    return fewer


def _value(candidate: Candidate, aim: _Aim) -> float:
    """What a pick is worth: its words as far as they are worth keeping, the more so for how close (or far) and how new
    they are; less its prices."""
    share = candidate.words / max(aim.share, 1.0)
    near = candidate.closeness * (1 - aim.strange) + (1 - candidate.closeness) * aim.strange
    novel = len(candidate.new_words) / max(candidate.words, 1)
    prices = sum(PRICES[blemish] for blemish in candidate.blemishes) + WORN * len(candidate.new_words & aim.worn)
    uneven = math.log(max(candidate.words, 1) / max(aim.share, 1.0))
    return share * worth(candidate) * (1 + CLOSENESS * near + NOVELTY * novel) - prices - EVENNESS * uneven * uneven


def _knapsack(offers: Offers, aim: _Aim) -> tuple[tuple[bool, float], _Picks]:
    """The best picks, whatever they say, and what they lack: first whether it is words, then how much."""
    cells = aim.high // aim.unit + 1
    best = np.full(cells, -np.inf)
    best[0] = 0.0
    taken: list[np.ndarray[tuple[int], np.dtype[np.int32]]] = []
    for found in offers.values():
        after, which = best.copy(), np.full(cells, -1, dtype=np.int32)
        for place, candidate in enumerate(found):
            step = math.ceil(candidate.words / aim.unit)
            if step >= cells:
                continue
            gain = best[: cells - step] + _value(candidate, aim)
            better = gain > after[step:]
            after[step:][better] = gain[better]
            which[step:][better] = place
        best = after
        taken.append(which)
    reached = np.flatnonzero(np.isfinite(best))
    lost = len(offers) * (aim.unit - 1) / 2  # by rounding up
    within = reached[reached * aim.unit - lost >= aim.low]
    if len(within):
        missed = (within * aim.unit - aim.wanted) / max(aim.high - aim.wanted, 1)
        losses = NEARNESS * missed * missed - best[within]
        cell, loss = int(within[np.argmin(losses)]), (False, float(losses.min()))
    else:
        cell = int(reached[-1])
        loss = (True, -float(cell))
    picks: _Picks = {}
    for gap, which in zip(reversed(list(offers)), reversed(taken), strict=True):
        place = int(which[cell])
        if place >= 0:
            picks[gap] = offers[gap][place]
            cell -= math.ceil(offers[gap][place].words / aim.unit)
    return loss, dict(sorted(picks.items()))


def _clashes(picks: Mapping[int, Candidate]) -> Iterator[tuple[_Said, _Said]]:
    """Sentences in two gaps that say the same, or begin so, the earlier first; each later one once."""
    seen: list[tuple[_Said, frozenset[str]]] = []
    opened: dict[str, int] = {}
    using: defaultdict[str, list[int]] = defaultdict(list)
    for gap, candidate in picks.items():
        for sentence in candidate.sentences:
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
