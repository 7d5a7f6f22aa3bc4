"""Matrix products for training in bf16 on a processor, in pieces that all its cores work on. Knows tensors alone.

PyTorch leaves them to oneDNN, whose AMX kernels compute some shapes on one core: a product with as many rows as
columns, or with very many columns, takes twice its time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

PIECE_ROWS = 512
PIECE_COLUMNS = 8192


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


def multiply_transposed(a: Tensor, b: Tensor) -> Tensor:
    """a.T @ b: (rows, width), (rows, columns) -> (width, columns)"""
    turned = a.t()
    if b.shape[1] >= 2 * a.shape[1]:
        turned = turned.contiguous()  # read so often, it is worth turning once
    return torch.mm(turned, b)


def is_transposed(matrix: Tensor) -> bool:
    """Whether its columns, rather than its rows, lie together in memory."""
    return matrix.stride(0) < matrix.stride(1)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight.T + bias, as `torch.nn.functional.linear`."""
    y: Tensor = _Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return y


class _Linear(torch.autograd.Function):
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
        for_x = multiply(slope, weight) if needs_x else None
        for_weight = None
        if needs_weight:  # laid out in memory as the weight is
            for_weight = multiply_transposed(x, slope).t() if is_transposed(weight) else multiply_transposed(slope, x)
        return for_x, for_weight, slope.sum(0) if needs_bias else None
