"""A server of replies for the tests: a real model of a moment's size, a real record, a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.plain_http import NO_TLS
from verbosify.exhibits.replies.app import replies_app
from verbosify.exhibits.replies.options import Options
from verbosify.models.host import Host
from verbosify.models.loading import load_model
from verbosify.web.quota import Allowance
from verbosify.web.serving import running

MANY = Allowance(client=100_000, total=100_000)


@dataclass(frozen=True)
class Served:
    """A server at work: where, its record, and a client."""

    address: str
    record: Path
    client: httpx.Client

    def post(self, text: str = "The ferry is late again.", **more: Any) -> httpx.Response:
        return self.client.post("/api/replies", json={"post": text, **more})

    def replied(self, text: str = "The ferry is late again.", **more: Any) -> dict[str, Any]:
        """What is answered to a post, which is let in."""
        answer = self.post(text, **more)
        assert answer.status_code == 201, answer.text
        done: dict[str, Any] = answer.json()
        return done


@contextmanager
def replies_server(host: Host, record: Path, **options: Any) -> Iterator[Served]:
    given: dict[str, Any] = {"allowance": MANY, "model": "speaking", "patience": 600, "seconds": 600} | options
    made = Options(record=record, **given)
    with (
        running(replies_app(made, host)) as address,
        httpx.Client(base_url=address, timeout=600, verify=NO_TLS) as client,
    ):
        yield Served(address, record, client)


@contextmanager
def hosted(folder: Path) -> Iterator[Host]:
    with Host(lambda: load_model(folder)) as host:
        yield host
