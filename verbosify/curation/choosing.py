"""One candidate for each gap, so that the essay comes to its length and nothing is said twice.

Choosing one of several at each gap under a bound on the total is the multiple-choice knapsack problem
(Sinha and Zoltners 1979), solved here exactly by dynamic programming over the words added.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import NamedTuple

import numpy as np

from verbosify.curation.candidates import Candidate
from verbosify.words import is_written_without_spaces

TOLERANCE = 0.05
"""How far the whole may stay from its target, as a share of it."""
EVENNESS = 0.05
"""What a gap filled to e times (or 1/e of) its share of words costs, in closeness."""
NEARNESS = 0.3
"""What it costs, in closeness, to miss the target by all of that."""
LEAST_CLOSE, LEAST_FAR = 0.4, 0.6
"""A close reading would rather leave a gap empty than fill it with less; a strange one, with more than the latter."""
TOO_ALIKE = 0.5
"""Two sentences that share this part of their longer words (Jaccard) say the same thing."""
MOST_CELLS = 4000
MOST_BRANCHES = 60
"""Choices made in search of the best one that says nothing twice; then the search goes straight on to a good one."""

Offers = Mapping[int, Sequence[Candidate]]
"""Candidates by gap."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: a candidate for each gap that got one, their words, and whether the target was met."""

    picks: dict[int, Candidate]
    words: int
    wanted: int
    met: bool


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
    offers = {gap: found for gap, found in offers.items() if found}
    aim = _Aim(wanted, max(low, 0), max(high, 0), wanted / max(len(offers), 1), strange)
    picks = _picks_that_differ(offers, aim) if wanted > 0 else {}
    words = sum(pick.words for pick in picks.values())
    return Choice(picks, words, wanted, aim.low <= words <= aim.high)


class _Aim(NamedTuple):
    """Words to add: as many as `wanted`, or a few more or less, `share` of them at each gap; and how strange."""

    wanted: int
    low: int
    high: int
    share: float
    strange: float


def _picks_that_differ(offers: Offers, aim: _Aim) -> dict[int, Candidate]:
    """The best picks of which no two say the same.

    Where two do, one of their gaps has to go without that sentence. Both ways are open, and the more promising is
    always followed first, so that the first to come to an end is the best (branch and bound, Land and Doig 1960).
    """
    loss, picks = _knapsack(offers, aim)
    number = count()
    branches = [(loss, next(number), offers, picks)]
    while True:
        _, branch, offers, picks = heapq.heappop(branches)
        clash = _clash(picks)
        if clash is None:
            return picks
        if branch > MOST_BRANCHES:
            branches.clear()
        for gap, sentence in clash:
            left = {**offers, gap: [candidate for candidate in offers[gap] if sentence not in candidate.sentences]}
            loss, picks = _knapsack(left, aim)
            heapq.heappush(branches, (loss, next(number), left, picks))


def _value(candidate: Candidate, share: float, strange: float) -> float:
    """What a pick is worth: how close it is (or how far), less the cost of an uneven spread of words."""
    close, far = candidate.closeness - LEAST_CLOSE, LEAST_FAR - candidate.closeness
    uneven = math.log(max(candidate.words, 1) / max(share, 1.0))
    return close * (1 - strange) + far * strange - EVENNESS * uneven * uneven


def _knapsack(offers: Offers, aim: _Aim) -> tuple[tuple[bool, float], dict[int, Candidate]]:
    """The best picks, whatever they say, and what they lack: first whether it is words, then how much."""
    unit = max(1, math.ceil(aim.high / MOST_CELLS))
    cells = aim.high // unit + 1
    best = np.full(cells, -np.inf)
    best[0] = 0.0
    taken: list[np.ndarray[tuple[int], np.dtype[np.int32]]] = []
    for found in offers.values():
        after, which = best.copy(), np.full(cells, -1, dtype=np.int32)
        for place, candidate in enumerate(found):
            step = math.ceil(candidate.words / unit)
            if step >= cells:
                continue
            gain = best[: cells - step] + _value(candidate, aim.share, aim.strange)
            better = gain > after[step:]
            after[step:][better] = gain[better]
            which[step:][better] = place
        best = after
        taken.append(which)
    reached = np.flatnonzero(np.isfinite(best))
    within = reached[reached * unit >= aim.low]
    if len(within):
        missed = (within * unit - aim.wanted) / max(aim.high - aim.wanted, 1)
        losses = NEARNESS * missed * missed - best[within]
        cell, loss = int(within[np.argmin(losses)]), (False, float(losses.min()))
    else:
        cell = int(reached[-1])
        loss = (True, -float(cell))
    picks: dict[int, Candidate] = {}
    for gap, which in zip(reversed(list(offers)), reversed(taken), strict=True):
        place = int(which[cell])
        if place >= 0:
            picks[gap] = offers[gap][place]
            cell -= math.ceil(offers[gap][place].words / unit)
    return loss, dict(sorted(picks.items()))


def _clash(picks: Mapping[int, Candidate]) -> tuple[tuple[int, str], tuple[int, str]] | None:
    """Two gaps whose picks say the same, and the sentences in which they do; None if no two do."""
    seen: list[tuple[int, str, frozenset[str]]] = []
    for gap, candidate in picks.items():
        for sentence in candidate.sentences:
            content = _content(sentence)
            for other_gap, other, known in seen:
                if other_gap != gap and (other == sentence or alike(content, known)):
                    return (other_gap, other), (gap, sentence)
            seen.append((gap, sentence, content))
    return None


def _content(sentence: str) -> frozenset[str]:
    """What a sentence speaks of: its longer words, or where characters are words, each two in a row."""
    words = sentence.split()
    if is_written_without_spaces(sentence):
        return frozenset(map("".join, pairwise(words)))
    return frozenset(word for word in words if len(word) > 3)


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of words overlap so much that they say the same."""
    together = len(one | other)
    return together > 0 and len(one & other) / together > TOO_ALIKE
