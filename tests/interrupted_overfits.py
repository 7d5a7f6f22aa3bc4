"""A process that overfits until it is interrupted, and then looks whether its weights are fresh.

    python -m tests.interrupted_overfits FOLDER PRECISION ROUNDS

Each round it says `ready` and goes to work; after SIGINT it says `fresh`, or what it found instead.
"""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

from verbosify.models.pytorch.model import TorchModel
from verbosify.models.settings import SamplingSettings, TuningRecipe

TEXT = "A kettle sings before it boils, and nobody else heard it."
RECIPE = TuningRecipe(name="passage", window="once", learning_rate=1e-3)
SETTINGS = SamplingSettings(n=2, length=4, seed=1)


PATIENCE = 15.0
"""Seconds until a signal is sent again: Python drops one that arrives inside a finaliser."""


def answers(folder: Path, precision: str, rounds: int, pause: Callable[[], float]) -> list[str]:
    """What such a process says after each of `rounds` interrupts, each sent after `pause()` seconds of work."""
    command = [sys.executable, "-m", "tests.interrupted_overfits", str(folder), precision, str(rounds)]
    root = Path(__file__).parent.parent
    said, answered = [], Event()
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None

        def insist(heard: Event) -> None:
            process.send_signal(signal.SIGINT)
            while not heard.wait(PATIENCE) and process.poll() is None:
                process.send_signal(signal.SIGINT)

        for line in process.stdout:
            if line == "ready\n":
                time.sleep(pause())
                answered = Event()
                Thread(target=insist, args=(answered,), daemon=True).start()
            else:
                answered.set()
                said.append(line)
        answered.set()
    assert process.returncode == 0
    return said


def digest(model: Any) -> str:
    """Of every bit of the working weights."""
    import torch

    found = hashlib.sha256()
    for name, tensor in model._weights.working.items():
        found.update(name.encode() + tensor.contiguous().view(torch.uint8).numpy().data)
    return found.hexdigest()


def state(model: Any) -> tuple[object, ...]:
    """The weights, what they say, and what they learn."""
    weights, said = digest(model), model.sample(TEXT, SETTINGS)
    with model.overfit(TEXT, RECIPE) as overfit:
        return weights, said, overfit.loss_before, overfit.loss_after, overfit.window_loss


def main(folder: str, precision: str, rounds: str) -> None:
    model = TorchModel(Path(folder), name="model", weights_sha256="0" * 64, device="cpu", precision=precision)
    fresh = state(model)
    for _ in range(int(rounds)):
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            print("ready", flush=True)
            while True:
                with model.overfit(TEXT, RECIPE):
                    model.sample(TEXT, SETTINGS)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        found = state(model)
        print("fresh" if found == fresh else f"found {found} and not {fresh}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
