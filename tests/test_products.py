from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.seeds import seeded
from verbosify.models.pytorch import products
from verbosify.models.pytorch.products import linear, multiply, multiply_transposed


def random(*sizes: int, seed: int = 0) -> Tensor:
    chance = torch.Generator().manual_seed(seeded(seed + sum(sizes)))
    return torch.randn(*sizes, generator=chance, dtype=torch.float64)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "PIECE_ROWS", 5)
    monkeypatch.setattr(products, "PIECE_COLUMNS", 11)


# Products


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("rows", [0, 1, 5, 6, 9, 17])
@pytest.mark.parametrize("columns", [1, 5, 9, 11, 12, 40])
def test_a_product_in_pieces_is_the_product(rows: int, columns: int) -> None:
    a, b = random(rows, 7), random(columns, 7).t()

    torch.testing.assert_close(multiply(a, b), a @ b)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("columns", [3, 30])
def test_a_product_is_written_where_it_is_asked_to_be(columns: int) -> None:
    a, b, memory = random(12, 7), random(7, columns), torch.zeros(20, columns, dtype=torch.float64)

    returned = multiply(a, b, out=memory[4:16])

    assert returned.data_ptr() == memory[4:].data_ptr()
    torch.testing.assert_close(memory[4:16], a @ b)
    assert not memory[:4].any()
    assert not memory[16:].any()


@pytest.mark.parametrize("columns", [2, 6, 13])
def test_a_turned_product_sums_over_rows(columns: int) -> None:
    a, b = random(10, 6), random(10, columns)

    torch.testing.assert_close(multiply_transposed(a, b), a.t() @ b)


# A linear map


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize(("width", "out"), [(6, 4), (6, 14)])
def test_a_linear_map_and_its_gradients_are_pytorchs(width: int, out: int, *, has_bias: bool, turned: bool) -> None:
    x, slope = random(9, width), random(9, out, seed=1)
    weight = random(width, out).t() if turned else random(out, width)
    inputs = [x, weight, random(out)][: 3 if has_bias else 2]
    inputs = [tensor.requires_grad_() for tensor in inputs]
    expected = functional.linear(*inputs)

    found = linear(*inputs)

    torch.testing.assert_close(found, expected)
    gradients = torch.autograd.grad(found, inputs, slope)
    for ours, theirs in zip(gradients, torch.autograd.grad(expected, inputs, slope), strict=True):
        torch.testing.assert_close(ours, theirs)
    assert gradients[1].stride() == weight.stride()  # so that nothing is turned to apply it


def test_a_gradient_that_nobody_needs_is_not_made() -> None:
    x, weight = random(4, 6), random(5, 6).requires_grad_()

    linear(x, weight, random(5)).sum().backward()

    assert x.grad is None
    torch.testing.assert_close(weight.grad, x.sum(0).expand(5, 6))
