"""What every server of ours does before, around and after a request: run by uvicorn, asked over real connections."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from threading import Event as Flag
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from verbosify.errors import SettingsError
from verbosify.web import guard, serving
from verbosify.web.serving import (
    Event,
    EventStream,
    Problem,
    Static,
    application,
    form_body,
    iterate_in_thread,
    json_body,
    running,
    serve,
)

SAID = "my secret"
HELD = Flag()
"""Set when a stream's worker has been told that nobody listens."""


@dataclass
class Post:
    text: str
    number: int = 0


POST = TypeAdapter(Post)


async def echo(request: Request) -> Response:
    post = await json_body(request, POST)
    return JSONResponse({"text": post.text, "number": post.number})


async def form(request: Request) -> Response:
    return PlainTextResponse((await form_body(request, POST)).text)


async def broken(request: Request) -> Response:
    raise RuntimeError(f"the visitor wrote: {SAID}")


async def refused(request: Request) -> Response:
    raise Problem(429, "Wait a little.", type="/problems#quota", headers={"Retry-After": "7"}, remaining=0)


async def deaf(request: Request) -> Response:
    return PlainTextResponse("I read nothing", headers={"Cache-Control": "max-age=9"})


async def three(request: Request) -> Response:
    return EventStream(iterate_in_thread(lambda _: (Event("step", {"text": f"{n}\n\n"}) for n in range(3))))


async def failing(request: Request) -> Response:
    async def events() -> AsyncIterator[Event]:
        yield Event("step", 1)
        raise Problem(503, "No more.") if "told" in request.url.query else RuntimeError(SAID)

    return EventStream(events())


async def held(request: Request) -> Response:
    def work(unwanted: Flag) -> Iterator[Event]:
        yield Event("step", 1)
        unwanted.wait()
        HELD.set()

    return EventStream(iterate_in_thread(work), heartbeat=0.05, endless="endless" in request.url.query)


STATIC = Static({"page.js": "let a = '·';", "fonts/x.woff2": b"wOF2", "licence": "MIT", "page.css": ""})
ROUTES = [
    Route("/echo", echo, methods=["POST"]),
    Route("/form", form, methods=["POST"]),
    Route("/broken", broken),
    Route("/refused", refused),
    Route("/deaf", deaf, methods=["GET", "POST"]),
    Route("/health", deaf),
    Route("/three", three),
    Route("/failing", failing),
    Route("/held", held),
    STATIC.route,
]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    app = application(
        ROUTES,
        origins=["https://example.org", "null"],
        open_to_any_host=["/health"],
        most_bytes=lambda path: 1000 if path == "/echo" else 300,
    )
    with running(app) as address, httpx.Client(base_url=address, timeout=60) as made:
        yield made


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert answer.status_code == body["status"] == status
    assert {"type", "title", "detail"} <= body.keys()
    return body


def test_every_answer_has_the_headers_that_keep_pages_harmless(client: httpx.Client) -> None:
    for path in ("/deaf", "/nothing", "/broken"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == guard.POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers
    assert client.get("/nothing").headers["cache-control"] == "no-store"
    assert client.get("/deaf").headers["cache-control"] == "max-age=9"


def test_what_is_not_there_and_what_may_not_be_done_are_told_as_problems(client: httpx.Client) -> None:
    assert problem(client.get("/nothing"), 404)["title"] == "Not Found"
    answer = client.get("/echo")
    problem(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_a_problem_is_told_with_its_type_headers_and_members(client: httpx.Client) -> None:
    answer = client.get("/refused")
    body = problem(answer, 429)
    assert (body["type"], body["remaining"], body["title"]) == ("/problems#quota", 0, "Too Many Requests")
    assert answer.headers["retry-after"] == "7"
    assert Problem(599, "?").title == "Problem"


def test_an_unforeseen_error_is_logged_by_its_place_and_told_by_its_reference_alone(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    body = problem(client.get("/broken"), 500)
    logged = caplog.text
    assert body["reference"] in logged
    assert "RuntimeError" in logged
    assert "in broken" in logged
    assert SAID not in logged + json.dumps(body)


def test_a_browser_that_opens_an_address_is_told_in_a_page() -> None:
    app = application(ROUTES, error_page=lambda problem: f"<h1>{problem.status}</h1>")
    with running(app) as address:
        page = httpx.get(f"{address}/nothing", headers={"accept": "text/html,*/*;q=0.8"})
        data = httpx.get(f"{address}/nothing", headers={"accept": "text/html, application/json"})
    assert (page.status_code, page.text) == (404, "<h1>404</h1>")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    problem(data, 404)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "a b", "[::1"]
)
def test_a_name_that_is_not_ours_is_not_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/deaf", headers={"host": host}).status_code in (400, 421)
    assert client.get("/health", headers={"host": host}).status_code in (200, 400)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "[::1]:8000", "127.0.0.1"])
def test_our_names_are_answered_at_any_port(client: httpx.Client, host: str) -> None:
    assert client.get("/deaf", headers={"host": host}).status_code == 200


def test_a_request_without_or_with_two_hosts_is_refused(client: httpx.Client) -> None:
    for text in (b"GET /deaf HTTP/1.0\r\n\r\n", b"GET /deaf HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"):
        with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as line:
            line.sendall(text)
            assert b" 400 " in line.recv(1000)


ORIGINS = [
    ({}, 200),
    ({"origin": "http://127.0.0.1:PORT"}, 200),
    ({"origin": "https://example.org"}, 200),
    ({"origin": "null"}, 200),
    ({"sec-fetch-site": "same-origin"}, 200),
    ({"origin": "http://127.0.0.1:1"}, 403),
    ({"origin": "https://evil.example"}, 403),
    ({"origin": "https://example.org.evil.example"}, 403),
    ({"origin": "file://127.0.0.1:PORT"}, 403),
    ({"origin": "http://user@127.0.0.1:PORT"}, 403),
    ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403),
    ({"host": "localhost", "origin": "https://localhost"}, 200),
    ({"host": "localhost", "origin": "http://localhost:80"}, 200),
    ({"host": "localhost:443", "origin": "https://localhost"}, 200),
    ({"host": "localhost", "origin": "http://localhost:8000"}, 403),
    ({"host": "[::1]", "origin": "http://[::1]"}, 200),
    ({"host": "localhost", "origin": "http://[evil"}, 403),
]


@pytest.mark.parametrize(("headers", "status"), ORIGINS)
def test_only_pages_of_ours_and_those_let_in_may_change_anything(
    client: httpx.Client, headers: dict[str, str], status: int
) -> None:
    port = str(client.base_url.port)
    answer = client.post("/deaf", headers={name: value.replace("PORT", port) for name, value in headers.items()})
    assert answer.status_code == status


def test_pages_that_are_let_in_may_ask_first(client: httpx.Client) -> None:
    headers = {"origin": "https://example.org", "access-control-request-method": "POST"}
    assert client.options("/echo", headers=headers).headers["access-control-allow-origin"] == "https://example.org"
    headers["origin"] = "https://evil.example"
    assert "access-control-allow-origin" not in client.options("/echo", headers=headers).headers


def test_without_a_list_no_page_elsewhere_is_let_in_and_any_name_only_if_it_is_said() -> None:
    with running(application(ROUTES, hosts=["*"])) as address:
        assert httpx.get(f"{address}/deaf", headers={"host": "example.org"}).status_code == 200
        assert httpx.post(f"{address}/deaf", headers={"origin": "https://example.org"}).status_code == 403


BODIES = [
    (b'{"text": "a", "number": 2}', 200),
    (b'{"text": "\\u00e9\\ud83d\\ude00"}', 200),
    (b'{"text": "\xff"}', 400),
    (b'{"text": "\\ud800"}', 400),
    (b'{"text": "a", "number": NaN}', 400),
    (b'{"text": "a", "number": 1e999}', 400),
    (b'{"text": "a", "number": 99999999999999999999}', 400),
    (b'{"number": ' + b"9" * 900 + b"}", 400),
    (b'{"text": "a", "text": "b"}', 400),
    (b'{"text": ' + b"[" * 900, 400),
    (b'{"text": ' + b"[" * 400 + b"]" * 400 + b"}", 400),
    (b"", 400),
    (b"{'text': 1}", 400),
    (b'\xef\xbb\xbf{"text": "a"}', 400),
    (b"null", 422),
    (b"[]", 422),
    (b"{}", 422),
    (b'{"text": 1}', 422),
    (b'{"text": "a", "number": "2"}', 422),
    (b'{"text": "a", "number": true}', 422),
    (b'{"text": "a", "number": 1.5}', 422),
]


@pytest.mark.parametrize(("body", "status"), BODIES)
def test_a_body_is_taken_only_if_it_is_what_is_asked_for(client: httpx.Client, body: bytes, status: int) -> None:
    answer = client.post("/echo", content=body, headers={"content-type": "application/json; charset=UTF-8"})
    assert answer.status_code == status
    if status == 422:
        assert problem(answer, 422)["errors"][0]["place"].startswith("$")
    elif status == 400:
        problem(answer, 400)


def test_a_body_of_another_kind_is_not_taken(client: httpx.Client) -> None:
    for kind in ("text/plain", "", "application/json; charset=latin-1", "application/jsonx"):
        problem(client.post("/echo", content=b'{"text": "a"}', headers={"content-type": kind}), 415)


def test_a_form_is_taken_as_its_fields(client: httpx.Client) -> None:
    def post(content: bytes) -> httpx.Response:
        return client.post("/form", content=content, headers={"content-type": "application/x-www-form-urlencoded"})

    assert post(b"text=a+%C3%A9%26b&text=c").text == "a é&b"
    assert post(b"text=").text == ""
    problem(post(b"text=%FF"), 400)
    problem(post(b"\xff"), 400)
    problem(post(b"&".join([b"a=1"] * 70)), 422)
    problem(post(b"&".join([b"a"] * 110)), 400)
    problem(post(b"other=a"), 422)


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(client: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    headers = {"content-type": "application/json"}
    problem(client.post("/echo", content=b"x" * 1001, headers=headers), 413)
    problem(client.post("/echo", content=chunks(), headers=headers), 413)
    problem(client.post("/deaf", content=b"x" * 301), 413)
    assert client.post("/deaf", content=b"x" * 300).status_code == 200


def test_who_sends_too_much_is_told_although_they_still_send(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as line:
        line.sendall(b"POST /deaf HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n")
        line.sendall(b"x" * 900_000)
        assert line.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_arrive_is_waited_for_only_so_long(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.05)
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as line:
        line.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        line.sendall(b"Content-Length: 9\r\n\r\n{")
        assert line.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_leaves_while_it_sends_is_no_error(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as line:
        line.sendall(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        line.sendall(b"Content-Length: 9\r\n\r\n{")
    assert client.get("/deaf").status_code == 200
    assert not caplog.records


def events(answer: httpx.Response) -> list[tuple[str, Any]]:
    told = []
    for part in answer.text.split("\n\n")[:-1]:
        name, data = part.split("\n")
        told.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return told


def test_a_stream_tells_its_events_in_order(client: httpx.Client) -> None:
    answer = client.get("/three")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in answer.headers
    assert events(answer) == [("step", {"text": f"{n}\n\n"}) for n in range(3)]


def test_a_stream_that_fails_says_so_last(client: httpx.Client) -> None:
    name, told = events(client.get("/failing?told"))[-1]
    assert (name, told["status"], told["detail"]) == ("error", 503, "No more.")
    answer = client.get("/failing")
    assert events(answer)[-1][1]["status"] == 500
    assert SAID not in answer.text


def test_a_silent_stream_shows_that_it_lives_and_stops_work_when_nobody_listens(client: httpx.Client) -> None:
    HELD.clear()
    with client.stream("GET", "/held") as answer:
        lines = (line for line in answer.iter_lines() if line)
        assert next(lines) == "event: step"
        assert next(lines) == "data: 1"
        assert ": still here" in lines
        assert not HELD.is_set()
    assert HELD.wait(30)


def test_an_endless_stream_ends_with_its_server() -> None:
    with running(application(ROUTES)) as address:
        line = httpx.Client(timeout=60).stream("GET", f"{address}/held?endless")
        lines = line.__enter__().iter_lines()
        assert next(lines) == "event: step"
    assert {told for told in lines if told} <= {"data: 1", ": still here"}
    line.__exit__(None, None, None)


def test_what_nobody_waits_for_any_more_is_dropped_in_silence() -> None:
    began, unwanted = Flag(), Flag()

    def work(flag: Flag) -> Iterator[int]:
        yield 1
        began.set()
        flag.wait()
        time.sleep(0.05)  # the loop is closed by now
        yield 2
        unwanted.set()

    async def take_one() -> int:
        values = iterate_in_thread(work)
        first = await anext(values)
        await asyncio.to_thread(began.wait)
        await values.aclose()
        return first

    assert asyncio.run(take_one()) == 1
    assert not unwanted.wait(0.2)


def test_files_of_ours_are_kept_by_browsers_until_they_change(client: httpx.Client) -> None:
    address = STATIC.address("page.js")
    answer = client.get(address)
    assert answer.text == "let a = '·';"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert client.get(address.replace("page.js", "fonts/x.woff2")).headers["content-type"] == "font/woff2"
    assert client.get(STATIC.address("licence")).headers["content-type"] == "application/octet-stream"
    assert Static({"page.js": "other"}).address("page.js") != address
    for wrong in (address.replace("page.js", "../../etc/passwd"), address + "x", "/static/0/page.js"):
        problem(client.get(wrong), 404)
    with pytest.raises(KeyError):
        STATIC.address("none.js")


def test_a_port_that_is_taken_is_told_in_a_sentence() -> None:
    with running(application([])) as address, pytest.raises(SettingsError, match="choose others"):
        serve(application([]), port=int(address.rpartition(":")[2]))
    with pytest.raises(SettingsError, match="is no port"), running(application([]), port=99999):
        pass


def test_a_server_that_cannot_start_says_so() -> None:
    async def lifespan(app: object) -> AsyncIterator[None]:
        raise RuntimeError
        yield

    app = application([], lifespan=asynccontextmanager(lifespan))
    with pytest.raises(SettingsError, match="could not start"), running(app):
        pass


def test_no_end_of_an_answer_waits_until_its_beginning_is_acknowledged() -> None:
    with serving._listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_server_listens_over_ipv6_as_well() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        with running(application(ROUTES), host="::1") as address:
            assert address.startswith("http://[::1]:")
            assert httpx.get(f"{address}/deaf").status_code == 200
    except SettingsError:
        pytest.skip("no IPv6 here")


CANCELLED = "Cancel 1 running task(s), timeout graceful shutdown exceeded\n"
"""What uvicorn logs."""
PROGRAM = """
import asyncio, sys
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from verbosify.web.serving import application, serve

async def slow(request):
    print("asked", flush=True)
    await asyncio.sleep(float(sys.argv[1]))
    return PlainTextResponse("done")

serve(application([Route("/", slow)]), port=0, grace=int(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("seconds", "grace", "status", "end", "said"),
    [
        (0.5, 20, b"200", b"done", ""),
        (600, 1, b"503", b'ask again in a minute."}', CANCELLED),
    ],
)
def test_a_server_that_is_told_to_stop_ends_what_it_has_begun_or_says_that_it_stops(
    seconds: float, grace: int, status: bytes, end: bytes, said: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(seconds), str(grace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    address = process.stderr.readline().split()[2]
    with socket.create_connection(("127.0.0.1", int(address.rstrip("/").rpartition(":")[2]))) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert process.stdout.readline() == "asked\n"
        os.kill(process.pid, signal.SIGTERM)
        answer = b""
        while part := line.recv(1000):
            answer += part
    assert answer.split()[1] == status
    assert answer.endswith(end)
    assert process.wait(60) == -signal.SIGTERM
    assert process.stderr.read() == said
    process.stdout.close()
    process.stderr.close()


def test_nothing_is_logged_of_those_who_visit(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client.post("/echo", json={"text": SAID})
    assert SAID not in caplog.text
