"""How different the samples of one batch are from each other. Knows nothing of their passage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from verbosify.measures.fields import Count, Share, read_fields
from verbosify.measures.likeness import mean_edit_distance, self_bleu
from verbosify.words import ngrams, word_texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """How different samples of one batch are. Every number is None for fewer than two samples with words.

    Attributes:
        samples: how many samples have words; blank ones are left out.
        distinct_1, distinct_2, distinct_3: distinct n-grams / n-grams over the batch, above 0 to 1 (none twice).
        self_bleu: the mean BLEU-4 of each sample against all others, 0 to 1 (all the same).
        edit_distance: the mean over all pairs of word edits over the longer's words, 0 (all the same) to 1.
    """

    samples: Count
    distinct_1: Share | None
    distinct_2: Share | None
    distinct_3: Share | None
    self_bleu: Share | None
    edit_distance: Share | None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Diversity:
        """The inverse of `to_dict`; `RecordError` if a field is missing, unknown or out of range."""
        return read_fields(cls, values)


def measure_batch(samples: Sequence[str]) -> Diversity:
    """The diversity of `samples`; linear in their words, but for the edit distance: quadratic in their number."""
    texts = [words for words in map(word_texts, samples) if words]
    alone = len(texts) < 2
    return Diversity(
        samples=len(texts),
        distinct_1=None if alone else distinct(texts, 1),
        distinct_2=None if alone else distinct(texts, 2),
        distinct_3=None if alone else distinct(texts, 3),
        self_bleu=self_bleu(texts),
        edit_distance=mean_edit_distance(texts),
    )


def distinct(texts: Sequence[Sequence[str]], n: int) -> float | None:
    """distinct-n, above 0 to 1: distinct n-grams / n-grams of all `texts` together; None if there is no n-gram.

    Li et al. 2016, A Diversity-Promoting Objective Function for Neural Conversation Models. They divide
    by the number of words; by that of n-grams, 1 means that none occurs twice, whatever n is.
    """
    found = [ngram for text in texts for ngram in ngrams(text, n)]
    return len(set(found)) / len(found) if found else None
