"""How alike texts are as sequences of words: BLEU and edit distance. Knows nothing of passages and samples."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

from verbosify.words import ngrams

_ORDERS = (1, 2, 3, 4)
_SMOOTHED = 0.1
"""What an order without a match counts, by smoothing method 1."""
_COMPARED_AT_MOST = 10_000  # words of the shorter text, so that no pair takes a second


def bleu(hypothesis: Sequence[str], reference: Sequence[str]) -> float | None:
    """BLEU-4 of `hypothesis` against `reference`, 0 (no word shared) to 1; None if either has no words.

    Papineni et al. 2002, BLEU: a Method for Automatic Evaluation of Machine Translation, with smoothing
    method 1 of Chen and Cherry 2014 (an order without a match counts 0.1), as nltk's `sentence_bleu` computes it.
    """
    if not hypothesis or not reference:
        return None
    matches = []
    for order in _ORDERS:
        limits = Counter(ngrams(reference, order))
        matches.append((Counter(ngrams(hypothesis, order)) & limits).total())
    return _bleu_of_matches(matches, hypothesis, [reference])


def self_bleu(texts: Sequence[Sequence[str]]) -> float | None:
    """The mean BLEU-4 of each text against all others, 0 to 1 (all the same); None for fewer than two.

    Zhu et al. 2018, Texygen: A Benchmarking Platform for Text Generation Models, which smooths by
    method 1 too. No text may be empty. Linear in the words: every n-gram is counted once a text.
    """
    if len(texts) < 2:
        return None
    matches = list(zip(*(_matches_among(texts, order) for order in _ORDERS), strict=True))
    return fmean(
        _bleu_of_matches(matches[index], text, [*texts[:index], *texts[index + 1 :]])
        for index, text in enumerate(texts)
    )


def edit_distance(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Insertions, deletions and substitutions of words from one text to the other, over the longer's length.

    0 (the same) to 1 (nothing in common); None if both are empty, or both longer than 10,000 words.
    Levenshtein 1966, computed by rapidfuzz.
    """
    from rapidfuzz.distance import Levenshtein

    shorter, longer = sorted((first, second), key=len)
    if not longer or len(shorter) > _COMPARED_AT_MOST:
        return None
    return Levenshtein.distance(shorter, longer) / len(longer)


def mean_edit_distance(texts: Sequence[Sequence[str]]) -> float | None:
    """The mean `edit_distance` over all pairs of texts, 0 to 1; None if there is no pair to compare."""
    distances = [edit_distance(first, second) for first, second in combinations(texts, 2)]
    known = [distance for distance in distances if distance is not None]
    return fmean(known) if known else None


def _matches_among(texts: Sequence[Sequence[str]], order: int) -> list[int]:
    """For each text, how many of its n-grams another text has at least as often (BLEU's clipped count)."""
    counts = [Counter(ngrams(text, order)) for text in texts]
    # For each n-gram: the most often it occurs in one text, which text, and the most often in any other.
    most: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for index, counted in enumerate(counts):
        for ngram, count in counted.items():
            highest, owner, second = most.get(ngram, (0, index, 0))
            most[ngram] = (count, index, highest) if count > highest else (highest, owner, max(second, count))
    matches = []
    for index, counted in enumerate(counts):
        limits = ((count, most[ngram]) for ngram, count in counted.items())
        matches.append(sum(min(count, second if owner == index else top) for count, (top, owner, second) in limits))
    return matches


def _bleu_of_matches(matches: Sequence[int], hypothesis: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    if matches[0] == 0:
        return 0.0
    length = len(hypothesis)
    totals = [max(1, length - order + 1) for order in _ORDERS]
    precisions = [(match or _SMOOTHED) / total for match, total in zip(matches, totals, strict=True)]
    closest = min(map(len, references), key=lambda size: (abs(size - length), size))
    brevity = min(1.0, math.exp(1 - closest / length))
    return brevity * math.exp(fmean(map(math.log, precisions)))
