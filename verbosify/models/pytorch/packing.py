"""Weights laid out once the way the processor's matrix kernels read them. Knows linear maps, nothing else.

A matrix product by oneDNN first reorders the weight into blocks, at every call: for ten rows that costs more
than the product. Sampling calls the same weights a hundred times, so they are reordered once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import torch
from torch import Tensor

from verbosify.models.pytorch.transformer import Activation, Project, plain_projections


def packed_projections(weights: Mapping[str, Tensor], names: tuple[str, ...], rows: int) -> Project:
    """The projections called `names`, for inputs of about `rows` rows: packed as they are now, if that can be done."""
    if not all(can_pack(weights[name].device.type, weights[name].dtype) for name in names):
        return plain_projections(weights)
    return _packed(weights, names, rows)


def _packed(weights: Mapping[str, Tensor], names: tuple[str, ...], rows: int) -> Project:
    packed = {
        name: (torch.ops.mkldnn._reorder_linear_weight(weights[name], rows), weights.get(f"{name}.bias"))
        for name in names
    }

    def project(x: Tensor, name: str, activation: Activation = "none", plus: Tensor | None = None) -> Tensor:
        return _pointwise(x, *packed[name], activation, plus)

    return project


def _pointwise(x: Tensor, weight: Tensor, bias: Tensor | None, activation: Activation, plus: Tensor | None) -> Tensor:
    """A packed product, and in the same pass what follows it; both operators are torch.compile's own."""
    linear = torch.ops.mkldnn._linear_pointwise
    y: Tensor
    if plus is not None and activation == "none":
        y = linear.binary(x, plus, weight, bias, "add")
        return y
    y = linear(x, weight, bias, activation, [], "tanh" if activation == "gelu" else "")
    return y if plus is None else plus + y


@cache
def can_pack(device: str, dtype: torch.dtype) -> bool:
    """Whether packed products are to be had, and right, on that device: all that is used, tried on a small one, once.

    The operators are those `torch.compile` itself calls; PyTorch does not promise to keep them, hence the trial.
    """
    if device != "cpu":
        return False
    weight = torch.linspace(-1, 1, 64 * 32).reshape(64, 32).to(dtype)
    weights = {"plain": weight, "turned": weight.t().contiguous().t(), "turned.bias": weight[:, 0].contiguous()}
    x = torch.linspace(1, -1, 4 * 32).reshape(4, 32).to(dtype)
    uses: tuple[tuple[Activation, Tensor | None], ...] = (("none", None), ("gelu", None), ("none", x.repeat(1, 2)))
    plain = plain_projections({name: tensor.float() for name, tensor in weights.items()})
    try:
        packed = _packed(weights, ("plain", "turned"), 4)
        return all(
            torch.allclose(
                packed(x, name, activation, plus).float(),
                plain(x.float(), name, activation, None if plus is None else plus.float()),
                rtol=0.02,
                atol=0.05,
            )
            for name in ("plain", "turned")
            for activation, plus in uses
        )
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return False
