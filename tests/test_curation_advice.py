from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.curation import advise
from verbosify.models.settings import SamplingSettings

SAME = "too few fit to print: the same settings again"


@pytest.mark.parametrize(
    ("top_k", "temperature", "stuck", "lost", "changed", "reason"),
    [
        # half of ten copied, looped or blank: more freedom, first by top-k ...
        (30, 0.8, 5, 0, {"top_k": 80}, "5 of 10 copied, looped or blank: top-k 80"),
        (79, 0.8, 10, 10, {"top_k": 80}, "10 of 10 copied, looped or blank: top-k 80"),
        (30, 1.0, 7, 6, {"top_k": 80}, "7 of 10 copied, looped or blank: top-k 80"),
        # ... then by temperature, up to 1
        (80, 0.8, 5, 0, {"temperature": 0.9}, "5 of 10 copied, looped or blank: temperature 0.9"),
        (100, 0.7, 5, 0, {"temperature": 0.8}, "5 of 10 copied, looped or blank: temperature 0.8"),
        (0, 0.8, 5, 0, {"temperature": 0.9}, "5 of 10 copied, looped or blank: temperature 0.9"),  # 0 keeps all already
        (80, 0.9, 5, 0, {"temperature": 1.0}, "5 of 10 copied, looped or blank: temperature 1.0"),
        (80, 0.95, 5, 0, {"temperature": 1.0}, "5 of 10 copied, looped or blank: temperature 1.0"),
        (80, 1.0, 5, 0, {}, SAME),
        (80, 1.3, 5, 0, {}, SAME),
        # half of ten off the topic: less freedom, first by top-k, then by temperature, down to 0.7
        (30, 0.8, 0, 5, {"top_k": 15}, "5 of 10 off the topic: top-k 15"),
        (0, 0.8, 0, 5, {"top_k": 15}, "5 of 10 off the topic: top-k 15"),
        (80, 1.0, 6, 7, {"top_k": 15}, "7 of 10 off the topic: top-k 15"),
        (15, 0.9, 0, 5, {"temperature": 0.8}, "5 of 10 off the topic: temperature 0.8"),
        (15, 0.8, 0, 5, {"temperature": 0.7}, "5 of 10 off the topic: temperature 0.7"),
        (5, 0.75, 0, 5, {"temperature": 0.7}, "5 of 10 off the topic: temperature 0.7"),
        (15, 0.7, 0, 5, {}, SAME),
        (15, 0.4, 0, 5, {}, SAME),
        # neither: the same again
        (30, 0.8, 4, 4, {}, SAME),
        (30, 0.8, 0, 0, {}, SAME),
    ],
)
def test_the_artists_rule_is_followed(
    top_k: int, temperature: float, stuck: int, lost: int, changed: dict[str, Any], reason: str
) -> None:
    settings = SamplingSettings(n=10, top_k=top_k, temperature=temperature, stops=("\n",), seed=5)

    advice = advise(settings, total=10, stuck=stuck, lost=lost)

    expected: dict[str, Any] = {
        "n": 10,
        "top_k": top_k,
        "temperature": temperature,
        "stops": ("\n",),
        "seed": 5,
    } | changed
    assert advice.settings == SamplingSettings(**expected)
    assert advice.reason == reason


def test_no_samples_are_no_reason_to_change_anything() -> None:
    advice = advise(SamplingSettings(), total=0, stuck=0, lost=0)

    assert (advice.settings, advice.reason) == (SamplingSettings(), SAME)


@given(st.integers(0, 200), st.floats(0, 2), st.lists(st.booleans(), min_size=40, max_size=40))
def test_advice_stays_within_what_the_artist_tried(top_k: int, temperature: float, stuck: list[bool]) -> None:
    settings = SamplingSettings(top_k=top_k, temperature=temperature)
    for is_stuck in stuck:
        before = settings
        settings = advise(settings, total=1, stuck=int(is_stuck), lost=int(not is_stuck)).settings
        assert settings.top_k in (15, 80) or settings.top_k == top_k
        if settings.temperature > before.temperature:
            assert settings.temperature <= 1.0
        if settings.temperature < before.temperature:
            assert settings.temperature >= 0.7


@pytest.mark.parametrize(("stuck", "rest"), [(1, (80, 1.0)), (0, (15, 0.7))])
def test_advice_followed_again_and_again_comes_to_rest(stuck: int, rest: tuple[int, float]) -> None:
    settings, seen = SamplingSettings(), []
    while settings not in seen:
        seen.append(settings)
        settings = advise(settings, total=1, stuck=stuck, lost=1 - stuck).settings

    assert (settings.top_k, settings.temperature) == rest
