"""What steers the model besides the text: memory, note, entries and settings, checked where they come in.

Knows no model.
"""

from __future__ import annotations

import secrets
from dataclasses import fields
from typing import Annotated, Any

from pydantic import ConfigDict, Field, Strict
from typing_extensions import TypedDict

from verbosify.models.settings import SamplingSettings
from verbosify.record.fields import Flag, Text

TEXT_MOST = 1_000_000
"""Characters of a text, or of a memory."""
ROWS_MOST = 100
"""Continuations of one request."""
LENGTH_MOST = 2048
"""New tokens of one continuation."""
TOP_MOST = 1000
"""Tokens of a list."""

LongText = Annotated[Text, Field(max_length=TEXT_MOST)]
ShortText = Annotated[Text, Field(min_length=1, max_length=1000)]
Real = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Whole = Annotated[int, Strict(), Field(ge=0, lt=2**63)]
Strings = Annotated[list[ShortText], Field(max_length=200)]
Tokens = Annotated[list[Whole], Field(max_length=1000)]
Bias = Annotated[list[tuple[Whole, Real]], Field(max_length=1000)]


class SettingsChange(TypedDict, total=False):
    """Fields of `SamplingSettings`, some of them; a seed of null draws another each time."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    n: Annotated[int, Strict(), Field(ge=1, le=ROWS_MOST)]
    length: Annotated[int, Strict(), Field(ge=1, le=LENGTH_MOST)]
    temperature: Annotated[Real, Field(ge=0, le=1000)]
    top_k: Annotated[Whole, Field(le=1_000_000)]
    top_p: Annotated[Real, Field(gt=0, le=1)]
    min_p: Annotated[Real, Field(ge=0, le=1)]
    typical_p: Annotated[Real, Field(gt=0, le=1)]
    repetition_penalty: Annotated[Real, Field(ge=1, le=100)]
    repetition_range: Annotated[Whole, Field(le=1_000_000)]
    repetition_slope: Annotated[Real, Field(ge=0, le=1000)]
    frequency_penalty: Annotated[Real, Field(ge=-2, le=2)]
    presence_penalty: Annotated[Real, Field(ge=-2, le=2)]
    logit_bias: Bias
    banned_tokens: Tokens
    banned_strings: Strings
    least_length: Annotated[Whole, Field(le=LENGTH_MOST)]
    num_beams: Annotated[int, Strict(), Field(ge=1, le=32)]
    stops: Strings
    seed: Whole | None


RANGES: dict[str, dict[str, float | bool]] = {
    "n": {"low": 1, "high": ROWS_MOST, "step": 1, "whole": True},
    "length": {"low": 1, "high": LENGTH_MOST, "step": 1, "whole": True},
    "temperature": {"low": 0, "high": 5, "step": 0.05, "whole": False},
    "top_k": {"low": 0, "high": 50_000, "step": 1, "whole": True},
    "top_p": {"low": 0.01, "high": 1, "step": 0.01, "whole": False},
    "min_p": {"low": 0, "high": 1, "step": 0.01, "whole": False},
    "typical_p": {"low": 0.01, "high": 1, "step": 0.01, "whole": False},
    "repetition_penalty": {"low": 1, "high": 5, "step": 0.05, "whole": False},
    "repetition_range": {"low": 0, "high": 8192, "step": 10, "whole": True},
    "repetition_slope": {"low": 0, "high": 10, "step": 0.1, "whole": False},
    "frequency_penalty": {"low": -2, "high": 2, "step": 0.05, "whole": False},
    "presence_penalty": {"low": -2, "high": 2, "step": 0.05, "whole": False},
    "least_length": {"low": 0, "high": LENGTH_MOST, "step": 1, "whole": True},
    "num_beams": {"low": 1, "high": 32, "step": 1, "whole": True},
    "context": {"low": 16, "high": 131_072, "step": 1, "whole": True},
    "share": {"low": 0, "high": 1, "step": 0.05, "whole": False},
    "note_lines": {"low": 1, "high": 1000, "step": 1, "whole": True},
    "strength": {"low": 0, "high": 2, "step": 0.05, "whole": False},
}
"""What a page's controls may offer; the checks above may allow more."""

DEFAULT_SETTINGS: dict[str, Any] = {
    field.name: list(field.default) if isinstance(field.default, tuple) else field.default
    for field in fields(SamplingSettings)
} | {"n": 3, "length": 40, "seed": None}


class Entry(TypedDict):
    """A piece of memory that comes in where one of its keywords is in what the model reads."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    keys: Strings
    text: LongText
    enabled: Flag


class SteeringChange(TypedDict, total=False):
    """Some of what steers a draft."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    settings: SettingsChange
    context: Annotated[int, Strict(), Field(ge=16, le=131_072)]
    share: Annotated[Real, Field(ge=0, le=1)]
    memory: LongText
    note: LongText
    note_lines: Annotated[int, Strict(), Field(ge=1, le=1_000_000)]
    entries: Annotated[list[Entry], Field(max_length=200)]


DEFAULTS: dict[str, Any] = {
    "settings": DEFAULT_SETTINGS,
    "context": 1024,
    "share": 0.75,
    "memory": "",
    "note": "",
    "note_lines": 3,
    "entries": [],
}

PRESETS: dict[str, dict[str, Any]] = {
    "Plain": {},
    "Close": {"temperature": 0.6, "top_k": 40},
    "Free": {"temperature": 1.0, "top_k": 0, "min_p": 0.05},
    "Wild": {"temperature": 1.3, "top_k": 80, "min_p": 0.02},
    "Typical": {"temperature": 1.0, "top_k": 0, "typical_p": 0.9},
    "Likeliest": {"temperature": 0.0, "n": 1},
    "Never twice": {"temperature": 0.9, "repetition_penalty": 1.2, "repetition_range": 300, "repetition_slope": 3.33},
}
"""Settings that come with the desk; what they do not name is at its default."""


def with_changes(steering: dict[str, Any], change: SteeringChange) -> dict[str, Any]:
    """Steering with what a change names; of settings likewise only those named. `SettingsError` if they clash."""
    changed = {**steering, **change}
    changed["settings"] = {**steering["settings"], **change.get("settings", {})}
    sampling_settings(changed["settings"], seed=0)
    return changed


def sampling_settings(settings: dict[str, Any], seed: int | None = None) -> SamplingSettings:
    """A desk's settings as the model's; where they have no seed, the one that is given, or one by chance."""
    values = dict(settings)
    if values.get("seed") is None:
        values["seed"] = secrets.randbelow(2**31) if seed is None else seed
    return SamplingSettings.from_dict(values)
