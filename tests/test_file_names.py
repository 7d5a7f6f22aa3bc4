"""Names of files and folders that are made from names people gave: every system takes them, and they stay apart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.pieces import make_piece
from verbosify.essay.reading import read_essay
from verbosify.files import file_name, printable
from verbosify.piece import Piece
from verbosify.workflow.outputs import paths_of, piece_folder


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("quay at night", "quay at night"),
        ("Türme 🐞 漢字", "Türme 🐞 漢字"),
        ("a.b.c", "a.b.c"),
        ('what? <now>: a/b\\c|*"', "what- -now-- a-b-c---"),
        ("line\nbreak\x00\x7f", "line-break--"),
        ("ends in dots... ", "ends in dots"),
        (" led by a space", "led by a space"),
        ("con", "_con"),
        ("NUL", "_NUL"),
        ("Aux.draft.2", "_Aux.draft.2"),
        ("com7", "_com7"),
        ("LPT¹", "_LPT¹"),
        ("con .x", "_con .x"),
        ("concert", "concert"),
        ("com10", "com10"),
        ("..", "unnamed"),
        (" . . ", "unnamed"),
        ("", "unnamed"),
        (os.fsdecode(b"caf\xe9"), "caf\ufffd"),
    ],
)
def test_a_name_is_made_that_every_system_takes(text: str, name: str, tmp_path: Path) -> None:
    assert file_name(text) == name
    (tmp_path / name).mkdir()


@pytest.mark.parametrize("character", ["a", "ü", "漢", "🐞", "."])
@pytest.mark.parametrize("length", [119, 120, 121, 200, 255, 5000])
def test_a_long_name_is_cut_between_characters(character: str, length: int, tmp_path: Path) -> None:
    name = file_name("x" + character * length)

    assert len(name.encode()) <= 120
    (tmp_path / name).mkdir()


def test_long_names_of_the_same_beginning_stay_apart() -> None:
    assert file_name("a" * 300 + "1") != file_name("a" * 300 + "2")
    assert file_name("a" * 300) == file_name("a" * 300)


def test_half_characters_are_replaced() -> None:
    assert printable("a\udce9\ud83db漢🐞") == "a\ufffd\ufffdb漢🐞"


def test_an_essay_whose_name_is_no_text_is_read_by_a_name_that_is(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.md")
    path.write_text("One sentence is here.")

    assert read_essay(path).name == "caf\ufffd.md"


@pytest.mark.parametrize("name", ["two words ü 🐞", os.fsdecode(b"caf\xe9"), "x" * 200, "100% #1?&=;"])
def test_a_piece_lies_in_a_folder_of_any_name(name: str, tmp_path: Path) -> None:
    with make_piece(tmp_path / name) as piece, piece.lock():
        piece.note("written")

    with Piece.open(tmp_path / name) as piece:
        assert piece.log()[-1].event == "written"


@pytest.mark.parametrize("essay", ["quay.md", "..md", "...md", "nul.md", "what?.md", "x" * 250 + ".md", "a .md"])
def test_a_piece_goes_to_a_folder_of_its_own_below_home(essay: str, tmp_path: Path) -> None:
    folder = piece_folder(tmp_path, essay)

    assert folder.parent == tmp_path
    assert folder.name not in ("", ".", "..")
    folder.mkdir()


@pytest.mark.parametrize("stem", ["what? now", "x" * 200, "nul"])
def test_a_piece_that_lies_where_pieces_used_to_lie_is_found(stem: str, tmp_path: Path) -> None:
    make_piece(tmp_path / stem).close()

    assert piece_folder(tmp_path, f"{stem}.md") == tmp_path / stem


def test_readings_whose_names_differ_in_case_or_signs_alone_have_files_of_their_own(tmp_path: Path) -> None:
    readings = ["Own", "own", "my way", "my-way", "MY WAY", "fluffy"]

    names = [paths_of("quay.md", reading, tmp_path, readings)[0].name for reading in readings]

    assert names == [
        "quay-Own.md", "quay-own-2.md", "quay-my-way.md", "quay-my-way-2.md", "quay-MY-WAY-3.md", "quay-fluffy.md",
    ]  # fmt: skip


def test_files_are_called_as_before_where_nothing_forbids_it(tmp_path: Path) -> None:
    assert paths_of("a b ü.md", "fluffy", tmp_path)[0] == tmp_path / "a b ü-fluffy.md"
