"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.test_reading import as_nobody
from verbosify.errors import OutputError
from verbosify.essay.saving import write_atomically, write_new


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "essay.md"
    path.write_bytes(b"old")

    write_atomically(path, b"new")

    assert path.read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["essay.md"]


def test_a_new_file_gets_the_permissions_files_get_here(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()

    write_atomically(tmp_path / "essay.md", b"new")

    assert (tmp_path / "essay.md").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(tmp_path / "essay.md")

    write_atomically(tmp_path / "link.md", b"new")

    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "essay.md").read_bytes() == b"new"


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder: give the file another name"):
        write_atomically(tmp_path, b"new")


@pytest.mark.parametrize("folder", ["missing", "file"])
def test_a_missing_folder_is_named(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match=rf"there is no folder .*{folder}, so make it first"):
        write_atomically(tmp_path / folder / "essay.md", b"new")


def test_a_folder_that_may_not_be_written_to_is_named(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if os.geteuid() == 0 and folder.stat().st_uid == 0 and len(folder.parts) > 2:
            folder.chmod(0o755)
    if os.geteuid() != 0:
        tmp_path.chmod(0o555)

    with as_nobody(), pytest.raises(OutputError, match="does not let you, so choose another"):
        write_atomically(tmp_path / "essay.md", b"new")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "essay.md"
    path.write_bytes(b"old")
    open_file = Path.open
    monkeypatch.setattr(Path, "open", lambda _self, _mode: open_file(Path("/dev/full"), "wb"))

    with pytest.raises(OutputError, match="the disk is full, so make room"):
        write_atomically(path, b"new")

    monkeypatch.undo()
    assert path.read_bytes() == b"old"


def test_any_other_reason_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)

    with pytest.raises(OutputError, match=r"cannot be written \(Input/output error\): choose another place"):
        write_atomically(tmp_path / "essay.md", b"new")
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_a_file_already_is_not_overwritten_by_accident(tmp_path: Path) -> None:
    path = tmp_path / "split.txt"
    for _ in range(2):
        write_new(path, b"One.\n")
    path.write_bytes(b"One. Two.\n")

    with pytest.raises(OutputError, match="is there already, and may hold corrections"):
        write_new(path, b"One.\n")

    assert path.read_bytes() == b"One. Two.\n"
    path.write_bytes(b"")
    write_new(path, b"One.\n")
    assert path.read_bytes() == b"One.\n"
