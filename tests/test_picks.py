"""Picks are events: nothing is lost, undo and redo walk over them, and everybody may pick at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.pieces import OPTIONS, make_job, make_passages, make_piece, make_samples, start_python
from verbosify.errors import PieceError
from verbosify.piece import BUILT_IN, Pick, Piece, Sample
from verbosify.piece.migrations import SCHEMA
from verbosify.piece.store import add_job
from verbosify.record.database import Database


@pytest.fixture
def piece(tmp_path: Path) -> Iterator[Piece]:
    with make_piece(tmp_path / "piece") as made:
        yield made


def whole(sample: Sample) -> Pick:
    return Pick(sample.id, 0, len(sample.text), sample.text)


def first(piece: Piece, gap: int, count: int = 1) -> tuple[Pick, ...]:
    """The first samples of a gap's passage, untrimmed."""
    return tuple(map(whole, list(piece.samples(gap))[:count]))


# Picking


def test_a_pick_replaces_the_whole_list_at_its_gap(piece: Piece) -> None:
    one, two, three = first(piece, 1, 3)
    piece.pick("own", 1, [two, one], curator="Ada")
    piece.pick("own", 3, first(piece, 3), curator="Ada")
    piece.pick("own", 1, [three], curator="Ada", action="picked")

    assert piece.picks("own") == {1: (three,), 3: first(piece, 3)}
    assert piece.picks("strange") == {}
    assert piece.readings() == ["own"]


def test_an_event_keeps_who_picked_what_and_why(piece: Piece) -> None:
    sample = next(piece.samples(2))
    pick = Pick(sample.id, 1, 18, "Sample 0 went on!", edited=True)
    event = piece.pick("own", 2, [pick], curator="Ada", action="edited", reason="it sings")
    piece.pick("fluffy", 2, [], curator=BUILT_IN, action="chosen", reason="all copied")

    kept, chosen = piece.history()
    assert (kept.id, kept.act, kept.reading, kept.gap, kept.action) == (event, event, "own", 2, "edited")
    assert (kept.picks, kept.sample, kept.target) == ((pick,), None, None)
    assert (kept.curator, kept.curator_kind, kept.reason) == ("Ada", "person", "it sings")
    assert kept.created.endswith("Z")
    assert (chosen.curator, chosen.curator_kind, chosen.reason) == ("verbosify", "built-in", "all copied")
    assert piece.picks("fluffy") == {}
    assert piece.readings() == ["own", "fluffy"]


@pytest.mark.parametrize(
    ("pick", "sentence"),
    [
        (Pick(99, 0, 1, "x"), "There is no sample 99"),
        (Pick(4, 0, 1, "x"), "Sample 4 continues passage 1: it cannot go into gap 0"),
        (Pick(1, 0, 999, "x"), "Sample 1 has 30 characters: 0 to 999 is no stretch of it"),
        (Pick(1, -1, 5, "x"), "-1 to 5 is no stretch"),
        (Pick(1, 5, 4, "x"), "5 to 4 is no stretch"),
        (Pick(1, 0, 1, " "), "holds no text: leave it out"),
        (Pick(1, 1, 7, "Simple"), "is not what the sample says: mark it as edited"),
    ],
)
def test_a_pick_that_is_no_stretch_of_a_sample_there_is_refused(piece: Piece, pick: Pick, sentence: str) -> None:
    with pytest.raises(PieceError, match=sentence):
        piece.pick("own", 0, [*first(piece, 0), pick], curator="Ada")
    assert piece.history() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"gap": 4}, "There is no gap 4"),
        ({"reading": ""}, "a reading's name has 1 to 80 characters"),
        ({"reading": "x" * 81}, "a reading's name has 1 to 80 characters"),
        ({"curator": ""}, "a curator has a name"),
        ({"action": "liked"}, "an event has the columns of its action"),
        ({"action": "cleared"}, "an event has the columns of its action"),
        ({"picks": []}, "an event has the columns of its action"),
        ({"gap": 2**70, "picks": []}, "does not fit 64 bits"),
        ({"action": "pinned"}, "an event has the columns of its action"),
    ],
)
def test_an_event_that_does_not_fit_is_refused(piece: Piece, changes: dict[str, Any], sentence: str) -> None:
    values: dict[str, Any] = {"reading": "own", "gap": 0, "picks": first(piece, 0), "curator": "Ada"} | changes
    if values["gap"] == 4:
        values["picks"] = []
    with pytest.raises(PieceError, match=sentence):
        piece.pick(**values)
    assert piece.history() == []


# Choosing a whole reading


def test_a_reading_is_chosen_in_one_act_that_empties_the_other_gaps(piece: Piece) -> None:
    piece.pick("fluffy", 0, first(piece, 0), curator="Ada")
    choice = {3: first(piece, 3), 1: first(piece, 1, 2), 2: ()}

    act = piece.choose_reading("fluffy", choice, curator=BUILT_IN, reasons={1: "closest", 2: "all copied"})

    assert piece.picks("fluffy") == {1: first(piece, 1, 2), 3: first(piece, 3)}
    events = piece.history()[1:]
    assert {event.act for event in events} == {act} == {events[0].id}
    assert [(event.gap, event.reason) for event in events] == [(0, ""), (1, "closest"), (2, "all copied"), (3, "")]

    assert piece.undo(curator="Ada") == act
    assert piece.picks("fluffy") == {0: first(piece, 0)}


def test_a_reading_may_be_chosen_empty(piece: Piece) -> None:
    assert piece.choose_reading("sparse", {}, curator=BUILT_IN) is None
    assert piece.readings() == []

    piece.choose_reading("sparse", dict.fromkeys(range(4), ()), curator=BUILT_IN)
    assert piece.readings() == ["sparse"]
    assert piece.picks("sparse") == {}


def test_a_choice_with_one_bad_pick_changes_nothing(piece: Piece) -> None:
    piece.pick("fluffy", 0, first(piece, 0), curator="Ada")
    with pytest.raises(PieceError, match="There is no sample 99"):
        piece.choose_reading("fluffy", {1: first(piece, 1), 2: [Pick(99, 0, 1, "x")]}, curator=BUILT_IN)
    assert piece.picks("fluffy") == {0: first(piece, 0)}


# Undo and redo


def test_undo_walks_back_over_every_version_and_redo_forward_again(piece: Piece) -> None:
    versions: list[dict[int, tuple[Pick, ...]]] = [{}]
    for count in (1, 2, 3):
        piece.pick("own", 1, first(piece, 1, count), curator="Ada")
        versions.append(piece.picks("own"))

    for version in reversed(versions[:-1]):
        assert piece.undo("own", curator="Ada") is not None
        assert piece.picks("own") == version
    assert piece.undo("own", curator="Ada") is None
    assert piece.readings() == []
    for version in versions[1:]:
        assert piece.redo("own", curator="Ada") is not None
        assert piece.picks("own") == version
    assert piece.redo("own", curator="Ada") is None
    assert [event.action for event in piece.history()] == ["picked"] * 3 + ["undone"] * 3 + ["redone"] * 3


def test_a_new_pick_ends_redo_in_its_reading_alone(piece: Piece) -> None:
    piece.pick("own", 0, first(piece, 0), curator="Ada")
    piece.pick("strange", 0, first(piece, 0), curator="Ada")
    piece.undo(curator="Ada")
    piece.undo(curator="Ada")
    piece.pick("own", 1, first(piece, 1), curator="Ada")

    assert piece.redo("own", curator="Ada") is None
    assert piece.redo(curator="Ada") == 2
    assert piece.picks("own") == {1: first(piece, 1)}
    assert piece.picks("strange") == {0: first(piece, 0)}


def test_undo_without_a_reading_undoes_what_was_last_done_anywhere(piece: Piece) -> None:
    piece.pick("own", 0, first(piece, 0), curator="Ada")
    piece.pick("strange", 0, first(piece, 0), curator="Ada")
    piece.pin(1, curator="Ada")

    assert [piece.undo(curator="Ada") for _ in range(4)] == [3, 2, 1, None]
    assert [piece.redo(curator="Ada") for _ in range(4)] == [1, 2, 3, None]
    piece.undo("own", curator="Ada")
    piece.redo("own", curator="Ada")
    assert piece.undo(curator="Ada") == 1, "what was done again last is undone first"
    assert piece.picks("own") == {}
    assert piece.pinned() == {1}


def test_pins_belong_to_the_piece_and_can_be_taken_back(piece: Piece) -> None:
    piece.pin(2, curator="Ada")
    piece.pin(5, curator="Ada", reason="for later")
    piece.unpin(2, curator="Ada")
    assert piece.pinned() == {5}

    piece.undo(curator="Ada")
    assert piece.pinned() == {2, 5}
    assert piece.readings() == []
    with pytest.raises(PieceError, match="it names a row that is not there"):
        piece.pin(99, curator="Ada")


class Curating(RuleBasedStateMachine):
    """Any sequence of calls, beside a model of lists that are copied whole before every change."""

    def __init__(self) -> None:
        super().__init__()
        database = Database.in_memory(Path("memory"))
        with database.writing():
            SCHEMA.migrate(database)
            add_job(database, make_job(), make_passages())
        self.piece = Piece(Path("memory"), database)
        for passage in range(4):
            self.piece.add_batch(passage, make_samples(), settings=OPTIONS["settings"], overfit=None, seconds=1)
        self.standing: dict[str, dict[int, Any]] = {"own": {}, "fluffy": {}}
        self.past: dict[str, list[Any]] = {"own": [], "fluffy": []}
        self.future: dict[str, list[Any]] = {"own": [], "fluffy": []}
        self.events = 0

    def teardown(self) -> None:
        self.piece.close()

    def _changed(self, reading: str, standing: dict[int, Any], events: int) -> None:
        self.past[reading].append(self.standing[reading])
        self.future[reading].clear()
        self.standing[reading] = {gap: picks for gap, picks in standing.items() if picks}
        self.events += events

    @rule(reading=st.sampled_from(["own", "fluffy"]), gap=st.integers(0, 3), count=st.integers(0, 3))
    def pick(self, reading: str, gap: int, count: int) -> None:
        picks = first(self.piece, gap, count)
        self.piece.pick(reading, gap, picks, curator="Ada", action="picked" if picks else "cleared")
        self._changed(reading, self.standing[reading] | {gap: picks}, 1)

    @rule(reading=st.sampled_from(["own", "fluffy"]), counts=st.dictionaries(st.integers(0, 3), st.integers(0, 3)))
    def choose(self, reading: str, counts: dict[int, int]) -> None:
        choice = {gap: first(self.piece, gap, count) for gap, count in counts.items()}
        written = len(counts.keys() | self.standing[reading].keys())
        act = self.piece.choose_reading(reading, choice, curator=BUILT_IN)
        assert (act is None) == (written == 0)
        if written:
            self._changed(reading, choice, written)

    @rule(reading=st.sampled_from(["own", "fluffy"]))
    def undo(self, reading: str) -> None:
        act = self.piece.undo(reading, curator="Ada")
        assert (act is None) == (not self.past[reading])
        if self.past[reading]:
            self.future[reading].append(self.standing[reading])
            self.standing[reading] = self.past[reading].pop()
            self.events += 1

    @rule(reading=st.sampled_from(["own", "fluffy"]))
    def redo(self, reading: str) -> None:
        act = self.piece.redo(reading, curator="Ada")
        assert (act is None) == (not self.future[reading])
        if self.future[reading]:
            self.past[reading].append(self.standing[reading])
            self.standing[reading] = self.future[reading].pop()
            self.events += 1

    @invariant()
    def what_stands_is_what_the_model_says(self) -> None:
        for reading, standing in self.standing.items():
            assert self.piece.picks(reading) == standing
        assert len(self.piece.history()) == self.events
        assert set(self.piece.readings()) == {reading for reading, past in self.past.items() if past}


Curating.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestCurating = Curating.TestCase


# Damaged histories


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        (
            [("chosen", 1, None), ("chosen", 2, None), ("undone", 3, 1)],
            "names act 1, which is not the one to be undone",
        ),
        ([("chosen", 1, None), ("redone", 2, 1)], "names act 1, which is not the one to be redone"),
        ([("chosen", 1, None), ("undone", 2, 1), ("chosen", 1, None)], "belongs to act 1, which is over"),
        ([("chosen", 1, None), ("chosen", 2, None), ("chosen", 1, None)], "belongs to act 1, which is over"),
    ],
)
def test_a_history_that_contradicts_itself_is_told(
    piece: Piece, events: list[tuple[str, int, int | None]], sentence: str
) -> None:
    with piece.database.writing():
        for action, act, target in events:
            row: dict[str, Any] = {
                "act": act,
                "reading": "own",
                "gap": 0 if action == "chosen" else None,
                "action": action,
            }
            row |= {"picks": "[]", "target": target, "curator": "Ada", "curator_kind": "person", "reason": ""}
            piece.database.insert("pick_events", row | {"created": "2024-05-01T12:00:00.000Z"})

    with pytest.raises(PieceError, match=sentence):
        piece.picks("own")


# Many at once


def test_processes_that_pick_at_once_all_succeed(piece: Piece) -> None:
    code = """
import sys
from verbosify.piece import Pick, Piece
folder, name = sys.argv[1:]
with Piece.open(folder) as piece:
    for number in range(60):
        gap = number % 4
        sample = next(piece.samples(gap))
        piece.pick("shared" if number % 2 else name, gap, [Pick(sample.id, 0, 5, sample.text[:5])], curator=name)
        if number % 10 == 9:
            assert piece.undo("shared", curator=name)
"""
    processes = [start_python(code, piece.folder, name) for name in ("Ada", "Grace", "Mary")]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors

    events = piece.history()
    assert [event.id for event in events] == list(range(1, 3 * 66 + 1))
    for name in ("Ada", "Grace", "Mary"):
        assert sum(event.curator == name for event in events) == 66
        assert sorted(piece.picks(name)) == [0, 2]
    assert sorted(piece.picks("shared")) == [1, 3]
