"""The other end of the models' process: asks it, tells what it answers, and begins it anew when it has ended.

Knows lines of JSON, and no model. One event loop owns a link.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from verbosify.desk.failures import Failure, told
from verbosify.errors import ModelError

_log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "verbosify.desk.worker")
LONGEST_LINE = 64 * 2**20
STARTING_SECONDS = 120.0
"""How long the process may take until it listens: it imports PyTorch."""
ENDING_SECONDS = 5.0
"""How long it may take to end by itself, and again once it was killed."""

ENDED = "The model's process has ended: it is being started again, and what you wrote is safe. Ask again in a moment."
UNABLE = "The model's process cannot be started: see what it printed."
CLOSING = "The desk is being closed."


class Link:
    """A connection to a process that owns models.

    Args:
        command: what to start.
        on_end: called when the process has ended by itself.
    """

    def __init__(self, command: tuple[str, ...] = COMMAND, on_end: Callable[[], None] = lambda: None) -> None:
        self._command = command
        self.on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._begun: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Queue[tuple[str, Any]]] = {}
        self._number = 0
        self._closed = False
        self.starts = 0
        """How often the process was started."""

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Have the process run; `Failure` if it cannot."""
        async with self._starting:
            if self._process is not None:
                return
            if self._closed:
                raise Failure(503, "model", CLOSING)
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C is for the server, which ends it in its own time
            )
            assert process.stdout is not None  # noqa: S101  # it is a pipe
            self._begun, first = process, b""
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0 if self._closed else STARTING_SECONDS):
                        first = await process.stdout.readline()
            finally:  # whoever waited for it may have left
                self._begun = None
                if not first:
                    _kill(process)
                    await _ended(process)
            if not first:
                raise Failure(503, "model", CLOSING if self._closed else UNABLE)
            self.starts += 1
            self._process = process
            self._reading = asyncio.create_task(self._read(process))

    async def close(self) -> None:
        """End the process, also one that is being started; takes some seconds at most, whatever it is at."""
        self._closed = True
        if self._begun is not None:
            _kill(self._begun)
        async with self._starting:
            process, reading = self._process, self._reading
        if process is not None:
            assert process.stdin is not None  # noqa: S101  # it is a pipe
            process.stdin.close()
            await _ended(process)
        if reading is not None:
            await asyncio.wait({reading}, timeout=3 * ENDING_SECONDS)

    async def ask(self, ask: str, **values: Any) -> Any:
        """The answer to a question that is answered at once."""
        async for _, data in self.stream(ask, values):  # noqa: B007  # the last is the answer
            pass
        return data

    async def stream(
        self, ask: str, values: dict[str, Any], cancelled: Callable[[], Awaitable[Any]] | None = None
    ) -> AsyncGenerator[tuple[str, Any], None]:
        """All that is told of a question, last its `answer`; errors are raised.

        To leave the iterator, or `cancelled` to return, takes the question back: then what is left of it is told still.
        """
        await self.start()
        self._number += 1
        number, answers = self._number, asyncio.Queue[tuple[str, Any]]()
        self._answers[number] = answers
        taking_back: asyncio.Task[None] | None = None
        try:
            if self._process is None or self._process.stdin is None:
                raise Failure(503, "model", ENDED)
            self._write({"id": number, "ask": ask, "with": values})
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # then it is told that it has ended
                await self._process.stdin.drain()
            if cancelled is not None:
                taking_back = asyncio.create_task(self._take_back(number, cancelled))
            while True:
                event, data = await answers.get()
                if event in ("answer", "error"):
                    del self._answers[number]
                if event == "error":
                    raise _failure(data)
                yield event, data
                if event == "answer":
                    return
        finally:
            if taking_back is not None:
                taking_back.cancel()
            if self._answers.pop(number, None) is not None:
                self._write({"cancel": number})

    async def _take_back(self, number: int, cancelled: Callable[[], Awaitable[Any]]) -> None:
        await cancelled()
        self._write({"cancel": number})

    def _write(self, message: dict[str, Any]) -> None:
        """Have a message sent, if there is a process."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        with contextlib.suppress(ConnectionResetError, ValueError):
            while line := await process.stdout.readline():
                answer = json.loads(line)
                queue = self._answers.get(answer["id"])
                if queue is not None:
                    queue.put_nowait((answer["event"], answer["data"]))
        self._process, waiting = None, list(self._answers.values())
        await _ended(process)
        for queue in waiting:
            queue.put_nowait(("error", {"kind": "ended", "message": ENDED}))
        if not self._closed:
            _log.warning("the models' process ended with code %s", process.returncode)
            self.on_end()


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait until a process has ended, and end it if it does not; its pipes are let go of, whoever else holds them."""
    for _ in range(2):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDING_SECONDS):
                await process.wait()  # which waits for the pipes too
                return
        if process.returncode is not None:
            break
        _kill(process)
    process._transport.close()  # type: ignore[attr-defined]  # there is no other way to


def _failure(data: dict[str, Any]) -> Failure:
    match data["kind"]:
        case "ended":
            return Failure(503, "model", ENDED)
        case "refused":
            return told(ModelError(data["message"]))
        case _:
            _log.error("a fault in the models' process: %s", data["message"])
            return told(RuntimeError())
