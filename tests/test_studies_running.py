"""`verbosify study run`: resumed after Ctrl-C and kill -9 with the same rows, nothing drawn twice; tables and refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.commands import Call, Commands, Moment
from verbosify.errors import RecordError, SettingsError
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.studies import read_study
from verbosify.studies.grid import Cell, Study
from verbosify.studies.running import draw
from verbosify.studies.sampling import CellResult, sample_cells
from verbosify.studies.store import Store
from verbosify.studies.tables import read_manifest, read_table, table_of, write_tables

DECLARED = """
title = "Small"
texts = ["lamp", "notice"]
places = 1
samples = 3
[trainings.nothing]
[trainings.once]
window = "once"
learning_rate = 1e-3
[[cells]]
trainings = ["nothing", "once"]
lengths = [5, 12]
settings = { temperature = [0.5, 1.0] }
"""
CELLS, TASKS = 8, 3


class Here:
    """A fleet of one, which counts its tasks."""

    workers = 1

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.tasks = 0

    def map(self, function: Any, tasks: Any) -> Iterator[Any]:
        for place, task in enumerate(tasks):
            self.tasks += 1
            yield place, function(self.model, task)


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model, precision="fp32", device="cpu")


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(DECLARED)
    return path


@pytest.fixture(scope="module")
def study(declared: Path) -> Study:
    return read_study(declared)


@pytest.fixture(scope="module")
def whole(study: Study, model: LanguageModel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, CellResult]:
    """What an undisturbed run draws."""
    with Store(tmp_path_factory.mktemp("whole")) as store:
        list(draw(store, [study], Here(model)))
        return {cell.key: store.result(cell.key) for cell in study.cells()}


def drawn_in(folder: Path, study: Study) -> dict[str, Any]:
    with Store(folder) as store:
        return {key: store.result(key).rows for key in store.drawn()}


def rows_of(whole: dict[str, CellResult]) -> dict[str, Any]:
    return {key: result.rows for key, result in whole.items()}


@pytest.mark.parametrize(
    ("how", "moment", "code"),
    [
        ("kill_at", Moment("studies/store.py", "add", "return", 2), -9),
        ("kill_at", Moment("studies/store.py", "add", "call", 2), -9),
        ("interrupt_at", Moment("studies/sampling.py", "_results", "call", 3), 130),
    ],
    ids=["killed after saving", "killed before saving", "interrupted"],
)
def test_a_run_that_is_broken_off_goes_on_and_draws_nothing_twice(
    how: str,
    moment: Moment,
    code: int,
    commands: Commands,
    declared: Path,
    study: Study,
    whole: dict[str, CellResult],
    speaking_model: Path,
    tmp_path: Path,
) -> None:
    asked: list[object] = ["study", "run", declared, "--model", speaking_model, "--precision", "fp32"]
    asked += ["--device", "cpu", "--out", tmp_path, "--stage", "sample"]
    first = commands.run(*asked, **{how: moment})
    assert first.code == code
    there = drawn_in(tmp_path, study)
    assert 0 < len(there) < CELLS
    told = [line for line in first.out.splitlines() if line.startswith("drawn")]
    assert int(told[-1].split()[1]) <= len(there)  # never told of before it is there
    if code == 130:
        assert "run the same command to go on" in first.err
    second = commands.run(*asked)
    assert second.code == 0, second.err
    assert second.out.startswith(f"drawn {len(there)} of {CELLS} cells")
    assert drawn_in(tmp_path, study) == rows_of(whole)


def test_what_is_there_is_not_drawn_again(
    study: Study, whole: dict[str, CellResult], model: LanguageModel, tmp_path: Path
) -> None:
    with Store(tmp_path) as store:
        store.add(list(whole.values())[:3])
        missing = {cell.taught for cell in study.cells() if cell.key not in store.drawn()}
        here = Here(model)
        progress = list(draw(store, [study, study], here))
        assert here.tasks == len(missing)
        assert progress[0].done == 3
        assert progress[-1].done == progress[-1].total == CELLS
        assert progress[-1].left == pytest.approx(0)
        store.add(whole.values())  # once more: they stay as they are
        again = Here(model)
        list(draw(store, [study], again))
        assert again.tasks == 0


def test_within_no_budget_nothing_is_begun(study: Study, model: LanguageModel, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        here = Here(model)
        assert [each.done for each in draw(store, [study], here, budget=0.0)] == [0]
        assert here.tasks == 0


def test_samples_of_two_models_are_not_mixed(whole: dict[str, CellResult], tmp_path: Path) -> None:
    one, other, *_ = whole.values()
    with Store(tmp_path) as store:
        store.add([one])
        with pytest.raises(RecordError, match="made with another model"):
            store.add([replace(other, model=other.model | {"weights_sha256": "0" * 64})])
        assert store.drawn() == {one.key}


def test_two_processes_do_not_work_on_one_study(tmp_path: Path) -> None:
    with Store(tmp_path) as store, Store(tmp_path) as other, store.lock():
        refused = pytest.raises(RecordError, match="Another process is at work")
        with refused, other.lock():
            pass


def test_a_file_that_is_no_study_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("no database")
    with pytest.raises(RecordError):
        Store(tmp_path)


def test_damaged_rows_are_told(whole: dict[str, CellResult], tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with store._database.writing():
            values: dict[str, Any] = {"key": "a", "cell": "{}", "model": "{}", "report": "{}", "rows": b"no zlib"}
            store._database.insert("cells", values)
        with pytest.raises(RecordError, match="damaged"):
            store.result("a")


def test_the_command_draws_measures_and_writes_a_table(
    call: Call, declared: Path, study: Study, speaking_model: Path, whole: dict[str, CellResult], tmp_path: Path
) -> None:
    asked = ("study", "run", declared, "--model", speaking_model, "--precision", "fp32", "--device", "cpu")
    said = call(*asked, "--out", tmp_path / "out", "--texts", "--processes", 2)
    assert said.code == 0, said.err
    assert f"drawn {CELLS} of {CELLS}" in said.out
    table = read_table(tmp_path / "out", "small")
    assert len(table) == CELLS * 3 * 2
    first = study.cells()[0]
    rows = table[(table["place"] == first.place) & (table["training"] == "nothing") & (table["temperature"] == 0.5)]
    assert list(rows["said"]) == [row.text for row in whole[first.key].rows]
    assert set(rows["length"]) == {5, 12}
    assert table["usable"].dtype == bool
    assert (table["words"] > 0).any()
    assert table["similarity"].between(-1, 1).all()
    manifest = read_manifest(tmp_path / "out")["small.parquet"]
    assert manifest["model"]["weights_sha256"] == whole[first.key].model["weights_sha256"]
    assert manifest["cells"] == manifest["cells_drawn"] == CELLS
    again = call(*asked, "--out", tmp_path / "out", "--stage", "measure")
    assert again.code == 0
    assert "measured" not in again.out


def test_a_table_that_was_changed_is_refused(call: Call, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="holds no table of the study small"):
        read_table(tmp_path, "small")
    frame = pd.DataFrame({"a": [1]})
    frame.to_parquet(tmp_path / "small.parquet")
    (tmp_path / "manifest.json").write_text(json.dumps({"small.parquet": {"sha256": "0" * 64}}))
    with pytest.raises(RecordError, match="is not the table"):
        read_table(tmp_path, "small")


def test_a_study_of_which_nothing_is_there_has_no_table(study: Study, tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        assert store.model() is None
        with pytest.raises(RecordError, match="Nothing of the study small"):
            table_of(store, study)
        with pytest.raises(RecordError, match="Nothing of the study small"):
            write_tables(store, [study], tmp_path / "tables")


def test_a_budget_and_what_is_left_are_told(call: Call, declared: Path, speaking_model: Path, tmp_path: Path) -> None:
    said = call("study", "run", declared, "--model", speaking_model, "--budget", "0s", "--stage", "sample")
    assert said.code == 0
    assert f"{CELLS} cells are left" in said.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Name the studies to run"),
        (("window", "--all"), "Name the studies to run"),
        (("window", "--budget", "soon"), "'soon' is no duration"),
        (("nothing-of-the-kind",), "There is no study"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(call: Call, arguments: tuple[str, ...], told: str) -> None:
    said = call("study", "run", *arguments)
    assert said.code == SettingsError.exit_code
    assert told in said.err
    assert "Traceback" not in said.err


def test_studies_are_listed_with_what_they_take(call: Call) -> None:
    said = call("study", "list")
    assert said.code == 0
    assert "window" in said.out
    assert " h" in said.out


def test_a_cell_is_drawn_alike_by_whoever_draws_it(
    study: Study, whole: dict[str, CellResult], model: LanguageModel
) -> None:
    cell: Cell = study.cells()[-1]
    (result,) = sample_cells(model, [cell])
    assert result.rows == whole[cell.key].rows
