"""OpenAI's chat completions, for models that say how a chat is put to them. Knows that API, and no draft."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, Strict, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from verbosify.desk.completions import in_http
from verbosify.desk.continuing import Asked, error_body, go_on, model_asked, unless_gone, weights_asked
from verbosify.desk.failures import told
from verbosify.desk.openai_shapes import Chunk, Sampling, reason, sampling
from verbosify.desk.steering import LENGTH_MOST, LongText
from verbosify.errors import VerbosifyError
from verbosify.record.fields import Flag
from verbosify.web.serving import EventStream

if TYPE_CHECKING:
    from verbosify.desk.completions import Completions

Values = dict[str, Any]
_LENGTH = 512


class TextPart(TypedDict):
    """A part of a message that is text."""

    type: Literal["text"]
    text: LongText


class Message(TypedDict):
    """One turn of a chat."""

    role: Literal["system", "developer", "user", "assistant"]
    content: LongText | Annotated[list[TextPart], Field(max_length=100)]


Length = Annotated[int, Strict(), Field(ge=1, le=LENGTH_MOST)]


class ChatCompletion(Sampling, total=False):
    """The body of `/v1/chat/completions`."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    max_tokens: Length | None
    max_completion_tokens: Length | None
    logprobs: Flag | None
    top_logprobs: Annotated[int, Strict(), Field(ge=0, le=20)] | None


_CHAT: TypeAdapter[Any] = TypeAdapter(ChatCompletion)


class Chat:
    """Chats on one desk's models."""

    def __init__(self, api: Completions) -> None:
        self._api = api

    async def completions(self, request: Request) -> Response:
        """`POST /v1/chat/completions`."""
        try:
            values, user = await self._api.body(request, _CHAT)
            asked = await self._asked(values)
            self._api.desk.turns.require_room(user)
            about = {
                "id": f"chatcmpl-{secrets.token_hex(12)}",
                "created": int(time.time()),
                "model": asked.model,
            }
            if values.get("stream"):
                return EventStream(self._streamed(values, user, asked, about))
            return JSONResponse(await unless_gone(request, self._whole(values, user, asked, about)))
        except VerbosifyError as error:
            raise in_http(error) from error

    async def _asked(self, values: Values) -> Asked:
        model, weights = model_asked(self._api.desk, values.get("model")), weights_asked(values.get("overfit"))
        messages = [
            {"role": _role(each["role"]), "content": _text(each["content"])} for each in values.get("messages", ())
        ]
        prompt = await self._api.desk.link.ask("chat", model=model, messages=messages)
        length = values.get("max_completion_tokens") or values.get("max_tokens") or _LENGTH
        top = values.get("top_logprobs") or 0
        return Asked(model, weights, prompt["token_ids"], sampling(values, length), top)

    async def _whole(self, values: Values, user: str, asked: Asked, about: Values) -> Values:
        n = asked.settings.n
        texts, finishes, count = [""] * n, ["length"] * n, 0
        logs: list[list[Values]] = [[] for _ in range(n)]
        async for name, data in go_on(self._api.desk, user, asked):
            if name == "token":
                logs[data["row"]].append(_log(data))
            elif name == "row":
                texts[data["row"]], finishes[data["row"]] = data["text"], data["finish"]
            elif name == "answer":
                count = sum(len(row["token_ids"]) for row in data["rows"])
        choices = [
            {
                "index": row,
                "message": {"role": "assistant", "content": texts[row], "refusal": None},
                "finish_reason": reason(finishes[row]),
                "logprobs": {"content": logs[row], "refusal": None} if values.get("logprobs") else None,
            }
            for row in range(n)
        ]
        return {**about, "object": "chat.completion", "choices": choices, "usage": _usage(asked, count)}

    async def _streamed(self, values: Values, user: str, asked: Asked, about: Values) -> AsyncGenerator[Chunk, None]:
        about, count = {**about, "object": "chat.completion.chunk"}, 0

        def chunk(row: int, delta: Values, finish: str | None = None, log: Values | None = None) -> Chunk:
            choice = {"index": row, "delta": delta, "finish_reason": finish, "logprobs": log}
            return Chunk({**about, "choices": [choice]})

        try:
            for row in range(asked.settings.n):
                yield chunk(row, {"role": "assistant", "content": ""})
            async for name, data in go_on(self._api.desk, user, asked):
                if name == "token":
                    count += 1
                    log = {"content": [_log(data)], "refusal": None} if values.get("logprobs") else None
                    if data["text"] or log:
                        yield chunk(data["row"], {"content": data["text"]}, log=log)
                elif name == "row":
                    yield chunk(data["row"], {}, reason(data["finish"]))
        except VerbosifyError as error:
            failure = told(error)
            yield Chunk(error_body(str(failure), "server_error", failure.code))
            return
        if (values.get("stream_options") or {}).get("include_usage"):
            yield Chunk({**about, "choices": [], "usage": _usage(asked, count)})
        yield Chunk("[DONE]")


def _usage(asked: Asked, count: int) -> Values:
    prompt = len(asked.prompt)
    return {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}


def _role(role: str) -> str:
    return "system" if role == "developer" else role


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _log(token: Values) -> Values:
    def told_token(text: str, probability: float) -> Values:
        log = math.log(probability) if probability > 0 else -9999.0
        return {"token": text, "logprob": log, "bytes": list(text.encode())}

    own = told_token(token["spelt"], token["probability"])
    return {**own, "top_logprobs": [told_token(text, probability) for _, text, probability in token["alternatives"]]}
