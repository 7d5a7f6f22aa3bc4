from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.seeds import seeded
from verbosify.models.pytorch import choosing, products
from verbosify.models.pytorch.products import WAYS, linear, memory_for, multiply, usual_way, way_of, ways_for


def random(*sizes: int, seed: int = 0) -> Tensor:
    chance = torch.Generator().manual_seed(seeded(seed + sum(sizes)))
    return torch.randn(*sizes, generator=chance, dtype=torch.float64)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "PIECE_ROWS", 5)
    monkeypatch.setattr(products, "PIECE_COLUMNS", 11)


@pytest.fixture
def has_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor multiplies in bf16 itself, or does as if."""
    monkeypatch.setattr(products, "bf16_is_emulated", lambda: False)


@pytest.fixture
def everything_is_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Small products are worth a choice too; the file that remembers them."""
    monkeypatch.setattr(products, "WORTH_A_CHOICE", 0)
    monkeypatch.setattr(choosing, "memory_file", lambda: tmp_path / "quickest.json")
    products._quickest.cache_clear()
    yield tmp_path / "quickest.json"
    products._quickest.cache_clear()


# Products


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize(("a_lies", "b_lies"), [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("rows", [1, 5, 6, 17])
@pytest.mark.parametrize("columns", [1, 11, 12, 40])
def test_in_every_way_a_product_is_the_product(
    way: str, add: bool, a_lies: bool, b_lies: bool, rows: int, columns: int
) -> None:
    a = (random(7, rows).t() if a_lies else random(rows, 7)).float()
    b = (random(columns, 7).t() if b_lies else random(7, columns)).float()
    out = random(rows, columns, seed=1).float() if add else torch.full((rows, columns), torch.nan)
    expected = a @ b + out if add else a @ b

    WAYS[way](a, b, out, int(add))

    torch.testing.assert_close(out, expected)


@pytest.mark.parametrize("piece", [3, 8192])
@pytest.mark.parametrize("add", [False, True])
def test_a_widened_product_is_rounded_once(piece: int, monkeypatch: pytest.MonkeyPatch, *, add: bool) -> None:
    monkeypatch.setattr(products, "PIECE_COLUMNS", piece)
    a, b, out = (random(*sizes).bfloat16() for sizes in ((6, 40), (40, 10), (6, 10)))
    exact = a.double() @ b.double() + (out.double() if add else 0)

    WAYS["widened"](a, b, out, int(add))

    assert ((out.double() - exact).abs() <= exact.abs() * 2**-8 + 1e-6).all()


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("rows", [0, 1, 5, 6, 9, 17])
@pytest.mark.parametrize("columns", [1, 5, 9, 11, 12, 40])
def test_the_usual_way_takes_any_numbers(rows: int, columns: int) -> None:
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


@pytest.mark.parametrize("emulated", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("rows", "columns"), [(4, 16384), (1024, 2), (1024, 2048)])
@pytest.mark.parametrize("turned", [False, True])
def test_the_usual_way_is_one_of_those_that_are_tried(
    dtype: torch.dtype, rows: int, columns: int, monkeypatch: pytest.MonkeyPatch, *, turned: bool, emulated: bool
) -> None:
    monkeypatch.setattr(products, "bf16_is_emulated", lambda: emulated)
    a = torch.empty(2, rows, dtype=dtype).t() if turned else torch.empty(rows, 2, dtype=dtype)
    b = torch.empty(2, columns, dtype=dtype)

    assert usual_way(a, b) in ways_for(a, b)
    assert len(ways_for(a, b)) == len(set(ways_for(a, b)))


@pytest.mark.parametrize("columns", [512, 50_257])
def test_in_float32_no_product_is_cut(columns: int) -> None:
    a, b = torch.empty(1024, 2), torch.empty(2, columns)

    assert usual_way(a, b) == "whole"
    assert set(ways_for(a, b)) <= {"whole", "onednn"}


@pytest.mark.parametrize("columns", [1, 16, 49_152, 50_257])
def test_rows_that_a_product_in_float32_is_written_to_begin_at_lines_and_no_page_apart(columns: int) -> None:
    memory = memory_for(random(1), 3, columns)
    assert memory.shape == (3, columns)
    assert memory.dtype == torch.float64

    rows = memory_for(torch.empty(1), 3, columns)

    assert rows.shape == (3, columns)
    assert all(row.data_ptr() % 64 == 0 for row in rows)
    assert 4 * rows.stride(0) % 128 == 64


def test_what_would_be_emulated_in_bf16_is_computed_in_float32_untried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "bf16_is_emulated", lambda: True)
    monkeypatch.setattr(choosing, "_measured", None)
    a, b = random(600, 500).bfloat16(), random(500, 600).bfloat16()

    assert way_of(a, b) == "widened"
    torch.testing.assert_close(multiply(a, b), (a.double() @ b.double()).bfloat16(), rtol=2**-7, atol=1e-3)


@pytest.mark.usefixtures("has_bf16")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_choice_is_measured_once_and_remembered(
    dtype: torch.dtype, everything_is_chosen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = random(600, 8).to(dtype), random(8, 8).to(dtype)

    way = way_of(a, b)

    assert way in ways_for(a, b)
    (found,) = json.loads(everything_is_chosen.read_text(encoding="utf-8")).values()
    assert list(found.values()) == [way]
    products._quickest.cache_clear()
    monkeypatch.setattr(choosing, "_measured", None)
    assert way_of(a, b) == way
    assert way_of(a[:520], b) == way  # of about as many rows


@pytest.mark.usefixtures("everything_is_chosen", "small_pieces")
@pytest.mark.parametrize("way", ["whole", "rows", "columns"])
def test_the_way_that_is_remembered_is_taken(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    def take(a: Tensor, b: Tensor, out: Tensor, _: object) -> None:
        taken.append(way)
        torch.mm(a, b, out=out)

    monkeypatch.setattr(products, "WAYS", dict(WAYS) | {way: take})
    monkeypatch.setattr(products, "quickest", lambda *_, **__: way)
    a, b = random(12, 4).bfloat16(), random(4, 12).bfloat16()

    torch.testing.assert_close(multiply(a, b), a @ b)

    assert taken == [way]


def test_what_is_small_or_on_a_card_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "quickest", None)

    assert way_of(torch.empty(8, 8), torch.empty(8, 8)) == "whole"
    large = torch.empty(4096, 4096, device="meta", dtype=torch.bfloat16)
    assert way_of(large, large) == "whole"


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
