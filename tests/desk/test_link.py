"""The models' process, and the line to it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verbosify.desk.failures import Failure, told
from verbosify.desk.lab import Lab
from verbosify.desk.link import Link
from verbosify.desk.timing import Timing
from verbosify.desk.worker import Worker, attend
from verbosify.errors import ModelError, OutputError
from verbosify.models.loading import load_model
from verbosify.models.settings import RECIPES

ECHO = (
    "import json, sys\n"
    "print(json.dumps({'id': 0, 'event': 'ready', 'data': {}}), flush=True)\n"
    "for line in sys.stdin:\n"
    "    asked = json.loads(line)\n"
    "    if asked.get('ask') == 'end': sys.exit(3)\n"
    "    if 'cancel' in asked: print(json.dumps({'id': asked['cancel'], 'event': 'answer', 'data': 'cancelled'}), flush=True)\n"
    "    elif asked['ask'] == 'wait': print(json.dumps({'id': asked['id'], 'event': 'begun', 'data': 0}), flush=True)\n"
    "    elif asked['ask'] == 'fault': print(json.dumps({'id': asked['id'], 'event': 'error', 'data': {'kind': 'fault', 'message': 'm'}}), flush=True)\n"
    "    else: print(json.dumps({'id': asked['id'], 'event': 'answer', 'data': asked['with']}), flush=True)\n"
)


def test_a_process_that_ended_is_started_again_and_who_waited_is_told() -> None:
    async def main() -> None:
        ended = 0

        def on_end() -> None:
            nonlocal ended
            ended += 1

        link = Link((sys.executable, "-c", ECHO), on_end)
        assert await link.ask("echo", a=1) == {"a": 1}
        waiting = asyncio.create_task(link.ask("wait"))
        await asyncio.sleep(0)
        with pytest.raises(Failure, match="has ended"):
            await link.ask("end")
        with pytest.raises(Failure, match="what you wrote is safe"):
            await waiting
        assert ended == 1
        assert await link.ask("echo", b=2) == {"b": 2}
        assert link.starts == 2
        with pytest.raises(Failure) as refused:
            await link.ask("fault")
        assert refused.value.status == 500
        await link.close()
        with pytest.raises(Failure, match="being closed"):
            await link.ask("echo")

    asyncio.run(main())


def test_a_question_is_taken_back_and_answered_all_the_same() -> None:
    async def main() -> None:
        link, cancelled = Link((sys.executable, "-c", ECHO)), asyncio.Event()
        heard = []
        async for event, data in link.stream("wait", {}, cancelled.wait):
            heard.append((event, data))
            cancelled.set()
        assert heard == [("begun", 0), ("answer", "cancelled")]
        await link.close()

    asyncio.run(main())


def test_a_process_that_cannot_be_started_is_told() -> None:
    async def main() -> None:
        link = Link((sys.executable, "-c", "pass"))
        with pytest.raises(Failure, match="cannot be started"):
            await link.ask("echo")
        await link.close()

    asyncio.run(main())


READY = "import json, os, sys, time; print(json.dumps({'id': 0, 'event': 'ready', 'data': {}}), flush=True)\n"
PROGRAMS = {
    "holding": READY + "if os.fork() == 0: time.sleep(600)\nsys.stdin.read()",  # its child holds the pipes, and stays
    "deaf": READY + "time.sleep(600)",
    "mad": READY + "print('no JSON', flush=True); time.sleep(600)",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_closing_ends_the_process_whatever_it_does_and_whoever_holds_its_pipes(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verbosify.desk.link.ENDING_SECONDS", 0.1)

    async def main() -> int:
        link = Link((sys.executable, "-c", PROGRAMS[program]))
        await link.start()
        process = link.pid
        assert process is not None
        waiting = asyncio.create_task(link.ask("wait"))
        await asyncio.sleep(0)
        await link.close()
        with pytest.raises(Failure, match=r"has ended|being closed"):
            await waiting
        return process

    process = asyncio.run(main())
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    if program == "holding":
        os.killpg(process, signal.SIGKILL)  # fails if the child has ended: then nothing was tried


def test_closing_or_leaving_ends_a_process_that_is_being_started(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def starting(*command: Any, **how: Any) -> asyncio.subprocess.Process:
        begun.append(await start(*command, **how))
        return begun[-1]

    monkeypatch.setattr("asyncio.create_subprocess_exec", starting)

    async def main(number: int, end: Callable[[Link, asyncio.Task[Any]], Any]) -> None:
        link = Link((sys.executable, "-c", "import time; time.sleep(600)"))
        asking = [asyncio.create_task(link.ask("echo")) for _ in range(2)]
        while len(begun) < number:
            await asyncio.sleep(0.001)
        end(link, asking[0])
        await link.close()
        told = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(each) for each in told} <= {Failure, asyncio.CancelledError}

    asyncio.run(main(1, lambda link, asking: None))
    asyncio.run(main(2, lambda link, asking: asking.cancel()))

    assert all(process.returncode is not None for process in begun)


def answers(lab: Any, *asked: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    """All that a worker says to questions, by their numbers."""
    said: list[dict[str, Any]] = []
    worker = Worker(lab, said.append)
    for each in asked:
        worker.hear(json.dumps(each))
    until = time.monotonic() + 120
    numbers = [each["id"] for each in asked if "id" in each]
    while sum(each["event"] in ("answer", "error") for each in said) < len(numbers):
        assert time.monotonic() < until
        time.sleep(0.01)
    return {number: [each for each in said if each["id"] == number] for number in numbers}


def test_errors_are_told_as_what_they_are() -> None:
    class Failing:
        def card(self, how: str) -> None:
            raise {"refused": ModelError("No."), "memory": MemoryError(), "fault": ValueError("secret text")}[how]

    kinds = {1: "refused", 2: "memory", 3: "fault"}
    found = answers(Failing(), *({"id": number, "ask": "card", "with": {"how": how}} for number, how in kinds.items()))

    assert [found[number][-1]["data"]["kind"] for number in kinds] == ["refused", "refused", "fault"]
    assert "memory" in found[2][-1]["data"]["message"]
    assert "secret" not in found[3][-1]["data"]["message"]


def test_who_listens_to_a_line_answers_until_it_ends(speaking_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERBOSIFY_DESK_PRECISION", "fp32")
    said = io.StringIO()
    asked = {"id": 4, "ask": "card", "with": {"model": str(speaking_model)}}

    attend(io.StringIO(json.dumps(asked) + "\n" + json.dumps({"cancel": 99}) + "\n"), said)

    until = time.monotonic() + 120
    while '"id":4' not in said.getvalue():
        assert time.monotonic() < until
        time.sleep(0.01)
    assert '"dtype":"float32"' in said.getvalue()


def test_models_that_nobody_uses_make_room(speaking_model: Path, tiny_gpt2: Path) -> None:
    loaded = []

    def load(name: str, progress: Any) -> Any:
        progress("reading", 1, 2)
        loaded.append(name)
        return load_model(name, precision="fp32")

    lab, told_of = Lab(load, models_held=1), []
    for name in (speaking_model, tiny_gpt2, tiny_gpt2, speaking_model):
        lab.load(str(name), lambda event, data: told_of.append((event, data["done"])))

    assert [Path(name).name for name in loaded] == [speaking_model.name, tiny_gpt2.name, speaking_model.name]
    assert told_of == [("progress", 1)] * 3
    assert [model["name"] for model in lab.status()["models"]] == [str(speaking_model)]
    assert lab.detokenize(str(speaking_model), lab.bench(str(speaking_model)).model.encode("The"))["text"] == "The"
    with pytest.raises(ModelError):
        lab.load("no/such folder", lambda *_: None)
    lab.close()


def test_weights_that_nobody_uses_make_room(speaking_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verbosify.desk.seats.WEIGHTS_HELD", 1)
    lab = Lab(lambda name, _: load_model(name, precision="fp32"))
    recipe = RECIPES["passage"].to_dict()
    for text in ("The ferry leaves.", "The baker waits."):
        lab.overfit(str(speaking_model), text, recipe, lambda *_: None)

    assert lab.status()["weights_held"] == 1
    assert not lab.bench(str(speaking_model)).holds({"text": "The ferry leaves.", "recipe": recipe})
    lab.close()


def test_time_is_told_by_what_was_taken() -> None:
    timing, classic = Timing(), RECIPES["classic"]
    assert not timing.is_known
    timing.learn(classic, 1024, 8.0)
    timing.learn(classic, 1024, 6.0)
    timing.learn(classic, 1024, 7.0)

    assert timing.seconds(classic, 1000) == 7.0
    assert timing.has_taken(1000)
    assert not timing.has_taken(100)
    assert 1.0 < timing.seconds(RECIPES["passage"], 100) < 2.0
    assert timing.window_of(RECIPES["passage"], 50, 8192) == 50
    assert timing.window_of(classic, 50, 64) == 64


def test_failures_have_a_status() -> None:
    assert told(OutputError("full")).status == 503
    assert told(ValueError("secret")).status == 500
    assert "secret" not in str(told(ValueError("secret")))
