"""The time left is told truthfully after the first tenth of a run: within a fifth, or within one visit."""

from __future__ import annotations

import json
import random
from datetime import datetime
from itertools import pairwise

import pytest

from tests.commands import ROOT
from tests.seeds import seeded
from verbosify.workflow.options import Options
from verbosify.workflow.pace import Pace
from verbosify.workflow.visit import rounds_at_most

Visits = list[list[float]]
"""Of every visit the seconds between what it tells."""


def told_truthfully(visits: Visits, ending: float, most: int) -> float:
    """The share of what is told after the first tenth that is true."""
    pace = Pace(most, len(visits))
    total, now, true = sum(map(sum, visits)) + ending, 0.0, []
    mean = total / len(visits)
    for to_come, visit in zip(reversed(range(len(visits))), visits, strict=True):
        for number, seconds in enumerate(visit):
            now += seconds
            pace.batch(seconds, first=number == 0, last=number == len(visit) - 1)
            wrong = abs(pace.seconds_left(to_come) - (total - now))
            if now >= total / 10:
                true.append(wrong <= max(0.2 * (total - now), mean))
    return sum(true) / len(true)


def simulated(visits: int, most: int, seed: int) -> Visits:
    """Visits that differ by a tenth, the first slower than the others; seven in ten batches are followed by one more."""
    chance = random.Random(seeded(seed))  # noqa: S311  # nobody guesses at it
    made = []
    for number in range(visits):
        visit = [chance.lognormvariate(2.3, 0.1) + 4 * (number == 0)]
        while len(visit) <= most and chance.random() < 0.7:
            visit.append(chance.lognormvariate(1.3, 0.1))
        made.append(visit)
    return made


def _seconds(before: datetime, after: datetime) -> float:
    return (after - before).total_seconds()


@pytest.mark.parametrize(
    ("visits", "most", "share"),
    [(15, 0, 0.95), (40, 0, 0.95), (200, 0, 0.95), (15, 3, 0.8), (40, 3, 0.9), (200, 3, 0.95)],
)
def test_what_a_simulated_clock_is_told_is_true(visits: int, most: int, share: float) -> None:
    shares = [told_truthfully(simulated(visits, most, seed), 5.0, most) for seed in range(20)]

    assert sum(shares) / len(shares) > share


def test_the_times_of_a_real_run_would_have_been_told() -> None:
    record = json.loads((ROOT / "site" / "rovers" / "piece.json").read_text(encoding="utf-8"))
    started, finished = (datetime.fromisoformat(entry["created"]) for entry in record["log"][:2])
    times: dict[int, list[datetime]] = {passage["index"]: [] for passage in record["passages"]}
    for batch in record["batches"]:
        if batch["overfit"] is not None:
            times[batch["passage"]].append(datetime.fromisoformat(batch["created"]))
    for passage in record["passages"]:
        times[passage["index"]][-1] = datetime.fromisoformat(passage["finished"])
    clock = iter(pairwise([started, *(time for passage in times.values() for time in passage)]))
    visits = [[_seconds(*next(clock)) for _ in passage] for passage in times.values()]
    told_last = max(time for passage in times.values() for time in passage)

    assert told_truthfully(visits, (finished - told_last).total_seconds(), 3) > 0.8


def test_nothing_is_told_before_anything_was_measured_and_only_the_ending_after_the_last_visit() -> None:
    pace = Pace(most=0, passages=10)
    assert pace.seconds_left(9) == 0

    pace.batch(10, first=True, last=True)

    assert pace.seconds_left(9) == 92
    assert pace.seconds_left(0) == 2


def test_a_control_is_counted_where_one_is_to_come_and_not_as_part_of_a_visit() -> None:
    pace = Pace(most=0, passages=10)

    pace.batch(14, first=True, last=True, control=4)

    assert pace.seconds_left(9, controls=1) == 96
    assert pace.seconds_left(1) == 12


def test_a_run_of_portfolios_is_told_within_a_fifth_from_its_first_passage_on() -> None:
    """By the times that one took on two cores; what fell to two controls was not measured apart."""
    visits = [15.9, 12.0, 12.3, 13.3, 11.8, 11.4, 11.5, 11.6, 15.6, 11.7, 11.2, 12.8, 11.8, 12.4]
    controls, ending = {0: 3.7, 8: 3.7}, 2.5
    pace = Pace(most=0, passages=len(visits))

    for number, seconds in enumerate(visits):
        pace.batch(seconds, first=True, last=True, control=controls.get(number, 0.0))
        true = sum(visits[number + 1 :]) + ending
        told = pace.seconds_left(len(visits) - 1 - number, controls=sum(later > number for later in controls))
        assert abs(told - true) <= 0.2 * true, number


def test_the_rounds_of_a_visit_are_as_many_as_samples_may_be_drawn() -> None:
    assert rounds_at_most(Options(portfolio=True)) == 1
    assert rounds_at_most(Options(portfolio=False)) == 4
    assert rounds_at_most(Options(portfolio=False, most_samples=41)) == 5
