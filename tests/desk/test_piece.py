"""A desk that was lent a piece: drafts begin at its gaps, and what was written becomes a pick of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.desks import Client, Refused, running_desk
from tests.pieces import make_piece
from verbosify.errors import PieceError
from verbosify.piece import Piece
from verbosify.workflow import replay
from verbosify.workflow.desk_picks import PieceOfDesk, require_piece


@pytest.fixture(scope="module")
def piece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pieces") / "harbour"
    make_piece(folder).close()
    return folder


@pytest.fixture(scope="module")
def at_piece(piece: Path, speaking_model: Path) -> Iterator[Client]:
    with running_desk(piece, speaking_model, lend=partial(PieceOfDesk, piece, "Ada")) as running:
        yield running.client()


def picks_of(piece: Path, gap: int) -> list[Any]:
    with Piece.open(piece) as opened:
        return list(opened.picks("own").get(gap, ()))


def test_a_draft_begins_at_a_gap_and_its_tree_lies_with_the_piece(at_piece: Client, piece: Path) -> None:
    told = at_piece.call("gaps")

    draft = at_piece.call("create", gap=1)

    assert [gap["gap"] for gap in told["gaps"]] == [0, 1, 2, 3]
    assert draft["text"] == told["gaps"][1]["passage"]
    assert (at_piece.call("hello")["piece"], at_piece.call("hello")["title"]) == (True, "The harbour")
    assert (piece / "desk.db").is_file()
    with pytest.raises(Refused, match="no gap 9"):
        at_piece.call("create", gap=9)


def test_what_the_model_said_becomes_a_pick_as_it_was_said(at_piece: Client, piece: Path) -> None:
    draft = at_piece.call("create", gap=1)
    (row,) = at_piece.generate(draft, n=1, settings={"length": 12})
    start, end = len(draft["text"]), len(draft["text"]) + len(row["text"])

    told = at_piece.call("pick", draft=draft["id"], node=row["node"], start=start, end=end - 2, gap=1)

    (pick,) = picks_of(piece, 1)
    assert (pick.text, pick.edited) == (row["text"][:-2], False)
    assert "gap 1" in told["message"]
    with Piece.open(piece) as opened:
        sample = opened.sample(pick.sample)
        assert sample.text == row["text"]
        with pytest.raises(PieceError, match="written at the desk"):
            replay(opened, sample.id)
    assert at_piece.call("gaps")["gaps"][1]["picked"] == [pick.text]


def test_what_a_person_had_a_hand_in_is_an_edited_pick(at_piece: Client, piece: Path) -> None:
    draft = at_piece.call("create", gap=2)
    steering = {"draft": draft["id"], "steering_revision": draft["steering_revision"]}
    draft = at_piece.stream("overfit", **steering, text=draft["text"], recipe="passage", strength=0.5)[-1].data["draft"]
    (row,) = at_piece.generate(draft, n=1, settings={"length": 12})
    start = len(draft["text"])
    draft = at_piece.call("accept", draft=draft["id"], revision=draft["revision"], node=row["node"])
    text = draft["text"][: start + 5] + "!!" + draft["text"][start + 5 :]
    draft = at_piece.call("save", draft=draft["id"], revision=draft["revision"], text=text)

    values = {"draft": draft["id"], "node": draft["node"], "gap": 2}
    at_piece.call("pick", **values, start=start, end=len(text))

    (pick,) = picks_of(piece, 2)
    assert (pick.text, pick.edited) == (text[start:].strip(), True)
    with Piece.open(piece) as opened:
        batch = next(each for each in opened.batches(2) if each.id == opened.sample(pick.sample).batch)
        assert batch.overfit is not None
        assert opened.overfit(batch.overfit).recipe["strength"] == 0.5
    with pytest.raises(Refused, match="Nothing of this was said by the model"):
        at_piece.call("pick", **values, start=0, end=4)
    with pytest.raises(Refused, match="no stretch"):
        at_piece.call("pick", **values, start=4, end=4)
    with pytest.raises(Refused, match="no gap 77"):
        at_piece.call("pick", **(values | {"gap": 77}), start=start, end=len(text))


def test_a_folder_without_a_piece_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PieceError, match="no piece"):
        require_piece(tmp_path)
