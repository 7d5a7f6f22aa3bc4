"""Matrix products and causal attention for training in bf16 on a processor, with gradients of their own.

PyTorch leaves both to oneDNN, whose AMX kernels are fast at some shapes and run on one core at others: a product with
as many rows as columns, or with very many columns, takes twice its time. Here products are cut into pieces that are
computed on all cores. Attention keeps its probabilities, a block of queries at a time, where the fused kernel computes
them again, in smaller products, for its gradient. Knows tensors, nothing of models.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

PIECE_ROWS = 512
PIECE_COLUMNS = 8192
BLOCK = 256
"""Queries that attend together: the fewer, the less is computed of what a query may not see, in smaller products."""


def multiply(a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
    """(rows, inner) @ (inner, columns), in pieces that oneDNN spreads over all cores."""
    rows, columns = len(a), b.shape[1]
    out = a.new_empty(rows, columns) if out is None else out
    if columns > PIECE_COLUMNS:
        for part, to in zip(torch.split(b, PIECE_COLUMNS, 1), torch.split(out, PIECE_COLUMNS, 1), strict=True):
            torch.mm(a, part, out=to)
    else:
        size = rows if rows < columns else PIECE_ROWS
        for part, to in zip(torch.split(a, size), torch.split(out, size), strict=True):
            torch.mm(part, b, out=to)
    return out


def multiply_turned(a: Tensor, b: Tensor) -> Tensor:
    """a.T @ b: (rows, width), (rows, columns) -> (width, columns)"""
    turned = a.t()
    if b.shape[1] >= 2 * a.shape[1]:
        turned = turned.contiguous()  # read so often, it is worth turning once
    return torch.mm(turned, b)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight.T + bias, as `torch.nn.functional.linear`."""
    y: Tensor = Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return y


def attend_by_blocks(_layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Every row of one text sees itself and the rows before it.

    Queries (rows, heads, width), keys and values (rows, key-value heads, width) -> like queries.
    """
    attended: Tensor = CausalAttention.apply(q, k, v)  # type: ignore[no-untyped-call]
    return attended


class Linear(torch.autograd.Function):
    """See `linear`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        y = multiply(x, weight.t())
        return y if bias is None else y.add_(bias)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        (slope,) = outer
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        turned = weight.stride(0) < weight.stride(1)
        for_x = multiply(slope, weight) if needs_x else None
        for_weight = None
        if needs_weight:  # laid out in memory as the weight is
            for_weight = multiply_turned(x, slope).t() if turned else multiply_turned(slope, x)
        return for_x, for_weight, slope.sum(0) if needs_bias else None


class CausalAttention(torch.autograd.Function):
    """See `attend_by_blocks`."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        keys, values = (x.transpose(0, 1).contiguous() for x in (k, v))
        unseen = torch.full((BLOCK, BLOCK), -torch.inf, dtype=q.dtype, device=q.device).triu_(1)
        attended = torch.empty_like(q, memory_format=torch.contiguous_format)
        kept = []
        for start in range(0, len(q), BLOCK):
            end = min(start + BLOCK, len(q))
            queries = _by_key_head(q[start:end] * q.shape[-1] ** -0.5, len(keys))
            scores = torch.bmm(queries, keys[:, :end].transpose(1, 2))
            own = scores.view(len(keys), -1, end - start, end)[..., start:]
            own += unseen[: end - start, : end - start]
            probabilities = scores.softmax(-1)
            attended[start:end] = _by_row(torch.bmm(probabilities, values[:, :end]), end - start)
            kept += [queries, probabilities]
        ctx.save_for_backward(keys, values, attended, *kept)
        return attended

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (slope,) = outer
        keys, values, attended, *kept = ctx.saved_tensors
        for_q = torch.empty_like(attended)
        for_k, for_v = torch.zeros_like(keys), torch.zeros_like(values)
        for start, queries, probabilities in zip(range(0, len(slope), BLOCK), kept[::2], kept[1::2], strict=True):
            end = min(start + BLOCK, len(slope))
            slopes, sums = (_by_key_head(x[start:end], len(keys)) for x in (slope, attended))
            # softmax: p * (slope of p - the mean of those slopes under p), that mean being slope . attended
            errors = torch.bmm(slopes, values[:, :end].transpose(1, 2))
            errors.sub_((slopes * sums).sum(-1, keepdim=True)).mul_(probabilities)
            for_q[start:end] = _by_row(torch.bmm(errors, keys[:, :end]), end - start)
            for_k[:, :end].baddbmm_(errors.transpose(1, 2), queries)
            for_v[:, :end].baddbmm_(probabilities.transpose(1, 2), slopes)
        return for_q.mul_(slope.shape[-1] ** -0.5), for_k.transpose(0, 1), for_v.transpose(0, 1)


def _by_key_head(x: Tensor, key_heads: int) -> Tensor:
    """(rows, heads, width) -> (key-value heads, each one's queries head by head, width)"""
    rows, heads, width = x.shape
    return x.view(rows, key_heads, heads // key_heads, width).permute(1, 2, 0, 3).reshape(key_heads, -1, width)


def _by_row(x: Tensor, rows: int) -> Tensor:
    """The way back: to (rows, heads, width)."""
    return x.view(len(x), -1, rows, x.shape[-1]).permute(2, 0, 1, 3).reshape(rows, -1, x.shape[-1])
