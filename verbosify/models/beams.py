"""Beam search: the likeliest continuations of a text, instead of drawn ones. Knows no engine and no text.

As transformers searches with a length penalty of 1: a continuation is worth its mean log-probability a token, the end
included, and the search is over when no beam can become worth more than the worst of those finished.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from verbosify.models.protocol import Finish

FinishOf = Callable[[Sequence[int]], Finish | None]
"""How a continuation that has just grown by its last token ends, if it does; an end token is its last."""


@dataclass(frozen=True, slots=True)
class Beam:
    """One continuation: its tokens, the probability of each, and the sum of their logarithms."""

    tokens: tuple[int, ...] = ()
    probabilities: tuple[float, ...] = ()
    total: float = 0.0
    finish: Finish | None = None

    @property
    def worth(self) -> float:
        return self.total / max(1, len(self.tokens))


class BeamSearch:
    """A search with `width` beams; `ends` are at most so many different tokens."""

    def __init__(self, width: int, ends: int, finish_of: FinishOf) -> None:
        self._width = width
        self._looked_at = width * (1 + ends)
        self._finish_of = finish_of
        self.running = [Beam()]
        self.finished: list[Beam] = []

    def grow(self, logits: Tensor) -> tuple[list[int], list[int]]:
        """Grow every beam by logits of its own, (beams, vocabulary); of the beams that go on, origins and tokens."""
        log_probabilities = logits.double().log_softmax(dim=-1).cpu()
        before = torch.tensor([beam.total for beam in self.running], dtype=torch.float64)
        totals = (before[:, None] + log_probabilities).flatten()
        best = totals.topk(min(self._looked_at, len(totals)))
        origins: list[int] = []
        running: list[Beam] = []
        for rank, (total, place) in enumerate(zip(best.values.tolist(), best.indices.tolist(), strict=True)):
            origin, token = divmod(place, logits.shape[-1])
            if len(running) == self._width or total == -torch.inf:
                break
            old = self.running[origin]
            tokens, probability = (*old.tokens, token), log_probabilities[origin, token].exp().item()
            grown = Beam(tokens, (*old.probabilities, probability), total, self._finish_of(tokens))
            if grown.finish is None:
                origins.append(origin)
                running.append(grown)
            elif rank < self._width:
                self.finished.append(grown)
        self.finished = sorted(self.finished, key=lambda beam: -beam.worth)[: self._width]
        self.running = [] if self._is_over(running) else running
        return (origins, [beam.tokens[-1] for beam in running]) if self.running else ([], [])

    def _is_over(self, running: Sequence[Beam]) -> bool:
        if len(self.finished) < self._width:
            return not running
        return not running or running[0].worth <= self.finished[-1].worth
