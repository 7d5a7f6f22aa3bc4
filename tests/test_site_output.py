"""Files written whole or not at all."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from verbosify.errors import OutputError
from verbosify.site.output import write_files


def test_files_are_written_in_folders_and_their_paths_returned(tmp_path: Path) -> None:
    written = write_files({PurePosixPath("a/b.txt"): b"one", PurePosixPath("c.txt"): b"two"}, tmp_path / "new")
    assert written == [tmp_path / "new/a/b.txt", tmp_path / "new/c.txt"]
    assert [path.read_bytes() for path in written] == [b"one", b"two"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b.txt", "c.txt", "new"]


def test_a_file_with_the_same_bytes_is_left_alone_and_another_replaced(tmp_path: Path) -> None:
    name = PurePosixPath("a.txt")
    (path,) = write_files({name: b"one"}, tmp_path)
    before = path.stat()
    write_files({name: b"one"}, tmp_path)
    assert path.stat().st_ino == before.st_ino
    write_files({name: b"two"}, tmp_path)
    assert path.read_bytes() == b"two"


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"a\.txt cannot be written \(.+\): choose another folder, or make room\.$"):
        write_files({PurePosixPath("a.txt"): b"one"}, tmp_path / "file")


def test_nothing_half_written_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OutputError):
        write_files({PurePosixPath("a.txt"): b"one"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
