"""What a model itself thinks of a text in its place. Knows no model: log-probabilities are handed in, in nats.

All are those of the fresh model, which has not been taught the passage: the overfitted one likes whatever it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from verbosify.measures.thresholds import THRESHOLDS, Thresholds

STRETCH = 6
"""Tokens in a row whose mean is looked at for the place where a text goes off its rails: about four words."""
OFF_ITS_RAILS = "off its rails"
"""The badge of a sample of which the fresh model expected some stretch too little."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """How a text reads to the model where it stands, after its passage; in nats a token but for the first.

    Attributes:
        information: how much it says that the model did not know, in nats, not a token: the sum over its tokens. Each
            nat is a chance to be wrong: of all that is measured, this tells best what people would keep.
        fluency: how much likelier its tokens are than those of the essay's own prose: above 0 it is plainer than the
            essay, far below 0 it is hardly language. So a plain style is not punished.
        surprise: what the model least expected, >= 0: the mean over the least likely `STRETCH` tokens in a row.
        flow: how much likelier the essay's next sentence is after the text than right after the passage: above 0 the
            text leads up to it, below 0 it leads away. None where no sentence follows in the paragraph.
    """

    information: float
    fluency: float
    surprise: float
    flow: float | None


def opinion_of(
    said: Sequence[float], *, own: float, following: Sequence[float] = (), alone: Sequence[float] = ()
) -> Opinion:
    """The opinion on a text.

    Args:
        said: the log-probability of each of its tokens after the passage; at least one.
        own: the mean log-probability of a token of the essay's own prose.
        following: that of each token of the next sentence, after passage and text.
        alone: the same, after the passage alone.
    """
    stretches = [said[start : start + STRETCH] for start in range(max(len(said) - STRETCH, 0) + 1)]
    return Opinion(
        information=-sum(said),
        fluency=fmean(said) - own,
        surprise=max(-fmean(stretch) for stretch in stretches),
        flow=fmean(following) - fmean(alone) if following and alone else None,
    )


def is_off_its_rails(surprise: float, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Whether a text with such a `surprise` has a stretch that is hardly language any more: then it wears the badge."""
    return surprise > thresholds.surprise
