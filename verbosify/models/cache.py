"""Keys and values of a batch that grows from one prompt. Knows attention, not words.

The prompt is read once. Its keys and values are kept once and shared by all rows, for every row asks the
same prompt; only what the rows say for themselves is kept row by row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from verbosify.models.protocol import SamplingSettings
from verbosify.models.transformer import Architecture, Project, attend_causally, hidden_states


class Cache:
    """One prompt, `settings.n` rows, room for `settings.length` tokens a row.

    Shapes, with h key-value heads of width d: prompt keys (layers, h, d, prompt) and values
    (layers, h, prompt, d); own keys and values (layers, rows, h, length, d).
    """

    def __init__(
        self, architecture: Architecture, prompt_ids: Tensor, settings: SamplingSettings, weights: Mapping[str, Tensor]
    ) -> None:
        a = self._architecture = architecture
        self._weights = weights
        self._prompt_ids = prompt_ids
        self._step = 0
        like = weights["embedding"]
        self._prompt_keys: list[Tensor] = []
        self._prompt_values: list[Tensor] = []
        own = (a.layers, settings.n, a.kv_heads, settings.length, a.head_width)
        self._keys = torch.empty(own, dtype=like.dtype, device=like.device)
        self._values = torch.empty(own, dtype=like.dtype, device=like.device)

    def prefill(self, project: Project) -> Tensor:
        """Read the prompt; returns the hidden state of its last token, (1, width)."""

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            self._prompt_keys.append(k.permute(1, 2, 0).contiguous())
            self._prompt_values.append(v.transpose(0, 1).contiguous())
            return attend_causally(layer, q, k, v)

        positions = torch.arange(len(self._prompt_ids), device=self._prompt_ids.device)
        states = hidden_states(self._architecture, self._weights, self._prompt_ids, positions, project, attend)
        return states[-1:]

    def keep(self, places: Sequence[int]) -> None:
        """Go on with these of the present rows only."""
        self._keys = self._keys[:, places]
        self._values = self._values[:, places]

    def advance(self, token_ids: Tensor, project: Project) -> Tensor:
        """Read one more token a row, (rows,); returns their hidden states, (rows, width)."""
        step = self._step
        self._step += 1
        rows, prompt = len(token_ids), len(self._prompt_ids)
        a = self._architecture
        group = a.heads // a.kv_heads
        scale = 1 / math.sqrt(a.head_width)

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            own_keys, own_values = self._keys[layer], self._values[layer]
            own_keys[:, :, step] = k
            own_values[:, :, step] = v
            q = (q * scale).view(rows, a.kv_heads, group, a.head_width)
            shared = q.transpose(0, 1).reshape(a.kv_heads, rows * group, a.head_width)
            to_prompt = (shared @ self._prompt_keys[layer]).view(a.kv_heads, rows, group, prompt).transpose(0, 1)
            to_own = q @ own_keys[:, :, : step + 1].transpose(-1, -2)
            attention = torch.cat((to_prompt, to_own), dim=-1).softmax(dim=-1, dtype=torch.float32).to(q.dtype)
            from_prompt, from_own = attention.split((prompt, step + 1), dim=-1)
            shared = from_prompt.transpose(0, 1).reshape(a.kv_heads, rows * group, prompt)
            attended = (shared @ self._prompt_values[layer]).view(a.kv_heads, rows, group, a.head_width)
            attended = attended.transpose(0, 1) + from_own @ own_values[:, :, : step + 1]
            return attended.reshape(rows, a.heads, a.head_width)

        positions = torch.full((rows,), prompt + step, device=token_ids.device)
        return hidden_states(a, self._weights, token_ids, positions, project, attend)
