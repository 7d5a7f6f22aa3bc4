"""Weights that change for a while and always come back. Knows no engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from verbosify.errors import ModelError


class RestoreGuard:
    """Whether a model has its own weights, and the way back to them: `restore`, which may be called again."""

    def __init__(self, restore: Callable[[], None]) -> None:
        self._restore = restore
        self._changed: object | None = None

    @contextmanager
    def changing(self) -> Iterator[Callable[[], None]]:
        """Within the block weights may change; the fresh ones are back when it ends, however it does.

        Yields what raises `ModelError` once the block has ended. Raises `ModelError` within another such block.
        """
        if self._changed is not None:
            raise ModelError("This model is overfitted already: leave that `with` block before the next one begins.")
        mark = self._changed = object()

        def require() -> None:
            if self._changed is not mark:
                raise ModelError("That overfit has ended and its weights are gone: save it inside its `with` block.")

        try:
            yield require
        finally:  # all of it here, for Ctrl-C may come on the way into a function too
            interrupted: KeyboardInterrupt | None = None
            while self._changed is not None:
                try:
                    self._restore()
                    self._changed = None
                except KeyboardInterrupt as error:
                    interrupted = error
            if interrupted is not None:
                raise interrupted
