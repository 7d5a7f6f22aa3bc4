"""Visitors at once: what they are answered, how fast, and that nobody gets more than there is, Redis or no Redis.

A server of replies runs in a process of its own, with a Redis that is killed halfway and started again, empty, ten
seconds later. Every visitor has an address of their own and posts again and again; in the middle one of them sends fifty
posts at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import httpx
import psutil

from tests.commands import CHECKPOINTS
from tests.redis_server import RedisServer, redis_server

EACH = 2
"""Posts of one visitor in the window, which is longer than the campaign."""
WINDOW = 3600
PAUSE = 2.0
"""Seconds between two posts of one visitor."""
AWAY = 10.0
"""Seconds that Redis is gone."""


@dataclass
class Figures:
    """What was seen.

    Attributes:
        statuses: answers by status and kind of problem.
        refusals, replies: seconds that each took.
        granted: replies by visitor.
        processor: seconds of a processor that the server took, its start not counted.
        faults: what must not be.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    refusals: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    granted: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    processor: float = 0.0

    def table(self) -> str:
        """In Markdown."""
        rows = [f"| {name} | {number} |" for name, number in sorted(self.statuses.items())]
        lines = ["| answer | times |", "|---|---|", *rows]
        for name, seconds in (("refusals", self.refusals), ("replies", self.replies)):
            if len(seconds) > 1:
                late = quantiles(seconds, n=100, method="inclusive")[98]
                lines.append(
                    f"{name}: {median(seconds):.3f} s in the median, {late:.3f} s at 99 %, {max(seconds):.3f} s"
                )
        lines.append(f"{self.processor:.0f} s of a processor for {self.statuses.total()} answers")
        lines.append(f"{sum(self.granted.values())} granted to {len(self.granted)} visitors, {EACH} at most to each")
        return "\n".join(lines)


def campaign(folder: Path, model: str, *, visitors: int, seconds: float) -> Figures:
    """Have so many visitors post for so long."""
    with redis_server(folder) as redis:
        command = [sys.executable, "-m", "verbosify", "replies", "serve", "--port", "0", "--model", model]
        command += ["--record", str(folder / "replies.db"), "--redis", redis.url, "--proxy", "127.0.0.1"]
        command += ["--client", str(EACH), "--total", "100000", "--window", str(WINDOW)]
        environment = os.environ | {"VERBOSIFY_CHECKPOINTS": str(CHECKPOINTS)}
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log, env=environment) as server:
            try:
                address = _address(folder / "log", server)
                begun = psutil.Process(server.pid).cpu_times()
                figures = asyncio.run(_visit(address, redis, visitors, seconds))
                ended = psutil.Process(server.pid).cpu_times()
                figures.processor = ended.user + ended.system - begun.user - begun.system
            finally:
                server.send_signal(signal.SIGTERM)
            if server.wait(60) != -signal.SIGTERM:
                figures.faults.append(f"the server ended with {server.returncode}")
    figures.faults += [f"{who} was granted {n}" for who, n in figures.granted.items() if n > EACH]
    return figures


def _address(log: Path, server: subprocess.Popen[bytes]) -> str:
    while "Ctrl-C" not in (said := log.read_text()):
        if server.poll() is not None:
            raise RuntimeError(said)
        time.sleep(0.05)
    return said.split()[said.split().index("at") + 1].rstrip("/")


async def _visit(address: str, redis: RedisServer, visitors: int, seconds: float) -> Figures:
    figures, until = Figures(), time.monotonic() + seconds
    limits = httpx.Limits(max_connections=visitors + 60)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:

        async def stay(number: int) -> None:
            await asyncio.sleep(PAUSE * number / visitors)
            while time.monotonic() < until:
                await _post(client, f"10.{number // 250}.{number % 250}.1", figures)
                await asyncio.sleep(PAUSE)

        async def disturb() -> None:
            await asyncio.sleep(seconds / 2)
            redis.kill()
            await asyncio.gather(*(_post(client, "10.99.99.99", figures) for _ in range(50)))
            await asyncio.sleep(AWAY)
            redis.start()

        await asyncio.gather(disturb(), *(stay(number) for number in range(visitors)))
        ready = (await client.get("/ready")).json()
        if ready["quota"] != "redis" or not ready["ready"]:
            figures.faults.append(f"afterwards the server says {ready}")
    return figures


async def _post(client: httpx.AsyncClient, who: str, figures: Figures) -> None:
    began = time.monotonic()
    try:
        answer = await client.post(
            "/api/replies", json={"post": "The ferry is late."}, headers={"x-forwarded-for": who}
        )
    except httpx.HTTPError as error:
        figures.faults.append(f"{type(error).__name__} after {time.monotonic() - began:.1f} s")
        return
    took = time.monotonic() - began
    if answer.status_code == 201:
        figures.statuses["201 replied"] += 1
        figures.granted[who] += 1
        figures.replies.append(took)
        return
    kind = answer.json()["type"].partition("#")[2]
    figures.statuses[f"{answer.status_code} {kind}"] += 1
    figures.refusals.append(took)
    if answer.status_code >= 500:
        figures.faults.append(answer.text)
