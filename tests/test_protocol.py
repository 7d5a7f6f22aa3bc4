from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import SettingsError
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe, recipe_named

NO_WHOLE_NUMBERS: list[Any] = [-1, 1.0, 2.5, math.nan, math.inf, True, False, "3", None, [1]]
NO_NUMBERS: list[Any] = [math.nan, math.inf, -math.inf, True, False, "0.8", None, [0.8], 1j]

REFUSED_SETTINGS: list[tuple[str, Any]] = [
    *(("n", value) for value in [0, *NO_WHOLE_NUMBERS]),
    *(("length", value) for value in [0, *NO_WHOLE_NUMBERS]),
    *(("temperature", value) for value in [-0.1, *NO_NUMBERS]),
    *(("top_k", value) for value in NO_WHOLE_NUMBERS),
    *(("top_p", value) for value in [0, 0.0, -0.5, 1.0001, *NO_NUMBERS]),
    *(("repetition_penalty", value) for value in [0, 0.999, -2, *NO_NUMBERS]),
    *(("stops", value) for value in ["\n", ["\n"], ("",), ("a", ""), (1,), (b"a",), None, {"a"}]),
    *(("seed", value) for value in [2**63, *NO_WHOLE_NUMBERS]),
    *(("min_p", value) for value in [-0.1, 1.1, *NO_NUMBERS]),
    *(("typical_p", value) for value in [0, 1.1, -1, *NO_NUMBERS]),
    *(("repetition_range", value) for value in NO_WHOLE_NUMBERS),
    *(("repetition_slope", value) for value in [-0.1, *NO_NUMBERS]),
    *(("frequency_penalty", value) for value in [-2.1, 2.1, *NO_NUMBERS]),
    *(("presence_penalty", value) for value in [-2.1, 2.1, *NO_NUMBERS]),
    *(("logit_bias", value) for value in [((1,),), ((-1, 1.0),), ((1, 101),), ((1, "a"),), {1: 2.0}, [(1, 1.0)], None]),
    *(("banned_tokens", value) for value in [(-1,), (1.5,), ("a",), [1], None, 3]),
    *(("banned_strings", value) for value in ["a", ("",), (1,), ["a"], None]),
    *(("least_length", value) for value in [101, *NO_WHOLE_NUMBERS]),
    *(("num_beams", value) for value in [0, 2, *NO_WHOLE_NUMBERS]),
]
REFUSED_RECIPES: list[tuple[str, Any]] = [
    *(("window", value) for value in ["twice", "", "Repeat", None, 1, True, ["repeat"]]),
    *(("window_tokens", value) for value in [0, 1, *NO_WHOLE_NUMBERS]),
    *(("steps", value) for value in [0, *NO_WHOLE_NUMBERS]),
    *(("windows_per_step", value) for value in [0, *NO_WHOLE_NUMBERS]),
    *(("learning_rate", value) for value in [0, 0.0, -1e-4, *NO_NUMBERS]),
    *(("epsilon", value) for value in [0, 0.0, -1e-8, *NO_NUMBERS]),
    *(("strength", value) for value in [-0.1, 2.1, *NO_NUMBERS]),
    *(("weights", value) for value in ["embedding", "", "ALL", None, 0]),
    *(("seed", value) for value in [2**63, *NO_WHOLE_NUMBERS]),
]

settings_fields = st.fixed_dictionaries(
    {
        "n": st.integers(1, 1000),
        "length": st.integers(1, 10_000),
        "temperature": st.floats(0, 1e6),
        "top_k": st.integers(0, 100_000),
        "top_p": st.floats(0, 1, exclude_min=True),
        "repetition_penalty": st.floats(1, 1e6),
        "stops": st.lists(st.text(min_size=1)).map(tuple),
        "seed": st.integers(0, 2**63 - 1),
    }
)
recipe_fields = st.fixed_dictionaries(
    {
        "name": st.text(),
        "window": st.sampled_from(["repeat", "once", "original"]),
        "window_tokens": st.integers(2, 10_000),
        "steps": st.integers(1, 1000),
        "windows_per_step": st.integers(1, 100),
        "learning_rate": st.floats(0, 1e6, exclude_min=True),
        "epsilon": st.floats(0, 1e6, exclude_min=True),
        "weights": st.sampled_from(["all", "blocks"]),
        "seed": st.integers(0, 2**63 - 1),
    }
)


def assert_is_one_sentence_about(error: pytest.ExceptionInfo[SettingsError], name: str, value: object) -> None:
    message = str(error.value)
    assert message.startswith(f"{name} is {value!r}: it must be ")
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize(("name", "value"), REFUSED_SETTINGS)
def test_settings_out_of_range_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(SettingsError) as error:
        SamplingSettings(**{name: value})
    assert_is_one_sentence_about(error, name, value)


@pytest.mark.parametrize(("name", "value"), REFUSED_RECIPES)
def test_recipes_out_of_range_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(SettingsError) as error:
        TuningRecipe(**{name: value})
    assert_is_one_sentence_about(error, name, value)


@pytest.mark.parametrize("kind", [SamplingSettings, TuningRecipe])
def test_settings_and_recipes_are_given_by_name_and_never_change(kind: type[SamplingSettings | TuningRecipe]) -> None:
    with pytest.raises(TypeError):
        kind(1)  # type: ignore[call-arg, arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind().seed = 1  # type: ignore[misc]


@given(settings_fields)
def test_settings_in_range_survive_a_trip_through_json(fields: dict[str, Any]) -> None:
    settings = SamplingSettings(**fields)

    assert SamplingSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@given(recipe_fields)
def test_recipes_in_range_survive_a_trip_through_json(fields: dict[str, Any]) -> None:
    recipe = TuningRecipe(**fields)

    assert TuningRecipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_the_strength_is_recorded_where_it_is_not_one() -> None:
    assert "strength" not in TuningRecipe().to_dict()
    weak = TuningRecipe(strength=0.5)
    assert TuningRecipe.from_dict(json.loads(json.dumps(weak.to_dict()))) == weak
    with pytest.raises(SettingsError, match="1 for a recipe of several steps"):
        TuningRecipe(steps=2, strength=0.5)


def test_settings_without_stops_can_be_read_back() -> None:
    assert SamplingSettings.from_dict({"n": 3}) == SamplingSettings(n=3)


def test_what_was_recorded_is_judged_again_when_it_is_read() -> None:
    with pytest.raises(SettingsError, match="n is 0"):
        SamplingSettings.from_dict(SamplingSettings().to_dict() | {"n": 0})
    with pytest.raises(SettingsError, match="steps is 0"):
        TuningRecipe.from_dict(TuningRecipe().to_dict() | {"steps": 0})


def test_every_recipe_is_found_under_its_name() -> None:
    for name, recipe in RECIPES.items():
        assert recipe_named(name) is recipe
        assert recipe.name == name


def test_the_recipes_differ_in_their_windows_and_steps() -> None:
    windows = {name: (recipe.window, recipe.windows_per_step, recipe.steps) for name, recipe in RECIPES.items()}

    assert windows == {
        "classic": ("repeat", 1, 1),
        "passage": ("once", 1, 1),
        "two-steps": ("once", 1, 2),
        "original": ("original", 5, 1),
    }


def test_an_unknown_recipe_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(
        SettingsError, match=r"^There is no recipe called 'classical': choose one of classic, passage, "
    ):
        recipe_named("classical")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (SamplingSettings, {"stops": "###"}),
        (SamplingSettings, {"stops": None}),
        (SamplingSettings, {"temperature": 10**400}),
        (SamplingSettings, {"heat": 1}),
        (TuningRecipe, {"rate": 1}),
    ],
)
def test_a_record_that_does_not_fit_is_refused(kind: Any, values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        kind.from_dict(values)
