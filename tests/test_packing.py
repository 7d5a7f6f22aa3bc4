from __future__ import annotations

import types
from collections.abc import Iterator

import pytest
import torch
from torch.nn import functional

from tests.seeds import seeded
from verbosify.models.pytorch.packing import can_pack, packed_projections

DTYPES = [torch.float32, torch.bfloat16]


@pytest.fixture
def without_operators(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """PyTorch without the operators that it does not promise to keep."""
    monkeypatch.setattr(torch.ops, "mkldnn", types.SimpleNamespace())
    can_pack.cache_clear()
    yield
    can_pack.cache_clear()


def assert_is_linear(dtype: torch.dtype, *, width_in: int, width_out: int, biased: bool, packed_for: int) -> None:
    chance = torch.Generator().manual_seed(seeded(width_in))
    weight = torch.randn(width_out, width_in, generator=chance).to(dtype)
    bias = torch.randn(width_out, generator=chance).to(dtype) if biased else None
    weights = {"a": weight} | ({"a.bias": bias} if bias is not None else {})
    project = packed_projections(weights, ("a",), packed_for)
    for rows in (1, 2, 10, packed_for, 41):
        x = torch.randn(rows, width_in, generator=chance).to(dtype)
        exact = functional.linear(x.double(), weight.double(), bias.double() if bias is not None else None)

        found, activated = project(x, "a"), project(x, "a", "gelu")

        assert found.shape == activated.shape == (rows, width_out)
        assert found.dtype == activated.dtype == dtype
        # sums of so many products of numbers of size 1, in float32; in bf16 the result is rounded to 8 bits
        tolerance = 1e-5 if dtype == torch.float32 else 2**-7
        bounds = {"atol": tolerance * width_in**0.5, "rtol": tolerance}
        torch.testing.assert_close(found.double(), exact, **bounds)
        torch.testing.assert_close(activated.double(), functional.gelu(exact, approximate="tanh"), **bounds)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(("width_in", "width_out"), [(64, 192), (33, 7), (1, 1), (576, 1536), (64, 5001)])
@pytest.mark.parametrize("packed_for", [1, 10])
def test_a_packed_product_is_the_plain_one_for_any_number_of_rows(
    dtype: torch.dtype, biased: bool, width_in: int, width_out: int, packed_for: int
) -> None:
    assert_is_linear(dtype, width_in=width_in, width_out=width_out, biased=biased, packed_for=packed_for)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.usefixtures("without_operators")
def test_without_the_operators_the_product_is_plain(dtype: torch.dtype, biased: bool) -> None:
    assert not can_pack("cpu", dtype)
    assert_is_linear(dtype, width_in=64, width_out=192, biased=biased, packed_for=10)


def test_this_machine_can_pack() -> None:
    assert can_pack("cpu", torch.float32)


def test_only_processors_pack() -> None:
    assert not can_pack("cuda", torch.float32)
    assert not can_pack("mps", torch.bfloat16)


def test_what_is_packed_is_the_weight_of_that_moment() -> None:
    weights, x = {"a": torch.ones(4, 4)}, torch.ones(1, 4)
    project = packed_projections(weights, ("a",), 1)

    weights["a"].zero_()

    assert project(x, "a").tolist() == [[4.0] * 4]
    assert packed_projections(weights, ("a",), 1)(x, "a").tolist() == [[0.0] * 4]


def test_projections_are_packed_by_name() -> None:
    weights = {"a": torch.eye(2), "a.bias": torch.tensor([1.0, 2.0]), "b": 3 * torch.eye(2), "left": torch.eye(2)}

    project = packed_projections(weights, ("a", "b"), 10)

    assert project(torch.ones(1, 2), "a").tolist() == [[2.0, 3.0]]
    assert project(torch.ones(1, 2), "b").tolist() == [[3.0, 3.0]]
    with pytest.raises(KeyError):
        project(torch.ones(1, 2), "left")
