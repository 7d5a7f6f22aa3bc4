"""Whose turn it is: a bounded queue in which users take turns, whatever how much each of them asks for. Knows no model.

One event loop owns it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from verbosify.desk.failures import busy

ROWS = 48
"""Rows that grow at once over all users; a request of more goes alone."""
WAITING = 64
"""Requests that wait at once over all users."""
WAITING_OF_ONE = 16
"""Requests of one user that wait."""


class Turns:
    """Lets requests in, round the users that wait, as long as there is room for their rows."""

    def __init__(self, rows: int = ROWS, waiting: int = WAITING, of_one: int = WAITING_OF_ONE) -> None:
        self._room = rows
        self._left = rows
        self._most = waiting
        self._most_of_one = of_one
        self._lines: OrderedDict[str, deque[tuple[int, asyncio.Future[None]]]] = OrderedDict()
        self.running = 0

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return sum(map(len, self._lines.values()))

    @property
    def users(self) -> int:
        """Users that wait."""
        return len(self._lines)

    def require_room(self, user: str) -> None:
        """`Failure` 429 if a request of that user could not even wait."""
        if len(self._lines.get(user, ())) >= self._most_of_one:
            raise busy(f"{self._most_of_one} of your requests wait already: let some of them end first.", 2)
        if self.waiting >= self._most:
            raise busy(f"{self._most} requests wait for the models already: try again in a moment.", 5)

    @asynccontextmanager
    async def turn(self, user: str, rows: int) -> AsyncIterator[None]:
        """Wait until it is that user's turn, and there is room for so many rows, as long as the block lasts."""
        self.require_room(user)
        rows = min(rows, self._room)
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(user, deque()).append((rows, admitted))
        self._admit()
        try:
            await admitted
            self.running += 1
            try:
                yield
            finally:
                self.running -= 1
        finally:
            if admitted.done() and not admitted.cancelled():
                self._left += rows
            self._forget(user, admitted)
            self._admit()

    def _admit(self) -> None:
        """Let in who is first in turn, and on, until one does not fit: he is next, so that the large ones come in."""
        while self._lines:
            user, line = next(iter(self._lines.items()))
            rows, admitted = line[0]
            if rows > self._left:
                return
            line.popleft()
            if line:
                self._lines.move_to_end(user)
            else:
                del self._lines[user]
            if not admitted.done():
                self._left -= rows
                admitted.set_result(None)

    def _forget(self, user: str, admitted: asyncio.Future[None]) -> None:
        line = self._lines.get(user)
        if line is None:
            return
        kept = deque(each for each in line if each[1] is not admitted)
        if kept:
            self._lines[user] = kept
        else:
            del self._lines[user]
