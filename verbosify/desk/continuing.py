"""Going on with a prompt for programs: what OpenAI's API and llama.cpp's have in common. Knows no draft."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, NotRequired, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from verbosify.desk.asking import recipe_meant
from verbosify.desk.bodies import Recipe, Strength
from verbosify.desk.desk import Desk
from verbosify.desk.failures import Failure
from verbosify.desk.steering import LongText
from verbosify.errors import VerbosifyError
from verbosify.models.settings import SamplingSettings
from verbosify.web.serving import Problem

Values = dict[str, Any]
Result = TypeVar("Result")
Handler = Callable[[Request], Awaitable[Response]]
UserOf = Callable[[Request], str | None]


class Overfit(TypedDict):
    """Our one extension: weights that were overfitted on a text, made at the first request that names it."""

    text: LongText
    recipe: NotRequired[Recipe]
    strength: NotRequired[Strength]


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt, and how to go on with it."""

    model: str
    weights: Values | None
    prompt: list[int]
    settings: SamplingSettings
    alternatives: int = 0


def weights_asked(overfit: Any) -> Values | None:
    """The weights that a request's `overfit` names."""
    if overfit is None:
        return None
    recipe = recipe_meant(overfit.get("recipe", "classic"), overfit.get("strength", 1.0))
    return {"text": overfit["text"], "recipe": recipe}


def model_asked(desk: Desk, name: str | None) -> str:
    """A model that may be asked by its name: the desk's own, or one of the catalogue that is on this computer."""
    from verbosify.models.store.catalog import list_models

    if name is None or name in ("", "default", desk.model):
        return desk.model
    if any(status.name == name and status.on_disk and status.writes for status in list_models()):
        return name
    raise Failure(404, "model_not_found", f"There is no model {name[:80]!r} on this computer: see /v1/models.")


async def go_on(desk: Desk, user: str, asked: Asked) -> AsyncGenerator[tuple[str, Values], None]:
    """What the model says, token by token, last the whole `answer`; to leave it cancels it."""
    async with desk.turns.turn(user, max(asked.settings.n, asked.settings.num_beams)):
        values = {
            "model": asked.model,
            "weights": asked.weights,
            "prompt": asked.prompt,
            "settings": asked.settings.to_dict(),
            "alternatives": asked.alternatives,
        }
        events = desk.link.stream("stream", values)
        try:
            async for event in events:
                yield event
        finally:
            await events.aclose()


async def unless_gone(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of some work, which is cancelled if the client goes away meanwhile."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.create_task(work), asyncio.create_task(gone())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Failure(409, "gone", "The client went away.")
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, VerbosifyError):
                await task


def error_response(status: int, message: str, code: str | None, retry_after: float | None = None) -> Response:
    """An error in OpenAI's shape, which is llama.cpp's as well."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:.0f}"}
    return JSONResponse(error_body(message, kind, code), status, headers)


def error_body(message: str, kind: str, code: str | None) -> Values:
    """The body of an error."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def retell(problem: Problem, path: str) -> Response | None:
    """A problem in the words of the APIs, at their paths."""
    if not path.startswith(("/v1/", "/completion", "/tokenize", "/detokenize", "/props")):
        return None
    status = 400 if problem.status == 422 else problem.status
    retry_after = problem.members.get("retry_after")
    return error_response(status, problem.detail, problem.members.get("code"), retry_after)
