"""The line before the model: who gets a place, and who is told at once that there is none."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from verbosify.exhibits.replies import line
from verbosify.exhibits.replies.line import Line
from verbosify.web.problems import Problem


def test_as_many_get_a_place_as_are_served_and_may_wait() -> None:
    made = Line(at_once=2, waiting=1, patience=30)
    for _ in range(3):
        made.enter()

    with pytest.raises(Problem, match="Many others"):
        made.enter()
    made.leave()
    made.enter()

    assert (made.inside, made.ahead) == (3, 1)


def test_who_would_hardly_be_served_in_time_gets_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(line, "monotonic", lambda: clock[0])
    made = Line(at_once=2, waiting=20, patience=30)

    async def served(seconds: float) -> None:
        async with made.turn():
            clock[0] += seconds

    def places() -> int:
        with suppress(Problem):
            while True:
                made.enter()
        found, made.inside = made.inside, 0
        return found

    before = places()
    asyncio.run(served(10))
    slow = places()
    for _ in range(30):
        asyncio.run(served(1))

    assert (before, slow, places()) == (8, 5, 22)
