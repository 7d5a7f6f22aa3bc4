"""One candidate for each gap, so that the essay comes to its length and nothing is said twice.

Choosing one of several at each gap under a bound on the total is the multiple-choice knapsack problem
(Sinha and Zoltners 1979), solved here exactly by dynamic programming over the words added.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from verbosify.curation.candidates import Candidate

TOLERANCE = 0.05
"""How far the whole may stay from its target, as a share of it."""
EVENNESS = 0.15
"""What a gap filled to e times (or 1/e of) its share of words costs, in closeness."""
TOO_ALIKE = 0.5
"""Two sentences that share this part of their longer words (Jaccard) say the same thing."""
MOST_CELLS = 4000


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: a candidate for each gap that got one, their words, and whether the target was met."""

    picks: dict[int, Candidate]
    words: int
    wanted: int
    met: bool


def choose(
    offers: Mapping[int, Sequence[Candidate]],
    *,
    words_before: int,
    target: float,
    strange: float = 0.0,
) -> Choice:
    """The best picks whose words bring an essay of `words_before` words to `target` times that, +-5 %.

    Args:
        offers: candidates by gap.
        words_before: words of the essay.
        target: words after, as a multiple of words before, >= 1.
        strange: 0 wants picks close to their passages, 1 wants them far; between, a mixture.

    When there is not enough to reach the target, the choice with the most words is taken and `met` is False.
    """
    wanted = round(words_before * (target - 1))
    low = math.ceil(words_before * target * (1 - TOLERANCE)) - words_before
    high = math.floor(words_before * target * (1 + TOLERANCE)) - words_before
    low, high = max(low, 0), max(high, 0)
    left = {gap: list(found) for gap, found in offers.items() if found}
    share = wanted / max(len(left), 1)
    while True:
        picks = _knapsack(left, wanted=wanted, low=low, high=high, share=share, strange=strange)
        repeated = _repeated(picks, strange)
        if repeated is None:
            words = sum(pick.words for pick in picks.values())
            return Choice(picks, words, wanted, low <= words <= high)
        gap, sentence = repeated
        left[gap] = [candidate for candidate in left[gap] if sentence not in candidate.sentences]


def _value(candidate: Candidate, share: float, strange: float) -> float:
    close = candidate.closeness * (1 - 2 * strange)
    uneven = math.log(max(candidate.words, 1) / max(share, 1.0))
    return 1 + close - EVENNESS * uneven * uneven


def _knapsack(
    offers: Mapping[int, Sequence[Candidate]], *, wanted: int, low: int, high: int, share: float, strange: float
) -> dict[int, Candidate]:
    if not offers or high == 0:
        return {}
    unit = max(1, math.ceil(high / MOST_CELLS))
    cells = high // unit + 1
    best = np.full(cells, -np.inf)
    best[0] = 0.0
    taken: list[np.ndarray[tuple[int], np.dtype[np.int32]]] = []
    for found in offers.values():
        after, which = best.copy(), np.full(cells, -1, dtype=np.int32)
        for place, candidate in enumerate(found):
            step = math.ceil(candidate.words / unit)
            if step >= cells:
                continue
            gain = best[: cells - step] + _value(candidate, share, strange)
            better = gain > after[step:]
            after[step:][better] = gain[better]
            which[step:][better] = place
        best = after
        taken.append(which)
    reached = np.flatnonzero(np.isfinite(best))
    within = reached[reached * unit >= low]
    if len(within):
        off_target = np.abs(within * unit - wanted) / max(wanted, 1)
        cell = int(within[np.argmax(best[within] - off_target)])
    else:
        cell = int(reached[-1])
    picks: dict[int, Candidate] = {}
    for (gap, found), which in zip(reversed(offers.items()), reversed(taken), strict=True):
        place = int(which[cell])
        if place >= 0:
            picks[gap] = found[place]
            cell -= math.ceil(found[place].words / unit)
    return dict(sorted(picks.items()))


def _repeated(picks: Mapping[int, Candidate], strange: float) -> tuple[int, str] | None:
    """A gap and a sentence of its pick that another pick says already, at the gap that loses less; None if none does."""
    seen: list[tuple[int, str, frozenset[str]]] = []
    for gap, candidate in picks.items():
        for sentence in candidate.sentences:
            content = frozenset(word for word in sentence.split() if len(word) > 3)
            for other_gap, other, known in seen:
                if other_gap != gap and (other == sentence or alike(content, known)):
                    worth = {
                        place: (_value(picks[place], picks[place].words, strange), place) for place in (gap, other_gap)
                    }
                    return (gap, sentence) if worth[gap] < worth[other_gap] else (other_gap, other)
            seen.append((gap, sentence, content))
    return None


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of words overlap so much that they say the same."""
    together = len(one | other)
    return together > 0 and len(one & other) / together > TOO_ALIKE
