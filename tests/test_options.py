"""Options are checked where they enter, survive the record, and give each batch a seed of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import SettingsError
from verbosify.models.settings import RECIPES, SamplingSettings
from verbosify.workflow import Options
from verbosify.workflow import options as recorded_options
from verbosify.workflow.options import batch_seed, control_seed, hand_seed

counts = st.integers(1, 200)
seeds = st.integers(0, 2**63 - 1)
settings = st.builds(
    SamplingSettings,
    n=counts,
    length=counts,
    temperature=st.floats(0, 3),
    top_k=st.integers(0, 500),
    stops=st.lists(st.text(min_size=1), max_size=3).map(tuple),
    seed=seeds,
)
choices = st.builds(
    Options,
    model=st.text(),
    recipe=st.sampled_from(list(RECIPES.values())),
    settings=settings,
    target=st.floats(1, 10),
    seed=seeds,
    most_samples=st.integers(200, 800),
    passage_size=counts,
    stride=counts,
    short_paragraphs=st.sampled_from(["keep", "skip"]),
)


@given(choices)
def test_options_come_back_from_the_record_as_they_went_in(options: Options) -> None:
    assert Options.from_dict(json.loads(json.dumps(options.to_dict()))) == options


def test_the_defaults_are_the_method_of_the_original() -> None:
    options = Options()

    assert options.recipe == RECIPES["classic"]
    assert (options.settings.n, options.settings.length) == (10, 100)
    assert (options.settings.temperature, options.settings.top_k) == (0.8, 30)
    assert (options.passage_size, options.stride, options.target, options.most_samples) == (3, 1, 2.0, 40)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("target", value) for value in (0.99, 10.01, -2, float("nan"), float("inf"), True, "2")),
        *(("seed", value) for value in (-1, 2**63, 1.0, True, None)),
        *((name, value) for name in ("most_samples", "passage_size", "stride") for value in (0, -1, 2.0, True, "3")),
        ("short_paragraphs", "drop"),
        *(("portfolio", value) for value in (1, "yes", None)),
    ],
)
def test_a_value_outside_its_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} is .*: it must be .*\.$"):
        Options(**{name: value})


def test_every_batch_of_every_passage_has_a_seed_of_its_own() -> None:
    places = [(seed, passage) for seed in (0, 1, 2**62) for passage in range(20)]

    found = {batch_seed(*place, number) for place in places for number in range(5)}
    found |= {control_seed(*place) for place in places} | {hand_seed(*place, n) for place in places for n in range(5)}

    assert len(found) == 11 * len(places)
    assert all(0 <= seed < 2**63 for seed in found)


def test_a_field_that_came_later_is_recorded_only_where_it_changes_what_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(recorded_options._FROM_THE_FIRST, "settings", ["n", "top_k"])
    monkeypatch.setitem(recorded_options._FROM_THE_FIRST, "recipe", ["name"])

    usual = Options().to_dict()
    chosen = Options(settings=SamplingSettings(top_p=0.9), recipe=replace(RECIPES["classic"], steps=2)).to_dict()

    assert (usual["settings"], usual["recipe"]) == ({"n": 10, "top_k": 30}, {"name": "classic"})
    assert chosen["settings"] == {"n": 10, "top_k": 30, "top_p": 0.9}
    assert chosen["recipe"] == {"name": "classic", "steps": 2}
    assert Options.from_dict(usual) == Options()
