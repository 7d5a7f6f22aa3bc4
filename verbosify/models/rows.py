"""The continuations of one settings' rows as they grow, and the random numbers they grow by. Knows no engine.

A row draws one uniform number a token from a stream of its own, seeded by (seed, row), and takes the token at that
place of the cumulative distribution, the most likely token first. So a seed fixes every row, on every engine, whatever
their number and whatever else is in the batch, as far as rounding lets two ways of computing the same logits agree: in
float32 it all but always does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from verbosify.errors import ModelError, SettingsError
from verbosify.models.protocol import Continuation, Finish, ModelCard
from verbosify.models.settings import SamplingSettings

BROKEN = "�"
"""How the beginning of a character decodes whose other bytes are spelt by tokens still to come."""


def uniform_streams(settings: SamplingSettings) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Uniform numbers in [0, 1): (n, length), row i from NumPy's PCG64 seeded with (seed, i)."""
    rows = [np.random.default_rng((settings.seed, row)).random(settings.length) for row in range(settings.n)]
    return np.stack(rows)


class Reader(Protocol):
    """What reads a prompt: any engine's model."""

    @property
    def card(self) -> ModelCard: ...
    def encode(self, text: str) -> list[int]: ...


def listed(settings: SamplingSettings | Sequence[SamplingSettings]) -> list[SamplingSettings]:
    """One set of settings, or several, as a list of them; `SettingsError` if it is empty."""
    several = [settings] if isinstance(settings, SamplingSettings) else list(settings)
    if not several:
        raise SettingsError("The list of settings is empty: give at least one.")
    return several


def prompt_tokens(model: Reader, text: str | Sequence[int], length: int) -> list[int]:
    """The tokens of a text, or those given; `ModelError` if there are none, or no room for `length` more."""
    token_ids = model.encode(text) if isinstance(text, str) else list(text)
    require_room(model, token_ids, length)
    return token_ids


def require_room(model: Reader, token_ids: Sequence[int], length: int) -> None:
    """`ModelError` unless there are tokens, and room for `length` more in what the model reads."""
    if not token_ids:
        raise ModelError("The text to continue is empty: give at least one word.")
    if len(token_ids) + length > model.card.context:
        raise ModelError(
            f"The text has {len(token_ids)} tokens and {length} more are asked for, but {model.card.name} reads "
            f"at most {model.card.context}: shorten the text or the length."
        )


class Rows:
    """The continuations that one settings asks for, as they grow, and which of them still do."""

    def __init__(
        self, settings: SamplingSettings, ends: frozenset[int], decode: Callable[[Sequence[int]], str]
    ) -> None:
        self._settings = settings
        self._ends = ends
        self._decode = decode
        self._shown = [0] * settings.n
        self.tokens: list[list[int]] = [[] for _ in range(settings.n)]
        self.finish: list[Finish | None] = [None] * settings.n
        self.active = list(range(settings.n))

    def add(self, drawn: Sequence[int]) -> list[int]:
        """Give each active row its token; returns the places, among the active, of those that go on."""
        going = []
        for place, (row, token) in enumerate(zip(self.active, drawn, strict=True)):
            self.finish[row] = self.finish_of([*self.tokens[row], token])
            if self.finish[row] != "end":
                self.tokens[row].append(token)
            if self.finish[row] is None:
                going.append(place)
        self.active = [self.active[place] for place in going]
        return going

    def finish_of(self, token_ids: Sequence[int]) -> Finish | None:
        """How tokens of which the last has just come end their row, if they do."""
        if token_ids[-1] in self._ends:
            return "end"
        if self._settings.stops and self._stop_at(self._decode(token_ids)) is not None:
            return "stop"
        return "length" if len(token_ids) == self._settings.length else None

    def fill(self, found: Sequence[tuple[Sequence[int], Finish | None]]) -> None:
        """Give the rows all their tokens at once, an end among them, and tell how they finish."""
        for row, (token_ids, finish) in enumerate(found[: len(self.tokens)]):
            self.tokens[row] = list(token_ids)[: -1 if finish == "end" else None]
            self.finish[row] = finish
        self.active = []

    def _stop_at(self, text: str) -> int | None:
        found = [place for stop in self._settings.stops if (place := text.find(stop)) >= 0]
        return min(found, default=None)

    def news(self, row: int) -> str:
        """What may be shown of a row and has not been: whole characters, and nothing that may turn out to be a stop.

        The news of a row, from first to last, are the text of its continuation.
        """
        text = self._decode(self.tokens[row])
        text = text[: self._stop_at(text)]
        if self.finish[row] is None:
            text = text.rstrip(BROKEN)
            text = text[: len(text) - max((_begun(stop, text) for stop in self._settings.stops), default=0)]
        news = text[self._shown[row] :]
        self._shown[row] += len(news)
        return news

    def continuations(self) -> list[Continuation]:
        """The rows in order, as far as they have grown."""
        texts = [self._decode(tokens) for tokens in self.tokens]
        return [
            Continuation(row, tuple(self.tokens[row]), text[: self._stop_at(text)], self.finish[row] or "length")
            for row, text in enumerate(texts)
        ]


def _begun(stop: str, text: str) -> int:
    """How many of the last characters of `text` are the first of `stop`."""
    longest = min(len(stop) - 1, len(text))
    return next((length for length in range(longest, 0, -1) if text.endswith(stop[:length])), 0)
