from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.seeds import seeded
from verbosify.models.pytorch import attention
from verbosify.models.pytorch.attention import attend_causally


@pytest.fixture(autouse=True)
def short_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "LEAST_PLACES", 6)


def inputs(rows: int, heads: int, kv_heads: int) -> tuple[list[Tensor], Tensor]:
    """Queries, keys and values, views of one product as in a layer, and the slope of what comes of them."""
    chance = torch.Generator().manual_seed(seeded())
    qkv = torch.randn(rows, (heads + 2 * kv_heads) * 8, generator=chance)
    widths = [heads * 8, kv_heads * 8, kv_heads * 8]
    return [part.view(rows, -1, 8) for part in qkv.split(widths, 1)], torch.randn(rows, heads, 8, generator=chance)


def plain(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The same in double precision, by the formula."""
    groups = q.shape[1] // k.shape[1]
    k, v = (each.repeat_interleave(groups, 1).double() for each in (k, v))
    weights = torch.einsum("qhd,khd->hqk", q.double(), k) / q.shape[2] ** 0.5
    masked = weights.masked_fill(torch.ones(len(q), len(q)).triu(1).bool(), -torch.inf)
    return torch.einsum("hqk,khd->qhd", masked.softmax(-1), v)


@pytest.mark.parametrize("rows", [1, 7, 12, 13, 24, 36, 96, 100])
@pytest.mark.parametrize(("heads", "kv_heads"), [(2, 2), (6, 2)])
def test_attention_and_its_slopes_are_those_of_the_formula(rows: int, heads: int, kv_heads: int) -> None:
    """Whether the places can be halved not at all, once or several times."""
    parts, slope = inputs(rows, heads, kv_heads)
    leaves, exact = ([part.detach().clone().requires_grad_() for part in parts] for _ in range(2))
    expected = plain(*exact)
    expected.backward(slope.double())

    found = attend_causally(0, *leaves)
    found.backward(slope)

    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5)
    for leaf, wanted in zip(leaves, exact, strict=True):
        torch.testing.assert_close(leaf.grad, wanted.grad, rtol=0, atol=2e-5)


def test_attention_of_parts_of_one_product_has_the_slope_of_the_product() -> None:
    parts, slope = inputs(48, 2, 2)
    product = torch.cat([part.flatten(1) for part in parts], 1)
    exact = product.clone().requires_grad_()
    product.requires_grad_()

    for whole, attend in ((product, lambda *qkv: attend_causally(0, *qkv)), (exact, plain)):
        attended = attend(*(part.view(48, 2, 8) for part in whole.chunk(3, 1)))
        attended.backward(slope.to(attended.dtype))

    torch.testing.assert_close(product.grad, exact.grad, rtol=0, atol=2e-5)


def test_attention_in_bf16_is_that_of_pytorch() -> None:
    parts, _ = inputs(24, 6, 2)
    q, k, v = (part.bfloat16().transpose(0, 1)[None] for part in parts)

    found = attend_causally(0, *(part.bfloat16() for part in parts))

    expected = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    assert found.transpose(0, 1)[None].equal(expected)


@pytest.mark.parametrize(("places", "halves"), [(1024, [512, 256, 128]), (768, [384, 192]), (255, []), (300, [150])])
def test_places_are_halved_while_that_pays(places: int, halves: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    assert attention._halves(places) == halves
