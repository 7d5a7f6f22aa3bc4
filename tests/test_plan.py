"""A piece goes on as it began: with its own blocks, sentences and passages, however its essay would be read today."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docx import Document

from tests.pieces import CARD
from verbosify.errors import EssayError, PieceError
from verbosify.essay import Essay, essay_from_bytes, essay_from_text, essay_sentences, format_sentences
from verbosify.models.protocol import LanguageModel, ModelCard
from verbosify.piece import Piece
from verbosify.workflow import Options
from verbosify.workflow.plan import Plan, begun_with, essay_of, make_plan, prose_of

TEXT = "# A quay\n\nOne is here. Two is there. Three ends. Four follows.\n\n- Five was prose. It is a list.\n"
MODEL = cast(LanguageModel, SimpleNamespace(card=ModelCard(**CARD)))
OPTIONS = Options()


def as_then(essay: Essay) -> Essay:
    """As an earlier reader might have seen it: headings and lists are paragraphs."""
    return replace(essay, blocks=tuple(replace(block, kind="paragraph", level=0) for block in essay.blocks))


def begin(essay: Essay, folder: Path, sentences: str | None = None) -> Plan:
    """Make the piece of an essay in `folder`, as a run begins."""
    plan = make_plan(essay, folder, OPTIONS, sentences)
    Piece.open_or_create(folder, plan.job(OPTIONS, MODEL.card), plan.passages).close()
    return plan


def goes_on(plan: Plan, folder: Path) -> bool:
    """Whether the piece in `folder` takes a run of this plan for its own."""
    try:
        Piece.open_or_create(folder, plan.job(OPTIONS, MODEL.card), plan.passages).close()
    except PieceError as error:
        assert "was made with different settings (other " in str(error)  # noqa: PT017
        return False
    return True


def test_an_essay_without_a_piece_is_cut_as_it_is_read_today(tmp_path: Path) -> None:
    essay = essay_from_text(TEXT)

    plan = make_plan(essay, tmp_path / "none", OPTIONS)

    assert plan.essay == essay
    assert [block["kind"] for block in plan.blocks] == ["heading", "paragraph", "verbatim"]
    assert [(passage.block, passage.first, passage.last) for passage in plan.passages] == [(1, 0, 2), (1, 1, 3)]
    assert plan.prose == "One is here. Two is there. Three ends. Four follows."
    assert not (tmp_path / "none").exists()


def test_a_piece_that_was_read_otherwise_goes_on_with_what_was_read(tmp_path: Path) -> None:
    today = essay_from_text(TEXT)
    then = begin(as_then(today), tmp_path / "piece")
    assert len(then.passages) > len(make_plan(today, tmp_path / "none", OPTIONS).passages)

    plan = make_plan(today, tmp_path / "piece", OPTIONS)

    assert (plan.blocks, plan.passages) == (then.blocks, then.passages)
    assert plan.essay == as_then(today)
    assert goes_on(plan, tmp_path / "piece")


def test_a_splitter_that_has_changed_cuts_no_piece_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    essay = essay_from_text(TEXT)
    then = begin(essay, tmp_path / "piece")
    monkeypatch.setattr("verbosify.workflow.plan.essay_sentences", lambda *_: [])

    assert make_plan(essay, tmp_path / "piece", OPTIONS).passages == then.passages


def test_a_word_file_of_which_other_words_are_read_today_goes_on(tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph("One is here. Two is there.")
    saved = BytesIO()
    document.save(saved)
    today = essay_from_bytes(saved.getvalue(), "e.docx")
    text = f"{today.text}\n\nHidden words were read. They are not today."
    end = len(today.text) + 2
    more = replace(today.blocks[0], start=end, end=len(text))
    then = begin(replace(today, text=text, blocks=(*today.blocks, more)), tmp_path / "piece")
    assert len(then.passages) == 2

    plan = make_plan(today, tmp_path / "piece", OPTIONS)

    assert plan.passages == then.passages
    assert goes_on(plan, tmp_path / "piece")


def test_a_text_of_which_less_is_read_today_goes_on(tmp_path: Path) -> None:
    text = f"{TEXT}\n%% A note to myself. It was read once. %%\n"
    today = essay_from_text(text)
    assert "myself" not in today.text
    then = begin(replace(today, text=text), tmp_path / "piece")

    assert make_plan(today, tmp_path / "piece", OPTIONS).essay.text == text
    assert make_plan(today, tmp_path / "piece", OPTIONS).passages == then.passages


def test_another_essay_is_never_taken_for_the_pieces_own(tmp_path: Path) -> None:
    begin(essay_from_text(TEXT), tmp_path / "piece")
    for other in (essay_from_text(TEXT.replace("Two", "2")), essay_from_text(TEXT, "e.txt")):
        assert make_plan(other, tmp_path / "piece", OPTIONS).essay == other
        assert begun_with(other, tmp_path / "piece") is None


def test_a_corrected_split_goes_on_with_itself_and_another_one_is_told(tmp_path: Path) -> None:
    essay = as_then(essay_from_text(TEXT))
    split = format_sentences(essay, essay_sentences(essay)).replace("here.\nTwo", "here. Two")
    then = begin(essay, tmp_path / "piece", split)
    today = essay_from_text(TEXT)

    again = make_plan(today, tmp_path / "piece", OPTIONS, split)
    other = make_plan(today, tmp_path / "piece", OPTIONS, format_sentences(today, essay_sentences(today)))

    assert (again.blocks, again.passages) == (then.blocks, then.passages)
    assert goes_on(again, tmp_path / "piece")
    assert not goes_on(other, tmp_path / "piece")
    with pytest.raises(EssayError, match=r"differs from essay\.md"):
        make_plan(today, tmp_path / "piece", OPTIONS, "Some other words.\n")


def test_a_piece_whose_making_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "piece.db").touch()

    assert Piece.find(tmp_path) is None
    assert len(make_plan(essay_from_text(TEXT), tmp_path, OPTIONS).passages) == 2


def test_a_piece_that_cannot_be_read_is_told_before_any_work_and_is_no_essay(tmp_path: Path) -> None:
    (tmp_path / "piece.db").write_bytes(b"no database" * 100)

    with pytest.raises(PieceError, match="is damaged"):
        make_plan(essay_from_text(TEXT), tmp_path, OPTIONS)
    assert begun_with(essay_from_text(TEXT), tmp_path) is None


def test_the_essay_of_a_piece_is_what_was_read_whatever_todays_reader_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    essay = as_then(essay_from_text(TEXT))
    begin(essay, tmp_path)

    def never(*_: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr("verbosify.essay.reading.markdown_blocks", never)
    with Piece.open(tmp_path) as piece:
        assert essay_of(piece) == essay
        assert prose_of(piece.job.essay_blocks).startswith("# A quay\n\nOne is here.")
