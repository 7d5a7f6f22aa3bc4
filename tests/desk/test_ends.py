"""What ends unasked: the models' process, the server, killed at any moment; nothing that was reported done is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT
from tests.desks import TEXT, Client, Refused, running_desk
from verbosify.web.access import Access, secret_in

PATIENCE = 120.0


def await_answer(client: Client, verb: str, **body: Any) -> Any:
    """The answer to a verb, once the models' process is there again."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return client.call(verb, **body)
        except Refused as refused:
            if refused.status != 503 or time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_the_models_process_may_end_at_any_moment(tmp_path: Path, speaking_model: Path) -> None:
    with running_desk(tmp_path, speaking_model) as running:
        client = running.client()
        draft = client.draft()
        long = {"length": 900, "least_length": 900, "seed": 7}
        events = client.events("generate", draft=draft["id"], n=1, settings=long)
        shown = ""
        for event in events:
            if event.name == "token" and not shown:
                shown += event.data["text"]
                assert running.desk.link.pid is not None
                os.kill(running.desk.link.pid, signal.SIGKILL)
        assert event.name == "error"
        assert (event.data["status"], event.data["code"]) == (503, "model")
        assert "safe" in event.data["detail"]

        saved = client.call("save", draft=draft["id"], revision=draft["revision"], text=TEXT + " stays")
        (question,) = client.call("open", draft=draft["id"])["interrupted"]
        assert question["length"] == 900
        assert await_answer(client, "tokens", draft=draft["id"])["tokens"]
        assert client.call("status")["restarts"] == 1
        told = []
        for event in client.events("generate", draft=draft["id"], again=question["id"]):
            told.append(event)
            if event.name == "token" and len(told) == 4:
                client.call("cancel", job=told[0].data["job"])
        assert "".join(e.data["text"] for e in told if e.name == "token").startswith(shown)
        draft = client.call("open", draft=draft["id"])
        assert (draft["text"], draft["revision"], draft["interrupted"]) == (TEXT + " stays", saved["revision"], [])


def test_a_request_without_a_context_or_of_a_wrong_type_is_answered_and_the_next_one_too(client: Client) -> None:
    """A defect of mimitext: a wrong type, or no context, ended the model's process unheard, and its lock was held forever."""
    draft = client.draft()
    for body in (
        {},
        {"draft": "1"},
        {"draft": draft["id"], "settings": {"temperature": "hot"}},
        {"draft": draft["id"], "settings": {"length": None}},
        {"draft": draft["id"], "at": 1.5},
    ):
        with pytest.raises(Refused) as refused:
            client.stream("generate", **body)
        assert refused.value.status == 400

    assert len(client.generate(draft, n=1, settings={"length": 2})) == 1


@contextmanager
def served(folder: Path, model: Path) -> Iterator[tuple[subprocess.Popen[bytes], Client]]:
    """`verbosify desk` in a process of its own, to be killed."""
    said = folder.parent / f"{folder.name}.err"
    command = [sys.executable, "-m", "verbosify", "desk", "--folder", folder, "--model", model, "--port", "0"]
    with said.open("wb") as err:
        process = subprocess.Popen([*map(str, command), "--no-browser"], cwd=ROOT, stderr=err, stdin=subprocess.DEVNULL)
    client = None
    try:
        until = time.monotonic() + PATIENCE
        while (found := re.search(rb"(http://127\.0\.0\.1:\d+)/\?token=", said.read_bytes())) is None:
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        client = Client(found[1].decode(), Access(secret_in(folder)))
        yield process, client
    finally:
        if client is not None:
            client.http.close()
        process.kill()
        process.wait()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


def test_a_killed_server_has_lost_nothing_that_it_said_was_done(tmp_path: Path, speaking_model: Path) -> None:
    folder = tmp_path / "desk"
    words = TEXT.split(" ")
    written, draft = 0, 0
    for attempt in range(2):
        with served(folder, speaking_model) as (process, client):
            told = client.call("open", draft=draft) if draft else client.draft("")
            draft = told["id"]
            assert told["text"] == " ".join(words[:written])
            for _ in range(3):
                written += 1
                told = client.call("save", draft=draft, revision=told["revision"], text=" ".join(words[:written]))
            settings = {"length": 900, "least_length": 900, "seed": attempt}
            for event in client.events("generate", draft=draft, n=1, settings=settings):
                if event.name == "token":
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    break
            client.http.close()
    with served(folder, speaking_model) as (process, client):
        told = client.call("open", draft=draft)
        assert told["text"] == " ".join(words[:written])
        assert len(told["interrupted"]) == 2
        told = client.call("undo", draft=draft, revision=told["revision"], steps=written)
        assert told["text"] == ""
        models = int(
            subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, check=True).stdout.split()[0]
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)
        until = time.monotonic() + 30
        while is_alive(models):
            assert time.monotonic() < until, "the models' process outlives its server"
            time.sleep(0.05)
