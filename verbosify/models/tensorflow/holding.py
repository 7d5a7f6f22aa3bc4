"""The reference engine as sessions see it: tokens in, logits out. There is no cache: every step reads all texts again.

What it samples is handed to PyTorch, by which every engine draws. Knows no settings.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from verbosify.models.decoding import log_probabilities
from verbosify.models.tensorflow.graph import GPT2Graph


class TensorFlowHeldText:
    """A `session.HeldText`."""

    def __init__(self, graph: GPT2Graph, token_ids: Sequence[int] = ()) -> None:
        self._graph = graph
        self.token_ids = list(token_ids)
        self._logits: Tensor | None = None

    @property
    def logits(self) -> Tensor:
        if self._logits is None:
            self._logits = torch.from_numpy(self._graph.logits(self.token_ids)[-1:].copy())
        return self._logits

    def read(self, token_ids: Sequence[int]) -> None:
        self.token_ids = [*self.token_ids, *token_ids]
        self._logits = None

    def cut(self, length: int) -> None:
        self.token_ids = self.token_ids[:length]
        self._logits = None

    def likelihoods(self, rows: Sequence[Sequence[int]]) -> list[list[float]]:
        """See `session.HeldText.likelihoods`."""
        return [self._likelihoods(list(row)) for row in rows]

    def _likelihoods(self, row: list[int]) -> list[float]:
        logits = torch.from_numpy(self._graph.logits(self.token_ids + row[:-1])[-len(row) :].copy())
        return log_probabilities(lambda places: logits[places], torch.tensor(row))

    def fork(self) -> TensorFlowHeldText:
        return TensorFlowHeldText(self._graph, self.token_ids)


class TensorFlowBatch:
    """A `session.Batch`."""

    def __init__(self, graph: GPT2Graph) -> None:
        self._graph = graph
        self._texts: list[list[int]] = []

    def add(self, held: TensorFlowHeldText, rows: int, length: int, *, together: bool) -> None:  # noqa: ARG002
        self._texts += [list(held.token_ids) for _ in range(rows)]

    def select_rows(self, places: Sequence[int]) -> None:
        self._texts = [list(self._texts[place]) for place in places]

    def advance(self, token_ids: Tensor) -> Tensor:
        for text, token in zip(self._texts, token_ids.tolist(), strict=True):
            text.append(token)
        return torch.from_numpy(self._graph.last_logits(self._texts))
