"""From logits to the token drawn: penalties, truncation, and the place of a uniform number. Knows no text."""

from __future__ import annotations

import torch
from torch import Tensor

from verbosify.models.settings import SamplingSettings

TIES = 32
"""Tokens fetched beyond the k-th, so that its ties are among them; more ties than that take the full sort."""
BLOCK = 64
"""Neighbouring logits of which the largest is looked at first."""
COLDEST = 1e-30
"""The lowest temperature that float32 can divide by; all below it come to the same."""


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
        values, token_ids = _largest(logits, keep + TIES)
        if not (values[:, -1] == values[:, keep - 1]).any():
            token_ids, order = token_ids.sort(dim=-1)
            values, order = values.gather(1, order).sort(dim=-1, descending=True, stable=True)
            return values, token_ids.gather(1, order)
    values, token_ids = logits.sort(dim=-1, descending=True, stable=True)
    return values, token_ids


def _largest(logits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """`logits.topk(count)`, looking closely only at the `count` blocks whose largest are largest: no other counts."""
    size = logits.shape[-1]
    whole = size - size % BLOCK
    if whole <= count * BLOCK:
        return logits.topk(count, dim=-1)
    blocks = logits[:, :whole].view(len(logits), -1, BLOCK).amax(dim=-1).topk(count, dim=-1).indices
    places = torch.arange(size, device=logits.device)
    within = (blocks[:, :, None] * BLOCK + places[:BLOCK]).flatten(1)
    token_ids = torch.cat((within, places[whole:].expand(len(logits), -1)), dim=-1)
    values, chosen = logits.gather(1, token_ids).topk(count, dim=-1)
    return values, token_ids.gather(1, chosen)


def draw(probabilities: Tensor, token_ids: Tensor, uniform: Tensor) -> Tensor:
    """One token id a row, on the CPU: where `uniform`, (rows,), falls in the cumulative distribution."""
    probabilities, token_ids = probabilities.cpu(), token_ids.cpu()  # not every device knows float64
    cumulative = probabilities.double().cumsum(dim=-1)
    places = torch.searchsorted(cumulative, uniform[:, None] * cumulative[:, -1:], right=True)
    last = (probabilities > 0).sum(dim=-1, keepdim=True) - 1  # rounding must not reach the padding
    return token_ids.gather(1, torch.minimum(places, last))[:, 0]
