from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.seeds import seeded
from verbosify.models.decoding import TIES, distribution, draw, most_likely, penalised
from verbosify.models.settings import SamplingSettings

ALL = SamplingSettings(temperature=1.0, top_k=0)


def expected_candidates(logits: Sequence[float], settings: SamplingSettings) -> list[tuple[int, float]]:
    """The rule in plain Python: token ids and probabilities, most likely first, equals by their ids."""
    order = sorted(range(len(logits)), key=lambda token: (-logits[token], token))
    if settings.temperature == 0:
        return [(order[0], 1.0)]
    if settings.top_k:
        least = logits[order[min(settings.top_k, len(order)) - 1]]
        order = [token for token in order if logits[token] >= least]
    weights = [math.exp((logits[token] - logits[order[0]]) / settings.temperature) for token in order]
    probabilities = [weight / sum(weights) for weight in weights]
    kept, mass = 0, 0.0
    while kept < len(order) and (kept == 0 or settings.top_p == 1 or mass < settings.top_p):
        mass += probabilities[kept]
        kept += 1
    return [(token, probability / mass) for token, probability in zip(order[:kept], probabilities, strict=False)]


def found_candidates(logits: Sequence[float], settings: SamplingSettings) -> list[tuple[int, float]]:
    probabilities, token_ids = distribution(torch.tensor([logits], dtype=torch.float32), settings)
    pairs = zip(token_ids[0].tolist(), probabilities[0].tolist(), strict=True)
    return [(token, probability) for token, probability in pairs if probability > 0]


# What may be drawn


@given(
    logits=st.lists(st.integers(-6, 6).map(float), min_size=1, max_size=90),
    temperature=st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0, 2.0]),
    top_k=st.integers(0, 100),
    top_p=st.sampled_from([1.0, 0.9987, 0.8999, 0.5003, 0.1007, 1e-9]),
)
def test_candidates_follow_the_rule_also_where_many_tie(
    logits: list[float], temperature: float, top_k: int, top_p: float
) -> None:
    settings = SamplingSettings(temperature=temperature, top_k=top_k, top_p=top_p)

    found, expected = found_candidates(logits, settings), expected_candidates(logits, settings)

    assert [token for token, _ in found] == [token for token, _ in expected]
    assert [probability for _, probability in found] == pytest.approx([value for _, value in expected], abs=2e-6)


@pytest.mark.parametrize("tied", [1, 2, TIES, TIES + 1, TIES + 2, 400])
@pytest.mark.parametrize("top_k", [1, 5])
def test_all_that_tie_with_the_kth_are_kept(tied: int, top_k: int) -> None:
    logits = torch.zeros(500)
    logits[100 : 100 + tied] = 1.0
    logits[[7, 3, 5, 1][: top_k - 1]] = 2.0

    probabilities, token_ids = distribution(logits[None], SamplingSettings(temperature=1.0, top_k=top_k))

    kept = token_ids[0, probabilities[0] > 0].tolist()
    assert kept == [*sorted([7, 3, 5, 1][: top_k - 1]), *range(100, 100 + tied)]
    assert probabilities[0, top_k - 1 : top_k - 1 + tied].unique().numel() == 1


def test_rows_are_judged_each_by_itself() -> None:
    logits = torch.stack((torch.zeros(300), torch.arange(300.0), -torch.arange(300.0)))

    probabilities, token_ids = distribution(logits, SamplingSettings(top_k=2))

    assert (probabilities > 0).sum(dim=-1).tolist() == [300, 2, 2]
    assert token_ids[1, :2].tolist() == [299, 298]
    assert token_ids[2, :2].tolist() == [0, 1]


@given(st.lists(st.floats(-8, 8, width=32), min_size=2, max_size=60), st.floats(0.01, 0.99))
def test_top_p_keeps_the_smallest_set_that_reaches_p(logits: list[float], top_p: float) -> None:
    whole = found_candidates(logits, ALL)
    kept = found_candidates(logits, SamplingSettings(temperature=1.0, top_k=0, top_p=top_p))

    probabilities = [probability for _, probability in whole]
    assert [token for token, _ in kept] == [token for token, _ in whole[: len(kept)]]
    assert sum(probabilities[: len(kept)]) >= top_p - 1e-6
    assert sum(probabilities[: len(kept) - 1]) < top_p + 1e-6
    assert sum(probability for _, probability in kept) == pytest.approx(1, abs=1e-6)


def test_top_p_counts_within_what_top_k_has_left() -> None:
    logits = [math.log(share) for share in (0.3, 0.3, 0.2, 0.2)]

    kept = found_candidates(logits, SamplingSettings(temperature=1.0, top_k=3, top_p=0.7))

    assert [token for token, _ in kept] == [0, 1, 2]
    assert [probability for _, probability in kept] == pytest.approx([3 / 8, 3 / 8, 2 / 8])


@pytest.mark.parametrize("temperature", [1e-3, 1e-6, 1e-20, 1e-38, 1e-45, 1e-300, 5e-324])
def test_a_temperature_near_zero_leaves_the_likeliest(temperature: float) -> None:
    logits = torch.randn(2, 200, generator=torch.Generator().manual_seed(seeded())) * 10

    probabilities, token_ids = distribution(logits, SamplingSettings(temperature=temperature, top_k=0))

    assert token_ids[:, 0].tolist() == logits.argmax(dim=-1).tolist()
    assert probabilities[:, 0].tolist() == [1.0, 1.0]
    assert probabilities.sum(dim=-1).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("temperature", [1e6, 1e300])
def test_a_temperature_without_end_makes_all_alike(temperature: float) -> None:
    probabilities, _ = distribution(torch.arange(4.0)[None], SamplingSettings(temperature=temperature, top_k=0))

    assert probabilities[0].tolist() == pytest.approx([0.25] * 4, abs=1e-6)


# Penalties


def test_tokens_seen_are_made_less_likely_whatever_their_sign() -> None:
    logits = torch.tensor([[3.0, -3.0, 0.0, 3.0, -3.0]])
    seen = torch.tensor([[True, True, True, False, False]])

    assert penalised(logits, seen, 1.5).tolist() == [[2.0, -4.5, 0.0, 3.0, -3.0]]


def test_no_penalty_changes_nothing() -> None:
    logits = torch.randn(2, 5)

    assert penalised(logits, torch.ones(2, 5, dtype=torch.bool), 1.0) is logits


# Drawing


def evenly(count: int) -> torch.Tensor:
    """Uniform numbers without chance: the middles of so many equal parts of [0, 1)."""
    return (torch.arange(count, dtype=torch.float64) + 0.5) / count


@pytest.mark.parametrize(
    "settings",
    [
        ALL,
        SamplingSettings(temperature=0.7, top_k=0),
        SamplingSettings(temperature=1.3, top_k=5),
        SamplingSettings(temperature=1.0, top_k=0, top_p=0.8),
        SamplingSettings(temperature=0.8, top_k=9, top_p=0.9),
    ],
)
def test_tokens_are_drawn_as_often_as_they_are_probable(settings: SamplingSettings) -> None:
    logits = [2.0, 1.0, 1.0, 0.5, 0.0, -1.0, -1.0, -1.0, -1.0, -2.0, -3.0, -9.0]
    count = 100_000
    probabilities, token_ids = distribution(torch.tensor([logits]), settings)

    drawn = draw(probabilities.expand(count, -1), token_ids.expand(count, -1), evenly(count))

    expected = dict(expected_candidates(logits, settings))
    counts = drawn.bincount(minlength=len(logits)).tolist()
    for token, found in enumerate(counts):
        assert found == pytest.approx(count * expected.get(token, 0.0), abs=1.5)


def test_the_ends_of_the_interval_draw_the_first_and_the_last() -> None:
    probabilities = torch.tensor([[0.5, 0.3, 0.2, 0.0, 0.0]]).expand(2, -1)
    token_ids = torch.tensor([[4, 2, 0, 1, 3]]).expand(2, -1)

    drawn = draw(probabilities, token_ids, torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64))

    assert drawn.tolist() == [4, 0]


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=50), st.floats(0, 1, exclude_max=True))
def test_what_has_no_probability_is_never_drawn(shares: list[float], uniform: float) -> None:
    ordered = sorted([*shares, 1e-30], reverse=True)
    probabilities = torch.tensor([ordered]) / sum(ordered)
    token_ids = torch.arange(len(ordered))[None]

    (token,) = draw(probabilities, token_ids, torch.tensor([uniform], dtype=torch.float64)).tolist()

    assert probabilities[0, token] > 0


@given(st.integers(1, 3), st.integers(1, 1200), st.integers(1, 40), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_the_most_likely_are_those_of_a_full_sort(rows: int, size: int, keep: int, levels: int, seed: int) -> None:
    logits = torch.randint(levels, (rows, size), generator=torch.Generator().manual_seed(seed)).float()
    keep = min(keep, size)
    values, order = logits.sort(dim=-1, descending=True, stable=True)

    found, token_ids = most_likely(logits, keep)

    ties = int((values >= values[:, keep - 1 : keep]).sum(dim=-1).max())
    assert torch.equal(found[:, :ties], values[:, :ties])
    assert torch.equal(token_ids[:, :keep], order[:, :keep])
