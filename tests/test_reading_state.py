"""Whose a reading is: that of all whose hand still shows in it, and of nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pieces
from verbosify.errors import RecordError
from verbosify.piece import BUILT_IN, Pick, PickEvent, Piece
from verbosify.piece.export import values_of_piece
from verbosify.piece.reading_state import hands, line_of
from verbosify.site.record import Record
from verbosify.workflow.outputs import people

CURATOR = (BUILT_IN, "built-in")
ADA, BEN = ("Ada", "person"), ("Ben", "person")


@pytest.fixture
def piece(tmp_path: Path) -> Iterator[Piece]:
    """A piece in which the built-in curator has chosen *fluffy* at gaps 0 and 1."""
    with pieces.make_piece(tmp_path / "piece") as made:
        made.choose_reading("fluffy", {gap: [whole(made, gap)] for gap in (0, 1)}, curator=BUILT_IN)
        yield made


def whole(piece: Piece, gap: int, number: int = 0) -> Pick:
    sample = list(piece.samples(gap))[number]
    return Pick(sample.id, 0, len(sample.text), sample.text)


def pick(piece: Piece, gap: int, *picks: Pick, curator: str = "Ada", reading: str = "fluffy") -> None:
    piece.pick(reading, gap, picks, curator=curator, action="picked" if picks else "cleared")


def told(piece: Piece, reading: str = "fluffy") -> list[tuple[str, str]]:
    """Whose the reading is, as the record, the page and the essays say alike."""
    found = hands(piece.history(), reading)
    on_page = {row.name: list(row.curators) for row in Record(values_of_piece(piece)).readings}
    assert on_page.get(reading, []) == found
    assert people(piece, reading) == [name for name, kind in found if kind == "person"]
    return found


def test_a_pick_makes_a_reading_theirs_and_undo_gives_it_back_and_redo_makes_it_theirs_again(piece: Piece) -> None:
    assert told(piece) == [CURATOR]
    pick(piece, 0, whole(piece, 0, 1))
    pick(piece, 2, whole(piece, 2))
    assert told(piece) == [CURATOR, ADA]

    piece.undo("fluffy", curator="Ada")
    assert told(piece) == [CURATOR, ADA]
    piece.undo("fluffy", curator="Ada")
    assert told(piece) == [CURATOR]

    piece.redo("fluffy", curator="Ben")
    assert told(piece) == [CURATOR, ADA]


def test_undoing_the_curators_own_choice_leaves_no_hand(piece: Piece) -> None:
    pick(piece, 0, whole(piece, 0, 1))
    for _ in range(2):
        piece.undo("fluffy", curator="Ada")

    assert told(piece) == []


def test_a_pick_taken_out_again_leaves_no_hand(piece: Piece) -> None:
    pick(piece, 2, whole(piece, 2))
    pick(piece, 2)
    pick(piece, 0, whole(piece, 0, 1), whole(piece, 0, 2))
    pick(piece, 0, whole(piece, 0))

    assert told(piece) == [CURATOR]


def test_a_reading_begun_and_emptied_is_nobodys(piece: Piece) -> None:
    pick(piece, 3, whole(piece, 3), reading="own")
    assert told(piece, "own") == [ADA]
    pick(piece, 3, reading="own")

    assert told(piece, "own") == []


def test_taking_out_what_the_curator_chose_is_a_hand(piece: Piece) -> None:
    pick(piece, 0)

    assert told(piece) == [CURATOR, ADA]


def test_to_decide_that_nothing_goes_in_is_a_hand(piece: Piece) -> None:
    pick(piece, 3)

    assert told(piece) == [CURATOR, ADA]


def test_two_people_at_one_gap_both_have_a_hand_in_order_of_appearance(piece: Piece) -> None:
    pick(piece, 1, whole(piece, 1, 2), curator="Ben")
    pick(piece, 1, whole(piece, 1, 1), whole(piece, 1, 2))

    assert told(piece) == [CURATOR, BEN, ADA]


def test_a_reading_taken_over_in_one_act_is_given_back_in_one(piece: Piece) -> None:
    piece.choose_reading("own", piece.picks("fluffy"), curator="Ada")
    assert told(piece, "own") == [ADA]
    piece.undo("own", curator="Ada")

    assert told(piece, "own") == []


def test_what_the_curator_chose_anew_is_its_own(piece: Piece) -> None:
    pick(piece, 0, whole(piece, 0, 1))
    piece.choose_reading("fluffy", {0: [whole(piece, 0)]}, curator=BUILT_IN)

    assert told(piece) == [CURATOR]


def test_pins_are_no_hand_in_a_reading(piece: Piece) -> None:
    piece.pin(1, curator="Ada")

    assert told(piece) == [CURATOR]


def test_a_history_that_contradicts_itself_is_told() -> None:
    event = PickEvent(
        id=1, act=1, reading="own", gap=None, action="undone", picks=(), sample=None, target=7, curator="Ada",
        curator_kind="person", reason="", created="",
    )  # fmt: skip

    with pytest.raises(RecordError, match="names act 7, which is not the one to be undone"):
        line_of([event], "own")
