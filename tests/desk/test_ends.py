"""What ends unasked: the models' process, the server, killed at any moment; nothing that was reported done is lost."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT
from tests.desks import TEXT, Client, Refused, running_desk
from verbosify.desk.desk import Desk
from verbosify.desk.failures import Failure
from verbosify.desk.link import Link
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


UNENDING = (
    "import json, sys\n"
    "print(json.dumps({'id': 0, 'event': 'ready', 'data': {}}), flush=True)\n"
    "for line in sys.stdin:\n"
    "    asked = json.loads(line)\n"
    "    told = {'context_tokens': 1, 'settings': {}, 'seconds': 1.0}\n"
    "    if asked.get('ask') in ('generate', 'overfit'):\n"
    "        print(json.dumps({'id': asked['id'], 'event': 'started', 'data': told}), flush=True)\n"
)


def test_a_desk_is_closed_in_time_whatever_is_being_done_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process never answers, as one does that is in a step which takes hours."""
    monkeypatch.setattr("verbosify.desk.desk.CLOSING_SECONDS", 0.1)
    told: list[str] = []

    async def follow(events: AsyncGenerator[tuple[str, Any], None]) -> None:
        async for name, _ in events:
            told.append(name)

    async def main() -> None:
        desk = Desk(tmp_path, "m", link=Link((sys.executable, "-c", UNENDING)))
        await desk.start()
        draft = await desk.call("create", {"text": TEXT}, "me")
        one = {"draft": draft["id"]}
        overfit = {**one, "steering_revision": draft["steering_revision"], "text": TEXT}
        streams = [("generate", one), ("generate", one), ("overfit", overfit), ("watch", one)]
        following: list[asyncio.Task[Any]] = [
            asyncio.create_task(follow(await desk.stream(verb, body, "me"))) for verb, body in streams
        ]
        following.append(asyncio.create_task(desk.call("tokens", one, "me")))
        while told.count("started") < 3 or "changed" not in told:
            await asyncio.sleep(0.01)
        await desk.close()
        following[3].cancel()
        ends = await asyncio.gather(*following, return_exceptions=True)
        assert [type(end) for end in ends] == [Failure, Failure, Failure, asyncio.CancelledError, Failure]

    asyncio.run(main())


def test_an_overfit_that_is_stopped_is_left_at_once_and_the_weights_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verbosify.desk.link.ENDING_SECONDS", 0.1)
    program = (
        "import json, sys, time\n"
        "print(json.dumps({'id': 0, 'event': 'ready', 'data': {}}), flush=True)\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    while asked.get('ask') == 'overfit':\n"
        "        print(json.dumps({'id': asked['id'], 'event': 'progress', 'data': {'elapsed': 1.0}}), flush=True)\n"
        "        time.sleep(0.01)\n"
    )

    async def main() -> None:
        desk = Desk(tmp_path, "m", link=Link((sys.executable, "-c", program)))
        await desk.start()
        draft = await desk.call("create", {"text": TEXT}, "me")
        asked = {"draft": draft["id"], "steering_revision": draft["steering_revision"], "text": TEXT}

        async def stop_it() -> None:
            job = ""
            async for name, data in await desk.stream("overfit", asked, "me"):
                job = data.get("job", job)
                if name == "progress":
                    await desk.call("cancel", {"job": job}, "me")

        with pytest.raises(Failure, match="was stopped") as failure:
            await stop_it()
        assert failure.value.code == "cancelled"
        assert (await desk.call("open", {"draft": draft["id"]}, "me"))["weights"] == {"kind": "fresh"}
        await desk.close()

    asyncio.run(main())


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
