"""Exactly so many times in any stretch of a window: with a real Redis, with none, with one that goes and comes back."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import RedisServer, redis_server
from verbosify.errors import SettingsError
from verbosify.web import quota
from verbosify.web.quota import Allowance, Quota, UnavailableError, Verdict, Without


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes no Redis that is gone."""
    monkeypatch.setattr(quota, "REDIS_SECONDS", 60.0)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


async def take(made: Quota, times: int, client: str = "a") -> list[Verdict]:
    """Ask so many times at once."""
    return list(await asyncio.gather(*(made.take(client) for _ in range(times))))


def allowed(verdicts: list[Verdict]) -> int:
    return sum(verdict.allowed for verdict in verdicts)


@pytest.mark.parametrize("with_redis", [True, False])
def test_one_client_asking_at_once_gets_exactly_its_number(redis: RedisServer, with_redis: bool) -> None:
    async def ask() -> None:
        made = Quota(Allowance(client=10, total=100), redis.url if with_redis else None)
        verdicts = await take(made, 50)
        assert allowed(verdicts) == 10
        refused = [verdict for verdict in verdicts if not verdict.allowed]
        assert {verdict.whose for verdict in refused} == {"client"}
        assert all(1 <= verdict.wait <= 600 and verdict.remaining == 0 for verdict in refused)
        assert (await made.take("b")).remaining == 9
        assert await made.keeper() == ("redis" if with_redis else "local")
        await made.close()

    asyncio.run(ask())


def test_two_processes_share_what_they_count(redis: RedisServer) -> None:
    async def ask() -> None:
        one, other = (Quota(Allowance(client=10, total=15), redis.url) for _ in range(2))
        assert allowed(await take(one, 30)) + allowed(await take(other, 30)) == 10
        assert (await other.take("a")).keeper == "redis"
        assert allowed(await take(one, 30, "b")) + allowed(await take(other, 30, "b")) == 5
        last = await other.take("c")
        assert (last.allowed, last.whose, last.remaining) == (False, "service", 10)
        await one.close()
        await other.close()

    asyncio.run(ask())


def test_the_window_slides_and_asking_in_vain_does_not_lengthen_it(redis: RedisServer) -> None:
    async def ask() -> None:
        made = Quota(Allowance(client=2, total=100, window=1), redis.url)
        began = time.monotonic()
        assert (await made.take("a")).allowed
        await asyncio.sleep(0.6)
        assert (await made.take("a")).allowed
        while not (again := (await made.take("a")).allowed) and time.monotonic() - began < 60:
            await asyncio.sleep(0.05)
        assert again
        assert time.monotonic() - began >= 1
        await made.close()

    asyncio.run(ask())


def test_what_all_together_use_up_is_refused_to_each(redis: RedisServer) -> None:
    async def ask() -> None:
        made = Quota(Allowance(client=10, total=3), None)
        assert allowed([await made.take(f"client {n}") for n in range(5)]) == 3
        refused = await made.take("another")
        assert (refused.whose, refused.remaining) == ("service", 10)

    asyncio.run(ask())


def test_where_redis_goes_and_comes_back_empty_nobody_gets_more(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "PAUSE", 0.0)

    async def ask() -> None:
        made = Quota(Allowance(client=10, total=100), redis.url)
        assert allowed(await take(made, 4)) == 4
        redis.kill()
        assert await made.keeper() == "local"
        during = await take(made, 3)
        assert (allowed(during), {verdict.keeper for verdict in during}) == (3, {"local"})
        redis.start()
        assert allowed(await take(made, 50)) == 3
        assert await made.keeper() == "redis"
        await made.close()

    asyncio.run(ask())


def test_where_redis_is_gone_nobody_is_let_in_if_that_is_chosen(redis: RedisServer) -> None:
    async def ask() -> None:
        made = Quota(Allowance(), redis.url, without="refuse")
        assert (await made.take("a")).allowed
        redis.kill()
        assert await made.keeper() is None
        with pytest.raises(UnavailableError):
            await made.take("a")
        await made.close()

    asyncio.run(ask())


@pytest.mark.parametrize("without", ["local", "refuse"])
def test_a_redis_that_does_not_answer_holds_nobody_up(without: Without, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that takes connections and never says a word: a first try is cut short, the next are not made."""

    monkeypatch.setattr(quota, "REDIS_SECONDS", 0.2)
    monkeypatch.setattr(quota, "PAUSE", 60.0)

    async def ask(port: int) -> None:
        made = Quota(Allowance(client=1000), f"redis://127.0.0.1:{port}/0", without=without)
        for _ in range(100):
            try:
                assert (await made.take("a")).keeper == "local"
            except UnavailableError:
                assert without == "refuse"
        await made.close()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        asyncio.run(ask(silent.getsockname()[1]))
        assert time.monotonic() - began < 100 * quota.REDIS_SECONDS


def test_what_makes_no_sense_is_told() -> None:
    for allowance in ({"client": 0}, {"total": 0}, {"window": -1}):
        with pytest.raises(SettingsError, match="at least 1"):
            Allowance(**allowance)
    for address in ("localhost:6379", "http://localhost", "redis://localhost:port", "redis:/localhost", "redis://"):
        with pytest.raises(SettingsError, match="no address of a Redis"):
            Quota(Allowance(), address)
