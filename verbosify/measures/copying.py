"""How much of a sample stands word for word in its passage. Compares words; knows nothing of meaning."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from verbosify.words import ngrams


def longest_copied_run(sample: Sequence[str], passage: Sequence[str]) -> tuple[int, int]:
    """The longest run of consecutive words of `sample` that also stands in `passage`: where it begins, and its length.

    Of several, the first; `(0, 0)` if they share no word. A character stands for each word, so that a run is looked
    for as a piece of a string: one search of the passage for each word of the sample. (difflib's `find_longest_match`
    finds the same, but takes a hundred times as long where both say one thing over and over.)
    """
    characters = {word: chr(number) for number, word in enumerate(dict.fromkeys(passage), start=1)}
    text = "".join(characters[word] for word in passage)
    looked_for = "".join(characters.get(word, "\0") for word in sample)
    start, length = 0, 0
    for end in range(1, len(sample) + 1):
        while length < end and looked_for[end - length - 1 : end] in text:
            start, length = end - length - 1, length + 1
    return start, length


def copied_share(sample: Sequence[str], passage: Sequence[str], n: int = 5) -> float | None:
    """The share of the sample's word n-grams that occur in the passage, 0 to 1; None for fewer than `n` words."""
    if len(sample) < n:
        return None
    known = set(ngrams(passage, n))
    return fmean(ngram in known for ngram in ngrams(sample, n))
