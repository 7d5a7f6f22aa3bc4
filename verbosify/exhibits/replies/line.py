"""The line before the model: so many at once, so many waiting, and everybody else is told at once. Knows no model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from verbosify.web.problems import Problem

BUSY = "/about#busy"


_GUESS = 6
"""As what part of the patience a turn is reckoned before there was one."""
_SHARE = 0.3
"""What the last turn counts for, beside those before it."""


class Line:
    """Who may go in.

    Args:
        at_once: how many are served together, >= 1.
        waiting: how many may wait, >= 0.
        patience: seconds for which one waits at most. Who would wait half of that, as the last turns went, gets no
            place: turns differ, and whoever has a place should come to theirs.
    """

    def __init__(self, at_once: int, waiting: int, patience: float) -> None:
        self._served = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._at_once = at_once
        self._patience = patience
        self._seconds = patience / _GUESS
        self._turns = 0
        self.inside = 0
        """How many have a place, waiting ones too."""

    def require_place(self) -> None:
        """A `Problem` if there is no place, or one's turn would hardly come in time."""
        turns = max(0, self.inside + 1 - self._at_once) / self._at_once
        if self.inside >= self._most or turns * self._seconds > self._patience / 2:
            raise _busy("Many others are being replied to: try again in a moment.")

    def enter(self) -> None:
        """Take a place, at once; a `Problem` if there is none. Who has one must `leave`."""
        self.require_place()
        self.inside += 1

    def leave(self) -> None:
        self.inside -= 1

    @property
    def ahead(self) -> int:
        """How many who wait would be served before one that comes now."""
        return max(0, self.inside - self._at_once)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Being served: waits until it is one's turn. A `Problem` if that takes too long."""
        try:
            async with asyncio.timeout(self._patience):
                await self._served.acquire()
        except TimeoutError:
            raise _busy("It took too long until it was your turn: try again in a moment.") from None
        began = monotonic()
        try:
            yield
        finally:
            self._served.release()
            taken = monotonic() - began
            self._turns += 1
            self._seconds += (taken - self._seconds) * max(_SHARE, 1 / self._turns)


def _busy(detail: str) -> Problem:
    return Problem(429, detail, type=BUSY, title="Too many at once", headers={"Retry-After": "5"})
