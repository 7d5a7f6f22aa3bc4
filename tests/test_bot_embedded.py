"""The bot with the real embedded model, in processes of its own: answered, killed, gone on with, and fine-tuned first."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bots import replies, timeline
from tests.commands import CHECKPOINTS, PATIENCE, ROOT, Commands
from verbosify.exhibits.bot.settings import MARK
from verbosify.exhibits.bot.speaking import REPLY

pytestmark = pytest.mark.embedded

CORPUS = ROOT / "corpora" / "ambrose" / "posts.csv"


def test_a_fine_tuned_model_answers_once_though_its_bot_is_killed(commands: Commands, tmp_path: Path) -> None:
    words = ("--steps", 2, "--window", 32, "--measure-every", 2, "--sample-every", 0, "--held-out", 0.01)
    tuned = commands.run("finetune", CORPUS, "--model", CHECKPOINTS / "smollm2-135m", *words, "--out", tmp_path / "run")
    assert tuned.code == 0, tuned.err
    pipeline = replace(REPLY, most=20, settings=replace(REPLY.settings, n=2))
    (tmp_path / "reply.json").write_text(json.dumps(pipeline.to_dict()), encoding="utf-8")
    (tmp_path / "bot.toml").write_text(
        f'name = "Ambrose"\nmodel = "run"\npipeline = "reply.json"\ncorpus = "{CORPUS}"\n', encoding="utf-8"
    )
    place = timeline(tmp_path)
    asked = [place.add(name, "@ambrose do you like rain?") for name in ("ada", "bob")]
    running = commands.start("bot", "run", tmp_path)
    until = time.monotonic() + PATIENCE
    while not any(post.is_bot for post in place.posts()):
        assert time.monotonic() < until, (running.folder / "err").read_text()
        time.sleep(0.05)
    running.send(signal.SIGKILL)
    assert running.wait().code == -signal.SIGKILL

    again = commands.run("bot", "run", tmp_path, "--once")

    assert again.code == 0, again.err
    answers = [post for post in place.posts() if post.is_bot]
    assert [post.parent for post in answers] == asked
    ends = {"reply": f"{MARK} by smollm2-135m (fine-tuned); may be false", "blank": f"{MARK}; these words are fixed"}
    assert all(reply.text.endswith(ends[reply.kind]) for reply in replies(tmp_path))
