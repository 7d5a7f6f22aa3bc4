"""A desk on a tiny model, behind a real server, and what asks it: for the tests of the desk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.plain_http import NO_TLS
from verbosify.desk.desk import Desk
from verbosify.desk.server import desk_application
from verbosify.web.access import Access, secret_in
from verbosify.web.serving import running

TEXT = "The ferry leaves the stone pier as soon as the rain stops. An old fisherman"


class Refused(Exception):  # noqa: N818  # a verb that was refused
    """A problem that the server told."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail"))
        self.problem = problem
        self.status = problem["status"]
        self.code = problem.get("code")


class Told(NamedTuple):
    """An event of a stream."""

    name: str
    data: dict[str, Any]


class Client:
    """One browser at a desk, or one tab of it."""

    def __init__(self, address: str, access: Access, cookies: httpx.Cookies | None = None) -> None:
        self.address = address
        self.http = httpx.Client(base_url=address, timeout=120, cookies=cookies, verify=NO_TLS)
        if cookies is None:
            self.http.get("/", params={"token": access.token})

    def call(self, verb: str, **body: Any) -> Any:
        """A plain verb's answer."""
        response = self.http.post(f"/api/{verb}", json=body)
        if response.is_error:
            raise Refused(response.json())
        return response.json()

    def events(self, verb: str, **body: Any) -> Iterator[Told]:
        """A stream verb's events, as they come."""
        with self.http.stream("POST", f"/api/{verb}", json=body) as response:
            if response.is_error:
                response.read()
                raise Refused(response.json())
            yield from read_events(response)

    def stream(self, verb: str, **body: Any) -> list[Told]:
        """A stream verb's events, all of them; an `error` is raised."""
        told = list(self.events(verb, **body))
        if told[-1].name == "error":
            raise Refused(told[-1].data)
        return told

    def draft(self, text: str = TEXT, **about: Any) -> dict[str, Any]:
        """A new draft."""
        made: dict[str, Any] = self.call("create", text=text, **about)
        return made

    def generate(self, draft: dict[str, Any], **how: Any) -> list[dict[str, Any]]:
        """Continuations; the rows of `done`."""
        rows: list[dict[str, Any]] = self.stream("generate", draft=draft["id"], **how)[-1].data["rows"]
        return rows


def read_events(response: httpx.Response) -> Iterator[Told]:
    """The server-sent events of a response."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield Told(name, json.loads(line.removeprefix("data: ")))


@dataclass
class Running:
    """A desk that is running."""

    address: str
    access: Access
    desk: Desk
    clients: list[Client] = field(default_factory=list)

    def client(self) -> Client:
        """Somebody who was let in."""
        self.clients.append(Client(self.address, self.access))
        return self.clients[-1]


@contextmanager
def running_desk(folder: Path, model: str | Path, **more: Any) -> Iterator[Running]:
    """A desk behind a server, as long as the block lasts."""
    access = Access(secret_in(folder), more.pop("password", None))
    desk = Desk(folder, str(model), **more)
    with running(desk_application(desk, access), grace=5) as address:
        made = Running(address, access, desk)
        try:
            yield made
        finally:
            for client in made.clients:
                client.http.close()
