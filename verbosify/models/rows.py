"""The continuations of one batch as they grow, and the random numbers they grow by. Knows no engine.

A row draws one uniform number a token from a stream of its own, seeded by (batch seed, row), and takes the token at
that place of the cumulative distribution, the most likely token first. So a seed fixes every row, on every engine and
whatever their number, as far as rounding lets two ways of computing the same logits agree: in float32 it all but always
does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from verbosify.errors import ModelError
from verbosify.models.protocol import Continuation, Finish, ModelCard
from verbosify.models.settings import SamplingSettings


def uniform_streams(settings: SamplingSettings) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Uniform numbers in [0, 1): (n, length), row i from NumPy's PCG64 seeded with (seed, i)."""
    rows = [np.random.default_rng((settings.seed, row)).random(settings.length) for row in range(settings.n)]
    return np.stack(rows)


class Reader(Protocol):
    """What reads a prompt: either engine's model."""

    @property
    def card(self) -> ModelCard: ...
    def encode(self, text: str) -> list[int]: ...


def prompt_tokens(model: Reader, text: str, length: int) -> list[int]:
    """The tokens of `text`; `ModelError` if there are none, or no room for `length` more in what the model reads."""
    token_ids = model.encode(text)
    if not token_ids:
        raise ModelError("The text to continue is empty: give at least one word.")
    if len(token_ids) + length > model.card.context:
        raise ModelError(
            f"The text has {len(token_ids)} tokens and {length} more are asked for, but {model.card.name} reads "
            f"at most {model.card.context}: shorten the text or the length."
        )
    return token_ids


class Rows:
    """The continuations of one batch as they grow, and which of them still do."""

    def __init__(
        self, settings: SamplingSettings, ends: frozenset[int], decode: Callable[[Sequence[int]], str]
    ) -> None:
        self._settings = settings
        self._ends = ends
        self._decode = decode
        self._tokens: list[list[int]] = [[] for _ in range(settings.n)]
        self._finish: list[Finish] = ["length"] * settings.n
        self.active = list(range(settings.n))

    def add(self, drawn: Sequence[int]) -> list[int]:
        """Give each active row its token; returns the places, among the active, of those that go on."""
        going = []
        for place, (row, token) in enumerate(zip(self.active, drawn, strict=True)):
            if token in self._ends:
                self._finish[row] = "end"
                continue
            self._tokens[row].append(token)
            if self._stop_at(row) is not None:
                self._finish[row] = "stop"
            elif len(self._tokens[row]) < self._settings.length:
                going.append(place)
        self.active = [self.active[place] for place in going]
        return going

    def _stop_at(self, row: int) -> int | None:
        if not self._settings.stops:
            return None
        text = self._decode(self._tokens[row])
        found = [place for stop in self._settings.stops if (place := text.find(stop)) >= 0]
        return min(found, default=None)

    def continuations(self) -> list[Continuation]:
        return [
            Continuation(row, tuple(tokens), self._decode(tokens)[: self._stop_at(row)], finish)
            for row, (tokens, finish) in enumerate(zip(self._tokens, self._finish, strict=True))
        ]
