"""The part of llama.cpp's server that writers' front ends use, on the desk's models. Knows that API, and no draft.

`/completion` (stream, `n_probs`, `logit_bias`, `stop`...), `/tokenize`, `/detokenize`, `/props`, `/health`; with our
one extension, `overfit`. What a front end sends that is not known here is left alone.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import AsyncGenerator
from typing import Annotated, Any, NamedTuple

from pydantic import Field, Strict, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import TypedDict

from verbosify.desk.completions import Completions, in_http
from verbosify.desk.continuing import Asked, Overfit, error_body, go_on, model_asked, unless_gone, weights_asked
from verbosify.desk.failures import invalid, told
from verbosify.desk.openai_shapes import Chunk, TokenIds
from verbosify.desk.steering import LENGTH_MOST, LongText, Real, Strings, Whole
from verbosify.errors import VerbosifyError
from verbosify.models.settings import SamplingSettings
from verbosify.record.fields import Flag
from verbosify.web.serving import EventStream

Values = dict[str, Any]
Integer = Annotated[int, Strict(), Field(ge=-(2**63), lt=2**63)]
BiasOf = Annotated[list[list[Any]], Field(max_length=1000)]


class Ask(TypedDict, total=False):
    """The body of `/completion`."""

    prompt: (
        LongText
        | TokenIds
        | Annotated[list[LongText | Annotated[int, Strict(), Field(ge=0)]], Field(max_length=10_000)]
    )
    n_predict: Integer
    temperature: Annotated[Real, Field(ge=0, le=1000)]
    top_k: Integer
    top_p: Annotated[Real, Field(ge=0, le=1)]
    min_p: Annotated[Real, Field(ge=0, le=1)]
    typical_p: Annotated[Real, Field(ge=0, le=1)]
    repeat_penalty: Annotated[Real, Field(ge=0, le=100)]
    repeat_last_n: Integer
    presence_penalty: Annotated[Real, Field(ge=-2, le=2)]
    frequency_penalty: Annotated[Real, Field(ge=-2, le=2)]
    stop: Strings
    seed: Integer
    stream: Flag
    n_probs: Annotated[int, Strict(), Field(ge=0, le=1000)]
    post_sampling_probs: Flag
    logit_bias: BiasOf | dict[str, Any]
    return_tokens: Flag
    ignore_eos: Flag
    overfit: Overfit | None


class Tokenize(TypedDict, total=False):
    """The body of `/tokenize`."""

    content: LongText
    with_pieces: Flag


class Detokenize(TypedDict, total=False):
    """The body of `/detokenize`."""

    tokens: Annotated[list[Whole], Field(max_length=1_000_000)]


_ASK: TypeAdapter[Any] = TypeAdapter(Ask)
_TOKENIZE: TypeAdapter[Any] = TypeAdapter(Tokenize)
_DETOKENIZE: TypeAdapter[Any] = TypeAdapter(Detokenize)
_LENGTH = 512
"""Tokens where a front end asks for as many as there may be."""


def llama_cpp_routes(api: Completions) -> list[Route]:
    """The routes."""
    server = _LlamaCpp(api)
    return [
        Route("/completion", server.completion, methods=["POST"]),
        Route("/completions", server.completion, methods=["POST"]),
        Route("/tokenize", server.tokenize, methods=["POST"]),
        Route("/detokenize", server.detokenize, methods=["POST"]),
        Route("/props", server.props),
        Route("/health", server.health),
    ]


class _Request(NamedTuple):
    asked: Asked
    text: str
    values: Values
    user: str


class _LlamaCpp:
    def __init__(self, api: Completions) -> None:
        self._api = api

    async def health(self, _: Request) -> Response:
        """Whether the server lives; what it tells nobody need know a key for."""
        return JSONResponse({"status": "ok"})

    async def props(self, request: Request) -> Response:
        self._api.require_user(request)
        try:
            model = self._api.desk.model
            card = await self._api.desk.link.ask("card", model=model)
            generation = {"n_ctx": card["context"], "model": model}
            return JSONResponse({"default_generation_settings": generation, "total_slots": 1, "model_path": model})
        except VerbosifyError as error:
            raise in_http(error) from error

    async def tokenize(self, request: Request) -> Response:
        try:
            values, _ = await self._api.body(request, _TOKENIZE)
            found = await self._api.desk.link.ask(
                "tokenize", model=self._api.desk.model, text=values.get("content", "")
            )
        except VerbosifyError as error:
            raise in_http(error) from error
        if values.get("with_pieces"):
            return JSONResponse(
                {"tokens": [{"id": each["token_id"], "piece": each["text"]} for each in found["tokens"]]}
            )
        return JSONResponse({"tokens": [each["token_id"] for each in found["tokens"]]})

    async def detokenize(self, request: Request) -> Response:
        try:
            values, _ = await self._api.body(request, _DETOKENIZE)
            return JSONResponse({"content": await self._api.text(self._api.desk.model, values.get("tokens", []))})
        except VerbosifyError as error:
            raise in_http(error) from error

    async def completion(self, request: Request) -> Response:
        try:
            values, user = await self._api.body(request, _ASK)
            made = await self._made(values, user)
            if values.get("stream"):
                return EventStream(self._streamed(made))
            return JSONResponse(await unless_gone(request, self._whole(made)))
        except VerbosifyError as error:
            raise in_http(error) from error

    async def _made(self, values: Values, user: str) -> _Request:
        desk = self._api.desk
        model, weights = model_asked(desk, None), weights_asked(values.get("overfit"))
        given = values.get("prompt", "")
        pieces = given if isinstance(given, list) else [given]
        token_ids: list[int] = []
        for piece in pieces:
            token_ids += [piece] if isinstance(piece, int) else await self._api.tokens(model, piece)
        if not token_ids:
            raise invalid("The prompt is empty: give at least one word.")
        text = given if isinstance(given, str) else await self._api.text(model, token_ids)
        settings = _settings(values)
        desk.turns.require_room(user)
        return _Request(Asked(model, weights, token_ids, settings, values.get("n_probs", 0)), text, values, user)

    async def _whole(self, made: _Request) -> Values:
        content, probabilities, tokens = "", [], []
        started, answer = time.perf_counter(), {}
        async for name, data in go_on(self._api.desk, made.user, made.asked):
            if name == "token":
                probabilities.append(_probabilities(data))
                tokens.append(data["token_id"])
                content += data["text"]
            elif name == "answer":
                answer = data
        told_last = _last(made, answer, time.perf_counter() - started)
        return {"content": content, **_more(made, tokens, probabilities), **told_last}

    async def _streamed(self, made: _Request) -> AsyncGenerator[Chunk, None]:
        started, answer = time.perf_counter(), {}
        try:
            async for name, data in go_on(self._api.desk, made.user, made.asked):
                if name == "token":
                    more = _more(made, [data["token_id"]], [_probabilities(data)])
                    yield Chunk({"content": data["text"], "tokens": [data["token_id"]], "stop": False, **more})
                elif name == "answer":
                    answer = data
        except VerbosifyError as error:
            failure = told(error)
            yield Chunk(error_body(str(failure), "server_error", failure.code))
            return
        yield Chunk({"content": "", "tokens": [], **_last(made, answer, time.perf_counter() - started)})


def _settings(values: Values) -> SamplingSettings:
    wanted = values.get("n_predict", -1)
    bias: list[tuple[int, float]] = []
    banned: list[int] = []
    given = values.get("logit_bias", [])
    if isinstance(given, list) and not all(len(pair) == 2 for pair in given):
        raise invalid("logit_bias holds pairs of a token's id and a number, as in [[15043, -1.0]].")
    for token, number in given.items() if isinstance(given, dict) else given:
        if not str(token).isdecimal():
            raise invalid("logit_bias names tokens by their ids, as in [[15043, -1.0]].")
        if number is False:
            banned.append(int(token))
        elif isinstance(number, int | float) and math.isfinite(number):
            bias.append((int(token), float(max(min(number, 100), -100))))
        else:
            raise invalid("logit_bias gives each token a number, or false to ban it.")
    penalty, last = values.get("repeat_penalty", 1.0), values.get("repeat_last_n", 64)
    seed = values.get("seed", -1)
    return SamplingSettings(
        n=1,
        length=min(max(wanted, 1), LENGTH_MOST) if wanted >= 0 else _LENGTH,
        temperature=values.get("temperature", 0.8),
        top_k=max(values.get("top_k", 40), 0),
        top_p=values.get("top_p", 0.95) or 1.0,
        min_p=values.get("min_p", 0.05),
        typical_p=values.get("typical_p", 1.0) or 1.0,
        repetition_penalty=max(penalty, 1.0) if last else 1.0,
        repetition_range=max(last, 0),
        presence_penalty=values.get("presence_penalty", 0.0),
        frequency_penalty=values.get("frequency_penalty", 0.0),
        logit_bias=tuple(bias),
        banned_tokens=tuple(banned),
        stops=tuple(values.get("stop", ())),
        seed=secrets.randbelow(2**31) if seed < 0 else seed,
    )


def _probabilities(token: Values) -> Values:
    """A token's probabilities: as llama.cpp tells them now, and, for older front ends, as it did."""
    top = [
        {"id": number, "token": text, "bytes": list(text.encode()), "logprob": _log(own)}
        for number, text, own in token["alternatives"]
    ]
    spelt = token["spelt"]
    own = {
        "id": token["token_id"],
        "token": spelt,
        "bytes": list(spelt.encode()),
        "logprob": _log(token["probability"]),
    }
    older = [{"tok_str": text, "prob": probability} for _, text, probability in token["alternatives"]]
    return {**own, "top_logprobs": top, "content": spelt, "probs": older}


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -9999.0


def _more(made: _Request, tokens: list[int], probabilities: list[Values]) -> Values:
    more: Values = {"tokens": tokens} if made.values.get("return_tokens") else {}
    return {**more, "completion_probabilities": probabilities} if made.asked.alternatives else more


def _last(made: _Request, answer: Values, seconds: float) -> Values:
    row = answer["rows"][0]
    kind = {"length": "limit", "end": "eos", "stop": "word"}.get(row["finish"], "none")
    count = len(row["token_ids"])
    return {
        "stop": True,
        "stop_type": kind,
        "stopping_word": "",
        "stopped_eos": kind == "eos",
        "stopped_limit": kind == "limit",
        "stopped_word": kind == "word",
        "model": made.asked.model,
        "prompt": made.text,
        "tokens_predicted": count,
        "tokens_evaluated": len(made.asked.prompt),
        "truncated": False,
        "generation_settings": made.asked.settings.to_dict(),
        "timings": {
            "predicted_n": count,
            "predicted_ms": 1000 * seconds,
            "predicted_per_second": count / seconds if seconds > 0 else 0.0,
        },
    }
