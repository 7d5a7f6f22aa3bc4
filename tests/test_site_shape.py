"""The picture of an essay's words along its length."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from verbosify.site.shape import Words, draw_shape, runs


def test_words_stand_above_and_below_the_line_in_turn() -> None:
    shape = draw_shape(Words((10, 5, 0), (1,)), [3, 0])
    assert shape.human == "M0 0h10v9h-10zM13 0h5v9h-5z"
    assert shape.machine == "M10 11h3v9h-3z"
    assert shape.width == 18


def test_a_pause_follows_each_paragraph() -> None:
    assert runs(Words((300, 300), (0,)), [1]) == [("human", 0, 300), ("machine", 300, 1), ("human", 305, 300)]


def test_an_essay_without_words_has_a_shape() -> None:
    assert draw_shape(Words((0,), ()), []).width == 1


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=20))
def test_runs_have_all_the_words_and_never_overlap(gaps: list[tuple[int, int]]) -> None:
    words = Words((*(own for own, _ in gaps), 3), tuple(range(0, len(gaps), 3)))
    found = runs(words, [added for _, added in gaps])
    assert sum(width for _, _, width in found) == words.all + sum(added for _, added in gaps)
    assert all(start + width <= after for (_, start, width), (_, after, _) in pairwise(found))
