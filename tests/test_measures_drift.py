import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.measures.drift import drift_cut


@pytest.mark.parametrize(
    ("similarities", "cut"),
    [
        ([], None),
        ([0.5, 0.4], None),
        ([0.5, 0.4, 0.1, 0.05], 2),
        ([0.5, 0.1, 0.4], None),  # one weak sentence: -0.1, made up for by +0.2
        ([0.5, 0.1, 0.1, 0.25, 0.0], 1),  # two are not: -0.2 against +0.05
        ([0.1, 0.0], 0),
        ([0.25, 0.1875, 0.2125], 1),  # nearly, not quite
    ],
)
def test_the_cut_falls_where_the_sample_leaves_for_good(similarities: list[float], cut: int | None) -> None:
    assert drift_cut(similarities, 0.2) == cut


def test_a_sentence_at_the_floor_is_kept() -> None:
    assert drift_cut([0.5, 0.25], 0.25) is None


@given(st.lists(st.floats(-1, 1), max_size=30), st.floats(-1, 1))
def test_no_other_prefix_lies_higher_above_the_floor(similarities: list[float], floor: float) -> None:
    cut = drift_cut(similarities, floor)

    kept = len(similarities) if cut is None else cut
    above = [sum(similarity - floor for similarity in similarities[:count]) for count in range(len(similarities) + 1)]
    assert above[kept] == pytest.approx(max(above))
