"""What a person sees of a fine-tuning while it goes on. Knows its steps and samples, and nothing of how it is done."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from verbosify.models.protocol import Step
from verbosify.workflow.tuning import Said


class Watch:
    """Prints, on the way: a line a judgement, with how long it will take, and what the model says.

    Args:
        steps: of the whole job.
        every: steps from one judgement to the next.
        as_json: print every step and every sampling as an object of JSON instead.
    """

    def __init__(self, steps: int, every: int, *, as_json: bool = False) -> None:
        self._steps, self._every, self._as_json = steps, every, as_json
        self._best = float("inf")
        self._begun: tuple[int, float] | None = None

    def step(self, step: Step) -> None:
        if self._as_json:
            print(json.dumps(asdict(step)), flush=True)
            return
        self._begun = self._begun or (step.number, time.monotonic())
        if step.number % self._every and step.number != self._steps:
            return
        line = f"step {step.number} of {self._steps}: loss {step.loss:.2f}"
        if step.held_out_loss is not None:
            best = " (the best)" if step.held_out_loss < self._best else ""
            self._best = min(self._best, step.held_out_loss)
            line += f", held out {step.held_out_loss:.2f}{best}"
        done = step.number - self._begun[0]
        if done and step.number < self._steps:
            left = (time.monotonic() - self._begun[1]) / done * (self._steps - step.number)
            line += f"; {left / 60:.0f} min to go" if left >= 90 else f"; {left:.0f} s to go"
        print(line, flush=True)

    def said(self, said: Said) -> None:
        if self._as_json:
            print(json.dumps(asdict(said), ensure_ascii=False), flush=True)
            return
        for text in said.texts:
            print(f"  > {text}", flush=True)
