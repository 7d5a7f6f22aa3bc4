"""Pieces go into files and come back, are measured, and are shown in the browser."""

from __future__ import annotations

import csv
import json
import logging
import webbrowser
from pathlib import Path

import pytest

from tests.commands import ROOT, Call
from tests.pieces import make_full_piece
from tests.plugged import write_plugin
from verbosify.piece import import_piece, read_export


@pytest.fixture
def piece(tmp_path: Path) -> Path:
    make_full_piece(tmp_path / "sketch").close()
    return tmp_path / "sketch"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A piece that a run made."""
    folder = tmp_path_factory.mktemp("published") / "piece"
    import_piece(read_export(next((ROOT / "site").rglob("piece.json"))), folder).close()
    return folder


def test_a_piece_is_exported_and_imported_unchanged(call: Call, piece: Path, tmp_path: Path) -> None:
    code, out, _ = call("export", piece, "--out", "whole.json")
    assert (code, out) == (0, "whole.json\n")

    code, out, _ = call("import", "whole.json", "--out", "again")
    assert code == 0
    assert out.startswith("again: ")
    call("export", "again", "--out", "second.json")
    assert (tmp_path / "second.json").read_bytes() == (tmp_path / "whole.json").read_bytes()

    code, _, err = call("import", "whole.json", "--out", "again")
    assert code == 2
    assert "again" in err


def test_an_import_without_a_place_goes_to_pieces(call: Call, piece: Path) -> None:
    call("export", piece)

    code, out, _ = call("import", piece / "piece.json")

    assert code == 0
    assert out.startswith("pieces")


def test_a_reading_is_exported_as_essays(call: Call, piece: Path) -> None:
    code, out, _ = call("export", piece, "--reading", "fluffy", "--out", "essays")
    assert code == 0
    assert sorted(Path(line).suffix for line in out.splitlines()) == [".docx", ".md", ".txt"]
    assert all(Path(line).is_file() for line in out.splitlines())

    assert "choose one of those begun (fluffy" in call("export", piece, "--reading", "own").err
    assert "is a file, where a folder" in call("export", piece, "--reading", "fluffy", "--out", piece / "piece.db").err


def test_measures_are_a_table_with_those_of_plugins_in_it(
    call: Call, published: Path, tmp_path: Path, packages: Path
) -> None:
    before = list(csv.DictReader(call("measure", published).out.splitlines()))
    write_plugin(packages, "verbosify.measures", "commas", "def add(passage, sample):\n    return sample.count(',')")
    write_plugin(
        packages, "verbosify.measures", "bad", "def add(*_):\n    print('!')\n    1 / 0", package="verbosify-bad"
    )
    write_plugin(packages, "verbosify.measures", "words", "def add(*_):\n    return 7", package="verbosify-words")

    code, out, err = call("measure", published)

    rows = list(csv.DictReader(out.splitlines()))
    assert code == 0
    assert rows
    assert all(int(float(row["commas"])) == row["text"].count(",") for row in rows)
    assert {row["bad"] for row in rows} == {""}
    assert [row["words"] for row in rows] == [row["words"] for row in before]
    assert err.count("verbosify-bad 1.0 failed (ZeroDivisionError") == 1
    assert err.count("of verbosify-words 1.0 is left out.") == 1

    assert call("measure", published, "--json", "--out", "table.jsonl").out == "table.jsonl\n"
    assert [json.loads(line)["sample"] for line in (tmp_path / "table.jsonl").read_text().splitlines()] == [
        int(row["sample"]) for row in rows
    ]


@pytest.mark.parametrize("starts", [True, False])
def test_open_makes_the_page_and_shows_it(
    starts: bool, call: Call, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def show(address: str) -> bool:
        shown.append(address)
        return starts

    monkeypatch.setattr(webbrowser, "open", show)

    code, out, err = call("open", published)

    assert code == 0
    assert shown == [(published / "site" / "index.html").resolve().as_uri()]
    assert Path(out.strip()).is_file()
    assert ("No browser can be started" in err) is not starts


def test_verbose_says_what_is_done(call: Call, piece: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("verbosify")
    monkeypatch.setattr(logger, "level", logger.level)

    call("-v", "export", piece)
    assert logger.level == logging.INFO
    call("-vv", "export", piece)
    assert logger.level == logging.DEBUG


def test_completion_can_be_shown(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")

    code, out, _ = call("--show-completion", "bash")

    assert code == 0
    assert "_VERBOSIFY_COMPLETE=complete_bash" in out
