"""A loaded model and all the weights it is asked to have: whoever asks for the same weights shares them, and a batch.

Knows hosts, and nothing of who asks.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeVar

from verbosify.desk.warm import WarmTexts
from verbosify.errors import ModelError
from verbosify.models.host import Guest, GuestOverfit, GuestSession, Host, HostedModel
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import TuningRecipe

Result = TypeVar("Result")
WEIGHTS_HELD = 8
"""Overfits of one model that are held at once, unless more are in use."""
WAITING = 256
"""Jobs that may wait for one model: the desk's own queue lets in fewer."""


class Seat:
    """One set of a model's weights, for all that want it."""

    def __init__(self, guest: Guest, overfit: GuestOverfit | None = None) -> None:
        self.guest = guest
        self.overfit = overfit
        self.warm = WarmTexts()
        self._turn = threading.Condition()
        self._used = 0

    @contextmanager
    def at(self, strength: float) -> Iterator[Seat]:
        """The weights at a strength: who wants another waits until nobody uses the present one."""
        with self._turn:
            if self.overfit is not None:
                while self._used and self.overfit.strength != strength:
                    self._turn.wait()
                if self.overfit.strength != strength:
                    self.overfit.strength = strength
            self._used += 1
        try:
            yield self
        finally:
            with self._turn:
                self._used -= 1
                self._turn.notify_all()

    @property
    def is_used(self) -> bool:
        return self._used > 0

    def do(self, run: Callable[[HostedModel], Result]) -> Result:
        """What `run` returns, run in the model's thread with these weights."""
        return self.guest.do(run)

    def read_ahead(self, token_ids: Sequence[int]) -> None:
        """Have these tokens read before they are asked about, unless the model has enough to do."""
        with suppress(ModelError):
            self.guest.begin(lambda model: self.warm.session(model, token_ids))

    def session(self, token_ids: Sequence[int]) -> GuestSession:
        """A session on these tokens, warm if something like them has been read."""
        return GuestSession(self.guest, self.do(lambda model: self.warm.session(model, token_ids)))


class Bench:
    """One model, loaded, and its seats."""

    def __init__(self, load: Callable[[], LanguageModel]) -> None:
        self.host = Host(load, waiting=WAITING)
        self._open = ExitStack()
        self._fresh = Seat(self.host.guest())
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}
        self._overfits: OrderedDict[str, tuple[Seat, ExitStack]] = OrderedDict()

    @property
    def model(self) -> HostedModel:
        return self.host.model

    @property
    def weights_held(self) -> int:
        """Overfits that are held."""
        return len(self._overfits)

    @property
    def is_used(self) -> bool:
        with self._lock:
            return self._fresh.is_used or any(seat.is_used for seat, _ in self._overfits.values())

    def close(self) -> None:
        """Let go of the model."""
        self.host.close()

    @contextmanager
    def seat(self, weights: dict[str, Any] | None) -> Iterator[Seat]:
        """The seat of these weights, `{text, recipe}`, or None for the fresh ones; an overfit not held is made."""
        if weights is None:
            with self._fresh.at(1.0):
                yield self._fresh
            return
        recipe = TuningRecipe.from_dict(weights["recipe"])
        with self._held(weights["text"], recipe).at(recipe.strength) as seat:
            yield seat

    def holds(self, weights: dict[str, Any] | None) -> bool:
        """Whether these weights need not be made."""
        return weights is None or _key(weights["text"], TuningRecipe.from_dict(weights["recipe"])) in self._overfits

    def _held(self, text: str, recipe: TuningRecipe) -> Seat:
        key = _key(text, recipe)
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._overfits:
                    self._overfits.move_to_end(key)
                    return self._overfits[key][0]
            guest, held = self.host.guest(), ExitStack()
            seat = Seat(guest, held.enter_context(guest.overfit(text, recipe)))
            with self._lock:
                self._overfits[key] = seat, held
                self._making.pop(key, None)
                self._forget_some()
            return seat

    def _forget_some(self) -> None:
        for key, (seat, held) in list(self._overfits.items())[:-1]:
            if len(self._overfits) <= WEIGHTS_HELD:
                return
            if not seat.is_used:
                del self._overfits[key]
                held.close()


def _key(text: str, recipe: TuningRecipe) -> str:
    """What tells weights apart, but for their strength."""
    values = {name: value for name, value in recipe.to_dict().items() if name not in ("strength", "name")}
    return json.dumps([text, values], sort_keys=True)
