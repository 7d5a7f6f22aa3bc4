"""The fast engine's cache as sessions see it: tokens in, logits out. Knows no settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.models.decoding import log_probabilities
from verbosify.models.pytorch.cache import Cache, HeldKeys
from verbosify.models.pytorch.room import free_memory
from verbosify.models.pytorch.transformer import Architecture, Project
from verbosify.models.session import NoRoomError


class TorchHeldText:
    """A `session.HeldText`."""

    def __init__(self, architecture: Architecture, weights: Mapping[str, Tensor], project: Project) -> None:
        self._keys = HeldKeys(architecture, weights)
        self._project = project
        self._logits: Tensor | None = None

    @property
    def keys(self) -> HeldKeys:
        return self._keys

    @property
    def logits(self) -> Tensor:
        if self._logits is None:
            raise ModelError("The text to continue is empty: give at least one word.")
        return self._logits

    @torch.inference_mode()
    def read(self, token_ids: Sequence[int]) -> None:
        ids = torch.tensor(token_ids, device=self._keys.places.device)
        self._logits = self._project(self._keys.read(ids, self._project), "embedding").float()
        if self._keys.places.dtype == torch.float16 and not self._logits.isfinite().all():
            raise ModelError("This model's numbers are too large for float16: load it with the precision fp32 or bf16.")

    def cut(self, length: int) -> None:
        self._keys.cut(length)
        self._logits = None

    @torch.inference_mode()
    def likelihoods(self, rows: Sequence[Sequence[int]]) -> list[list[float]]:
        """See `session.HeldText.likelihoods`: all rows are read at once, over one copy of the text."""
        device = self._keys.places.device
        first = self.logits.log_softmax(dim=-1)[0, [row[0] for row in rows]].tolist()
        states = self._keys.read_rows(
            [torch.tensor(row[:-1], dtype=torch.long, device=device) for row in rows], self._project
        )
        targets = torch.tensor([token for row in rows for token in row[1:]], dtype=torch.long, device=device)
        rest = iter(log_probabilities(lambda places: self._project(states[places], "embedding").float(), targets))
        return [[start, *islice(rest, len(row) - 1)] for start, row in zip(first, rows, strict=True)]

    def fork(self) -> TorchHeldText:
        other = TorchHeldText.__new__(TorchHeldText)
        other.__dict__.update(self.__dict__)
        other._keys = self._keys.fork()
        return other


class TorchBatch:
    """A `session.Batch`."""

    def __init__(
        self, architecture: Architecture, weights: Mapping[str, Tensor], project: Project, device: torch.device
    ) -> None:
        self._cache = Cache(architecture, weights)
        self._project = project
        self._device = device
        self._room = free_memory(device)

    def add(self, held: TorchHeldText, rows: int, length: int, *, together: bool) -> None:
        needed = self._cache.bytes_for(held.keys, rows, length, together=together)
        if self._room is not None and self._cache.bytes + needed > self._room:
            raise NoRoomError(
                f"{rows} rows of {length} tokens need {needed / 1e9:,.1f} GB, and {self._room / 1e9:,.1f} GB of memory "
                "are free: ask for fewer or shorter samples."
            )
        self._cache.add(held.keys, rows, length, together=together)

    def select_rows(self, places: Sequence[int]) -> None:
        self._cache.select_rows(places)

    def advance(self, token_ids: Tensor) -> Tensor:
        states = self._cache.advance(token_ids.to(self._device), self._project)
        return self._project(states, "embedding").float()
