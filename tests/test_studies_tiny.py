"""A tiny version of every study, drawn and measured: directions that are certain. The embedded model draws two of them,
a tiny one that was taught to speak those that ask for many steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.commands import CHECKPOINTS
from verbosify.models.fleet import LocalFleet
from verbosify.models.loading import load_model
from verbosify.studies import read_study, study_names
from verbosify.studies.grid import Study
from verbosify.studies.measuring import Embed, measure_missing
from verbosify.studies.running import draw
from verbosify.studies.store import Store
from verbosify.studies.summaries import picked
from verbosify.studies.tables import table_of

pytestmark = pytest.mark.embedded

CELLS: dict[str, dict[str, Any]] = {
    "sampling": {"trainings": ["passage"], "lengths": [24], "settings": {"temperature": [0.1, 1.2], "top_k": [30]}},
    "length": {"trainings": ["passage"], "lengths": [8, 24]},
    "material": {"trainings": ["nothing", "essay-1", "passage"]},
    "window": {"trainings": ["once", "twice"], "strengths": [0.5, 1.0]},
    "steps": {"trainings": ["once-1", "once-2-large"]},
    "size": {"trainings": ["passage"], "sizes": [1, 6]},
}
"""Of each study, what is drawn here; each is a part of what the study itself draws, but for its lengths."""
EMBEDDED = ("sampling", "length")


def tiny(name: str) -> Study:
    """A part of a study at one place, three samples a cell of eight tokens."""
    grid = {"strengths": [1.0], "sizes": [3], "lengths": [8], "settings": {}} | CELLS[name]
    return replace(read_study(name), texts=("lamp",), places=1, samples=3, grids=[grid])


@pytest.fixture(scope="module")
def tables(speaking_model: Path, embed: Embed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    others = [name for name in CELLS if name not in EMBEDDED]
    return {
        **_drawn(EMBEDDED, CHECKPOINTS / "smollm2-135m", embed, tmp_path_factory.mktemp("embedded")),
        **_drawn(others, speaking_model, embed, tmp_path_factory.mktemp("speaking")),
    }


def _drawn(names: Sequence[str], model: Path, embed: Embed, folder: Path) -> dict[str, pd.DataFrame]:
    studies = [tiny(name) for name in names]
    with Store(folder) as store:
        for _ in draw(store, studies, LocalFleet(load_model(model))):
            pass
        for _ in measure_missing(store, embed):
            pass
        return {study.name: table_of(store, study, texts=True) for study in studies}


def mean(table: pd.DataFrame, measure: str, **fields: Any) -> float:
    return float(np.mean(picked(table, **fields)[measure]))


def test_every_study_has_a_tiny_version() -> None:
    assert sorted(CELLS) == study_names()


def test_a_cold_model_varies_less_than_a_hot_one(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["sampling"]
    assert mean(table, "distinct_2", temperature=0.1) < mean(table, "distinct_2", temperature=1.2)
    assert mean(table, "fluency", temperature=0.1) > mean(table, "fluency", temperature=1.2)


def test_a_longer_sample_begins_with_the_shorter_one(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["length"]
    short, long = (list(picked(table, length=length)["said"]) for length in (8, 24))
    assert all(whole.startswith(part.rstrip("�")) for part, whole in zip(short, long, strict=True))
    assert mean(table, "words", length=8) < mean(table, "words", length=24)
    assert mean(table, "usable", length=8) <= mean(table, "usable", length=24)


def test_what_is_taught_lowers_the_loss_of_the_passage(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["material"]
    losses = {name: mean(table, "loss_after", training=name) for name in ("nothing", "essay-1", "passage")}
    assert losses["nothing"] == pytest.approx(mean(table, "loss_before"), rel=1e-4)
    assert losses["essay-1"] < losses["nothing"]
    assert losses["passage"] < losses["nothing"]


def test_the_whole_step_teaches_more_than_half_of_it(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["window"]
    for name in ("once", "twice"):
        assert mean(table, "loss_after", training=name, strength=1.0) < mean(
            table, "loss_after", training=name, strength=0.5
        )
    ratio = mean(table, "trained_tokens", training="twice") / mean(table, "trained_tokens", training="once")
    assert ratio == pytest.approx(2, abs=0.1)


def test_two_steps_teach_more_than_one(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["steps"]
    assert mean(table, "loss_after", training="once-2-large") < mean(table, "loss_after", training="once-1")


def test_passages_of_all_sizes_are_compared_with_the_usual_one(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["size"]
    assert mean(table, "trained_tokens", size=1) < mean(table, "trained_tokens", size=6)
    one = picked(table, size=1)
    assert not np.allclose(one["similarity"], one["usual_similarity"])
    usual = tables["steps"]
    assert np.allclose(usual["similarity"], usual["usual_similarity"], atol=1e-5)


def test_the_tables_of_studies_that_share_cells_hold_the_same_samples(tables: dict[str, pd.DataFrame]) -> None:
    sides = (picked(tables["window"], training="once", strength=1.0), picked(tables["steps"], training="once-1"))
    assert list(sides[0]["said"]) == list(sides[1]["said"])
