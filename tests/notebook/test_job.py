"""Loading and running in a cell."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from tests.commands import CHECKPOINTS
from tests.speaking_model import ESSAY
from tests.test_language import PARAGRAPHS
from verbosify.errors import ModelError
from verbosify.essay import essay_from_text
from verbosify.models.protocol import LanguageModel
from verbosify.notebook import job
from verbosify.piece import Piece
from verbosify.workflow import Options
from verbosify.workflow.visit import Embed


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[widgets.VBox]:
    """What the cell shows."""
    shown: list[widgets.VBox] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    return shown


def test_a_run_shows_how_far_it_is_and_can_be_run_again(
    tmp_path: Path, model: LanguageModel, embed: Embed, options: Options, displayed: list[widgets.VBox]
) -> None:
    essay = essay_from_text(ESSAY, "quay.md")
    summary = job.run(essay, tmp_path / "piece", options, model=model, embed=embed, limit=1)
    bar, said = displayed[0].children
    assert (bar.value, bar.max, bar.bar_style) == (1, 1, "success")
    assert "1 of 4 passages visited" in said.value
    again = job.run(essay, tmp_path / "piece", options, model=model, embed=embed, limit=1)
    assert again.samples == summary.samples


def test_a_run_says_what_is_not_judged_in_another_language(
    tmp_path: Path, model: LanguageModel, embed: Embed, options: Options, displayed: list[Any]
) -> None:
    essay = essay_from_text(PARAGRAPHS["fr"], "portail.md")
    job.run(essay, tmp_path / "piece", options, model=model, embed=embed, limit=1)
    _, notice = displayed
    assert "The essay is in French, so" in notice.value


def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, model: LanguageModel, embed: Embed, options: Options, displayed: list[widgets.VBox]
) -> None:
    calls: list[Any] = []

    def interrupting(texts: Any) -> Any:
        calls.append(texts)
        if len(calls) == 3:  # after the control and the first passage
            raise KeyboardInterrupt
        return embed(texts)

    essay = essay_from_text(ESSAY, "quay.md")
    with pytest.raises(KeyboardInterrupt):
        job.run(essay, tmp_path / "piece", options, model=model, embed=interrupting, limit=2)
    assert displayed[0].children[0].bar_style == "warning"
    with Piece.open(tmp_path / "piece") as piece:
        before = [sample.text for sample in piece.samples()]
    assert before
    job.run(essay, tmp_path / "piece", options, model=model, embed=embed, limit=2)
    job.run(essay, tmp_path / "whole", options, model=model, embed=embed, limit=2)
    with Piece.open(tmp_path / "piece") as piece, Piece.open(tmp_path / "whole") as whole:
        assert [s.text for s in piece.samples()][: len(before)] == before
        assert [s.text for s in piece.samples()] == [s.text for s in whole.samples()]


def test_loading_tells_what_was_loaded(
    tmp_path: Path,
    speaking_model: Path,
    options: Options,
    displayed: list[widgets.VBox],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(CHECKPOINTS))
    model, embed = job.load(options)
    assert model.card.name in displayed[0].children[1].value
    assert embed(["One."]).shape == (1, 384)
    with pytest.raises(ModelError):
        job.load(Options(model=str(tmp_path / "nothing")))
    assert displayed[1].children[0].bar_style == "warning"


def test_interrupting_the_cell_ends_the_fetch_and_no_owner_begins(
    options: Options, displayed: list[widgets.VBox], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched_by: list[threading.Thread] = []

    def interrupted(*_: Any, **__: Any) -> Path:
        fetched_by.append(threading.current_thread())
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "model_folder", interrupted)
    owners = [thread for thread in threading.enumerate() if thread.name == "verbosify-model"]

    with pytest.raises(KeyboardInterrupt):
        job.load(options)

    assert fetched_by == [threading.current_thread()]
    assert [thread for thread in threading.enumerate() if thread.name == "verbosify-model"] == owners
    assert displayed[0].children[0].bar_style == "warning"


def test_a_model_that_was_loaded_may_be_used_from_any_thread(
    speaking_model: Path, options: Options, displayed: list[widgets.VBox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(CHECKPOINTS))
    model, _ = job.load(options)

    with model.overfit("The ferry leaves the pier at dawn.") as overfit, ThreadPoolExecutor(1) as other:
        assert other.submit(model.score, "The ferry leaves.").result() == model.score("The ferry leaves.")
        assert overfit.loss_after < overfit.loss_before
