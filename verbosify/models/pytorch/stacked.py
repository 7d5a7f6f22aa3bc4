"""Continuations of several overfits at once, each row with the weights of its own. Knows no recipe.

On a card, a step of one small model takes the time of launching its kernels, however few rows there are. Here the
weights of many overfits lie in one stack, so that every projection is one batched product for them all: a step of
forty overfits takes little longer than one of a single one. On a processor nothing is gained by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from verbosify.errors import ModelError
from verbosify.models.protocol import Continuation, ModelCard
from verbosify.models.pytorch.holding import TorchHeldText
from verbosify.models.pytorch.model import TorchModel
from verbosify.models.pytorch.transformer import Activation, Architecture, hidden_states
from verbosify.models.rows import prompt_tokens
from verbosify.models.session import Generation, Part
from verbosify.models.settings import SamplingSettings
from verbosify.models.spelling import Spelling

_NORM_BEFORE = {"qkv": "attention_norm", "mlp_in": "mlp_norm"}
"""By the last part of a projection's name, the norm whose scale its input has yet to be given."""


class Stack:
    """Room for the weights of up to `size` overfits of a model, and for what is to be continued with each."""

    def __init__(self, model: TorchModel, size: int) -> None:
        self._model = model
        self._size = size
        self._weights: dict[str, Tensor] = {}
        self._held: list[tuple[TorchHeldText, list[int]]] = []

    def __len__(self) -> int:
        return len(self._held)

    @property
    def is_full(self) -> bool:
        return len(self) == self._size

    @torch.inference_mode()
    def add(self, prompt: str, most: int) -> None:
        """Put the model's weights as they are now on the stack; `prompt` is read with them, to be continued later.

        Args:
            most: tokens of the longest continuation that will be asked for.

        Raises `ModelError` if the stack is full, or if the continuation would not fit the model's context.
        """
        if self.is_full:
            raise ModelError(f"This stack holds {self._size} overfits already: begin another.")
        with self._model.using():
            token_ids = prompt_tokens(self._model, prompt, most)
            held = self._model.hold(1)
            held.read(token_ids)
            for name, weight in self._model.working_weights().items():
                if name not in self._weights:
                    self._weights[name] = weight.new_empty((self._size, *weight.shape))
                self._weights[name][len(self)].copy_(weight)
        self._held.append((held, token_ids))

    def sample(self, settings: Sequence[Sequence[SamplingSettings]]) -> list[list[Continuation]]:
        """For each overfit on the stack, in order, what `LanguageModel.sample` would give after its prompt.

        In float32 those are the same tokens, but for what rounding may change.

        Args:
            settings: for each overfit, several, or none. The more alike the lists are, and their lengths, the better.
        """
        if any(each.num_beams > 1 for several in settings for each in several):
            raise ModelError("Beams take one another's places, which rows of a stack cannot: sample them one by one.")
        with self._model.using():
            places = {id(held): place for place, (held, _) in enumerate(self._held)}
            weights = {name: weight[: len(self)] for name, weight in self._weights.items()}
            batch = _StackedBatch(self._model.architecture, weights, places)
            generation = Generation(_Lender(self._model, batch))
            parts: list[list[Part]] = [[] for _ in self._held]
            # the first settings of all, then the second: rows that draw alike lie side by side, and are drawn in one go
            for row in zip_longest(*settings):
                for (held, ids), mine, each in zip(self._held, parts, row, strict=True):
                    if each is not None:
                        mine.append(generation.add(held, ids, each))
            generation.finish()
        return [[continuation for part in mine for continuation in part.rows.continuations()] for mine in parts]

    def clear(self) -> None:
        """Take all off the stack; its memory stays for what comes next."""
        self._held = []


class _Lender:
    """The model as a `session.Engine` that lends out one batch, made for it."""

    def __init__(self, model: TorchModel, batch: _StackedBatch) -> None:
        self._model = model
        self._batch = batch
        self.card: ModelCard = model.card
        self.ends = model.ends
        self.encode = model.encode
        self.decode = model.decode
        self.version = model.version
        self.using = model.using
        self.hold = model.hold

    def spelling(self) -> Spelling:
        return self._model.spelling()

    def batch(self) -> _StackedBatch:
        return self._batch


class _StackedBatch:
    """A `session.Batch`. Rows lie by overfit, as many places for each as the one with most rows has.

    Keys and values: (overfits x places, key-value heads, tokens, head width) for each layer; prompts end at one token,
    the shorter ones begin later, and what lies before them is hidden.
    """

    def __init__(self, architecture: Architecture, weights: Mapping[str, Tensor], places: Mapping[int, int]) -> None:
        self._architecture = architecture
        self._weights = weights
        self._places = places
        self._added: list[tuple[TorchHeldText, int, int]] = []
        self._slots = torch.empty(0, dtype=torch.long)
        self._keys: Tensor | None = None

    def add(self, held: TorchHeldText, rows: int, length: int, *, together: bool) -> None:  # noqa: ARG002
        if self._keys is not None:
            raise ModelError("Rows of a stack all begin at once.")
        self._added.append((held, rows, length))

    def select_rows(self, places: Sequence[int]) -> None:
        if self._keys is None:
            self._lay_out()
        self._slots = self._slots[list(places)]

    @torch.inference_mode()
    def advance(self, token_ids: Tensor) -> Tensor:
        if self._keys is None:
            self._lay_out()
        slots = self._slots.to(self._device)
        tokens = torch.zeros(self._sets * self._rows, dtype=torch.long, device=self._device)
        tokens[slots] = token_ids.to(self._device)
        a, owners = self._architecture, self._owners
        positions = self._lengths[owners] + self._grown
        if a.family == "gpt2":
            positions = positions + owners * a.context
        self._grown += 1
        states = hidden_states(
            a, self._looked_up, tokens + owners * a.vocabulary, positions, self._project, self._attend
        )
        scaled = self._scaled(states, "final_norm").view(self._sets, self._rows, -1)
        return torch.bmm(scaled, self._weights["embedding"].transpose(1, 2)).flatten(0, 1)[slots].float()

    @property
    def _sets(self) -> int:
        return len(self._weights["embedding"])

    def _lay_out(self) -> None:
        """Give every row its place, with its prompt before it."""
        a, sets = self._architecture, self._sets
        counts, slots = [0] * sets, []
        for held, rows, _ in self._added:
            place = self._places[id(held)]
            slots += [(place, row) for row in range(counts[place], counts[place] + rows)]
            counts[place] += rows
        self._rows, self._grown = max(counts), 0
        self._slots = torch.tensor([place * self._rows + row for place, row in slots])
        like = self._weights["embedding"]
        self._device = like.device
        prompts = {self._places[id(held)]: held.keys.places for held, _, _ in self._added}
        self._longest = max(keys.shape[3] for keys in prompts.values())
        places = self._longest + max(length for _, _, length in self._added)
        shape = (a.layers, 2, sets, self._rows, a.kv_heads, places, a.head_width)
        memory = torch.zeros(shape, dtype=like.dtype, device=like.device)
        mask = torch.zeros(sets, places, dtype=torch.bool, device=like.device)
        lengths = [0] * sets
        for place, keys in prompts.items():
            lengths[place] = keys.shape[3]
            first = self._longest - keys.shape[3]
            memory[:, :, place, :, :, first : self._longest] = keys[:, :, None]
            mask[place, first:] = True
        mask[:, self._longest :] = True  # what the row itself has said
        self._keys = memory.flatten(2, 3)
        self._mask = mask.repeat_interleave(self._rows, dim=0)[:, None, None]
        self._owners = torch.arange(sets, device=like.device).repeat_interleave(self._rows)
        self._lengths = torch.tensor(lengths, device=like.device)
        self._looked_up: dict[str, Any] = dict.fromkeys(self._weights)  # norms are scaled by `_scaled`
        for name in ("embedding", "position"):
            if name in self._weights:
                self._looked_up[name] = self._weights[name].flatten(0, 1)

    def _scaled(self, x: Tensor, norm: str) -> Tensor:
        """Normalised rows, as the norm of each row's own weights scales and shifts them."""
        x = x.view(self._sets, self._rows, -1) * self._weights[f"{norm}.scale"][:, None]
        if f"{norm}.shift" in self._weights:
            x = x + self._weights[f"{norm}.shift"][:, None]
        return x.flatten(0, 1)

    def _project(self, x: Tensor, name: str, activation: Activation = "none", plus: Tensor | None = None) -> Tensor:
        layer, _, kind = name.partition(".")
        if kind in _NORM_BEFORE:
            x = self._scaled(x, f"{layer}.{_NORM_BEFORE[kind]}")
        x = x.view(self._sets, self._rows, -1)
        weight, bias = self._weights[name].transpose(1, 2), self._weights.get(f"{name}.bias")
        y = torch.bmm(x, weight) if bias is None else torch.baddbmm(bias[:, None], x, weight)
        y = y.flatten(0, 1)
        if activation == "gelu":
            y = functional.gelu(y, approximate="tanh")
        return y if plus is None else plus + y

    def _attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        assert self._keys is not None  # noqa: S101  # laid out before anything attends
        seen = self._longest + self._grown
        keys, values = self._keys[layer]
        keys[:, :, seen - 1], values[:, :, seen - 1] = k, v
        queries = q.view(len(q), k.shape[1], -1, q.shape[-1])
        mask = self._mask[..., :seen].expand(-1, 1, queries.shape[2], -1)
        attended = functional.scaled_dot_product_attention(
            queries, keys[:, :, :seen], values[:, :, :seen], attn_mask=mask
        )
        return attended.reshape(q.shape)
