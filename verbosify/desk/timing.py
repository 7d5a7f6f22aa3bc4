"""How long a step takes on this machine, from those that were taken. Knows recipes, and no model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from statistics import median

from verbosify.errors import ModelError
from verbosify.models.host import Guest
from verbosify.models.settings import TuningRecipe

LATEST = 5
"""Steps of a size that count: the machine may be busier than it was."""
TRIED = (32, 128)
"""Tokens of the windows of a try."""
ELAPSED_EVERY = 1.0
"""Seconds between two signs of a step that is being taken."""


class Timing:
    """Seconds of one model's steps, by how many tokens they read."""

    def __init__(self) -> None:
        self._taken: dict[int, list[float]] = {}
        self._tried: dict[int, float] = {}

    @property
    def is_known(self) -> bool:
        """Whether anything can be told."""
        return bool(self._taken or len(self._tried) == len(TRIED))

    def has_taken(self, window: int) -> bool:
        """Whether a step of about so many tokens has been taken here."""
        return any(abs(size - window) <= window / 4 for size in self._taken)

    def window_of(self, recipe: TuningRecipe, tokens: int, context: int) -> int:
        """Tokens of one window of a text of so many."""
        longest = min(recipe.window_tokens, context)
        return min(tokens, longest) if recipe.window == "once" else longest

    def learn(self, recipe: TuningRecipe, window: int, seconds: float) -> None:
        """A step was taken."""
        steps = recipe.steps * recipe.windows_per_step
        self._taken.setdefault(window, []).append(seconds / steps)
        del self._taken[window][:-LATEST]

    def try_on(self, guest: Guest, text: str) -> None:
        """Take two small steps and undo them."""
        for window in TRIED:
            recipe = TuningRecipe(name="try", window="repeat", window_tokens=window)
            few = guest.decode(guest.encode(text)[: window // 2]) or text
            with suppress(ModelError), guest.overfit(few, recipe) as overfit:
                self._tried[overfit.window_tokens] = overfit.seconds

    def seconds(self, recipe: TuningRecipe, window: int) -> float:
        """What a recipe takes for windows of so many tokens, by the nearest that was taken, else by a line."""
        steps = recipe.steps * recipe.windows_per_step
        if self._taken:
            nearest = min(self._taken, key=lambda size: abs(size - window))
            one = median(self._taken[nearest])
            return steps * (one if self.has_taken(window) else one * (window + 64) / (nearest + 64))
        (small, less), (large, more) = sorted(self._tried.items())
        slope = max((more - less) / (large - small), 0.0)
        return steps * max(less + slope * (window - small), less)


@contextmanager
def ticking(tell: Callable[[float], None]) -> Iterator[None]:
    """Tells every second how long the block has lasted, from a thread of its own, which ends with it."""
    over, started = threading.Event(), time.perf_counter()

    def tick() -> None:
        while not over.wait(ELAPSED_EVERY):
            tell(time.perf_counter() - started)

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
