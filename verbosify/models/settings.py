"""How to overfit and how to sample: recipes and settings, refused where they make no sense. Knows no engine."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from verbosify.errors import SettingsError

WindowKind = Literal["repeat", "once", "original"]
TunedWeights = Literal["all", "blocks"]
Rule = tuple[Callable[[Any], bool], str]
"""Whether a value will do, and what it must be."""


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
        strength: by how much of its step a recipe of one step is applied, 0 to 2; 1 is the step as taken. It multiplies
            the learning rate.
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
    strength: float = 1.0

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
        _require(_real(self.strength) and 0 <= self.strength <= 2, "strength", self.strength, "a number from 0 to 2")
        _require(self.strength == 1 or self.steps == 1, "strength", self.strength, "1 for a recipe of several steps")

    @property
    def rate(self) -> float:
        """The learning rate that the step is taken with."""
        return self.learning_rate * self.strength

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the strength only where it is not 1, so that old records stay true."""
        return {name: value for name, value in asdict(self).items() if name != "strength" or value != 1}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TuningRecipe:
        return cls(**_known(cls, values))


RECIPES: dict[str, TuningRecipe] = {
    "classic": TuningRecipe(name="classic", window="repeat"),
    "passage": TuningRecipe(name="passage", window="once"),
    "two-steps": TuningRecipe(name="two-steps", window="once", steps=2),  # by docs/findings.md, of most use
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

    What changes the logits comes first, in this order: bias, repetition penalty, frequency and presence penalty, bans,
    least length. Then they are divided by the temperature and truncated, in the order of the fields. Penalties and bans
    look at the whole text, the prompt included.

    Attributes:
        n: continuations, >= 1.
        length: new tokens at most, >= 1.
        temperature: divides the logits, >= 0; 0 is greedy (the most likely token, always).
        top_k: keep the k most likely tokens and all that tie with the k-th; 0 keeps all.
        top_p: then keep the smallest set of tokens whose probability reaches p, in (0, 1]; 1 keeps all
            (nucleus sampling, Holtzman et al. 2020).
        min_p: then keep the tokens that are at least so likely as this share of the likeliest, 0 to 1; 0 keeps all
            (Nguyen et al. 2024).
        typical_p: then keep the smallest set of tokens whose probability reaches this, those first whose surprise is
            nearest to the entropy, in (0, 1]; 1 keeps all (locally typical sampling, Meister et al. 2022).
        repetition_penalty: logits of tokens already seen are divided (if positive) or multiplied by it,
            >= 1; 1 is none (CTRL, Keskar et al. 2019).
        repetition_range: for that penalty only the last so many tokens count; 0: all.
        repetition_slope: how much more the later of these count, >= 0; 0: all alike. A token i of n, from 0, at
            x = 2 i / (n - 1) - 1, gets the share (1 + s x / (1 + |x| (s - 1))) / 2 of the penalty above 1, by its last
            place (KoboldAI's slope).
        frequency_penalty: taken off a token's logit as often as it has been seen, -2 to 2 (OpenAI's API).
        presence_penalty: taken off once if it has been seen, -2 to 2 (OpenAI's API).
        logit_bias: pairs of a token id and what is added to its logit, -100 to 100 (OpenAI's API).
        banned_tokens: ids of tokens that never come.
        banned_strings: no token comes that would complete one of these in the text, byte for byte.
        least_length: the model may not end its text before it has so many new tokens, 0 to `length`; a stop may.
        num_beams: above 1, nothing is drawn: the `n` <= num_beams likeliest continuations that a beam search of this
            width finds, by mean log-probability a token (as transformers has it, with a length penalty of 1).
            Temperature, truncation and seed do not count then.
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
    min_p: float = 0.0
    typical_p: float = 1.0
    repetition_range: int = 0
    repetition_slope: float = 0.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    banned_tokens: tuple[int, ...] = ()
    banned_strings: tuple[str, ...] = ()
    least_length: int = 0
    num_beams: int = 1

    def __post_init__(self) -> None:
        for name, (holds, rule) in _RULES.items():
            value = getattr(self, name)
            _require(holds(value), name, value, rule)
        _require(self.least_length <= self.length, "least_length", self.least_length, f"at most {self.length}, length")
        _require(
            self.num_beams == 1 or self.n <= self.num_beams,
            "num_beams",
            self.num_beams,
            f"at least {self.n}, which is n",
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values; later fields only where they are not at their defaults, so that old records stay true."""
        later = {field.name: field.default for field in fields(self) if field.name not in _FIRST_FIELDS}
        values = {name: value for name, value in asdict(self).items() if name not in later or value != later[name]}
        return {name: _plain(value) for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SamplingSettings:
        return cls(**{name: _as_tuple(value) for name, value in _known(cls, values).items()})


def derived_seed(*key: object) -> int:
    """The seed, 0 to 2^63 - 1, of what is told from all else by these parts, one of them a seed itself."""
    return int.from_bytes(hashlib.sha256(" ".join(map(str, key)).encode()).digest()[:8], "big") >> 1


_FIRST_FIELDS = ("n", "length", "temperature", "top_k", "top_p", "repetition_penalty", "stops", "seed")
"""Those that every record has."""


def _plain(value: Any) -> Any:
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(part) for part in value) if isinstance(value, list) else value


def _between(low: float, high: float) -> Rule:
    return lambda value: _real(value) and low <= value <= high, f"a number from {low} to {high}"


def _whole_from(least: int, rule: str) -> Rule:
    return lambda value: _whole(value) and value >= least, rule


def _strings(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(part, str) and part for part in value)


def _biases(value: object) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(pair, tuple) and len(pair) == 2 and _token(pair[0]) and _real(pair[1]) and -100 <= pair[1] <= 100
        for pair in value
    )


def _token(value: Any) -> bool:
    return _whole(value) and value >= 0


_RULES: dict[str, Rule] = {
    "n": _whole_from(1, "a whole number of at least 1"),
    "length": _whole_from(1, "a whole number of at least 1"),
    "temperature": (lambda value: _real(value) and value >= 0, "a number from 0 up"),
    "top_k": _whole_from(0, "a whole number from 0 up"),
    "top_p": (lambda value: _real(value) and 0 < value <= 1, "above 0 and at most 1"),
    "min_p": _between(0, 1),
    "typical_p": (lambda value: _real(value) and 0 < value <= 1, "above 0 and at most 1"),
    "repetition_penalty": (lambda value: _real(value) and value >= 1, "a number from 1 up"),
    "repetition_range": _whole_from(0, "a whole number from 0 up"),
    "repetition_slope": (lambda value: _real(value) and value >= 0, "a number from 0 up"),
    "frequency_penalty": _between(-2, 2),
    "presence_penalty": _between(-2, 2),
    "logit_bias": (_biases, "a tuple of pairs, each of a token id and a number from -100 to 100"),
    "banned_tokens": (lambda value: isinstance(value, tuple) and all(map(_token, value)), "a tuple of token ids"),
    "banned_strings": (_strings, "a tuple of strings, none of them empty"),
    "least_length": _whole_from(0, "a whole number from 0 up"),
    "num_beams": _whole_from(1, "a whole number of at least 1"),
    "stops": (_strings, "a tuple of strings, none of them empty"),
    "seed": (lambda value: _whole(value) and 0 <= value < 2**63, "a whole number from 0 to 2^63 - 1"),
}
