"""Weights that change for a while and always come back. Knows no engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, get_ident

from verbosify.errors import ModelError


class RestoreGuard:
    """Whether a model has its own weights, and the way back to them: `restore`, which may be called again.

    Also, that one thread at a time uses them: others are refused while it does, an overfit's whole block included.
    """

    def __init__(self, restore: Callable[[], None]) -> None:
        self._restore = restore
        self._changed: object | None = None
        self._lock = Lock()
        self._user = 0
        self._depth = 0

    @contextmanager
    def using(self) -> Iterator[None]:
        """Nothing else uses the model within the block. `ModelError` if another thread does."""
        with self._lock:
            if self._depth and self._user != get_ident():
                raise ModelError(
                    "Another thread is using this model: wait for it, or share the model through "
                    "`verbosify.models.host`."
                )
            self._user = get_ident()
            self._depth += 1
        try:
            yield
        finally:  # not an RLock, for a generator left behind may be closed by any thread
            with self._lock:
                self._depth -= 1

    @contextmanager
    def changing(self) -> Iterator[Callable[[], None]]:
        """Within the block weights may change; the fresh ones are back when it ends, however it does.

        Yields what raises `ModelError` once the block has ended. Raises `ModelError` within another such block, or
        while another thread uses the model.
        """
        with self.using(), self._changing() as require:
            yield require

    @contextmanager
    def _changing(self) -> Iterator[Callable[[], None]]:
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
