from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_rating import ESSAY, piece  # noqa: F401  # a fixture
from verbosify.notebook import RatingForm
from verbosify.piece import Piece
from verbosify.workflow.rating import QUESTIONS, questions


@pytest.fixture
def folder(piece: Piece) -> Path:  # noqa: F811  # the fixture
    piece.finish_passage(0)
    return piece.folder


def ratings(folder: Path) -> list[dict[str, object]]:
    with Piece.open(folder) as opened:
        return [row.answers for row in opened.ratings()]


def test_a_candidate_is_asked_about_and_the_answer_recorded_when_it_is_whole(folder: Path) -> None:
    form = RatingForm(folder, "Ada", number=2)
    assert ESSAY in form.shown.value
    first = form.shown.value

    form.next.click()
    assert form.said.value == "Answer all first: fluent, on topic, keeps the meaning, keep."
    assert ratings(folder) == []
    for field, answer in zip(form.answers.children, (True, True, False, False), strict=True):
        field.value = answer
    form.next.click()

    assert ratings(folder) == [dict(zip(QUESTIONS, (True, True, False, False), strict=True))]
    assert form.said.value == "Recorded. 1 candidates rated so far, 0 to be kept; 1 left here."
    assert form.shown.value != first
    assert [field.value for field in form.answers.children] == [None] * 4


def test_of_two_the_better_is_asked(folder: Path) -> None:
    form = RatingForm(folder, "Ada", number=1, pairs=True)

    (field,) = form.answers.children
    field.value = "second"
    form.next.click()

    assert ratings(folder) == [{"better": "second"}]
    assert "Nothing is left" in form.shown.value
    assert form.next.disabled


def test_what_a_model_said_is_shown_and_never_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Piece.open(folder) as opened:
        (question,) = questions(opened, 1)
    evil = [type(question)("<script>1</script>", question.candidates, "<b>next</b>")]
    monkeypatch.setattr("verbosify.notebook.rating_form.questions", lambda *_, **__: evil)

    form = RatingForm(folder)

    assert "<script>" not in form.shown.value
    assert "&lt;script&gt;" in form.shown.value
    assert "<b>" not in form.shown.value
