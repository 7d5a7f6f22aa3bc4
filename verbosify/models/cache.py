"""Keys and values of a batch that grows from one prompt. Knows attention, not words.

The prompt is read once, and its keys and values are copied to every row: one fused attention over a row's own memory
costs a third of two products, over a shared prompt and over the row, joined by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from verbosify.models.protocol import SamplingSettings
from verbosify.models.transformer import Architecture, Project, attend_causally, hidden_states


class Cache:
    """One prompt, `settings.n` rows, room for `settings.length` tokens a row.

    Keys and values are of shape (rows, key-value heads, prompt + length, head width), a pair for each layer.
    """

    def __init__(
        self, architecture: Architecture, prompt_ids: Tensor, settings: SamplingSettings, weights: Mapping[str, Tensor]
    ) -> None:
        a = self._architecture = architecture
        self._weights = weights
        self._prompt_ids = prompt_ids
        self._filled = len(prompt_ids)
        like = weights["embedding"]
        shape = (settings.n, a.kv_heads, self._filled + settings.length, a.head_width)
        self._keys = [torch.empty(shape, dtype=like.dtype, device=like.device) for _ in range(a.layers)]
        self._values = [torch.empty(shape, dtype=like.dtype, device=like.device) for _ in range(a.layers)]

    def prefill(self, project: Project) -> Tensor:
        """Read the prompt; returns the hidden state of its last token, (1, width)."""

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            self._keys[layer][:, :, : self._filled] = k.transpose(0, 1)
            self._values[layer][:, :, : self._filled] = v.transpose(0, 1)
            return attend_causally(layer, q, k, v)

        positions = torch.arange(self._filled, device=self._prompt_ids.device)
        states = hidden_states(self._architecture, self._weights, self._prompt_ids, positions, project, attend)
        return states[-1:]

    def keep(self, places: Sequence[int]) -> None:
        """Go on with these of the present rows only."""
        self._keys = [keys[places] for keys in self._keys]
        self._values = [values[places] for values in self._values]

    def advance(self, token_ids: Tensor, project: Project) -> Tensor:
        """Read one more token a row, (rows,); returns their hidden states, (rows, width)."""
        here = self._filled
        self._filled += 1
        rows = len(token_ids)

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            keys, values = self._keys[layer], self._values[layer]
            keys[:, :, here] = k
            values[:, :, here] = v
            # queries that share a key-value head stand where a longer text would have its places: no key is repeated
            grouped = q.view(rows, k.shape[1], -1, q.shape[-1])
            seen = slice(self._filled)
            return functional.scaled_dot_product_attention(grouped, keys[:, :, seen], values[:, :, seen]).view(q.shape)

        positions = torch.full((rows,), here, device=token_ids.device)
        return hidden_states(self._architecture, self._weights, token_ids, positions, project, attend)
