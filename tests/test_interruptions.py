"""A run that is killed, interrupted or begun twice loses nothing: the same command goes on to the same piece."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Commands, Moment, lasting
from tests.speaking_model import ESSAY

SHORT = "\n\n".join(ESSAY.split("\n\n")[:3])
PASSAGES = 2
OPTIONS = ("--recipe", "passage", "--samples", 2, "--most-samples", 4, "--length", 30, "--target", 10, "--json")
"""The target is out of reach, so every passage gets its second batch."""


@dataclass(frozen=True)
class Whole:
    """A run that nothing interrupted: its options, and what it left behind."""

    essay: Path
    options: tuple[object, ...]
    record: dict[str, Any]

    def command(self, piece: Path) -> tuple[object, ...]:
        return ("run", self.essay, "--out", piece, *self.options)


@pytest.fixture(scope="module")
def whole(commands: Commands, speaking_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    essay = folder / "quay.md"
    essay.write_text(SHORT)
    options = ("--model", speaking_model, *OPTIONS)
    result = commands.run("run", essay, "--out", folder / "piece", *options)
    assert result.code == 0, result.err
    return Whole(essay, options, lasting(folder / "piece"))


def test_the_uninterrupted_run_has_something_to_lose(whole: Whole) -> None:
    batches = Counter(batch["passage"] for batch in whole.record["batches"])
    assert set(batches) == set(range(PASSAGES))
    assert max(batches.values()) > 1
    assert whole.record["readings"]["fluffy"]["words_added"] > 0
    assert whole.record["readings"]["strange"]["words_added"] > 0


MOMENTS = {
    "while the piece is made": Moment("piece/store.py", "add_passage", count=2),
    "with the control batch half recorded": Moment("record/database.py", "insert", count=10),
    "after the first batch": Moment("piece/store.py", "add_batch", "return", count=2),
    "in the middle of an overfit": Moment("models/pytorch/tuning.py", "tune", count=2),
    "with samples drawn and not recorded": Moment("workflow/visit.py", "measure", count=3),
    "with the last batch of a passage recorded and the passage not finished": Moment(
        "piece/store.py", "finish_passage", count=2
    ),
    "between two passages": Moment("piece/store.py", "finish_passage", "return", count=1),
    "before the choice": Moment("workflow/finish.py", "curate"),
    "between the choice of one reading and the next": Moment("piece/store.py", "choose_reading", "return"),
    "among the essays": Moment("essay/writing.py", "write_essay", count=3),
    "in the middle of the export": Moment("piece/export.py", "_readings"),
    "among the pages": Moment("site/output.py", "_write", count=4),
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_a_run_that_is_killed_goes_on_as_if_nothing_had_been(
    moment: Moment, commands: Commands, whole: Whole, tmp_path: Path
) -> None:
    command = whole.command(tmp_path / "piece")

    killed = commands.run(*command, kill_at=moment)
    assert killed.code == -signal.SIGKILL, killed
    finished = passages_finished(tmp_path / "piece")

    again = commands.run(*command)

    assert again.code == 0, again.err
    visited = {line["passage"] - 1 for line in again.lines[:-1]}
    assert visited == set(range(PASSAGES)) - finished
    assert_equals(tmp_path / "piece", whole)
    assert all(Path(output).stat().st_size for output in again.lines[-1]["outputs"])


def passages_finished(piece: Path) -> set[int]:
    with closing(sqlite3.connect(piece / "piece.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'passage_done'").fetchone():
            return set()
        return {row[0] for row in database.execute("SELECT passage FROM passage_done")}


def assert_equals(piece: Path, whole: Whole) -> None:
    record = lasting(piece)
    for key in ("overfits", "batches"):  # first, since it says most if a passage was visited twice
        assert count_by_passage(record[key]) == count_by_passage(whole.record[key])
    assert record == whole.record


def count_by_passage(rows: list[dict[str, Any]]) -> Counter[int]:
    return Counter(row["passage"] for row in rows)


def test_a_run_killed_again_and_again_from_outside_comes_to_its_end(
    commands: Commands, whole: Whole, tmp_path: Path
) -> None:
    command = whole.command(tmp_path / "piece")

    for _ in range(2):
        running = commands.start(*command)
        running.await_output('"loss_after"')
        running.send(signal.SIGKILL)
        assert running.wait().code == -signal.SIGKILL

    assert commands.run(*command).code == 0
    assert_equals(tmp_path / "piece", whole)
    log = [entry["event"] for entry in json.loads((tmp_path / "piece" / "piece.json").read_text())["log"]]
    assert log == ["started", "resumed", "resumed", "finished"]


@pytest.mark.parametrize(
    "moment",
    [
        Moment("models/loading.py", "load_model"),
        Moment("models/pytorch/tuning.py", "tune", "return", count=2),
        Moment("piece/store.py", "add_batch", count=3),
        Moment("workflow/outputs.py", "write_reading"),
        Moment("site/building.py", "build_site"),
    ],
    ids=["while loading", "while overfitting", "while recording", "while weaving", "while making pages"],
)
def test_ctrl_c_is_one_sentence_and_the_same_command_goes_on(
    moment: Moment, commands: Commands, whole: Whole, tmp_path: Path
) -> None:
    command = whole.command(tmp_path / "piece")

    stopped = commands.run(*command, interrupt_at=moment)

    assert stopped.code == 130
    assert stopped.err == f"Stopped: all that was made is in {tmp_path / 'piece'}; run the same command to go on.\n"
    assert commands.run(*command).code == 0
    assert_equals(tmp_path / "piece", whole)


def test_ctrl_c_from_outside_is_noted_in_the_record(commands: Commands, whole: Whole, tmp_path: Path) -> None:
    command = whole.command(tmp_path / "piece")
    running = commands.start(*command)
    running.await_output('"loss_after"')
    running.send(signal.SIGINT)

    stopped = running.wait()
    again = commands.run(*command)

    assert (stopped.code, again.code) == (130, 0)
    assert stopped.err.startswith("Stopped: ")
    log = json.loads((tmp_path / "piece" / "piece.json").read_text())["log"]
    assert [entry["event"] for entry in log] == ["started", "interrupted", "resumed", "finished"]
    assert log[1]["detail"] == {"error": "KeyboardInterrupt"}
    assert_equals(tmp_path / "piece", whole)


@pytest.mark.parametrize(
    ("arguments", "moment"),
    [
        (("sentences", "{essay}"), Moment("essay/reading.py", "read_essay")),
        (("models",), Moment("models/store/catalog.py", "list_models")),
        (("models", "get", "minilm"), Moment("models/store/catalog.py", "get_model")),
        (("replay", "{piece}", "1"), Moment("models/loading.py", "load_model")),
        (("site", "{piece}"), Moment("site/building.py", "build_site")),
    ],
)
def test_ctrl_c_in_any_other_command_is_one_sentence_too(
    arguments: tuple[str, ...], moment: Moment, commands: Commands, whole: Whole
) -> None:
    folder = whole.essay.parent
    words = [word.format(essay=whole.essay, piece=folder / "piece") for word in arguments]

    stopped = commands.run(*words, interrupt_at=moment)

    assert (stopped.code, stopped.out, stopped.err) == (130, "", "Stopped.\n")


def test_a_second_process_on_the_same_piece_is_told_to_wait(commands: Commands, whole: Whole, tmp_path: Path) -> None:
    piece = tmp_path / "piece"
    first = commands.start(*whole.command(piece))
    first.await_output('"loss_after"')
    first.send(signal.SIGSTOP)

    second = commands.run(*whole.command(piece))
    replayed = commands.run("replay", piece, 1)
    first.send(signal.SIGCONT)

    assert (second.code, second.out) == (2, "")
    assert second.err == f"Another process is at work on the piece in {piece}: wait until it is done, or stop it.\n"
    assert replayed.code == 0, "who only reads need not wait"
    assert first.wait().code == 0
    assert_equals(piece, whole)


def test_two_processes_that_begin_a_piece_at_once_make_one_piece(
    commands: Commands, whole: Whole, tmp_path: Path
) -> None:
    piece = tmp_path / "piece"
    both = [commands.start(*whole.command(piece)) for _ in range(2)]

    codes = {running.wait().code for running in both}

    assert codes <= {0, 2}
    assert 0 in codes
    assert_equals(piece, whole)
