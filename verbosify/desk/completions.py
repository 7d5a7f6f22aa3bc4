"""OpenAI's completions API on the desk's models: `/v1/models`, `/v1/completions`. Knows that API, and no draft.

Fields that it knows are checked, and others left alone, as front ends send what they know. Beside its own there are
ours for sampling (`top_k`, `min_p`, `typical_p`, `repetition_penalty`, `banned_strings`...) and `overfit`.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator
from typing import Any

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from verbosify.desk.bodies import checked
from verbosify.desk.continuing import Asked, UserOf, error_body, go_on, model_asked, unless_gone, weights_asked
from verbosify.desk.desk import Desk
from verbosify.desk.failures import invalid, told
from verbosify.desk.openai_shapes import (
    Chunk,
    Completion,
    LogProbs,
    reason,
    sampling,
)
from verbosify.errors import VerbosifyError
from verbosify.web.serving import EventStream, Problem, json_body

Values = dict[str, Any]
_BODY: TypeAdapter[Values] = TypeAdapter(Values)
_COMPLETION: TypeAdapter[Any] = TypeAdapter(Completion)


def completion_routes(desk: Desk, user_of: UserOf) -> list[Route]:
    """The routes of the APIs for programs."""
    from verbosify.desk.chat import Chat
    from verbosify.desk.llama_cpp import llama_cpp_routes

    api = Completions(desk, user_of)
    return [
        Route("/v1/models", api.models),
        Route("/v1/models/{name:path}", api.model),
        Route("/v1/completions", api.completions, methods=["POST"]),
        Route("/v1/chat/completions", Chat(api).completions, methods=["POST"]),
        *llama_cpp_routes(api),
    ]


class Completions:
    """The API of one desk."""

    def __init__(self, desk: Desk, user_of: UserOf) -> None:
        self.desk = desk
        self._user_of = user_of

    def require_user(self, request: Request) -> str:
        """Who asks, by the key or a cookie; a `Problem` if neither is there."""
        user = self._user_of(request)
        if user is None:
            raise Problem(401, "Send the desk's key as `Authorization: Bearer …`.", code="invalid_api_key")
        return user

    async def body(self, request: Request, kind: TypeAdapter[Any]) -> tuple[Values, str]:
        """A request's checked values, and who asks."""
        user = self.require_user(request)
        values: Values = checked(kind, await json_body(request, _BODY))
        if values.get("user"):
            user = f"{user} {values['user']}"
        return values, user

    async def tokens(self, model: str, text: str | list[int]) -> list[int]:
        """The tokens of a prompt."""
        if isinstance(text, list):
            return text
        found = await self.desk.link.ask("tokenize", model=model, text=text)
        return [token["token_id"] for token in found["tokens"]]

    async def text(self, model: str, prompt: str | list[int]) -> str:
        """The text of a prompt."""
        if isinstance(prompt, str):
            return prompt
        found: str = (await self.desk.link.ask("detokenize", model=model, token_ids=prompt))["text"]
        return found

    async def models(self, request: Request) -> Response:
        """`GET /v1/models`."""
        self.require_user(request)
        from verbosify.desk.general import models

        found = await models(self.desk, {}, "")
        listed = [_model(model["name"]) for model in found["models"] if model["on_disk"]]
        return JSONResponse({"object": "list", "data": listed})

    async def model(self, request: Request) -> Response:
        """`GET /v1/models/NAME`."""
        self.require_user(request)
        try:
            return JSONResponse(_model(model_asked(self.desk, request.path_params["name"])))
        except VerbosifyError as error:
            raise in_http(error) from error

    async def completions(self, request: Request) -> Response:
        """`POST /v1/completions`."""
        try:
            values, user = await self.body(request, _COMPLETION)
            made = await _Made.of(self, values, user)
            if values.get("stream"):
                return EventStream(made.streamed())
            return JSONResponse(await unless_gone(request, made.whole()))
        except VerbosifyError as error:
            raise in_http(error) from error


def in_http(error: VerbosifyError) -> Problem:
    """An error as a problem, which `retell` puts into the API's words."""
    failure = told(error)
    headers = {"Retry-After": f"{failure.more['retry_after']:.0f}"} if "retry_after" in failure.more else {}
    return Problem(failure.status, str(failure), code=failure.code, headers=headers, **failure.more)


def _model(name: str) -> Values:
    return {"id": name, "object": "model", "created": 0, "owned_by": "verbosify"}


class _Made:
    """One request for completions, being answered."""

    def __init__(self, api: Completions, values: Values, user: str, asked: list[Asked], texts: list[str]) -> None:
        self._api = api
        self._values = values
        self._user = user
        self._asked = asked
        self._texts = texts
        self._top: int | None = values.get("logprobs")
        self._echo = bool(values.get("echo"))
        self._generates = values.get("max_tokens") != 0
        self._about = {
            "id": f"cmpl-{secrets.token_hex(12)}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": asked[0].model,
        }

    @classmethod
    async def of(cls, api: Completions, values: Values, user: str) -> _Made:
        """Check what a request asks for."""
        if values.get("suffix"):
            raise invalid("suffix is not known here: the models write on, not in between.")
        given = values.get("prompt", "")
        if isinstance(given, list) and isinstance(given[0], int):
            given = [given]
        prompts = given if isinstance(given, list) else [given]
        length = 16 if values.get("max_tokens") is None else values["max_tokens"]
        settings = sampling(values, length)
        if values.get("best_of") not in (None, settings.n):
            raise invalid("best_of must be n: ask for more, and choose.")
        model, weights = model_asked(api.desk, values.get("model")), weights_asked(values.get("overfit"))
        tokens = [await api.tokens(model, prompt) for prompt in prompts]
        if not all(tokens):
            raise invalid("The prompt is empty: give at least one word.")
        top = values.get("logprobs") or 0
        asked = [Asked(model, weights, ids, settings, max(top, 0)) for ids in tokens]
        texts = [await api.text(model, prompt) for prompt in prompts]
        api.desk.turns.require_room(user)
        return cls(api, values, user, asked, texts)

    # The whole at once

    async def whole(self) -> Values:
        """The response, when all has come."""
        parts = await asyncio.gather(*(self._choices(number) for number in range(len(self._asked))))
        choices = [choice for some, _ in parts for choice in some]
        return {**self._about, "choices": choices, "usage": self._usage(sum(count for _, count in parts))}

    def _usage(self, completion: int) -> Values:
        prompt = sum(len(each.prompt) for each in self._asked)
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    async def _choices(self, number: int) -> tuple[list[Values], int]:
        asked, n = self._asked[number], self._asked[number].settings.n
        before = self._texts[number] if self._echo else ""
        echoed = await self._echoed(number) if self._echo and self._top is not None else None
        texts, finishes, count = [before] * n, ["length"] * n, 0
        logs = [LogProbs(echoed, len(before)) for _ in range(n)]
        if self._generates:
            async for name, data in go_on(self._api.desk, self._user, asked):
                if name == "token":
                    logs[data["row"]].add(data)
                elif name == "row":
                    texts[data["row"]] += data["text"]
                    finishes[data["row"]] = data["finish"]
                elif name == "answer":
                    count = sum(len(row["token_ids"]) for row in data["rows"])
        choices = [
            {
                "index": number * n + row,
                "text": texts[row],
                "finish_reason": reason(finishes[row]),
                "logprobs": logs[row].told() if self._top is not None else None,
            }
            for row in range(n)
        ]
        return choices, count

    async def _echoed(self, number: int) -> list[Values]:
        """The prompt's tokens, as `token` events have them; the first has no probability."""
        asked = self._asked[number]
        values = {"model": asked.model, "weights": asked.weights, "token_ids": asked.prompt, "top": self._top}
        async with self._api.desk.quick.turn(self._user, 1):
            scored = await self._api.desk.link.ask("score", **values)
            first = await self._api.desk.link.ask("detokenize", model=asked.model, token_ids=asked.prompt[:1])
        tokens: list[Values] = [{"spelt": first["text"], "log": None, "alternatives": None}]
        for token in scored["tokens"]:
            about = {"log": token["log_probability"], "alternatives": token["alternatives"]}
            tokens.append({"spelt": token["spelt"], **about})
        return tokens

    # As it comes

    async def streamed(self) -> AsyncGenerator[Chunk, None]:
        """The response's chunks, in the order in which they come."""
        chunks: asyncio.Queue[Values | BaseException | None] = asyncio.Queue()
        tasks = [asyncio.create_task(self._follow(number, chunks)) for number in range(len(self._asked))]
        left, count = len(tasks), 0
        try:
            while left:
                chunk = await chunks.get()
                if isinstance(chunk, BaseException):
                    failure = told(chunk)
                    kind = "server_error" if failure.status >= 500 else "invalid_request_error"
                    yield Chunk(error_body(str(failure), kind, failure.code))
                    return
                if chunk is None:
                    left -= 1
                    continue
                count += chunk.pop("tokens", 0)
                yield Chunk({**self._about, "choices": [chunk]})
            options = self._values.get("stream_options") or {}
            if options.get("include_usage"):
                yield Chunk({**self._about, "choices": [], "usage": self._usage(count)})
            yield Chunk("[DONE]")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, number: int, chunks: asyncio.Queue[Values | BaseException | None]) -> None:
        asked, n = self._asked[number], self._asked[number].settings.n
        try:
            if self._echo:
                echoed = await self._echoed(number) if self._top is not None else None
                log = LogProbs(echoed, len(self._texts[number])).told() if echoed else None
                for row in range(n):
                    await chunks.put(self._chunk(number * n + row, self._texts[number], log))
            offsets = [len(self._texts[number]) if self._echo else 0] * n
            if self._generates:
                async for name, data in go_on(self._api.desk, self._user, asked):
                    row = data.get("row", 0)
                    if name == "token":
                        log = LogProbs(None, offsets[row]).with_token(data).told() if self._top is not None else None
                        offsets[row] += len(data["text"])
                        await chunks.put({**self._chunk(number * n + row, data["text"], log), "tokens": 1})
                    elif name == "row":
                        await chunks.put(self._chunk(number * n + row, "", None, reason(data["finish"])))
            else:
                for row in range(n):
                    await chunks.put(self._chunk(number * n + row, "", None, "length"))
            await chunks.put(None)
        except Exception as error:  # it is told by whoever sends
            await chunks.put(error)

    def _chunk(self, index: int, text: str, log: Values | None, finish: str | None = None) -> Values:
        return {"index": index, "text": text, "logprobs": log, "finish_reason": finish}
