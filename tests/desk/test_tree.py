"""Texts as chains of changes."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from verbosify.desk import tree
from verbosify.desk.tree import Change, change_between, changed, compared, origins

TEXTS = st.text(alphabet="ab é🙂\n", max_size=30)


@given(TEXTS, TEXTS)
def test_a_change_makes_the_one_text_of_the_other(before: str, after: str) -> None:
    change = change_between(before, after)

    assert (change is None) == (before == after)
    assert changed(before, change or Change(0, 0, "")) == after


def test_a_change_is_the_stretch_that_differs_and_no_more() -> None:
    assert change_between("The ferry leaves.", "The grey ferry leaves.") == Change(4, 4, "grey ")
    assert change_between("aaa", "aa") == Change(2, 3, "")


@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_every_character_comes_from_the_step_that_brought_it(texts: list[str]) -> None:
    steps = ["", *texts]
    changes = [change_between(one, two) or Change(0, 0, "") for one, two in itertools.pairwise(steps)]

    found = origins(changes)

    assert (
        "".join(changes[piece.step].inserted[piece.offset :][: piece.end - piece.start] for piece in found) == texts[-1]
    )
    assert [piece.start for piece in found] == [0, *(piece.end for piece in found)][: len(found)]


@given(TEXTS, TEXTS)
def test_a_comparison_holds_both_texts(a: str, b: str) -> None:
    parts = compared(a, b)

    assert "".join(text for side, text in parts if side in ("same", "a")) == a
    assert "".join(text for side, text in parts if side in ("same", "b")) == b


def test_a_comparison_goes_by_words() -> None:
    assert compared("The ferry leaves the pier.", "The ferry left the pier.") == [
        ("same", "The ferry"),
        ("a", " leaves"),
        ("b", " left"),
        ("same", " the pier."),
    ]


def test_texts_that_share_next_to_nothing_are_told_as_wholes() -> None:
    one, other = ("a " * (tree.MOST_WORDS + 1)).strip(), ("b " * 3).strip()

    assert [side for side, _ in compared(one, other)] == ["a", "b"]
