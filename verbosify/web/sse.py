"""Server-sent events: a stream that is sent as it comes, shows that it lives, and ends when nobody listens.

Knows no page and no model. It is our own, and not sse-starlette, which changes uvicorn for the whole process, ends
every stream at once when the server is to stop, and writes what is sent into the log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from threading import Event as Flag
from threading import Thread
from typing import Any, Protocol, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from verbosify.web.problems import Problem, problem_of

T = TypeVar("T")

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the line open."""
_LOOK = 0.5
"""Seconds between looks at whether the server is to stop."""


class Sendable(Protocol):
    """Something that a stream can send."""

    def encode(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, and what it says, plain values as JSON has them."""

    name: str
    data: Any

    def encode(self) -> bytes:
        """As it is sent: JSON has no line breaks, so an event cannot be made to look like two."""
        data = json.dumps(self.data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return f"event: {self.name}\ndata: {data}\n\n".encode()


class EventStream(Response):
    """A response of `events`. If they fail, the last is one called `error`, which tells the problem.

    Whatever ends it, `events` is closed before it is over, so that a generator can let go of what it holds in
    `finally`; where the client goes away, that happens at once. An `endless` stream ends as well when the server is to
    stop; any other has the server's grace to come to its end.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncIterator[Sendable],
        *,
        endless: bool = False,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._endless = endless
        self._heartbeat = heartbeat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        gone = asyncio.ensure_future(_gone(receive))
        chunks = self._chunks(scope)
        coming = asyncio.ensure_future(anext(chunks, None))
        try:
            while True:
                await asyncio.wait({gone, coming}, return_when=asyncio.FIRST_COMPLETED)
                if gone.done() or (chunk := coming.result()) is None:
                    break
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                coming = asyncio.ensure_future(anext(chunks, None))
        finally:
            await _end(gone)
            await _end(coming)
            await chunks.aclose()
            await _close(self._events)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _chunks(self, scope: Scope) -> AsyncGenerator[bytes]:
        """The events' bytes, and heartbeats where they are silent."""
        stopping = getattr(scope["app"].state, "stopping", bool)
        coming, silent = asyncio.ensure_future(anext(self._events, None)), 0.0
        try:
            while not (self._endless and stopping()):
                wait = min(_LOOK, self._heartbeat) if self._endless else self._heartbeat
                if not (await asyncio.wait({coming}, timeout=wait))[0]:
                    silent += wait
                    if silent >= self._heartbeat:
                        silent = 0.0
                        yield b": still here\n\n"
                    continue
                silent = 0.0
                if (event := coming.result()) is None:
                    return
                yield event.encode()
                coming = asyncio.ensure_future(anext(self._events, None))
        except Exception as error:  # the status has been sent already
            yield error_event(problem_of(error)).encode()
        finally:
            await _end(coming)


def error_event(problem: Problem) -> Event:
    """How a stream tells a problem."""
    return Event("error", problem.to_dict())


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(task: asyncio.Future[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _close(events: AsyncIterator[Sendable]) -> None:
    if isinstance(events, AsyncGenerator):
        await events.aclose()


async def iterate_in_thread(begin: Callable[[Flag], Iterator[T]]) -> AsyncGenerator[T]:
    """What the iterator that `begin` returns yields, run in a thread of its own, for work that blocks.

    `begin` is handed a flag that is set once nobody wants more, for the work to look at. Errors are raised here. Who
    calls this decides how many may run at once.
    """
    loop, unwanted = asyncio.get_running_loop(), Flag()
    results: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    def tell(kind: str, value: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(results.put_nowait, (kind, value))

    def work() -> None:
        try:
            for item in begin(unwanted):
                tell("item", item)
                if unwanted.is_set():
                    break
            tell("end", None)
        except BaseException as error:  # it is raised where it is waited for
            tell("error", error)

    Thread(target=work, daemon=True).start()
    try:
        while (result := await results.get())[0] == "item":
            yield result[1]
        if result[0] == "error":
            raise result[1]
    finally:
        unwanted.set()
