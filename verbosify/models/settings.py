"""How to overfit and how to sample: recipes and settings, refused where they make no sense. Knows no engine."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from verbosify.errors import SettingsError

WindowKind = Literal["repeat", "once", "original"]
TunedWeights = Literal["all", "blocks"]


def _require(condition: object, name: str, value: object, rule: str) -> None:
    if not condition:
        raise SettingsError(f"{name} is {value!r}: it must be {rule}.")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _fits(value)


def _fits(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:  # a whole number of more than 308 digits
        return False


def _known(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(values) - {field.name for field in fields(kind)})
    if unknown:
        raise SettingsError(f"{kind.__name__} has no field {unknown[0]!r}: leave it out.")
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRecipe:
    """How to overfit fresh weights on one passage.

    Attributes:
        name: a label kept in the record.
        window: how the passage becomes training tokens. `repeat` fills the model's window with copies
            of it, `once` uses it as it is, `original` repeats the art project's file and draws windows
            from it at random offsets.
        window_tokens: the longest window, >= 2; a model with a shorter context takes its context.
        steps: optimiser steps, >= 1.
        windows_per_step: windows whose gradients are summed into one step, >= 1.
        learning_rate: Adam's, > 0.
        epsilon: Adam's, > 0, in TensorFlow 1's convention: it is added to the square root of the
            *uncorrected* second moment, so that the first step divides by |g| + epsilon / sqrt(0.001).
        weights: `all`, or `blocks` to leave the embeddings alone.
        seed: for the windows of `original`, >= 0.
    """

    name: str = "classic"
    window: WindowKind = "repeat"
    window_tokens: int = 1024
    steps: int = 1
    windows_per_step: int = 1
    learning_rate: float = 1e-4
    epsilon: float = 1e-8
    weights: TunedWeights = "all"
    seed: int = 0

    def __post_init__(self) -> None:
        _require(self.window in ("repeat", "once", "original"), "window", self.window, "repeat, once or original")
        _require(
            _whole(self.window_tokens) and self.window_tokens >= 2,
            "window_tokens",
            self.window_tokens,
            "a whole number of at least 2",
        )
        _require(_whole(self.steps) and self.steps >= 1, "steps", self.steps, "a whole number of at least 1")
        _require(
            _whole(self.windows_per_step) and self.windows_per_step >= 1,
            "windows_per_step",
            self.windows_per_step,
            "a whole number of at least 1",
        )
        _require(_real(self.learning_rate) and self.learning_rate > 0, "learning_rate", self.learning_rate, "above 0")
        _require(_real(self.epsilon) and self.epsilon > 0, "epsilon", self.epsilon, "above 0")
        _require(self.weights in ("all", "blocks"), "weights", self.weights, "all or blocks")
        _require(_whole(self.seed) and 0 <= self.seed < 2**63, "seed", self.seed, "a whole number from 0 to 2^63 - 1")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TuningRecipe:
        return cls(**_known(cls, values))


RECIPES: dict[str, TuningRecipe] = {
    "classic": TuningRecipe(name="classic", window="repeat"),
    "passage": TuningRecipe(name="passage", window="once"),
    "original": TuningRecipe(name="original", window="original", windows_per_step=5),
}


def recipe_named(name: str) -> TuningRecipe:
    """The recipe of that name in `RECIPES`; `SettingsError` if there is none."""
    if name not in RECIPES:
        raise SettingsError(f"There is no recipe called {name!r}: choose one of {', '.join(RECIPES)}.")
    return RECIPES[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSettings:
    """How to continue a text.

    Attributes:
        n: continuations in the batch, >= 1.
        length: new tokens at most, >= 1.
        temperature: divides the logits, >= 0; 0 is greedy (the most likely token, always).
        top_k: keep the k most likely tokens and all that tie with the k-th; 0 keeps all.
        top_p: then keep the smallest set of tokens whose probability reaches p, in (0, 1]; 1 keeps all
            (nucleus sampling, Holtzman et al. 2020).
        repetition_penalty: logits of tokens already seen are divided (if positive) or multiplied by it,
            >= 1; 1 is none (CTRL, Keskar et al. 2019).
        stops: a continuation ends before the first of these strings.
        seed: 0 to 2^63 - 1. Row i draws from a stream of its own, so it does not depend on n.
    """

    n: int = 10
    length: int = 100
    temperature: float = 0.8
    top_k: int = 30
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    stops: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        _require(_whole(self.n) and self.n >= 1, "n", self.n, "a whole number of at least 1")
        _require(_whole(self.length) and self.length >= 1, "length", self.length, "a whole number of at least 1")
        _require(
            _real(self.temperature) and self.temperature >= 0, "temperature", self.temperature, "a number from 0 up"
        )
        _require(_whole(self.top_k) and self.top_k >= 0, "top_k", self.top_k, "a whole number from 0 up")
        _require(_real(self.top_p) and 0 < self.top_p <= 1, "top_p", self.top_p, "above 0 and at most 1")
        _require(
            _real(self.repetition_penalty) and self.repetition_penalty >= 1,
            "repetition_penalty",
            self.repetition_penalty,
            "a number from 1 up",
        )
        _require(
            isinstance(self.stops, tuple) and all(isinstance(stop, str) and stop for stop in self.stops),
            "stops",
            self.stops,
            "a tuple of strings, none of them empty",
        )
        _require(_whole(self.seed) and 0 <= self.seed < 2**63, "seed", self.seed, "a whole number from 0 to 2^63 - 1")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"stops": list(self.stops)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SamplingSettings:
        stops = values.get("stops", ())
        return cls(**(_known(cls, values) | {"stops": tuple(stops) if isinstance(stops, list) else stops}))
