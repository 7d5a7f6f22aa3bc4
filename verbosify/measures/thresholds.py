"""From which number on a measure becomes a badge. Knows the numbers alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from verbosify.errors import SettingsError

_RANGES = {
    "copied_share": (0, 1),
    "repetition": (0, 1),
    "similarity": (-1, 1),
    "sentence_similarity": (-1, 1),
    "surprise": (0, math.inf),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When a sample earns a badge.

    Attributes:
        copied_words: so many consecutive words of the passage are `copied`, >= 1.
        copied_share: so are more than this share of copied 5-grams, 0 to 1.
        repetition: a seq-rep-4 above this is `looped`, 0 to 1.
        similarity: a sample less similar to its passage than this has `drifted`, -1 to 1.
        sentence_similarity: the floor of `drift_cut` for single sentences, whose similarities run lower, -1 to 1.
        surprise: a stretch that the fresh model expects less than this is `off its rails`, in nats a token, >= 0.

    The two similarities are those of all-MiniLM-L6-v2; another embedding needs others.
    """

    copied_words: int = 8
    copied_share: float = 0.2
    repetition: float = 0.1
    similarity: float = 0.2
    sentence_similarity: float = 0.15
    surprise: float = 8.0

    def __post_init__(self) -> None:
        if isinstance(self.copied_words, bool) or not isinstance(self.copied_words, int) or self.copied_words < 1:
            raise SettingsError(f"copied_words is {self.copied_words!r}: it must be a whole number of at least 1.")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if not real or not low <= value <= high:
                most = f"from {low} to {high}" if math.isfinite(high) else f"of at least {low}"
                raise SettingsError(f"{name} is {value!r}: it must be a number {most}.")


THRESHOLDS = Thresholds()
