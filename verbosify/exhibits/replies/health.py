"""Whether a server of replies lives, would answer, and how it fares: three addresses for those who look after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from verbosify.errors import VerbosifyError
from verbosify.exhibits.replies.drawing import Studio
from verbosify.exhibits.replies.metrics import Metrics
from verbosify.exhibits.replies.options import Options
from verbosify.models.host import Host
from verbosify.web.clients import Clients, is_near
from verbosify.web.quota import Quota
from verbosify.web.serving import Problem

_SECONDS = 10.0
"""How long the model and the record have to show that they answer."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is looked at."""

    host: Host
    studio: Studio
    quota: Quota
    metrics: Metrics
    clients: Clients
    options: Options

    @property
    def routes(self) -> list[Route]:
        """What it answers."""
        return [Route("/health", self.alive), Route("/ready", self.ready), Route("/metrics", self.tell)]

    async def alive(self, _: Request) -> Response:
        """That the process lives."""
        return JSONResponse({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """Whether a post would be answered now; and if quotas are counted by a fallback, that."""
        keeper = await self.quota.keeper()
        self.metrics.redis.set(keeper == "redis")
        checks = {
            "model": await _answers(lambda: self.host.guest().do(lambda model: model.card.name)),
            "record": await _answers(self.studio.count),
            "quota": keeper is not None,
            "open": not request.app.state.stopping(),
        }
        told = {"quota": keeper or "unavailable", "degraded": bool(self.options.redis) and keeper != "redis"}
        ready = all(checks.values())
        return JSONResponse({"ready": ready, "checks": checks, **told}, 200 if ready else 503)

    async def tell(self, request: Request) -> Response:
        """The metrics, for this computer and those that may read them."""
        if not is_near(self.clients.address(request.scope), self.options.metrics_for):
            raise Problem(404, "There is nothing at this address.")
        return Response(self.metrics.to_text(), media_type=self.metrics.media_type)


async def _answers(ask: Callable[[], object]) -> bool:
    try:
        async with asyncio.timeout(_SECONDS):
            await run_in_threadpool(ask)
    except (TimeoutError, VerbosifyError):
        return False
    return True
