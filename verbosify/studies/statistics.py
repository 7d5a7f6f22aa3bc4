"""Differences between cells with what may be said of them: intervals over passages, and corrections. Knows no model.

Samples of one passage are more alike than those of two, so passages, not samples, are what is drawn again (a cluster
bootstrap: Field and Welsh 2007) and what changes sign in a permutation test. Everything is paired by place: cells share
places, and seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from verbosify.errors import SettingsError

if TYPE_CHECKING:
    import pandas as pd

DRAWS, FLIPS, SEED = 4000, 20_000, 0
LEVEL = 0.95

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over places, and the interval that 95 of 100 samples of places would have it in."""

    mean: float
    low: float
    high: float
    places: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more of a measure one side has than the other.

    Attributes:
        first, second: the means of the two sides.
        estimate: of first - second, over the places that both sides have.
        p: two-sided, by sign flips; not corrected.
        effect: the mean difference over its standard deviation from place to place (Cohen's d for pairs).
    """

    first: float
    second: float
    estimate: Estimate
    p: float
    effect: float


def by_place(table: pd.DataFrame, measure: str) -> pd.Series[float]:
    """The mean of a measure at each place; a share, if it is a yes or no."""
    values = table[measure].astype("float64")
    means: pd.Series[float] = values.groupby(table["place"].astype(str)).mean().dropna()
    return means


def estimated(values: Sequence[float] | Numbers) -> Estimate:
    """The mean of values, one a place, with its interval; `SettingsError` if there are none."""
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        raise SettingsError("There is no place to estimate anything from: draw more cells.")
    means = resampled(len(numbers)) @ numbers / len(numbers)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(numbers.mean()), float(low), float(high), len(numbers))


@lru_cache(8)
def resampled(count: int, draws: int = DRAWS) -> Numbers:
    """How often each of `count` clusters is in each resample, (draws, count); always the same ones."""
    generator = np.random.default_rng((SEED, count))
    return generator.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64)


def difference(first: pd.Series[float], second: pd.Series[float]) -> Difference:
    """Of two sides, each a mean a place; only places that both have count."""
    both = first.index.intersection(second.index)
    one, other = first[both].to_numpy(), second[both].to_numpy()
    return difference_of(one, other)


def difference_of(one: Numbers, other: Numbers) -> Difference:
    """Of two sides, place by place."""
    gaps = one - other
    spread = gaps.std(ddof=1) if len(gaps) > 1 else 0.0
    effect = float(gaps.mean() / spread) if spread else 0.0
    return Difference(float(one.mean()), float(other.mean()), estimated(gaps), flipped(gaps), effect)


def flipped(gaps: Numbers, flips: int = FLIPS) -> float:
    """The share of random signs that give a mean at least as far from 0, this one among them."""
    means = np.abs(_signs(len(gaps), flips) @ gaps) / len(gaps)
    at_least = np.sum(means >= abs(gaps.mean()) - 1e-12)
    return float((at_least + 1) / (flips + 1))


@lru_cache(8)
def _signs(count: int, flips: int) -> Numbers:
    signs: Numbers = np.random.default_rng((SEED, count)).choice([-1.0, 1.0], size=(flips, count))
    return signs


def corrected(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's correction (1979): the chance of any false claim among them stays what is said of one."""
    ordered = sorted(p_values, key=lambda name: p_values[name])
    found, highest = {}, 0.0
    for place, name in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - place) * p_values[name]))
        found[name] = highest
    return {name: found[name] for name in p_values}


def discrimination(scores: Numbers, positive: NDArray[np.bool_]) -> float:
    """How often a positive has a higher score than a negative: the area under the ROC curve; NaN without either."""
    if positive.all() or not positive.any():
        return float("nan")
    higher = scores[positive][:, None] - scores[~positive][None, :]
    return float(np.mean((higher > 0) + 0.5 * (higher == 0)))


def over_clusters(
    clusters: Sequence[Any], statistic: Callable[[NDArray[np.intp]], float], draws: int = 1000
) -> tuple[float, float]:
    """The interval of a statistic of rows, clusters of rows being drawn again; it is given the rows' places."""
    names = sorted(set(clusters), key=repr)
    rows = [np.flatnonzero([cluster == name for cluster in clusters]) for name in names]
    generator = np.random.default_rng((SEED, len(names)))
    found = [
        statistic(np.concatenate([rows[place] for place in generator.integers(len(names), size=len(names))]))
        for _ in range(draws)
    ]
    low, high = np.nanquantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def at_loss(losses: Numbers, values: Numbers, target: float) -> float | None:
    """A measure where the passage's loss is `target`, between the two strengths beside it; None outside of them.

    Linear in between. Losses need not be in order, but each value belongs to its loss.
    """
    order = np.argsort(losses)
    known, told = losses[order], values[order]
    if not known[0] <= target <= known[-1]:
        return None
    return float(np.interp(target, known, told))
