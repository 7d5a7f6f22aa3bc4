"""What a server logs is JSON, a line each, and quotes nobody."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from verbosify.web.logs import log_as_json, log_event


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("verbosify")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:], level, own = before
    root.setLevel(level)
    ours.setLevel(own)


def test_an_event_is_one_line_of_json_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json()
    log_event(logging.getLogger("verbosify.replies"), "answered", seconds=1.5, tone="dry")
    logging.getLogger("verbosify.replies").debug("not this")
    logging.getLogger("other").info("nor this")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told.pop("at").endswith("Z")
    assert told == {
        "level": "info",
        "logger": "verbosify.replies",
        "event": "answered",
        "seconds": 1.5,
        "tone": "dry",
    }


def test_an_error_is_told_by_its_kind_and_not_in_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json()
    try:
        raise RuntimeError("my secret")
    except RuntimeError:
        logging.getLogger("other").exception("it failed")
    told = capsys.readouterr().err
    assert json.loads(told)["error"] == "RuntimeError"
    assert "secret" not in told
