"""Tables of samples to what is drawn and said of them: means with intervals, fronts, agreement. Draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from verbosify.studies.statistics import (
    Difference,
    at_loss,
    by_place,
    difference_of,
    discrimination,
    estimated,
    over_clusters,
)

if TYPE_CHECKING:
    import pandas as pd

HIGHER_IS_BETTER = {"usable": 1, "usual_similarity": 1, "trained_tokens": -1}
"""What the front is of: something to use, the subject held, and the tokens that were read with a gradient."""
RATED: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "little information": lambda row: -row["information"],
    "few words": lambda row: -row["words"],
    "closeness": lambda row: row["closeness"],
    "fluency": lambda row: row["fluency"],
    "no surprise": lambda row: -row["surprise"],
    "flow": lambda row: row["flow"] or 0.0,
}
"""By what a candidate of the ratings is scored, so that more should be better."""


def picked(table: pd.DataFrame, **fields: Any) -> pd.DataFrame:
    """The samples whose fields are these values, or among them, where several are given."""
    for name, value in fields.items():
        values = value if isinstance(value, list | tuple) else [value]
        if table[name].dtype.kind == "f":
            near = np.isclose(table[name].to_numpy(np.float64)[:, None], np.array(values, np.float64)[None], atol=1e-6)
            table = table[near.any(axis=1)]
        else:
            table = table[table[name].isin(values)]
    return table


def summary(table: pd.DataFrame, measures: Sequence[str], by: Sequence[str]) -> pd.DataFrame:
    """For each combination of the columns `by` that is there, and each measure, the mean over places, and interval.

    A row each: the columns, `measure`, `mean`, `low`, `high`, `places`, `samples`.
    """
    import pandas as pd

    rows = []
    for values, group in table.groupby(list(by), observed=True, sort=True):
        for measure in measures:
            means = by_place(group, measure)
            if len(means):
                told = estimated(means.to_numpy())
                rows.append(
                    dict(zip(by, values, strict=True))
                    | {"measure": measure, "mean": told.mean, "low": told.low, "high": told.high}
                    | {"places": told.places, "samples": len(group)}
                )
    return pd.DataFrame(rows)


def at_equal_loss(
    table: pd.DataFrame, first: str, second: str, measure: str, share: float
) -> tuple[Difference, int] | None:
    """One training against another where both leave a passage the same loss: a `share` of what it was before.

    Between the strengths that were drawn it is interpolated, place by place. Also how many places could not be told,
    since one of the two never comes there. None if fewer than three can.
    """
    sides: tuple[list[float], list[float]] = ([], [])
    untold = 0
    for _, here in table.groupby("place", observed=True):
        values = [_value_at(picked(here, training=name), measure, share) for name in (first, second)]
        if values[0] is None or values[1] is None:
            untold += 1
            continue
        sides[0].append(values[0])
        sides[1].append(values[1])
    if len(sides[0]) < 3:
        return None
    return difference_of(np.array(sides[0]), np.array(sides[1])), untold


def _value_at(samples: pd.DataFrame, measure: str, share: float) -> float | None:
    """A measure at one place where the loss is that share of what it was; the fresh model is not among the known."""
    if samples.empty:
        return None
    known = samples.assign(value=samples[measure].astype("float64")).groupby("strength")[["loss_after", "value"]].mean()
    target = share * float(samples["loss_before"].iloc[0])
    return at_loss(known["loss_after"].to_numpy(np.float64), known["value"].to_numpy(np.float64), target)


def recipes_compared(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All trainings of a passage by all strengths: their means, and whether they are on the front.

    On the front is what no other beats or equals in all of `HIGHER_IS_BETTER`, being better in one.
    """
    import pandas as pd

    together = pd.concat([table.assign(training=table["training"].astype(str)) for table in tables])
    rows = []
    for (training, strength), group in together.groupby(["training", "strength"], sort=True):
        usable = estimated(by_place(group, "usable").to_numpy())
        rows.append(
            {
                "training": training,
                "strength": strength,
                "usable": usable.mean,
                "low": usable.low,
                "high": usable.high,
                **{
                    name: float(by_place(group, name).mean())
                    for name in ("usual_similarity", "looped", "copied", "fluency", "loss_after", "trained_tokens")
                },
            }
        )
    found = pd.DataFrame(rows).drop_duplicates(["training", "strength"]).reset_index(drop=True)
    found["front"] = on_front(found[list(HIGHER_IS_BETTER)].to_numpy(np.float64) * list(HIGHER_IS_BETTER.values()))
    return found


def on_front(points: Any) -> list[bool]:
    """Of points, (points, aims), more being better, those than which no other is better in one and as good in all."""
    return [not any((other >= point).all() and (other > point).any() for other in points) for point in points]


def agreement(ratings: Mapping[str, Any]) -> pd.DataFrame:
    """How well each measure tells what was kept, and what was sound, by blind ratings; gaps are drawn again.

    A row each: `measure`, `asked` (`keep`, or `sound`: fluent, on topic and keeping the meaning), `mean` (the area
    under the ROC curve: 0.5 is chance), `low`, `high`, `samples`.
    """
    import pandas as pd

    rows, single = [], ratings["single"]
    gaps = [(row["essay"], row["gap"]) for row in single]
    yes = {
        name: np.array([np.mean([answer[name] for answer in row["answers"]]) >= 0.5 for row in single])
        for name in single[0]["answers"][0]
    }
    asked = {"keep": yes["keep"], "sound": np.all([told for name, told in yes.items() if name != "keep"], axis=0)}
    for name, score in RATED.items():
        scores = np.array([score(row) for row in single], dtype=np.float64)
        for question, told in asked.items():

            def area(places: Any, scores: Any = scores, told: Any = told) -> float:
                return discrimination(scores[places], told[places])

            low, high = over_clusters(gaps, area)
            rows.append(
                {"measure": name, "asked": question, "mean": discrimination(scores, told), "low": low, "high": high}
                | {"samples": len(single), "yes": int(told.sum())}
            )
    return pd.DataFrame(rows)
