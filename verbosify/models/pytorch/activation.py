"""GELU in its tanh form (Hendrycks and Gimpel 2016), for training. Knows tensors alone.

Half of x (1 + tanh u) is x sigmoid(2u), and PyTorch's sigmoid in float32 takes a processor a third of the time of a
tanh; where only narrow vectors may be used, PyTorch's own GELU takes four times as long as that.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

LINEAR = 2 * math.sqrt(2 / math.pi)
CUBIC = 0.044715 * LINEAR


def gelu(x: Tensor) -> Tensor:
    """As `torch.nn.functional.gelu` with `approximate="tanh"`."""
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return functional.gelu(x, approximate="tanh")
    y: Tensor = _Gelu.apply(x)  # type: ignore[no-untyped-call]
    return y


class _Gelu(torch.autograd.Function):
    """See `gelu`: x sigmoid(LINEAR x + CUBIC x³)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = torch.mul(x, x).mul_(CUBIC).add_(LINEAR).mul_(x).sigmoid_().mul_(x)
        ctx.save_for_backward(x, y)  # which the next product keeps too
        return y

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> Tensor:
        x, y = ctx.saved_tensors
        share = torch.div(y, x).nan_to_num_(0.5)  # where x is 0
        rise = torch.mul(x, x).mul_(3 * CUBIC).add_(LINEAR).mul_(x)
        slope: Tensor = torch.ops.aten.sigmoid_backward(rise, share).add_(share).mul_(outer[0])
        return slope
