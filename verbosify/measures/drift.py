"""Where a sample leaves its passage's subject. Works on similarities handed in; knows no model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def drift_cut(similarities: Sequence[float], floor: float) -> int | None:
    """The index of the sentence from which a sample wanders, or None if it never does.

    `similarities` holds the cosine of each sentence with the passage. Kept is the prefix whose sum of
    (similarity - floor) is largest, the longest of equals: one weak sentence is forgiven when what
    follows makes up for it, a weak end is not. This is the change point of a CUSUM test (Page 1954,
    Continuous Inspection Schemes). 0 means that the sample wanders from its first sentence.
    """
    sums = list(accumulate((similarity - floor for similarity in similarities), initial=0.0))
    kept = max(range(len(sums)), key=lambda count: (sums[count], count))
    return kept if kept < len(similarities) else None
