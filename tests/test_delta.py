"""Packing what a step did to the weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import ModelError
from verbosify.models.pytorch.delta import apply_delta, pack_delta


@given(st.data())
@pytest.mark.parametrize("dtype", [np.int16, np.int32])
def test_what_was_packed_comes_back_bit_for_bit_whatever_the_bits(
    dtype: type[np.int16 | np.int32], data: st.DataObject
) -> None:
    extreme = np.iinfo(dtype)
    bits = st.integers(int(extreme.min), int(extreme.max)) | st.sampled_from(
        [0, -1, int(extreme.min), int(extreme.max)]
    )
    values = np.array(data.draw(st.lists(bits, min_size=12, max_size=12)), dtype).reshape(2, 2, 3)

    before, after = values[0], values[1]

    assert np.array_equal(apply_delta(before, pack_delta(before, after)), after)


def test_a_small_step_in_bfloat16_takes_about_two_bits_a_weight() -> None:
    noise = np.random.default_rng(0)
    weights = noise.normal(0, 0.14, 200_000).astype(np.float32)
    moved = weights - np.float32(1e-4) * noise.choice([-1, 1], weights.size).astype(np.float32)
    before, after = ((floats.view(np.int32) + 0x8000 >> 16).astype(np.int16) for floats in (weights, moved))

    packed = pack_delta(before, after)

    assert np.array_equal(apply_delta(before, packed), after)
    assert len(packed) * 8 / weights.size < 2.2


def test_a_small_step_in_float32_takes_about_half_the_weights() -> None:
    noise = np.random.default_rng(0)
    weights = noise.normal(0, 0.05, 100_000).astype(np.float32)
    gradient = noise.normal(0, 1e-4, weights.size).astype(np.float32)
    moved = weights - np.float32(1e-4) * gradient / (np.abs(gradient) + np.float32(1e-8 / math.sqrt(0.001)))

    packed = pack_delta(weights.view(np.int32), moved.astype(np.float32).view(np.int32))

    assert 0.3 < len(packed) / weights.nbytes < 0.6


@pytest.mark.parametrize("damage", [lambda packed: packed[:-3], lambda packed: b"x" + packed, lambda packed: b""])
def test_a_damaged_step_is_told(damage: object) -> None:
    before = np.arange(50, dtype=np.int32)
    packed = pack_delta(before, before[::-1])

    with pytest.raises(ModelError, match="kept step is damaged"):
        apply_delta(before, damage(packed))  # type: ignore[operator]


def test_a_step_for_another_shape_is_told() -> None:
    packed = pack_delta(np.arange(50, dtype=np.int32), np.arange(50, dtype=np.int32))

    for length in (49, 51):
        with pytest.raises(ModelError, match="another shape"):
            apply_delta(np.arange(length, dtype=np.int32), packed)
