"""What the end of a job needs is found out before it begins, and nothing is left behind by looking."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from verbosify.errors import OutputError
from verbosify.readiness import ensure_installed, ensure_writable


def test_files_that_can_be_written_pass_and_leave_no_trace(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old")

    ensure_writable([tmp_path / "old.txt", tmp_path / "new.txt", tmp_path / "a" / "b" / "c.txt"])

    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]
    assert (tmp_path / "old.txt").read_text() == "old"


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")

    with pytest.raises(OutputError, match=r"folder\.txt is a folder, where a file is to be written"):
        ensure_writable([tmp_path / "folder.txt"])
    for place in ("file", "lost"):
        with pytest.raises(OutputError, match=rf"/{place} is a file, where a folder is to be"):
            ensure_writable([tmp_path / place / "a" / "b.txt"])


def test_a_name_that_no_disk_takes_and_a_place_that_lets_nobody_in_are_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot be written \(File name too long\)"):
        ensure_writable([tmp_path / ("x" * 300)])
    with pytest.raises(OutputError, match=r"^/proc/self/a\.txt cannot be written"):
        ensure_writable([Path("/proc/self/a.txt")])


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_installed("jinja2", "docx")
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(OutputError, match="The package python-docx is missing: run `pip install verbosify-studio`"):
        ensure_installed("jinja2", "docx")
    with pytest.raises(OutputError, match="The package nothing_of_that_name is missing"):
        ensure_installed("nothing_of_that_name")
