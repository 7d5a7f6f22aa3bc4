"""Causal attention on a processor, for training, without most of what its mask makes nothing of. Knows tensors alone.

PyTorch's kernel (FlashAttention, Dao et al. 2022) computes blocks of 512 keys whole: of 1,024 places three quarters of
all pairs, where half would do. That costs little on the way forward and a quarter of the time on the way back. There a
text is halved: its second half attends to its first without a mask, and both to themselves, like two texts of a batch,
each of which is halved again. The kernel asks for what a place got in all, and for the logarithm of the sum its weights
were divided by; given those of the whole, its gradients of the parts add up.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

LEAST_PLACES = 128
"""Halves shorter than that cost more to begin than they save."""

KERNEL = "_scaled_dot_product_flash_attention_for_cpu"
"""One of PyTorch's operators that it does not promise to keep, and without `_backward` behind it of no use here."""


def attend_causally(_layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Every row of one text sees itself and the rows before it.

    Args:
        q: queries, (rows, heads, head width).
        k, v: keys and values, (rows, kv heads, head width), each for as many neighbouring heads.
    """
    q, k, v = (each.transpose(0, 1)[None] for each in (q, k, v))
    groups = q.shape[1] // k.shape[1]
    if q.device.type == "cpu" and q.dtype == torch.float32 and hasattr(torch.ops.aten, f"{KERNEL}_backward"):
        if groups > 1:
            k, v = (each.repeat_interleave(groups, 1) for each in (k, v))
        attended = _Attention.apply(q, k, v)  # type: ignore[no-untyped-call]
    else:
        attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=groups > 1)
    rows: Tensor = attended.squeeze(0).transpose(0, 1)
    return rows


class _Attention(torch.autograd.Function):
    """See the module; all (1, heads, places, head width)."""

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        attended: Tensor
        attended, sums = getattr(torch.ops.aten, KERNEL)(*inputs, 0.0, is_causal=True)
        ctx.save_for_backward(*inputs, attended, sums)
        return attended

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, ...]:
        q, k, v, attended, sums = ctx.saved_tensors
        halves = _halves(q.shape[2])
        least = halves[-1] if halves else q.shape[2]
        kernel = getattr(torch.ops.aten, f"{KERNEL}_backward")
        parts = kernel(*_parts(least, outer[0], q, k, v, attended, sums), 0.0, is_causal=True)
        slopes = tuple(torch.empty_like(q) for _ in parts)
        for slope, part in zip(_parts(least, *slopes), parts, strict=True):
            slope.copy_(part)
        for places in halves:
            (ahead, *asking, got, total) = (part[1::2] for part in _parts(places, outer[0], q, attended, sums))
            asked = (part[::2] for part in _parts(places, k, v))
            parts = kernel(ahead, *asking, *asked, got, total, 0.0, is_causal=False)
            for slope, part, first in zip(_parts(places, *slopes), parts, (1, 0, 0), strict=True):
                slope[first::2].add_(part)
        return slopes


def _halves(places: int) -> list[int]:
    """Places of a half, of a half of that, and so on, as long as halving pays."""
    found = []
    while places % 2 == 0 and places // 2 >= LEAST_PLACES:
        places //= 2
        found.append(places)
    return found


def _parts(places: int, *tensors: Tensor) -> list[Tensor]:
    """Views of parts of so many places, one below the other: (parts, heads, places, ...)."""
    return [torch.unflatten(tensor[0], 1, (-1, places)).transpose(0, 1) for tensor in tensors]
