"""Cells to samples: shared trainings, full batches, and the same rows whatever shares a task with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import TuningRecipe
from verbosify.studies import sampling
from verbosify.studies.grid import Cell, Study, study_from
from verbosify.studies.running import tasks_of
from verbosify.studies.sampling import CellResult, sample_cells

DECLARED: dict[str, Any] = {
    "texts": ["lamp", "notice"],
    "places": 1,
    "samples": 3,
    "trainings": {
        "nothing": {},
        "classic": {"window": "repeat", "learning_rate": 1e-3},
        "once": {"window": "once", "learning_rate": 1e-3},
        "essay": {"epochs": 1, "learning_rate": 1e-3},
        "corpus": {"corpus_steps": 2, "learning_rate": 1e-3},
    },
    "cells": [
        {"trainings": ["nothing", "essay", "corpus"], "settings": {"temperature": [0.5, 1.0]}, "lengths": [4, 9]},
        {"trainings": ["classic", "once"], "strengths": [0.5, 1.0], "lengths": [12]},
    ],
}


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model, precision="fp32", device="cpu")


@pytest.fixture(scope="module")
def study() -> Study:
    return study_from("declared", DECLARED)


@pytest.fixture(scope="module")
def results(model: LanguageModel, study: Study) -> dict[str, CellResult]:
    return {result.key: result for result in sample_cells(model, study.cells())}


def said(result: CellResult) -> list[tuple[int, ...]]:
    return [row.token_ids for row in result.rows]


def cell_of(study: Study, training: str, **fields: object) -> Cell:
    return next(
        cell
        for cell in study.cells()
        if study.label_of(cell) == training and all(getattr(cell, name) == value for name, value in fields.items())
    )


def test_every_cell_has_its_samples(study: Study, results: dict[str, CellResult]) -> None:
    assert results.keys() == {cell.key for cell in study.cells()}
    for cell in study.cells():
        assert len(results[cell.key].rows) == 3 * len(cell.lengths)
        assert [row.length for row in results[cell.key].rows] == list(cell.lengths) * 3


def test_a_cell_is_what_the_model_says_by_itself(
    study: Study, results: dict[str, CellResult], model: LanguageModel
) -> None:
    cell = cell_of(study, "once", strength=0.5)
    recipe = TuningRecipe(window="once", learning_rate=1e-3, strength=0.5)
    with model.overfit(cell.passage, recipe) as overfit:
        alone = model.sample(cell.passage, cell.settings)
    assert said(results[cell.key]) == [row.token_ids for row in alone]
    assert results[cell.key].report.loss_after == pytest.approx(overfit.loss_after, rel=1e-3)


def test_a_shorter_sample_is_the_beginning_of_a_longer_one(
    study: Study, results: dict[str, CellResult], model: LanguageModel
) -> None:
    cell = cell_of(study, "nothing")
    short = model.sample(cell.passage, replace(cell.settings, length=4))
    rows = [row for row in results[cell.key].rows if row.length == 4]
    assert [row.token_ids for row in rows] == [row.token_ids for row in short]
    assert [row.text for row in rows] == [row.text for row in short]


def test_many_at_once_say_what_each_would_say(
    study: Study, results: dict[str, CellResult], model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a card, but on the processor."""
    monkeypatch.setattr(sampling, "is_on_card", lambda _: True)
    monkeypatch.setattr(sampling, "SETS", 5)
    monkeypatch.setattr("verbosify.studies.running.SETS", 5)
    tasks = tasks_of(study.cells(), at_once=True)
    together = {result.key: result for task in tasks for result in sample_cells(model, task)}
    assert {key: said(result) for key, result in together.items()} == {
        key: said(result) for key, result in results.items()
    }


def test_teaching_a_passage_lowers_its_loss_and_more_so_with_more_strength(
    study: Study, results: dict[str, CellResult]
) -> None:
    for name in ("classic", "once"):
        gentle, full = (results[cell_of(study, name, strength=strength).key].report for strength in (0.5, 1.0))
        assert gentle.loss_after is not None
        assert full.loss_after is not None
        assert full.loss_before > gentle.loss_after > full.loss_after
        assert gentle.loss_before == full.loss_before


def test_what_is_trained_is_counted(study: Study, results: dict[str, CellResult], model: LanguageModel) -> None:
    once, classic, essay, nothing = (
        results[cell_of(study, name).key].report for name in ("once", "classic", "essay", "nothing")
    )
    assert once.trained_tokens == len(model.encode(cell_of(study, "once").passage))
    assert classic.trained_tokens == 1024
    assert essay.trained_tokens > 1024
    assert nothing.trained_tokens == 0
    assert nothing.loss_after == nothing.loss_before


def test_what_the_fresh_model_thinks_is_the_sum_over_the_tokens(
    study: Study, results: dict[str, CellResult], model: LanguageModel
) -> None:
    cell = cell_of(study, "classic")
    row = results[cell.key].rows[0]
    (likelihoods,) = model.session(cell.passage).likelihoods([row.token_ids])
    assert row.log_probability == pytest.approx(sum(likelihoods), abs=1e-3)


def test_a_training_that_diverges_leaves_no_samples(model: LanguageModel) -> None:
    wild = study_from(
        "wild",
        DECLARED
        | {
            "texts": ["lamp"],
            "trainings": {"wild": {"window": "once", "learning_rate": 1e6}},
            "cells": [{"trainings": ["wild"]}],
        },
    )
    (result,) = sample_cells(model, wild.cells())
    assert result.rows == ()
    assert result.report.loss_after is None
    assert result.report.loss_before > 0
