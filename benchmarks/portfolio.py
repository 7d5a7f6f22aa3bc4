"""Whether settings of their own cost rows anything: one batch of forty with four settings, and with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.per_passage import PASSAGE


def costs(folder: Path, say: Callable[[str], None]) -> dict[str, float]:
    """Median seconds of three batches of 20 tokens each, taken in turn, of the model in `folder`."""
    from verbosify.models.loading import load_model
    from verbosify.models.settings import SamplingSettings

    model = load_model(folder)
    one = SamplingSettings(n=40, length=20)
    ten = replace(one, n=10)
    four = [replace(ten, temperature=t, top_k=k, seed=k) for t, k in ((0.8, 30), (0.8, 15), (0.7, 30), (0.8, 80))]
    ways = {
        "40 rows of one settings": lambda: model.sample(PASSAGE, one),
        "40 rows of four settings": lambda: model.sample(PASSAGE, four),
        "4 batches of 10": lambda: [model.sample(PASSAGE, each) for each in four],
        "10 rows": lambda: model.sample(PASSAGE, ten),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    model.sample(PASSAGE, ten)
    for number in range(3):
        say(f"round {number + 1} of 3")
        for name, way in ways.items():
            started = perf_counter()
            way()
            seconds[name].append(perf_counter() - started)
    found = {name: median(values) for name, values in seconds.items()}
    first, second, third, fourth = found.values()
    return {
        **found,
        "four settings / one": second / first,
        "one batch / four": second / third,
        "40 rows / 10": first / fourth,
    }
