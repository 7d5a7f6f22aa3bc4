"""A process that overfits until it is interrupted, and then looks whether its weights are fresh.

    python -m tests.interrupted_overfits FOLDER PRECISION ROUNDS

Each round it says `ready` and goes to work; after SIGINT it says `fresh`, or what it found instead.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from verbosify.models.protocol import SamplingSettings, TuningRecipe
from verbosify.models.torch_model import TorchModel

TEXT = "A kettle sings before it boils, and nobody else heard it."
RECIPE = TuningRecipe(name="passage", window="once", learning_rate=1e-3)
SETTINGS = SamplingSettings(n=2, length=4, seed=1)


def digest(model: Any) -> str:
    """Of every bit of the working weights."""
    import torch

    found = hashlib.sha256()
    for name, tensor in model._weights.working.items():
        found.update(name.encode() + tensor.view(torch.uint8).numpy().data)
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
            print("ready", flush=True)
            while True:
                with model.overfit(TEXT, RECIPE):
                    model.sample(TEXT, SETTINGS)
        except KeyboardInterrupt:
            pass
        found = state(model)
        print("fresh" if found == fresh else f"found {found} and not {fresh}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
