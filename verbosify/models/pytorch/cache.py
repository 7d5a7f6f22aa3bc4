"""Keys and values of a batch that grows from one prompt. Knows attention, not words.

The prompt is read once. Rows attend together, a group at a time: the tokens of all rows of a group lie in one memory,
behind the prompt's, and a mask hides from each row what is another's. So every head makes one product for the whole
group, over one copy of the prompt, where each row by itself would make one of its own over a copy of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from verbosify.models.pytorch.transformer import Architecture, Project, attend_causally, hidden_states
from verbosify.models.settings import SamplingSettings

GROUP = 10
"""Rows that attend together at most: a larger group makes fewer products, and hides more of each from every row."""


class Cache:
    """One prompt, `settings.n` rows, room for `settings.length` tokens a row."""

    def __init__(
        self, architecture: Architecture, prompt_ids: Tensor, settings: SamplingSettings, weights: Mapping[str, Tensor]
    ) -> None:
        self._architecture = architecture
        self._weights = weights
        self._prompt_ids = prompt_ids
        self._filled = len(prompt_ids)
        like, sizes = weights["embedding"], [min(GROUP, settings.n - start) for start in range(0, settings.n, GROUP)]
        self._groups = [_Group(architecture, size, self._filled, settings.length, like) for size in sizes]

    def prefill(self, project: Project) -> Tensor:
        """Read the prompt; returns the hidden state of its last token, (1, width)."""

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            for group in self._groups:
                group.write(layer, k, v)
            return attend_causally(layer, q, k, v)

        positions = torch.arange(self._filled, device=self._prompt_ids.device)
        states = hidden_states(self._architecture, self._weights, self._prompt_ids, positions, project, attend)
        return states[-1:]

    def keep(self, places: Sequence[int]) -> None:
        """Go on with these of the present rows only."""
        start = 0
        for group in self._groups:
            end = start + group.rows
            group.keep([place - start for place in places if start <= place < end])
            start = end
        self._groups = [group for group in self._groups if group.rows]

    def advance(self, token_ids: Tensor, project: Project) -> Tensor:
        """Read one more token a row, (rows,); returns their hidden states, (rows, width)."""
        sizes = [group.rows for group in self._groups]
        for group in self._groups:
            group.grow()

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            if len(sizes) == 1:
                return self._groups[0].attend(layer, q, k, v)
            parts = zip(self._groups, *(torch.split(rows, sizes) for rows in (q, k, v)), strict=True)
            return torch.cat([group.attend(layer, *part) for group, *part in parts])

        positions = torch.full((len(token_ids),), self._filled, device=token_ids.device)
        self._filled += 1
        return hidden_states(self._architecture, self._weights, token_ids, positions, project, attend)


class _Group:
    """Rows that attend together.

    `_memory` holds keys and values, (layers, 2, key-value heads, places, head width): the prompt's places, then one for
    each row at every step. `_mask`, (queries, places), is 0 where a row may look and -inf elsewhere; queries of a row
    that share a key-value head are neighbours.
    """

    def __init__(self, architecture: Architecture, rows: int, prompt: int, length: int, like: Tensor) -> None:
        a = architecture
        self.rows = rows
        self._queries = a.heads // a.kv_heads
        places = prompt + rows * length
        self._memory = torch.empty(
            (a.layers, 2, a.kv_heads, places, a.head_width), dtype=like.dtype, device=like.device
        )
        self._mask = torch.full((rows * self._queries, places), -torch.inf, dtype=like.dtype, device=like.device)
        self._mask[:, :prompt] = 0
        self._filled = prompt
        self._look(slice(prompt))

    def grow(self) -> None:
        """Make a place for one more token a row."""
        places = slice(self._filled, self._filled + self.rows)
        self._filled += self.rows
        own = self._mask[:, places].view(self.rows, self._queries, self.rows)
        own.diagonal(dim1=0, dim2=2).zero_()
        self._look(places)

    def _look(self, places: slice) -> None:
        """Views of every layer's memory, made once a step: what is to be written, at `places`, and what to be seen."""
        self._written = self._memory[:, :, :, places].unbind()
        self._seen = self._memory[:, :, None, :, : self._filled].unbind()
        self._seen_mask = self._mask[:, : self._filled]

    def write(self, layer: int, k: Tensor, v: Tensor) -> None:
        """Keep the keys and values of the tokens that are being read, (tokens, key-value heads, head width)."""
        self._written[layer].copy_(torch.stack((k, v)).transpose(1, 2))

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Every row sees the prompt and its own tokens, the one that is being read included."""
        self.write(layer, k, v)
        keys, values = self._seen[layer].unbind()
        heads, width = keys.shape[1], keys.shape[-1]
        queries = q.view(self.rows, heads, self._queries, width).transpose(0, 1).reshape(1, heads, -1, width)
        attended = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=self._seen_mask)
        return attended.view(heads, self.rows, self._queries, width).transpose(0, 1).reshape(q.shape)

    def keep(self, places: Sequence[int]) -> None:
        """Go on with these rows, and forget the tokens of the others."""
        if len(places) in (0, self.rows):
            self.rows = len(places)
            return
        mask = self._mask.view(self.rows, self._queries, -1)[list(places)].flatten(0, 1)
        self.rows = len(places)
        needed = (mask == 0).any(dim=0)
        needed[self._filled :] = True
        self._filled = int(needed[: self._filled].sum())
        self._mask, self._memory = mask[:, needed], self._memory[:, :, :, needed]
