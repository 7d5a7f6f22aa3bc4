"""`--set NAME=VALUE`: settings that are asked for too rarely for an option each. Knows their names alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from verbosify.errors import SettingsError
from verbosify.models.settings import SamplingSettings, TuningRecipe

OWN_OPTIONS = ("n", "length", "temperature", "top_k", "top_p", "seed")
NAMES = ("strength", *(field.name for field in fields(SamplingSettings) if field.name not in OWN_OPTIONS))
STRINGS = ("stops", "banned_strings")
"""Of these, each value is one string more."""


def with_settings(
    pairs: Sequence[str], recipe: TuningRecipe, settings: SamplingSettings
) -> tuple[TuningRecipe, SamplingSettings]:
    """Recipe and settings with what `pairs`, each `NAME=VALUE`, say instead: numbers, strings, or lists as in JSON.

    Raises `SettingsError` for a name that cannot be set, or a value that will not do.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in NAMES:
            raise SettingsError(f"--set {pair!r} sets nothing: write NAME=VALUE, with one of {', '.join(NAMES)}.")
        if name in STRINGS:
            values[name] = [*values.get(name, ()), text]
        else:
            values[name] = _value(text)
    if "strength" in values:
        recipe = replace(recipe, strength=values.pop("strength"))
    return recipe, SamplingSettings.from_dict(settings.to_dict() | values)


def _value(text: str) -> Any:
    """A number or list as JSON has it, or else the text, which no setting will take."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
