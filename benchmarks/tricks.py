"""What each trick for speed gains: the same stage with and without it, in turn, in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.per_passage import PASSAGE

ROUNDS = 3


def gains(folder: Path, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """For each trick the seconds without it and with it, and the ratio; on the model in `folder`, in bf16."""
    from verbosify.models.process import tune_process
    from verbosify.models.pytorch import packing, products, tuning
    from verbosify.models.pytorch.model import TorchModel
    from verbosify.models.settings import SamplingSettings

    tune_process()
    models = {
        precision: TorchModel(folder, name="benchmark", weights_sha256="", precision=precision)
        for precision in ("fp32", "bf16")
    }
    model = models["bf16"]
    ten, one = SamplingSettings(n=10, length=50), SamplingSettings(n=1, length=50)

    def overfit(precision: str) -> None:
        with models[precision].overfit(PASSAGE):
            pass

    def sample_unpacked() -> None:
        with replaced(packing, "can_pack", lambda *_: False):
            model._changed()
            model.sample(PASSAGE, ten)
        model._changed()

    def update_whole() -> None:
        with replaced(tuning, "CACHED_NUMBERS", 2**26):  # more than any weight has
            overfit("bf16")

    def overfit_by_whole_products() -> None:
        with replaced(products, "way_of", lambda *_: "whole"):
            overfit("bf16")

    pairs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "overfit in bf16, not fp32": (lambda: overfit("fp32"), lambda: overfit("bf16")),
        "products in the way that is quickest here": (overfit_by_whole_products, lambda: overfit("bf16")),
        "update in cache-sized parts": (update_whole, lambda: overfit("bf16")),
        "sample in bf16, not fp32": (lambda: models["fp32"].sample(PASSAGE, ten), lambda: model.sample(PASSAGE, ten)),
        "weights packed once, and what follows a product computed with it": (
            sample_unpacked,
            lambda: model.sample(PASSAGE, ten),
        ),
        "ten rows in one batch": (
            lambda: [model.sample(PASSAGE, one) for _ in range(10)],
            lambda: model.sample(PASSAGE, ten),
        ),
    }
    found = {}
    for name, (without, with_it) in pairs.items():
        say(name)
        times: dict[bool, list[float]] = {False: [], True: []}
        for number in range(ROUNDS + 1):
            for used, work in ((False, without), (True, with_it)):
                started = perf_counter()
                work()
                if number:  # the first round warms up
                    times[used].append(perf_counter() - started)
        slow, fast = median(times[False]), median(times[True])
        found[name] = {"seconds_without": slow, "seconds_with": fast, "ratio": slow / fast}
    return found


@contextmanager
def replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    """`module.name` is `value` inside the block."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)
