"""How often who may ask: exactly so many times in any stretch of a window, a client and all of them together.

Counted in Redis, where all processes of a service meet, and in this process too. What is refused here is refused
without asking Redis, and where Redis is gone, or comes back empty, this process goes on from what it has counted
itself. Knows no page and no model.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, Literal

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter as RedisLimiter
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter as LocalLimiter
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from verbosify.errors import SettingsError

Keeper = Literal["redis", "local"]
Without = Literal["local", "refuse"]
"""What happens where Redis is gone: this process counts by itself, or nobody is let in."""

REDIS_SECONDS = 1.0
"""How long Redis may take for one answer. One that was killed refuses at once."""
PAUSE = 2.0
"""Seconds in which Redis is not asked again after it did not answer."""


class UnavailableError(Exception):
    """Nobody can be let in, since Redis is gone, and that is what was chosen for then."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much there is.

    Attributes:
        client: times a client may ask in a window, >= 1.
        total: times all may together, >= 1.
        window: seconds, >= 1. It slides: it is counted back from the moment of asking.
    """

    client: int = 10
    total: int = 600
    window: int = 600

    def __post_init__(self) -> None:
        for name in ("client", "total", "window"):
            if (value := getattr(self, name)) < 1:
                raise SettingsError(f"{name} of the quota is {value}: it must be a whole number of at least 1.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one may ask now.

    Attributes:
        allowed: then one of the client's times has been taken.
        whose: whose times are used up, if it is not allowed.
        remaining: how many times the client has left.
        wait: seconds until there is one again, if it is not allowed.
        keeper: who counted.
    """

    allowed: bool
    whose: Literal["", "client", "service"]
    remaining: int
    wait: int
    keeper: Keeper


class Quota:
    """Counts. Belongs to one event loop.

    Args:
        allowance: how much there is.
        redis: the address of a Redis, as `redis://127.0.0.1:6379/0`; None to count in this process alone.
        without: what happens where Redis is gone.
        prefix: of the keys in Redis.
    """

    def __init__(
        self,
        allowance: Allowance,
        redis: str | None = None,
        without: Without = "local",
        prefix: str = "verbosify",
    ) -> None:
        self.allowance = allowance
        self._client: RateLimitItem = RateLimitItemPerSecond(allowance.client, allowance.window, namespace="client")
        self._total: RateLimitItem = RateLimitItemPerSecond(allowance.total, allowance.window, namespace="total")
        self._local = LocalLimiter(MemoryStorage())
        self._without = without
        self._connection = _connection(redis) if redis else None
        self._redis = _limiter(redis, self._connection, prefix) if redis and self._connection else None
        self._asleep_until = 0.0

    def used_up(self, client: str) -> Verdict | None:
        """That the client may not ask now, if this process knows it by itself; nothing is taken, nobody is asked."""
        if not self._local.test(self._client, client):
            return self._verdict("client", client)
        if not self._local.test(self._total):
            return self._verdict("service", client)
        return None

    async def take(self, client: str) -> Verdict:
        """Take one of the client's times, if there is one; `UnavailableError` if that cannot be told."""
        if (verdict := self.used_up(client)) is not None:
            return verdict
        keeper: Keeper = "local"
        if self._redis is not None:
            verdict = await self._ask(self._redis, client)
            if verdict is not None and not verdict.allowed:
                return verdict
            if verdict is None and self._without == "refuse":
                raise UnavailableError
            keeper = "redis" if verdict is not None else "local"
        if not self._local.hit(self._client, client):  # others took it while Redis was asked
            return self._verdict("client", client, keeper)
        if not self._local.hit(self._total):
            return self._verdict("service", client, keeper)
        return self._verdict("", client, keeper)

    async def _ask(self, redis: RedisLimiter, client: str) -> Verdict | None:
        """What Redis says; None if it does not."""
        if time.monotonic() < self._asleep_until:
            return None
        try:
            if not await redis.test(self._total):
                return await self._refused(redis, self._total, "service", client)
            if not await redis.hit(self._client, client):
                return await self._refused(redis, self._client, "client", client)
            if not await redis.hit(self._total):
                return await self._refused(redis, self._total, "service", client)
        except (RedisError, OSError):
            self._asleep_until = time.monotonic() + PAUSE
            return None
        return Verdict(allowed=True, whose="", remaining=0, wait=0, keeper="redis")

    async def _refused(
        self, redis: RedisLimiter, item: RateLimitItem, whose: Literal["client", "service"], client: str
    ) -> Verdict:
        stats = await redis.get_window_stats(item, *([client] if whose == "client" else []))
        own = stats if whose == "client" else await redis.get_window_stats(self._client, client)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        return Verdict(allowed=False, whose=whose, remaining=own.remaining, wait=wait, keeper="redis")

    def _verdict(self, whose: Literal["", "client", "service"], client: str, keeper: Keeper = "local") -> Verdict:
        own = self._local.get_window_stats(self._client, client)
        used_up = own if whose != "service" else self._local.get_window_stats(self._total)
        wait = max(1, math.ceil(used_up.reset_time - time.time())) if whose else 0
        return Verdict(allowed=not whose, whose=whose, remaining=own.remaining, wait=wait, keeper=keeper)

    async def keeper(self) -> Keeper | None:
        """Who counts now; None if nobody can be let in."""
        if self._connection is None:
            return "local"
        try:
            await self._connection.ping()
        except (RedisError, OSError):
            return "local" if self._without == "local" else None
        return "redis"

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            await self._connection.aclose()
            await self._connection.connection_pool.aclose()


def _connection(address: str) -> Redis:
    try:
        pool = ConnectionPool.from_url(
            address,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),  # whoever asks does not wait for a second try
        )
        if not pool.connection_kwargs.keys() & {"host", "path"}:  # it would be localhost, whatever was meant
            raise ValueError("no host")
    except ValueError as error:
        example = "redis://127.0.0.1:6379/0"
        raise SettingsError(f"{address!r} is no address of a Redis: write one as in {example}.") from error
    return Redis(connection_pool=pool)


def _limiter(address: str, connection: Redis, prefix: str) -> RedisLimiter:
    pool: Any = connection.connection_pool  # its type is said too narrowly there
    uri = f"async+redis://{address.partition('://')[2]}"  # which is not looked at, since there is a pool
    return RedisLimiter(RedisStorage(uri, implementation="redispy", key_prefix=prefix, connection_pool=pool))
