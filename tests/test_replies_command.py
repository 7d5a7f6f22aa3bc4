"""`verbosify replies` as an operator has it: with the embedded model, a real Redis, signals and a kill."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.commands import Call, Commands, Running, await_that
from tests.redis_server import redis_server


def address_of(running: Running) -> str:
    """Where it serves, once it does."""
    file = running.folder / "err"
    await_that(file.exists)
    while "Ctrl-C" not in (said := file.read_text()):
        assert not (running.folder / "result").exists(), running.wait()
        time.sleep(0.02)
    return said.split()[said.split().index("at") + 1].rstrip("/")


@pytest.mark.embedded
def test_a_server_with_the_embedded_model_replies_stops_in_order_and_loses_nothing(
    commands: Commands, tmp_path: Path
) -> None:
    serve = ["replies", "serve", "--record", str(tmp_path / "replies.db"), "--port", "0", "--seconds", "3600"]
    with redis_server(tmp_path) as redis:
        first = commands.start(*serve, "--redis", redis.url, "--client", "1")
        with httpx.Client(base_url=address_of(first), timeout=3600) as client:
            done = client.post("/api/replies", json={"post": "My cat has learned to open the fridge."}).json()
            ready = client.get("/ready").json()
            first.send(signal.SIGKILL)
        assert (ready["ready"], ready["quota"]) == (True, "redis")
        assert done["model"]["name"] == "smollm2-135m"
        assert 1 <= len(done["replies"]) <= 3
        assert first.wait().code == -signal.SIGKILL

        again = commands.start(*serve, "--redis", redis.url, "--client", "1")
        with httpx.Client(base_url=address_of(again), timeout=3600) as client:
            assert client.get(f"/api/threads/{done['thread']}").json()["replies"] == done["replies"]
            assert client.post("/api/replies", json={"post": "It waves."}).status_code == 429
        again.send(signal.SIGTERM)
        ended = again.wait()
    assert ended.code == -signal.SIGTERM
    events = [json.loads(line)["event"] for line in ended.err.splitlines() if line.startswith("{")]
    assert (events[0], events[-1]) == ("serving", "stopped")
    assert "fridge" not in ended.err


def test_options_that_make_no_sense_are_told_before_a_model_is_loaded(call: Call) -> None:
    for arguments, told in (
        (("--client", "0"), "client of the quota is 0"),
        (("--proxy", "everybody"), "no network"),
        (("--ipv6-prefix", "1"), "ipv6_prefix is 1"),
        (("--at-once", "0"), "at_once is 0"),
        (("--model", "no-such-model"), "no-such-model"),
    ):
        said = call("replies", "serve", *arguments)
        assert (said.code, said.out) == (2, "")
        assert told in said.err
        assert "Traceback" not in said.err


def test_a_file_of_words_or_a_record_that_cannot_be_read_is_told(
    call: Call, tmp_path: Path, speaking_model: Path
) -> None:
    (tmp_path / "words.txt").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "record.db").write_text("no database")
    for option, name in (("--forbidden", "words.txt"), ("--forbidden", "none.txt"), ("--record", "record.db")):
        said = call("replies", "serve", "--model", speaking_model, option, tmp_path / name)
        assert said.code == 2
        assert name in said.err
        assert "Traceback" not in said.err


def test_a_post_is_hidden_by_its_key(call: Call, tmp_path: Path) -> None:
    from verbosify.exhibits.replies import record
    from verbosify.exhibits.replies.tones import pipeline_of

    place = tmp_path / "replies.db"
    assert "check the path" in call("replies", "hide", "key", "--record", place).err
    with record.open_record(place) as exhibit:
        asked = record.ask(exhibit, pipeline_of("dry", "speaking", ()), "Hello", tone="dry", seed=1, to=None)
    assert (
        call("replies", "hide", asked.key, "--record", place, "--reason", "asked to").out == f"{asked.key} is hidden.\n"
    )
    with record.open_existing(place) as exhibit, pytest.raises(record.GoneError):
        record.thread(exhibit, asked.key)
