"""What the tests have workers do: functions of a module, as a fleet wants them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import ray

from verbosify.errors import ModelError
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings


def overfit_and_sample(model: LanguageModel, text: str) -> tuple[float, tuple[tuple[int, ...], ...]]:
    """The loss after an overfit, and the tokens of what was sampled."""
    with model.overfit(text) as overfit:
        said = model.sample(text, SamplingSettings(n=2, length=12))
        return overfit.loss_after, tuple(row.token_ids for row in said)


def where(model: LanguageModel, seconds: float) -> tuple[int, int, str]:
    """After so many seconds: process, threads, and what the model is called."""
    time.sleep(seconds)
    return os.getpid(), model.card.threads, model.card.name


def die_once(_: LanguageModel, mark: str) -> str:
    """Killed at the first try of each mark; `always` at every one."""
    path = Path(mark)
    if path.name == "always" or not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def wait_for(_: LanguageModel, mark: str) -> str:
    """Note process and node of the try, and end when the file `go` is there."""
    path = Path(mark)
    with path.open("a") as file:
        file.write(f"{os.getpid()} {ray.get_runtime_context().get_node_id()}\n")
    while not (path.parent / "go").exists():
        time.sleep(0.05)
    return path.name


def refuse(model: LanguageModel, text: str) -> None:
    if text == "odd":
        raise ZeroDivisionError("as it happens")
    raise ModelError(f"{model.card.name} does not like {text}: try another.")
