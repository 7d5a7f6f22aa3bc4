from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.measures import Thresholds
from verbosify.measures.opinion import STRETCH, is_off_its_rails, opinion_of

likelihoods = st.lists(st.floats(-20, 0), min_size=1, max_size=40)


def test_what_is_said_is_compared_with_the_essays_own_prose() -> None:
    opinion = opinion_of([-1.0, -3.0], own=-2.5)

    assert (opinion.information, opinion.fluency, opinion.surprise, opinion.flow) == (4.0, 0.5, 2.0, None)


def test_surprise_is_that_of_the_worst_stretch_and_not_the_mean() -> None:
    calm, wild = [-1.0] * 30, [-9.0] * STRETCH

    assert opinion_of(calm + wild + calm, own=-1.0).surprise == 9.0
    assert opinion_of(calm, own=-1.0).surprise == 1.0


def test_flow_is_how_much_likelier_the_next_sentence_becomes() -> None:
    assert opinion_of([-1.0], own=-1.0, following=[-2.0, -2.0], alone=[-3.0, -2.0]).flow == 0.5
    assert opinion_of([-1.0], own=-1.0, following=[-4.0], alone=[-3.0]).flow == -1.0


@given(likelihoods)
def test_the_worst_stretch_is_no_better_than_the_whole(said: list[float]) -> None:
    opinion = opinion_of(said, own=0.0)

    assert opinion.surprise >= max(-sum(said[:STRETCH]), -sum(said[-STRETCH:])) / min(len(said), STRETCH) - 1e-9
    assert opinion.information == pytest.approx(-sum(said))


def test_what_the_model_expects_too_little_is_off_its_rails() -> None:
    assert is_off_its_rails(8.1)
    assert not is_off_its_rails(8.0)
    assert is_off_its_rails(5.0, Thresholds(surprise=4))
