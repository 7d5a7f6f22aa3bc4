from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from verbosify.models.pytorch.activation import gelu


@pytest.mark.parametrize("shape", [(0,), (1,), (3, 70), (2, 3, 5)])
def test_gelu_and_its_slope_are_those_of_pytorch(shape: tuple[int, ...]) -> None:
    x = torch.linspace(-12, 12, torch.Size(shape).numel()).view(shape).requires_grad_()
    outer = torch.linspace(-1, 2, x.numel()).view(shape)
    exact = x.detach().double().requires_grad_()
    expected = functional.gelu(exact, approximate="tanh")
    expected.backward(outer.double())

    found = gelu(x)
    found.backward(outer)
    assert x.grad is not None

    torch.testing.assert_close(found.double(), expected, rtol=0, atol=2e-6)
    torch.testing.assert_close(x.grad.double(), exact.grad, rtol=0, atol=2e-5)


def test_gelu_of_what_lies_turned_in_memory() -> None:
    x = torch.linspace(-3, 3, 12).view(3, 4).t()

    torch.testing.assert_close(gelu(x), functional.gelu(x, approximate="tanh"))


@pytest.mark.parametrize("x", [-1e30, -100.0, 100.0, 1e30])
def test_gelu_far_out_is_nothing_or_all(x: float) -> None:
    assert gelu(torch.tensor([x])).item() == pytest.approx(max(x, 0.0))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_in_other_precisions_gelu_is_that_of_pytorch(dtype: torch.dtype) -> None:
    x = torch.linspace(-3, 3, 50, dtype=dtype)

    assert gelu(x).equal(functional.gelu(x, approximate="tanh"))
