"""Hostile requests, made from a random generator and sent to a server: no error may come of them, and no harm.

Addresses, bodies and headers hold markup, templates, paths, half characters, marks of direction, values of another kind
and too much of everything.
"""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from tests.campaigns.hostile_texts import CANARY, FRAGMENTS, PROSE

_METHODS = ["POST"] * 6 + ["GET"] * 6 + ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]
_MEDIA = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
_HEADERS = ("X-Forwarded-For", "Origin", "Cookie", "Range", "If-None-Match", "Sec-Fetch-Site")
_FORBIDDEN_TAGS = {"iframe", "object", "embed", "base", "applet", "frame", "foreignobject", "svg", "style"}


@dataclass(frozen=True)
class Door:
    """What a server takes.

    Attributes:
        gets: addresses to read; `{}` stands for a hostile text.
        posts: addresses that take a body, each with its media type, `json` or `form`.
        fields: of a body, each with values that are right.
    """

    gets: tuple[str, ...]
    posts: tuple[tuple[str, str], ...]
    fields: Mapping[str, tuple[str, ...]]


@dataclass
class Figures:
    """What came of the requests to one server."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def hostile_words(rng: random.Random) -> str:
    """A text of up to 400 characters that no visitor should write."""
    return "".join(rng.choice([*FRAGMENTS, *PROSE]) for _ in range(rng.randint(1, 3)))[: rng.randint(1, 400)]


def send(client: httpx.Client, door: Door, *, count: int, seed: int) -> Figures:
    """Send so many requests, and say what should not have come of them."""
    rng, figures, said = random.Random(seed), Figures(), _Errors()  # noqa: S311  # no secret
    logger = logging.getLogger()
    logger.addHandler(said)
    try:
        for _ in range(count):
            method, target, headers, body = hostile_request(rng, door)
            url = client.base_url.copy_with(raw_path=target.encode())
            answer = client.request(method, url, headers=list(headers.items()), content=body)
            figures.statuses[answer.status_code] += 1
            for wrong in _wrong(answer, method):
                figures.faults.append(f"{method} {target[:200]} {headers} {body[:200]!r}: {wrong}")
    finally:
        logger.removeHandler(said)
    figures.faults += said.lines
    return figures


class _Errors(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"logged: {record.getMessage()[:300]}")


def hostile_request(rng: random.Random, door: Door) -> tuple[str, str, dict[bytes, bytes], bytes]:
    """Method, target, headers and body."""
    method = rng.choice(_METHODS)
    post, media = rng.choice(door.posts)
    strange = ["/static/x/../../etc/passwd", "/static/{}", "/{}", "/?q={}", "/%2e%2e%2f"]
    target = post if method == "POST" or rng.random() < 0.2 else rng.choice([*door.gets, *strange])
    target = target.replace("{}", quote(hostile_words(rng), safe=rng.choice(["", "/"]), errors="replace"))
    kind = rng.choice([_MEDIA[media]] * 7 + ["text/plain", f"{_MEDIA[media]}; charset=x", ""])
    accepted = rng.choice([b"*/*", b"text/html", b"text/event-stream", b"\xff\xfe", b"application/json"])
    headers = {b"Content-Type": kind.encode(), b"Accept": accepted}
    if rng.random() < 0.2:
        value = hostile_words(rng).encode("latin-1", "ignore")
        headers[rng.choice(_HEADERS).encode()] = bytes(one for one in value if one >= 32 and one != 127).strip()
    return method, target, headers, b"" if method == "GET" else hostile_body(rng, door, media)


def hostile_body(rng: random.Random, door: Door, media: str) -> bytes:
    """A body that is right but for one field, or hardly one at all."""
    values: dict[str, Any] = {name: rng.choice(right) for name, right in door.fields.items()}
    spoilt = rng.choice([*values, hostile_words(rng)])
    values[spoilt] = hostile_words(rng) if media == "form" or rng.random() < 0.7 else _value(rng)
    right = urlencode(values, errors="surrogatepass").encode() if media == "form" else json.dumps(values).encode()
    worst = [
        rng.randbytes(rng.randint(0, 200)),
        right[: rng.randint(0, len(right))],
        right.decode().encode("utf-16"),
        json.dumps(_value(rng)).encode(),
        b'{"a":' + b"[" * rng.choice([10, 10_000]),
        b'{"post": "a", "post": "b"}',
        b'{"name": "\\ud800"}',
        b'{"post": NaN}',
        b"text=" + b"%ff%00" * rng.choice([10, 1000]),
        b"author=a&" * rng.choice([10, 1000]),
        b'{"__proto__": {"post": "a"}, "constructor": 1}',
        right + b"x" * rng.choice([100, 100_000]),
    ]
    return right if rng.random() < 0.6 else rng.choice(worst)


def _value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(9 if depth < 4 else 5)
    if kind >= 7:
        return {hostile_words(rng): _value(rng, depth + 1) for _ in range(rng.randint(0, 3))}
    if kind >= 5:
        return [_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return (None, True, rng.choice([0, -1, 10**30, 0.5]), hostile_words(rng), "")[kind]


def _wrong(answer: httpx.Response, method: str) -> Iterator[str]:
    """What of an answer should not be."""
    if answer.status_code >= 500:
        yield f"{answer.status_code} {answer.text[:300]}"
    for name, value in (("content-security-policy", "default-src"), ("x-content-type-options", "nosniff")):
        if value not in answer.headers.get(name, ""):
            yield f"no {name}"
    if "Traceback" in answer.text or str(CANARY) in answer.text:
        yield f"it tells what it should not: {answer.text[:300]}"
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "text/html" and answer.content:
        yield from harm(answer.content)
    elif kind.endswith("json") and method != "HEAD":
        try:
            answer.json()
        except ValueError:
            yield f"no JSON: {answer.text[:300]}"


def harm(page: bytes, scripts: str = "/static/") -> Iterator[str]:
    """Each thing in a page that a browser would execute, or be led away by; scripts that begin so are ours."""
    from lxml import html

    for element in html.document_fromstring(page, parser=html.HTMLParser(encoding="utf-8")).iter():
        if not isinstance(element.tag, str):
            continue
        values = {name.lower(): "".join((value or "").lower().split()) for name, value in element.attrib.items()}
        is_ours = values.get("src", "").startswith(scripts) and not (element.text or "").strip()
        if element.tag in _FORBIDDEN_TAGS or (element.tag == "script" and not is_ours):
            yield f"<{element.tag}> {(element.text or '')[:100]}"
        if element.tag == "meta" and values.get("http-equiv") == "refresh":
            yield "it leads elsewhere"
        for name, value in values.items():
            leads_away = value.replace("\0", "").startswith(("javascript:", "vbscript:", "data:", "//"))
            if name.startswith("on") or (name in ("href", "src", "action", "formaction", "srcset") and leads_away):
                yield f"{name}={value[:100]}"
