"""From logits to continuations: truncation, penalties, seeds and stops. Knows no engine's insides.

A row draws one uniform number a token from a stream of its own, seeded by (batch seed, row), and takes
the token at that place of the cumulative distribution. So a seed fixes every row, whatever their number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from verbosify.models.protocol import Continuation, Finish, SamplingSettings

TIES = 32
"""Tokens fetched beyond the k-th, so that its ties are among them; more ties than that take the full sort."""
COLDEST = 1e-30
"""The lowest temperature that float32 can divide by; all below it come to the same."""


def uniform_streams(settings: SamplingSettings) -> Tensor:
    """Uniform numbers in [0, 1): (n, length), row i from NumPy's PCG64 seeded with (seed, i)."""
    rows = [np.random.default_rng((settings.seed, row)).random(settings.length) for row in range(settings.n)]
    return torch.from_numpy(np.stack(rows))


def penalised(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Make tokens already `seen`, a mask like logits, less likely (CTRL, Keskar et al. 2019)."""
    if penalty == 1:
        return logits
    return torch.where(seen, torch.where(logits > 0, logits / penalty, logits * penalty), logits)


def candidates(logits: Tensor, settings: SamplingSettings) -> tuple[Tensor, Tensor]:
    """What may be drawn, and how likely each is.

    Args:
        logits: (rows, vocabulary), float32, penalties already applied.

    Returns:
        probabilities and token ids, both (rows, candidates), most likely first; probability 0 pads a row.
    """
    if settings.temperature == 0:
        best = logits.argmax(dim=-1, keepdim=True)
        return torch.ones_like(best, dtype=torch.float32), best
    keep = min(settings.top_k or logits.shape[-1], logits.shape[-1])
    values, token_ids = most_likely(logits, keep)
    scaled = (values - values[:, :1]) / max(settings.temperature, COLDEST)
    scaled = scaled.masked_fill(values < values[:, keep - 1 : keep], -torch.inf)
    probabilities = scaled.softmax(dim=-1)
    if settings.top_p < 1:
        before = probabilities.cumsum(dim=-1) - probabilities
        probabilities = probabilities.masked_fill(before >= settings.top_p, 0)
        probabilities /= probabilities.sum(dim=-1, keepdim=True)
    return probabilities, token_ids


def most_likely(logits: Tensor, keep: int) -> tuple[Tensor, Tensor]:
    """At least the `keep` largest logits and all that tie with the last of them, and their token ids.

    The largest come first, and equals in the order of their ids, so that a seed means the same tokens everywhere.
    """
    if keep + TIES < logits.shape[-1]:
        values, token_ids = logits.topk(keep + TIES, dim=-1)
        if not (values[:, -1] == values[:, keep - 1]).any():
            token_ids, order = token_ids.sort(dim=-1)
            values, order = values.gather(1, order).sort(dim=-1, descending=True, stable=True)
            return values, token_ids.gather(1, order)
    values, token_ids = logits.sort(dim=-1, descending=True, stable=True)
    return values, token_ids


def draw(probabilities: Tensor, token_ids: Tensor, uniform: Tensor) -> Tensor:
    """One token id a row, on the CPU: where `uniform`, (rows,), falls in the cumulative distribution."""
    probabilities, token_ids = probabilities.cpu(), token_ids.cpu()  # not every device knows float64
    cumulative = probabilities.double().cumsum(dim=-1)
    places = torch.searchsorted(cumulative, uniform[:, None] * cumulative[:, -1:], right=True)
    last = (probabilities > 0).sum(dim=-1, keepdim=True) - 1  # rounding must not reach the padding
    return token_ids.gather(1, torch.minimum(places, last))[:, 0]


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
