"""Users take turns, whatever how much each of them asks for."""

from __future__ import annotations

import asyncio

import pytest

from verbosify.desk.failures import Failure
from verbosify.desk.turns import Turns


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_users_take_turns() -> None:
    async def main() -> list[str]:
        turns, order = Turns(rows=1), list[str]()

        async def ask(user: str) -> None:
            async with turns.turn(user, 1):
                order.append(user)
                await asyncio.sleep(0)

        await asyncio.gather(*(ask(user) for user in ["greedy"] * 4 + ["modest", "shy"]))
        assert (turns.waiting, turns.running, turns.users) == (0, 0, 0)
        return order

    assert asyncio.run(main()) == ["greedy", "greedy", "modest", "shy", "greedy", "greedy"]


def test_rows_that_fit_grow_at_once_and_a_large_request_is_not_starved() -> None:
    async def main() -> list[str]:
        turns, order = Turns(rows=4), list[str]()
        leave = asyncio.Event()

        async def ask(user: str, rows: int) -> None:
            async with turns.turn(user, rows):
                order.append(user)
                await leave.wait()

        tasks = [asyncio.create_task(ask(*each)) for each in (("a", 2), ("b", 2), ("c", 99), ("d", 1))]
        await settle()
        assert order == ["a", "b"]
        leave.set()
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(main()) == ["a", "b", "c", "d"]


def test_the_queue_is_bounded() -> None:
    async def main() -> None:
        turns = Turns(rows=1, waiting=3, of_one=2)
        leave = asyncio.Event()

        async def ask(user: str) -> None:
            async with turns.turn(user, 1):
                await leave.wait()

        tasks = [asyncio.create_task(ask(user)) for user in ("a", "a", "a", "b")]
        await settle()
        with pytest.raises(Failure, match="2 of your requests wait") as refused:
            turns.require_room("a")
        assert refused.value.status == 429
        assert refused.value.problem["retry_after"] > 0
        with pytest.raises(Failure, match="3 requests wait"):
            turns.require_room("c")
        leave.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())


def test_who_goes_away_frees_the_place() -> None:
    async def main() -> None:
        turns, leave = Turns(rows=1), asyncio.Event()

        async def ask(user: str) -> None:
            async with turns.turn(user, 1):
                await leave.wait()

        first, second, third = (asyncio.create_task(ask(user)) for user in ("a", "b", "b"))
        await settle()
        second.cancel()
        await settle()
        assert (turns.running, turns.waiting) == (1, 1)
        first.cancel()
        await settle()
        assert (turns.running, turns.waiting) == (1, 0)
        leave.set()
        await third
        assert turns.running == 0

    asyncio.run(main())
