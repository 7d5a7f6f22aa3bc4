"""Blind rating: what is shown, and what is kept of the answers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Call
from tests.pieces import make_job, make_overfit
from verbosify.errors import PieceError
from verbosify.essay.passages import essay_passages, essay_sentences
from verbosify.essay.reading import essay_from_text
from verbosify.measures import measure_sample
from verbosify.piece import Opinion, Passage, Piece, Sample
from verbosify.workflow.rating import QUESTIONS, questions, rate, yields

ESSAY = "The ferry leaves the stone pier. An old fisherman counts the gulls. The baker greets the night watch."
SAID = [
    f" {bird} sleep on the harbour wall at night. Nobody sees the boats go out." for bird in ("Gulls", "Owls", "Cats")
]
YES = dict.fromkeys(QUESTIONS, True)


@pytest.fixture
def piece(tmp_path: Path) -> Iterator[Piece]:
    essay = essay_from_text(ESSAY)
    split = essay_sentences(essay)
    passages = [Passage(**asdict(passage)) for passage in essay_passages(split)]
    sentences = [{"start": s.start, "end": s.end, "text": s.text} for s in split[0]]
    blocks = [{"kind": "paragraph", "start": 0, "end": len(ESSAY), "level": 0, "sentences": sentences}]
    with Piece.open_or_create(tmp_path / "piece", make_job(essay_text=ESSAY, essay_blocks=blocks), passages) as made:
        rows = [
            Sample(
                index=index,
                token_ids=[1],
                text=text,
                finish="length",
                measures=measure_sample(ESSAY, text, [text[1:40], text[41:]], 0.5, [0.5, 0.5]).to_dict(),
            )
            for index, text in enumerate(SAID)
        ]
        made.add_batch(0, rows, settings={"seed": 5}, overfit=make_overfit(), seconds=0.0)
        yield made


def test_nothing_is_shown_of_a_piece_that_has_not_run(piece: Piece) -> None:
    with pytest.raises(PieceError, match="No passage"):
        questions(piece, 5)


def test_candidates_are_shown_in_their_place_once_each(piece: Piece) -> None:
    piece.finish_passage(0)

    asked = questions(piece, 100)

    assert {question.passage for question in asked} == {ESSAY}
    assert {question.following for question in asked} == {None}
    assert len({question.candidates[0].place for question in asked}) == len(asked) > 3
    assert questions(piece, 2) == asked[:2]
    assert questions(piece, 100, seed=1) != asked
    rate(piece, asked[0], YES, rater="Ada")
    assert asked[0] not in questions(piece, 100)
    assert len(questions(piece, 100)) == len(asked) - 1


def test_where_the_model_was_asked_only_that_is_shown(piece: Piece) -> None:
    piece.finish_passage(0)
    place = questions(piece, 1)[0].candidates[0].place
    sample, start, end = place
    piece.add_opinions(
        [Opinion(sample=sample, start=start, end=end, information=20.0, fluency=0.0, surprise=3.0, flow=None)]
    )

    assert [question.candidates[0].place for question in questions(piece, 9)] == [place]


def test_pairs_are_of_one_gap_and_of_two_candidates(piece: Piece) -> None:
    piece.finish_passage(0)

    asked = questions(piece, 100, pairs=True)

    assert asked
    assert all(len({candidate.place for candidate in question.candidates}) == 2 for question in asked)
    rate(piece, asked[0], {"better": "second"}, rater="Ada")
    (row,) = piece.ratings()
    assert (row.answers, tuple(row.other)) == ({"better": "second"}, asked[0].candidates[1].place)
    assert yields(piece.ratings()) == (0, 0)


def test_an_answer_is_kept_whole(piece: Piece) -> None:
    piece.finish_passage(0)
    first, second = questions(piece, 2)

    rate(piece, first, YES, rater="Ada")
    rate(piece, second, YES | {"keep": False}, rater="Grace")

    assert [(row.rater, row.answers["keep"], row.other) for row in piece.ratings()] == [
        ("Ada", True, []),
        ("Grace", False, []),
    ]
    assert yields(piece.ratings()) == (1, 2)


@pytest.mark.parametrize(
    ("answers", "rater", "told"),
    [
        (YES, " ", "the rater's name"),
        ({}, "Ada", "The answers are none"),
        ({"keep": True}, "Ada", "they must be fluent, on topic"),
        (YES | {"keep": "yes"}, "Ada", "true or false"),
        ({"better": "first"}, "Ada", "they must be fluent"),
    ],
)
def test_half_an_answer_is_refused(piece: Piece, answers: dict[str, Any], rater: str, told: str) -> None:
    piece.finish_passage(0)

    with pytest.raises(PieceError, match=told):
        rate(piece, questions(piece, 1)[0], answers, rater=rater)

    assert piece.ratings() == []


def test_the_command_asks_and_records_and_stops_when_told(
    piece: Piece, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    piece.finish_passage(0)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\ny\nn\nn\ny\n"))

    done = call("rate", piece.folder, "--rater", "Ada", "-n", "2")

    assert done.code == 0, done
    assert ESSAY in done.out
    assert "Stopped; what you answered is kept." in done.out
    assert "1 candidates rated so far, 0 to be kept." in done.out
    assert [row.rater for row in piece.ratings()] == ["Ada"]
    assert (piece.folder / "piece.json").exists()
