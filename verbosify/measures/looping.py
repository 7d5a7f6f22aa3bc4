"""How much of a sample it has already said. Compares words within one sample."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from verbosify.words import ngrams, word_texts

_BETWEEN = re.compile(r"(?<=[.!?。！？])\s+|\n+")


def rough_sentences(text: str) -> list[list[str]]:
    """The words of `text`, by what its marks and line breaks part: enough to tell what is said again."""
    return [word_texts(part) for part in _BETWEEN.split(text)]


def repeats(runs: Iterable[Sequence[str]]) -> list[int]:
    """The indices of the runs of words that say again what an earlier one said; those without words never do."""
    seen: set[tuple[str, ...]] = set()
    again = []
    for index, run in enumerate(map(tuple, runs)):
        if run in seen:
            again.append(index)
        elif run:
            seen.add(run)
    return again


def sequence_repetition(words: Sequence[str], n: int = 4) -> float | None:
    """seq-rep-n, 0 to 1: 1 - distinct n-grams / n-grams; None if there are fewer than `n` words.

    Welleck et al. 2020, Neural Text Generation with Unlikelihood Training.
    """
    total = len(words) - n + 1
    return len(repeats(ngrams(words, n))) / total if total > 0 else None


def loop_start(words: Sequence[str], sentences: Sequence[Sequence[str]], n: int = 4) -> int | None:
    """The index of the first word said again: of a sentence or of `n` words in a row, whichever comes first.

    `sentences` are the same `words`, sentence by sentence. None if nothing is said again.
    """
    places = [sum(map(len, sentences[:index])) for index in repeats(sentences)[:1]]
    places += repeats(ngrams(words, n))[:1]
    # A sentence that ends inside a word makes two of it, so that a place could fall behind the last word.
    return min((place for place in places if place < len(words)), default=None)
