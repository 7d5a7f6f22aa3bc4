"""Texts in the cache of a model of transformers, and batches that grow from them. Knows token ids, no settings.

A text is read once, and its cache repeated for its rows. Caches that cannot be repeated (state-space models) read the
text once a row, and go on with rows that have ended; a model without a cache reads everything again at every token.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.models.decoding import log_probabilities

CACHE_ARGUMENTS = ("cache", "past_key_values", "cache_params")
"""What models call their cache, the newest name first."""


class Forward:
    """Calls of a model of transformers with what it takes: token ids in, logits out.

    Args:
        lead: token ids that stand before every text.
    """

    def __init__(self, module: Any, device: torch.device, lead: Sequence[int]) -> None:
        taken = inspect.signature(module.forward).parameters
        self.device = device
        self.lead = list(lead)
        self._module = module
        self._cache_argument = next((name for name in CACHE_ARGUMENTS if name in taken), None)
        self._last_alone = "logits_to_keep" in taken

    def __call__(self, token_ids: Tensor, cache: Any = None, *, last: bool = False) -> Tensor:
        """(rows, tokens) -> logits, (rows, tokens, vocabulary), or of the `last` tokens alone, (rows, vocabulary)."""
        options: dict[str, Any] = {"use_cache": cache is not None}
        if cache is not None and self._cache_argument is not None:
            options[self._cache_argument] = cache
        if last and self._last_alone:
            options["logits_to_keep"] = 1
        logits: Tensor = self._module(input_ids=token_ids, return_dict=True, **options).logits
        return logits[:, -1] if last else logits

    def tensor(self, token_ids: Sequence[int]) -> Tensor:
        return torch.tensor(token_ids, device=self.device)

    def whole(self, token_ids: Tensor) -> Tensor:
        """The logits after each token of one text, (tokens,): (tokens, vocabulary)."""
        led = torch.cat((self.tensor(self.lead), token_ids)) if self.lead else token_ids
        return self(led[None])[0, len(self.lead) :]

    def new_cache(self) -> Any:
        """An empty cache, or None if the model takes none."""
        if self._cache_argument is None:
            return None
        from transformers import DynamicCache

        return DynamicCache(config=self._module.config.get_text_config(decoder=True))


class UniversalHeldText:
    """A `session.HeldText`."""

    def __init__(self, forward: Forward) -> None:
        self.forward = forward
        self.token_ids: list[int] = []
        """All of the text, what stands before it included."""
        self._cache = forward.new_cache()
        self._in_cache = 0
        self._logits: Tensor | None = None

    @property
    def logits(self) -> Tensor:
        if self._logits is None:
            raise ModelError("The text to continue is empty: give at least one word.")
        return self._logits

    @torch.inference_mode()
    def read(self, token_ids: Sequence[int]) -> None:
        self.token_ids = [*(self.token_ids or self.forward.lead), *token_ids]
        if self._in_cache and not _can_repeat(self._cache):  # a state takes one token at a time, or a whole text
            self._cache, self._in_cache = self.forward.new_cache(), 0
        unread = self.forward.tensor(self.token_ids[self._in_cache :])[None]
        self._logits = self.forward(unread, self._cache, last=True).float()
        self._in_cache = len(self.token_ids) if self._cache is not None else 0

    def cut(self, length: int) -> None:
        self.token_ids = self.token_ids[: len(self.forward.lead) + length]
        beyond = self._in_cache - len(self.token_ids)
        self._logits = None
        if beyond <= 0:
            return
        try:
            self._cache.crop(-beyond)
            self._in_cache -= beyond
        except (AttributeError, NotImplementedError, RuntimeError, ValueError):  # a window, or a state, has moved on
            self._cache, self._in_cache = self.forward.new_cache(), 0

    @torch.inference_mode()
    def likelihoods(self, rows: Sequence[Sequence[int]]) -> list[list[float]]:
        """See `session.HeldText.likelihoods`: row by row, from the text's cache where it can be copied."""
        return [self._likelihoods(list(row)) for row in rows]

    def _likelihoods(self, row: list[int]) -> list[float]:
        targets = self.forward.tensor(row)
        if not _can_repeat(self._cache):
            logits = self.forward(self.forward.tensor(self.token_ids + row[:-1])[None])[0, -len(row) :]
        elif len(row) > 1:
            read = self.forward(self.forward.tensor(row[:-1])[None], self._copied_cache())[0]
            logits = torch.cat((self.logits, read))
        else:
            logits = self.logits
        return log_probabilities(lambda places: logits[places].float(), targets)

    def fork(self) -> UniversalHeldText:
        other = UniversalHeldText.__new__(UniversalHeldText)
        other.__dict__.update(self.__dict__)
        other._cache = self._copied_cache()
        return other

    def repeated_cache(self, rows: int) -> Any:
        """A cache with the text once for each of so many rows; None if this kind of cache cannot be repeated."""
        if not _can_repeat(self._cache):
            return None
        cache = self._copied_cache()
        cache.batch_repeat_interleave(rows)
        return cache

    def _copied_cache(self) -> Any:
        """A cache of its own; what grows by concatenation shares its memory."""
        if not _can_repeat(self._cache):
            return copy.deepcopy(self._cache)
        cache = copy.copy(self._cache)
        cache.layers = [copy.copy(layer) for layer in cache.layers]
        return cache


class UniversalBatch:
    """A `session.Batch`. Rows that grow from one text, and begin together, are read together."""

    def __init__(self) -> None:
        self._growths: list[_Growth] = []

    def add(self, held: UniversalHeldText, rows: int, length: int, *, together: bool) -> None:  # noqa: ARG002
        last = self._growths[-1] if self._growths else None
        if last is not None and last.can_take(held):
            last.rows += rows
        else:
            self._growths.append(_Growth(held, rows))

    def select_rows(self, places: Sequence[int]) -> None:
        start = 0
        for growth in self._growths:
            end = start + growth.rows
            growth.select([place - start for place in places if start <= place < end])
            start = end
        self._growths = [growth for growth in self._growths if growth.rows]

    @torch.inference_mode()
    def advance(self, token_ids: Tensor) -> Tensor:
        pairs = zip(self._growths, torch.split(token_ids, [growth.rows for growth in self._growths]), strict=True)
        logits = [growth.advance(some) for growth, some in pairs]
        return logits[0] if len(logits) == 1 else torch.cat(logits)


class _Growth:
    """Rows that grow from one text. What they read is kept only where the model's cache cannot be repeated."""

    def __init__(self, held: UniversalHeldText, rows: int) -> None:
        self.rows = rows
        self._forward = held.forward
        self._held: UniversalHeldText | None = held
        self._begun_at = len(held.token_ids)
        self._cache: Any = None
        self._repeatable = True
        self._read = torch.empty(0)
        """Every row from its beginning, (rows, tokens)."""
        self._places: Tensor | None = None
        """Where the rows that go on lie in a cache that cannot drop the others, which has `_width` of them."""
        self._width = rows

    def can_take(self, held: UniversalHeldText) -> bool:
        """Whether rows of that text may still join."""
        return self._held is held and self._begun_at == len(held.token_ids)

    def select(self, places: Sequence[int]) -> None:
        """Go on with these rows, in this order; some may come twice."""
        self.rows = len(places)
        if self._held is not None or not places:  # all rows are still alike
            return
        chosen = self._forward.tensor(places)
        if self._repeatable:
            self._cache.batch_select_indices(chosen)
            return
        self._read = self._read[chosen]
        if self._places is not None:
            self._places = self._places[chosen]
            if len(set(places)) < len(places):  # a state belongs to one row: read everything again
                self._places, self._cache = None, None

    def advance(self, token_ids: Tensor) -> Tensor:
        """Read one more token a row, (rows,), on the CPU; returns the logits after it, float32."""
        token_ids = token_ids.to(self._forward.device)
        self._begin()
        if self._repeatable:
            return self._forward(token_ids[:, None], self._cache, last=True).float()
        self._read = torch.cat((self._read, token_ids[:, None]), dim=1)
        if self._places is None:
            self._cache = self._forward.new_cache()
            if self._cache is not None:
                self._width = self.rows
                self._places = torch.arange(self.rows, device=self._forward.device)
            return self._forward(self._read, self._cache, last=True).float()
        every = torch.zeros(self._width, dtype=token_ids.dtype, device=token_ids.device)
        every[self._places] = token_ids
        return self._forward(every[:, None], self._cache, last=True)[self._places].float()

    def _begin(self) -> None:
        """Take the text from where it is held, the first time."""
        if self._held is None:
            return
        self._cache = self._held.repeated_cache(self.rows)
        self._repeatable = self._cache is not None
        if not self._repeatable:
            self._read = self._forward.tensor(self._held.token_ids)[None].expand(self.rows, -1)
        self._held = None


def _can_repeat(cache: Any) -> bool:
    layers = getattr(cache, "layers", ())
    return bool(layers) and all(hasattr(layer, "batch_repeat_interleave") for layer in layers)
