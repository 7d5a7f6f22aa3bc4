"""What may be said of differences: intervals that hold what is true, corrections, and what is compared at equal loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from verbosify.errors import SettingsError
from verbosify.studies.claims import CLAIMS, Claim, judged, verdict, windows_compared
from verbosify.studies.statistics import (
    Difference,
    Estimate,
    at_loss,
    by_place,
    corrected,
    difference,
    difference_of,
    discrimination,
    estimated,
    flipped,
    over_clusters,
)
from verbosify.studies.summaries import agreement, at_equal_loss, on_front, picked, recipes_compared, summary


def samples(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_means_are_of_places_not_of_samples() -> None:
    table = samples(place=["a", "a", "a", "b"], usable=[True, True, True, False])
    assert by_place(table, "usable").to_dict() == {"a": 1.0, "b": 0.0}
    assert estimated(by_place(table, "usable").to_numpy()).mean == 0.5


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    told = [estimated(generator.normal(0.3, 1.0, size=30)) for _ in range(200)]
    held = np.mean([each.low <= 0.3 <= each.high for each in told])
    assert 0.88 <= held <= 0.99  # the percentile bootstrap is a little short with 30


def test_an_interval_is_always_the_same() -> None:
    values = [0.1, 0.4, 0.9, 0.2]
    assert estimated(values) == estimated(np.array(values))


def test_nothing_is_estimated_from_nothing() -> None:
    with pytest.raises(SettingsError, match="no place"):
        estimated([])


def test_a_difference_is_paired_by_place() -> None:
    one = pd.Series({"a": 1.0, "b": 2.0, "c": 9.0})
    other = pd.Series({"b": 1.5, "a": 0.5})
    told = difference(one, other)
    assert told.estimate.mean == pytest.approx(0.5)
    assert told.estimate.places == 2
    assert (told.first, told.second) == (1.5, 1.0)
    assert told.effect == 0.0  # without any spread it has no size


def test_a_clear_difference_is_no_chance_and_noise_is() -> None:
    generator = np.random.default_rng(1)
    noise = generator.normal(size=24)
    clear = difference_of(noise + 2 + 0.1 * generator.normal(size=24), noise)
    assert clear.p < 0.001
    assert clear.estimate.low > 1.8
    assert clear.effect > 5
    assert flipped(noise - noise.mean()) > 0.9


def test_p_values_of_noise_are_spread_evenly() -> None:
    generator = np.random.default_rng(3)
    p_values = [flipped(generator.normal(size=20), flips=400) for _ in range(300)]
    assert np.mean(np.array(p_values) < 0.1) == pytest.approx(0.1, abs=0.06)


def test_holm_corrects_in_steps_and_never_lowers() -> None:
    assert corrected({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert corrected({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


def test_discrimination_is_the_share_of_pairs_in_the_right_order() -> None:
    scores = np.array([3.0, 2.0, 2.0, 1.0])
    assert discrimination(scores, np.array([True, True, False, False])) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert math.isnan(discrimination(scores, np.array([True] * 4)))


def test_clusters_are_drawn_whole() -> None:
    low, high = over_clusters(["a"] * 5 + ["b"] * 5, lambda rows: float(np.mean(rows >= 5)))
    assert (low, high) == (0.0, 1.0)
    sizes: list[int] = []

    def size(rows: Any) -> float:
        sizes.append(len(rows))
        return 0.0

    over_clusters(["a"] * 5 + ["b"] * 5, size, draws=10)
    assert set(sizes) == {10}


def test_a_measure_is_interpolated_between_the_losses_beside_it() -> None:
    losses, values = np.array([3.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.4])
    assert at_loss(losses, values, 1.5) == pytest.approx(0.7)
    assert at_loss(losses, values, 3.1) is None


def window_table(offset: float) -> pd.DataFrame:
    """Two trainings whose measure depends on the loss alone, but that `full` has `offset` more of it.

    At an equal strength `full` learns less.
    """
    rows = []
    for number in range(8):
        for training, slope in (
            ("once", 2.0),
            ("full", 1.0),
            ("four", 1.2),
            ("twice", 1.5),
            ("cut", 1.0),
            ("cut-5", 1.0),
        ):
            for strength in (0.1, 0.5, 1.0, 2.0):
                loss = 4.0 - slope * strength
                value = (4.0 - loss) / 10 + (offset if training == "full" else 0.0) + 0.001 * number
                rows.append(
                    {"place": f"p{number}", "training": training, "strength": strength, "loss_before": 4.0}
                    | {"loss_after": loss, "trained_tokens": 100 if training == "once" else 1024}
                    | dict.fromkeys(("looped", "copied", "usual_similarity", "usable", "distinct_2", "fluency"), value)
                )
    return pd.DataFrame(rows)


def test_strength_and_repetition_are_told_apart() -> None:
    equal_rate = picked(window_table(0.0), strength=1.0)
    sides = [by_place(picked(equal_rate, training=name), "looped") for name in ("full", "once")]
    assert difference(*sides).estimate.mean == pytest.approx(-0.1)
    told = at_equal_loss(window_table(0.0), "full", "once", "looped", 0.75)
    assert told is not None
    assert told[0].estimate.mean == pytest.approx(0.0, abs=1e-9)
    assert told[1] == 0
    more = at_equal_loss(window_table(0.2), "full", "once", "looped", 0.75)
    assert more is not None
    assert more[0].estimate.mean == pytest.approx(0.2)


def test_a_loss_that_is_never_reached_is_not_compared() -> None:
    assert at_equal_loss(window_table(0.0), "full", "once", "looped", 0.1) is None


def test_all_windows_are_compared_and_corrected_together() -> None:
    found = windows_compared(window_table(0.2))
    assert {each.how for each in found} == {"rate", "loss"}
    assert all(0 < each.p <= 1 for each in found)
    assert all(each.p >= each.difference.p for each in found)


def test_samples_are_picked_by_numbers_that_float32_has_rounded() -> None:
    table = samples(temperature=np.array([0.1, 0.7, 0.8], dtype=np.float32), training=["a", "b", "b"])
    assert len(picked(table, temperature=[0.7, 0.8])) == 2
    assert len(picked(table, temperature=0.1, training="b")) == 0


def test_a_summary_has_a_row_a_combination_and_measure() -> None:
    told = summary(window_table(0.0), ["looped", "copied"], ["training", "strength"])
    assert len(told) == 6 * 4 * 2
    assert ((told["low"] <= told["mean"]) & (told["mean"] <= told["high"])).all()
    assert set(told["places"]) == {8}


def test_the_front_is_what_no_other_beats() -> None:
    assert on_front(np.array([[1.0, 1.0], [2.0, 0.5], [0.5, 0.5], [1.0, 1.0]])) == [True, True, False, True]
    found = recipes_compared([window_table(0.0)])
    assert found["front"].any()
    assert not found["front"].all()


TABLES = {
    "size": samples(place=["a", "b", "c"] * 2, training=["classic"] * 6, size=[3] * 3 + [4] * 3, usable=[1.0] * 6)
}


def test_claims_of_studies_that_are_there_are_judged() -> None:
    (told,) = judged(TABLES)
    assert told.claim.name == "four"
    assert told.verdict == "not confirmed"  # there is no difference at all


@pytest.mark.parametrize(
    ("low", "mean", "high", "p", "more", "expected"),
    [
        (0.1, 0.2, 0.3, 0.01, True, "confirmed"),
        (0.1, 0.2, 0.3, 0.01, False, "not confirmed"),
        (-0.3, -0.2, -0.1, 0.01, False, "confirmed"),
        (-0.1, 0.0, 0.1, 0.8, True, "cannot be told here"),
        (-0.1, 0.0, 0.04, 0.8, True, "not confirmed"),
        (-0.1, 0.0, 0.04, 0.8, False, "cannot be told here"),
    ],
)
def test_a_verdict_asks_for_the_right_kind_of_difference_and_for_more_than_chance(
    low: float, mean: float, high: float, p: float, more: bool, expected: str
) -> None:
    claim = Claim("a", "", "", "size", "size", "usable", {}, {}, more=more)
    assert verdict(claim, Difference(0.0, 0.0, Estimate(mean, low, high, 9), p, 1.0), p) == expected


def test_every_claim_has_a_name_of_its_own() -> None:
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)


def test_agreement_with_ratings_is_half_by_chance_and_whole_by_the_answer() -> None:
    generator = np.random.default_rng(0)
    single = []
    for number in range(80):
        keep = bool(number % 3 == 0)
        single.append(
            {"essay": "e", "gap": number // 4, "words": generator.integers(5, 50), "closeness": generator.random()}
            | {"information": 10 - 5 * keep + generator.random(), "fluency": generator.random(), "flow": None}
            | {"surprise": generator.random()}
            | {"answers": [{"fluent": True, "on topic": True, "keeps the meaning": keep, "keep": keep}]}
        )
    told = agreement({"single": single}).set_index(["measure", "asked"])
    assert told.loc[("little information", "keep"), "mean"] == 1.0
    assert told.loc[("flow", "keep"), "mean"] == 0.5
    assert 0.3 < told.loc[("closeness", "sound"), "mean"] < 0.7
