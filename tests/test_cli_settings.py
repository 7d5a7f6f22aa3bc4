from __future__ import annotations

from dataclasses import fields

import pytest

from verbosify.cli.settings import NAMES, OWN_OPTIONS, with_settings
from verbosify.errors import SettingsError
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe

CLASSIC, USUAL = RECIPES["classic"], SamplingSettings(n=4, top_k=12)


def changed(*pairs: str) -> tuple[TuningRecipe, SamplingSettings]:
    return with_settings(pairs, CLASSIC, USUAL)


def test_nothing_set_changes_nothing() -> None:
    assert changed() == (CLASSIC, USUAL)


def test_numbers_lists_and_strings_are_set() -> None:
    recipe, settings = changed(
        "min_p=0.05",
        "typical-p=0.9",
        "repetition_penalty=1.2",
        "repetition_range=64",
        "frequency_penalty=-0.5",
        "logit_bias=[[198, -100], [0, 2.5]]",
        "banned_tokens=[3]",
        "least_length=9",
        "strength=0.5",
    )

    assert (recipe.strength, recipe.name, settings.n, settings.top_k) == (0.5, "classic", 4, 12)
    assert (settings.min_p, settings.typical_p, settings.least_length) == (0.05, 0.9, 9)
    assert (settings.repetition_penalty, settings.repetition_range, settings.frequency_penalty) == (1.2, 64, -0.5)
    assert (settings.logit_bias, settings.banned_tokens) == (((198, -100), (0, 2.5)), (3,))


def test_strings_are_gathered_as_they_are_and_of_numbers_the_last_counts() -> None:
    _, settings = changed("banned_strings=Mars", "banned_strings= a=b,1", "stops=2", "min_p=0.1", "min_p=0.2")

    assert (settings.banned_strings, settings.stops, settings.min_p) == (("Mars", " a=b,1"), ("2",), 0.2)


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("min_p", "--set 'min_p' sets nothing: write NAME=VALUE"),
        ("temperature=1", "'temperature=1' sets nothing"),
        ("dreams=1", "'dreams=1' sets nothing"),
        ("min_p=2", "min_p is 2: it must be"),
        ("min_p=much", "min_p is 'much': it must be"),
        ("min_p=NaN", "min_p is nan: it must be"),
        ("min_p={}", "min_p is {}: it must be"),
        ("banned_strings=", "banned_strings is"),
        ("logit_bias=[1]", "logit_bias is"),
        ("banned_tokens=" + "[" * 100_000, "banned_tokens is"),
        ("num_beams=2", "num_beams is 2: it must be at least 4"),
        ("strength=3", "strength is 3: it must be a number from 0 to 2"),
    ],
)
def test_what_will_not_do_is_refused_in_a_sentence(pair: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        changed(pair)

    assert words in str(refused.value)
    assert str(refused.value).endswith(".")


def test_every_setting_can_be_reached() -> None:
    assert {*NAMES, *OWN_OPTIONS} == {"strength", *(field.name for field in fields(SamplingSettings))}
