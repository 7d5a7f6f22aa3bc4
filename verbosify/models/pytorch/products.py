"""Matrix products for training on a processor, each in the way that is quickest there. Knows tensors alone.

PyTorch leaves products in bf16 to oneDNN, whose AMX kernels compute some shapes on one core: a product with as many
rows as columns, or with very many columns, takes twice its time, unless it is cut. On processors without AMX a cut
costs, and some compute in float32 what they are given in bf16 sooner than as it is. Products in float32 PyTorch leaves
to MKL, which on some processors is several times as slow as oneDNN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial, reduce
from typing import Any

import torch
from torch import Tensor

from verbosify.models.pytorch.choosing import multiplies_bf16, quickest
from verbosify.models.pytorch.packing import can_pack

LINE = 16
"""Numbers in float32 to a line of cache. Rows that begin elsewhere cost MKL half as long again for a product by a
vocabulary, and so many numbers apart as divide by a page are in each other's way."""
PIECE_ROWS = 512
PIECE_COLUMNS = 8192
MEASURED_INNER = 4096
"""Of longer sums so much is computed to tell which way is quickest."""
WORTH_A_CHOICE = 2**25
"""Multiplications; with fewer no way gains anything."""
WORTHWHILE = {torch.bfloat16: 0.9, torch.float32: 0.75}
"""Of the usual way's time: what another may take to be chosen. In float32 that should be rare: last bits change."""

Way = Callable[[Tensor, Tensor, Tensor, int], None]
"""a (rows, inner), b (inner, columns), out (rows, columns), beta: out becomes a @ b, and at beta 1 grows by it."""


def multiply(a: Tensor, b: Tensor, out: Tensor | None = None, *, add: bool = False) -> Tensor:
    """(rows, inner) @ (inner, columns), written to `out` if that is given, or added to what is there."""
    out = a.new_empty(len(a), b.shape[1]) if out is None else out
    WAYS[way_of(a, b)](a, b, out, int(add))
    return out


def memory_for(like: Tensor, rows: int, columns: int) -> Tensor:
    """Memory, (rows, columns), of that type and place, for products to be written to; not always in one piece."""
    if like.dtype != torch.float32:
        return like.new_empty(rows, columns)
    lines = -(-columns // LINE) | 1
    return like.new_empty(rows, lines * LINE)[:, :columns]


def way_of(a: Tensor, b: Tensor) -> str:
    """By which of `WAYS` that product is computed here, which is measured once where it matters."""
    usual, (rows, inner), columns = usual_way(a, b), a.shape, b.shape[1]
    if a.device.type != "cpu" or a.dtype not in WORTHWHILE or rows * inner * columns < WORTH_A_CHOICE:
        return usual
    if is_transposed(a):
        inner = _about(inner)
    else:
        rows = _about(rows)
    turned = is_transposed(a), is_transposed(b)
    return _quickest(rows, inner, columns, turned, a.dtype, usual, torch.get_num_threads())


def _about(tokens: int) -> int:
    """The next power of two: passages of about one length choose alike."""
    return 1 << (tokens - 1).bit_length()


def usual_way(a: Tensor, b: Tensor) -> str:
    """The best one with AMX, in float32 what PyTorch does, in float32 too what would be emulated in bf16.

    Taken unless another is clearly quicker.
    """
    (rows, _), columns = a.shape, b.shape[1]
    if a.device.type != "cpu" or a.dtype != torch.bfloat16:
        return "whole"
    if bf16_is_emulated():
        return "widened"
    if is_transposed(a):
        return "straight" if columns >= 2 * rows else "whole"
    if columns > PIECE_COLUMNS:
        return "columns"
    return "rows" if rows >= columns and rows > PIECE_ROWS else "whole"


def ways_for(a: Tensor, b: Tensor) -> list[str]:
    """Those that may be quickest, the usual one among them."""
    if a.dtype != torch.bfloat16:  # cuts gain nothing and would change last bits
        return [usual_way(a, b), *["onednn"] * can_pack("cpu", a.dtype)]
    if bf16_is_emulated():  # to be tried takes minutes
        return ["widened"]
    likely = {
        "whole": True,
        "straight": is_transposed(a),
        "rows": len(a) > PIECE_ROWS and not is_transposed(a),
        "columns": b.shape[1] > PIECE_COLUMNS and not is_transposed(a),
        "widened": True,
    }
    return [way for way, may_be in likely.items() if may_be]


@cache
def bf16_is_emulated() -> bool:
    """Whether the processor is known to have no products in bf16."""
    return multiplies_bf16() is False


@cache
def _quickest(
    rows: int, inner: int, columns: int, turned: tuple[bool, bool], dtype: torch.dtype, usual: str, _threads: int
) -> str:
    """Told by a product of that shape, or of a part of it that tells as much; `turned` are a and b."""
    rows, inner, columns = min(rows, 2 * PIECE_COLUMNS), min(inner, MEASURED_INNER), min(columns, 2 * PIECE_COLUMNS)
    a, b = _of_shape(rows, inner, dtype, turned[0]), _of_shape(inner, columns, dtype, turned[1])
    out = a.new_zeros(rows, columns)
    ways = {name: partial(WAYS[name], a, b, out, 0) for name in ways_for(a, b)}
    lie = " ".join("turned" if each else "plain" for each in turned)
    return quickest(f"{dtype} {rows} x {inner} x {columns} {lie}", usual, ways, share=WORTHWHILE[dtype])


def _of_shape(rows: int, columns: int, dtype: torch.dtype, turned: object) -> Tensor:
    return torch.ones((columns, rows), dtype=dtype).t() if turned else torch.ones((rows, columns), dtype=dtype)


def _whole(a: Tensor, b: Tensor, out: Tensor, beta: int) -> None:
    torch.addmm(out, a, b, beta=beta, out=out)


def _straight(a: Tensor, b: Tensor, out: Tensor, beta: int) -> None:
    _whole(a.contiguous(), b, out, beta)


def _rows(a: Tensor, b: Tensor, out: Tensor, beta: int) -> None:
    for part, to in zip(torch.split(a, PIECE_ROWS), torch.split(out, PIECE_ROWS), strict=True):
        _whole(part, b, to, beta)


def _columns(a: Tensor, b: Tensor, out: Tensor, beta: int) -> None:
    for part, to in zip(torch.split(b, PIECE_COLUMNS, 1), torch.split(out, PIECE_COLUMNS, 1), strict=True):
        _whole(a, part, to, beta)


def _widened(a: Tensor, b: Tensor, out: Tensor, beta: int) -> None:
    """In float32, and rounded once, as products in bf16 are; in pieces, so that little of it exists twice."""
    for rows, to_rows in zip(torch.split(a, PIECE_COLUMNS), torch.split(out, PIECE_COLUMNS), strict=True):
        pieces = zip(torch.split(b, PIECE_COLUMNS, 1), torch.split(to_rows, PIECE_COLUMNS, 1), strict=True)
        for columns, to in pieces:
            _put(_product_in_float32(rows, columns), to, beta)


def _product_in_float32(a: Tensor, b: Tensor) -> Tensor:
    pieces = zip(torch.split(a, PIECE_COLUMNS, 1), torch.split(b, PIECE_COLUMNS), strict=True)
    return reduce(Tensor.add_, (left.float() @ right.float() for left, right in pieces))


def _onednn(a: Tensor, b: Tensor, out: Tensor, beta: int) -> None:
    _put(torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], ""), out, beta)


def _put(product: Tensor, out: Tensor, beta: int) -> None:
    out.add_(product) if beta else out.copy_(product)


WAYS: Mapping[str, Way] = {
    "whole": _whole,
    "straight": _straight,
    "rows": _rows,
    "columns": _columns,
    "widened": _widened,
    "onednn": _onednn,
}


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
        if bias is None:
            return multiply(x, weight.t())
        return multiply(x, weight.t(), bias.expand(len(x), -1).contiguous(), add=True)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        (slope,) = outer
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        for_x = multiply(slope, weight) if needs_x else None
        for_weight = None
        if needs_weight:  # laid out in memory as the weight is
            for_weight = multiply(x.t(), slope).t() if is_transposed(weight) else multiply(slope.t(), x)
        return for_x, for_weight, slope.sum(0) if needs_bias else None
