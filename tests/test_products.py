from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from verbosify.models import products
from verbosify.models.products import BLOCK, attend_by_blocks, linear, multiply, multiply_turned
from verbosify.models.transformer import Attend, attend_causally


def random(*sizes: int, seed: int = 0) -> Tensor:
    chance = torch.Generator().manual_seed(seed + sum(sizes))
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

    torch.testing.assert_close(multiply_turned(a, b), a.t() @ b)


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


# Attention


@pytest.mark.parametrize("rows", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 88])
@pytest.mark.parametrize("key_heads", [1, 2, 6])
def test_attention_and_its_gradients_are_those_of_the_fused_kernel(rows: int, key_heads: int) -> None:
    sizes = (rows, 6, 8), (rows, key_heads, 8), (rows, key_heads, 8)
    inputs = [random(*size, seed=seed).requires_grad_() for seed, size in enumerate(sizes)]
    slope = random(rows, 6, 8, seed=9)
    expected = attend_causally(0, *inputs)

    found = attend_by_blocks(0, *inputs)

    torch.testing.assert_close(found, expected)
    theirs = torch.autograd.grad(expected, inputs, slope)
    for ours, their in zip(torch.autograd.grad(found, inputs, slope), theirs, strict=True):
        torch.testing.assert_close(ours, their)


def test_attention_reads_parts_of_one_tensor() -> None:
    """As a model hands them over: query, key and value are slices of one product."""
    together = random(BLOCK + 9, 3 * 4 * 8).requires_grad_()

    def parts() -> tuple[Tensor, ...]:
        return tuple(part.view(-1, 4, 8) for part in together.chunk(3, dim=-1))

    expected, found = attend_causally(0, *parts()), attend_by_blocks(0, *parts())

    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        torch.autograd.grad(found.square().sum(), together), torch.autograd.grad(expected.square().sum(), together)
    )


def test_attention_in_bf16_loses_no_more_than_the_fused_kernel_does() -> None:
    exact = [random(600, 4, 16, seed=seed) for seed in range(3)]
    slope = random(600, 4, 16, seed=4)

    def gradients(attend: Attend, dtype: torch.dtype) -> list[Tensor]:
        inputs = [tensor.to(dtype).requires_grad_() for tensor in exact]
        attended = attend(0, *inputs)
        return [attended.double(), *(g.double() for g in torch.autograd.grad(attended, inputs, slope.to(dtype)))]

    true = gradients(attend_causally, torch.float64)
    ours = gradients(attend_by_blocks, torch.bfloat16)
    theirs = gradients(attend_causally, torch.bfloat16)

    for name, right, our, their in zip(("attended", "q", "k", "v"), true, ours, theirs, strict=True):
        loss, fused_loss = ((found - right).norm() / right.norm() for found in (our, their))
        assert loss < max(2 * fused_loss, 0.01), (name, loss, fused_loss)
