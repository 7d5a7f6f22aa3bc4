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

ENDED = "The model's process has ended: it is being started again, and what you wrote is safe. Ask again in a moment."


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
                raise Failure(503, "model", "The desk is being closed.")
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C is for the server, which ends it in its own time
            )
            assert process.stdout is not None  # noqa: S101  # it is a pipe
            try:
                async with asyncio.timeout(STARTING_SECONDS):
                    first = await process.stdout.readline()
            except TimeoutError:
                first = b""
            if not first:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
                raise Failure(503, "model", "The model's process cannot be started: see what it printed.")
            self.starts += 1
            self._process = process
            self._reading = asyncio.create_task(self._read(process))

    async def close(self) -> None:
        """End the process."""
        self._closed = True
        process = self._process
        if process is None:
            return
        assert process.stdin is not None  # noqa: S101  # it is a pipe
        process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reading is not None:
            await self._reading

    async def ask(self, ask: str, **values: Any) -> Any:
        """The answer to a question that is answered at once."""
        async for event, data in self.stream(ask, values):
            if event == "answer":
                return data
        raise Failure(503, "model", ENDED)

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
            await self._write({"id": number, "ask": ask, "with": values})
            if cancelled is not None:
                taking_back = asyncio.create_task(self._take_back(number, cancelled))
            while True:
                event, data = await answers.get()
                if event == "error":
                    raise _failure(data)
                yield event, data
                if event == "answer":
                    return
        finally:
            if taking_back is not None:
                taking_back.cancel()
            if self._answers.pop(number, None) is not None and self._process is not None:
                with contextlib.suppress(Failure):
                    await self._write({"cancel": number})

    async def _take_back(self, number: int, cancelled: Callable[[], Awaitable[Any]]) -> None:
        await cancelled()
        await self._write({"cancel": number})

    async def _write(self, message: dict[str, Any]) -> None:
        if self._process is None or self._process.stdin is None:
            raise Failure(503, "model", ENDED)
        try:
            self._process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise Failure(503, "model", ENDED) from None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        with contextlib.suppress(ConnectionResetError, ValueError):
            while line := await process.stdout.readline():
                answer = json.loads(line)
                queue = self._answers.get(answer["id"])
                if queue is not None:
                    queue.put_nowait((answer["event"], answer["data"]))
        self._process = None
        await process.wait()
        for queue in self._answers.values():
            queue.put_nowait(("error", {"kind": "ended", "message": ENDED}))
        if not self._closed:
            _log.warning("the models' process ended with code %s", process.returncode)
            self.on_end()


def _failure(data: dict[str, Any]) -> Failure:
    match data["kind"]:
        case "ended":
            return Failure(503, "model", ENDED)
        case "refused":
            return told(ModelError(data["message"]))
        case _:
            _log.error("a fault in the models' process: %s", data["message"])
            return told(RuntimeError())
