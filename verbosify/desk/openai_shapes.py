"""OpenAI's completions as values: what a request may say, its settings, chunks of a stream, log-probabilities."""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, Strict
from typing_extensions import TypedDict

from verbosify.desk.continuing import Overfit
from verbosify.desk.failures import invalid
from verbosify.desk.steering import LENGTH_MOST, LongText, Real, Strings, Tokens, Whole
from verbosify.models.settings import SamplingSettings
from verbosify.record.fields import Flag, Text

Values = dict[str, Any]
PROMPTS_MOST = 16
LOGPROBS_MOST = 20
Token = Annotated[int, Strict(), Field(ge=0, lt=2**31)]
TokenIds = Annotated[list[Token], Field(min_length=1, max_length=200_000)]


class Sampling(TypedDict, total=False):
    """What both kinds of completion may be asked with."""

    model: Text | None
    temperature: Annotated[Real, Field(ge=0, le=1000)] | None
    top_p: Annotated[Real, Field(gt=0, le=1)] | None
    n: Annotated[int, Strict(), Field(ge=1, le=100)] | None
    stream: Flag | None
    stream_options: dict[str, Any] | None
    stop: Annotated[Text, Field(min_length=1, max_length=1000)] | Strings | None
    presence_penalty: Annotated[Real, Field(ge=-2, le=2)] | None
    frequency_penalty: Annotated[Real, Field(ge=-2, le=2)] | None
    logit_bias: Annotated[dict[str, Annotated[Real, Field(ge=-100, le=100)]], Field(max_length=1000)] | None
    seed: Annotated[int, Strict(), Field(ge=-(2**63), lt=2**63)] | None
    user: Annotated[Text, Field(max_length=200)] | None
    top_k: Annotated[int, Strict(), Field(ge=-1, le=1_000_000)] | None
    min_p: Annotated[Real, Field(ge=0, le=1)] | None
    typical_p: Annotated[Real, Field(gt=0, le=1)] | None
    repetition_penalty: Annotated[Real, Field(ge=1, le=100)] | None
    repetition_range: Whole | None
    repetition_slope: Annotated[Real, Field(ge=0, le=1000)] | None
    banned_strings: Strings | None
    banned_tokens: Tokens | None
    overfit: Overfit | None


class Completion(Sampling, total=False):
    """The body of `/v1/completions`."""

    prompt: LongText | TokenIds | Annotated[list[LongText | TokenIds], Field(min_length=1, max_length=PROMPTS_MOST)]
    max_tokens: Annotated[int, Strict(), Field(ge=0, le=LENGTH_MOST)] | None
    logprobs: Annotated[int, Strict(), Field(ge=0, le=LOGPROBS_MOST)] | None
    echo: Flag | None
    best_of: Annotated[int, Strict(), Field(ge=1, le=100)] | None
    suffix: Text | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is sent of a stream: JSON, or the word that ends it."""

    data: Any

    def encode(self) -> bytes:
        text = self.data if isinstance(self.data, str) else json.dumps(self.data, allow_nan=False)
        return f"data: {text}\n\n".encode()


def sampling(values: Values, length: int) -> SamplingSettings:
    """A request's settings."""

    def given(name: str, default: Any) -> Any:
        value = values.get(name)
        return default if value is None else value

    stops = given("stop", [])
    try:
        bias = tuple((int(token), number) for token, number in given("logit_bias", {}).items())
    except ValueError:
        raise invalid('logit_bias names tokens by their ids, as in {"50256": -100}.') from None
    if any(token < 0 for token, _ in bias):
        raise invalid("logit_bias names tokens by their ids, which are 0 or more.")
    seed = given("seed", None)
    return SamplingSettings(
        n=given("n", 1),
        length=max(length, 1),
        temperature=given("temperature", 1.0),
        top_k=max(given("top_k", 0), 0),
        top_p=given("top_p", 1.0),
        min_p=given("min_p", 0.0),
        typical_p=given("typical_p", 1.0),
        repetition_penalty=given("repetition_penalty", 1.0),
        repetition_range=given("repetition_range", 0),
        repetition_slope=given("repetition_slope", 0.0),
        frequency_penalty=given("frequency_penalty", 0.0),
        presence_penalty=given("presence_penalty", 0.0),
        logit_bias=bias,
        banned_tokens=tuple(given("banned_tokens", ())),
        banned_strings=tuple(given("banned_strings", ())),
        stops=(stops,) if isinstance(stops, str) else tuple(stops),
        seed=secrets.randbelow(2**31) if seed is None else seed % 2**63,
    )


def reason(finish: str | None) -> str | None:
    """Why a row ended, in OpenAI's words."""
    return None if finish is None else "length" if finish == "length" else "stop"


class LogProbs:
    """The log-probabilities of a choice, as OpenAI's completions tell them."""

    def __init__(self, echoed: list[Values] | None, offset: int) -> None:
        self._told: Values = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
        self._offset = 0
        for token in echoed or ():
            self._put(token["spelt"], token["log"], token["alternatives"], len(token["spelt"]))
        self._offset = offset

    def add(self, token: Values) -> None:
        """A token that was drawn."""
        probability = token["probability"]
        log = math.log(probability) if probability > 0 else -9999.0
        others = [[number, text, math.log(own) if own > 0 else -9999.0] for number, text, own in token["alternatives"]]
        self._put(token["spelt"], log, others, len(token["text"]))

    def with_token(self, token: Values) -> LogProbs:
        """The same with a token."""
        self.add(token)
        return self

    def _put(self, text: str, log: float | None, alternatives: list[list[Any]] | None, length: int) -> None:
        self._told["tokens"].append(text)
        self._told["token_logprobs"].append(log)
        top = None if alternatives is None else {other: own for _, other, own in reversed(alternatives)}
        self._told["top_logprobs"].append(top)
        self._told["text_offset"].append(self._offset)
        self._offset += length

    def told(self) -> Values:
        """As plain values."""
        return self._told
