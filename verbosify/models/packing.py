"""Weights laid out once the way the processor's matrix kernels read them. Knows linear maps, nothing else.

A matrix product by oneDNN first reorders the weight into blocks, at every call: for ten rows that costs more
than the product. Sampling calls the same weights a hundred times, so they are reordered once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from verbosify.models.transformer import Project

Linear = Callable[[Tensor], Tensor]


def packed_projections(weights: Mapping[str, Tensor], names: tuple[str, ...], rows: int) -> Project:
    """The projections called `names`, packed for inputs of about `rows` rows, as one function of (input, name)."""
    linears = {name: packed_linear(weights[name], weights.get(f"{name}.bias"), rows) for name in names}
    return lambda x, name: linears[name](x)


def packed_linear(weight: Tensor, bias: Tensor | None, rows: int) -> Linear:
    """`x -> x @ weight.T + bias` for x of (rows, width in), with the weight packed if that can be done here."""
    if not can_pack(weight.device.type, weight.dtype):
        return lambda x: functional.linear(x, weight, bias)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
    pointwise = torch.ops.mkldnn._linear_pointwise
    return lambda x: pointwise(x, packed, bias, "none", [], "")


@cache
def can_pack(device: str, dtype: torch.dtype) -> bool:
    """Whether packed products are to be had, and right, on that device: tried on a small one, once.

    The two operators are those `torch.compile` itself calls; PyTorch does not promise to keep them, hence the trial.
    """
    if device != "cpu":
        return False
    weight = torch.linspace(-1, 1, 64 * 32).reshape(64, 32).to(dtype)
    x = torch.linspace(1, -1, 4 * 32).reshape(4, 32).to(dtype)
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, 4)
        product = torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], "")
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return False
    return torch.allclose(product.float(), functional.linear(x, weight).float(), rtol=0.02, atol=0.02)
