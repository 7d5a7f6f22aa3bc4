"""The models that are loaded, each with its weights (`seats`), and room for a few. Knows nothing of who asks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from verbosify.desk.seats import Bench
from verbosify.models.protocol import LanguageModel

Progress = Callable[[str, int, int | None], None]
Load = Callable[[str, Progress], LanguageModel]
"""Loads a model by its name, and tells how that goes on."""

MODELS_HELD = 2
"""Models that are loaded at once, unless more are in use."""


class Shelf:
    """Loaded models by their names. Any thread may ask."""

    def __init__(self, load: Load, held: int) -> None:
        self._load = load
        self._held = held
        self._benches: OrderedDict[str, Bench] = OrderedDict()
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    def close(self) -> None:
        """Let go of all models."""
        with self._lock:
            benches, self._benches = list(self._benches.values()), OrderedDict()
        for bench in benches:
            bench.close()

    def status(self) -> dict[str, Any]:
        """What is loaded, and what it takes."""
        with self._lock:
            benches = list(self._benches.items())
        models = []
        for name, bench in benches:
            card = bench.model.card
            size = card.parameters * (2 if card.dtype in ("bfloat16", "float16") else 4)
            about = {key: getattr(card, key) for key in ("parameters", "device", "dtype", "context")}
            models.append({"name": name, "memory": size, "loaded": True, "weights_held": bench.weights_held, **about})
        return {"models": models, "memory": _resident(), "weights_held": sum(b.weights_held for _, b in benches)}

    def bench(self, model: str, progress: Progress) -> Bench:
        """A model, loaded if it is not; one that nobody uses is let go of where there are too many."""
        if (bench := self._loaded(model)) is not None:
            return bench
        with self._loading:
            if (bench := self._loaded(model)) is not None:
                return bench
            made = Bench(lambda: self._load(model, progress))
            with self._lock:
                self._benches[model] = made
                unused = [name for name in list(self._benches)[:-1] if not self._benches[name].is_used]
                dropped = [self._benches.pop(name) for name in unused[: max(len(self._benches) - self._held, 0)]]
        for bench in dropped:
            bench.close()
        return made

    def _loaded(self, model: str) -> Bench | None:
        with self._lock:
            if model in self._benches:
                self._benches.move_to_end(model)
            return self._benches.get(model)


def _resident() -> int:
    """Bytes of memory that this process has, as the system counts them; 0 where that cannot be told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            pages = int(file.read().split()[1])
    except (OSError, ValueError):
        return 0
    import resource

    return pages * resource.getpagesize()
