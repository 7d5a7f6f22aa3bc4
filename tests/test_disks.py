"""Pieces on disks that cannot lock files or share memory: they work, or one sentence says what to do, at once."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from tests.browser.making import harbour
from tests.odd_disks import in_a_process, mounted
from tests.pieces import add_batch, make_piece
from verbosify import files
from verbosify.errors import OutputError, PieceError, VerbosifyError
from verbosify.files import can_share_memory, file_lock, lock_trouble, replace_file, whole_file
from verbosify.piece import Pick, Piece, read_record, write_export
from verbosify.record import database
from verbosify.site import build_site
from verbosify.workflow.outputs import write_reading

START = """
import errno, sys
from pathlib import Path
from tests.odd_disks import forbid_flock, forbid_locks, forbid_shared_memory
from tests.pieces import add_batch, make_piece
from verbosify.errors import VerbosifyError
from verbosify.piece import Piece, write_export
folder, number = Path(sys.argv[1]), getattr(errno, sys.argv[2])
def told(act):
    try:
        act()
    except VerbosifyError as error:
        print(type(error).__name__, error)
    else:
        print("done")
"""


def journal_of(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "piece.db")) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("ENOLCK", "No locks available"),
        ("EACCES", "Permission denied"),
        ("ENOSYS", "Function not implemented"),
        ("EOPNOTSUPP", "Operation not supported"),
        ("EINVAL", "Invalid argument"),
    ],
)
def test_a_disk_that_cannot_lock_is_told_at_once_and_left_alone(number: str, words: str, tmp_path: Path) -> None:
    make_piece(tmp_path / "old").close()
    before = sorted(path.name for path in (tmp_path / "old").iterdir())
    started = monotonic()

    done = in_a_process(
        START + "forbid_locks(number)\n"
        "told(lambda: make_piece(folder / 'new'))\n"
        "told(lambda: Piece.open(folder / 'old'))\n",
        tmp_path,
        number,
    )

    sentence = f"lies on a disk that cannot lock files ({words}), where two programs could damage it: choose a folder"
    made, opened = done.stdout.splitlines()
    assert made.startswith(f"OutputError {tmp_path / 'new' / 'piece.db'} {sentence}")
    assert opened.startswith(f"OutputError {tmp_path / 'old' / 'piece.db'} {sentence}")
    assert done.stderr == ""
    assert monotonic() - started < database.BUSY_SECONDS
    assert not (tmp_path / "new").exists()
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == before


@pytest.mark.parametrize("number", ["ENODEV", "EINVAL", "EACCES", "ENOSYS"])
def test_where_no_memory_can_be_shared_a_piece_works_without_a_log(number: str, tmp_path: Path) -> None:
    done = in_a_process(
        START + "forbid_shared_memory(number)\n"
        "with make_piece(folder / 'piece') as piece, piece.lock():\n"
        "    add_batch(piece, count=3)\n"
        "    with Piece.open(folder / 'piece') as other:\n"
        "        other.note('seen')\n"
        "        print(len(list(other.samples())), len(list(piece.samples())), piece.log()[-1].event)\n"
        "    write_export(piece)\n",
        tmp_path,
        number,
    )

    counted, again, event = done.stdout.split()
    assert (counted, event, done.stderr) == (again, "seen", "")
    assert journal_of(tmp_path / "piece") == "delete"
    with Piece.open(tmp_path / "piece") as piece:
        assert len(list(piece.samples())) == int(counted)
        assert piece.database.rows("PRAGMA journal_mode")[0][0] == "wal", "here memory can be shared again"


def test_a_piece_with_a_log_that_nobody_finished_is_taken_to_such_a_disk_whole(tmp_path: Path) -> None:
    with make_piece(tmp_path / "piece") as piece:
        piece.note("written to the log alone")
        shutil.copytree(tmp_path / "piece", tmp_path / "copy")
    assert (tmp_path / "copy" / "piece.db-wal").stat().st_size

    done = in_a_process(
        START + "forbid_shared_memory(number)\n"
        "for _ in range(2):\n"
        "    with Piece.open(folder / 'copy') as piece:\n"
        "        piece.note('read there')\n"
        "        print([entry.event for entry in piece.log()])\n",
        tmp_path,
        "ENODEV",
    )

    first = "['written to the log alone', 'read there']"
    assert done.stdout.splitlines() == [first, first[:-1] + ", 'read there']"]
    assert done.stderr == ""
    assert journal_of(tmp_path / "copy") == "delete"


@pytest.mark.parametrize("number", ["EACCES", "ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_a_disk_that_locks_parts_of_files_alone_is_told_when_a_run_begins(number: str, tmp_path: Path) -> None:
    done = in_a_process(
        START + "forbid_flock(number)\n"
        "def run():\n"
        "    with make_piece(folder / 'piece') as piece, piece.lock():\n"
        "        print('locked')\n"
        "told(run)\n",
        tmp_path,
        number,
    )

    assert done.stdout.startswith(f"OutputError {tmp_path / 'piece' / 'piece.lock'} cannot be locked (")
    assert "choose a folder on a disk of this computer." in done.stdout
    assert done.stderr == ""


def test_what_a_disk_can_do_is_told_here(tmp_path: Path) -> None:
    assert lock_trouble(tmp_path) is None
    assert lock_trouble(tmp_path, whole=True) is None
    assert can_share_memory(tmp_path)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
    assert lock_trouble(tmp_path / "nowhere") is None
    assert can_share_memory(tmp_path / "nowhere")


MOUNTS = """/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
tmpfs /home/ada/local tmpfs rw 0 0
drvfs /mnt/c 9p rw 0 0
//host/share /my\\040share cifs rw 0 0
/dev/sdb /over nfs rw 0 0
/dev/sdc /over ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "distant"),
    [
        ("/srv/piece", False),
        ("/home/ada/piece", True),
        ("/home/ada/local/piece", False),
        ("/mnt/c/piece", True),
        ("/my share/piece", True),
        ("/over/piece", False),
        ("/", False),
    ],
)
def test_a_disk_of_another_computer_shares_no_memory(
    folder: str, distant: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: MOUNTS)

    assert files._is_distant(Path(folder)) == distant


def test_a_piece_on_a_disk_of_another_computer_has_no_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(files, "_is_distant", lambda _: True)

    with make_piece(tmp_path / "piece") as piece:
        assert piece.database.rows("PRAGMA journal_mode")[0][0] == "delete"
        piece.note("written")


# Disks that are full or may not be written to


def make_all(disk: Path) -> None:
    """A piece on that disk, a pick, and all the files that come of it; goes on where an earlier try ended."""
    try:
        piece = Piece.open(disk / "piece")
    except PieceError:  # there is none, or its making was interrupted
        piece = make_piece(disk / "piece")
    with piece, piece.lock():
        sample = next(piece.samples(0), None) or add_batch(piece)[0]
        piece.pick("own", 0, [Pick(sample.id, 0, 5, sample.text[:5])], curator="Ada")
        write_export(piece)
        write_reading(piece, "own", disk / "piece")
    build_site([harbour()], disk / "site")


def contents(disk: Path) -> dict[str, bytes]:
    """All files but SQLite's own."""
    return {
        path.relative_to(disk).as_posix(): path.read_bytes() if path.suffix != ".docx" else b""  # dated
        for path in sorted(disk.rglob("*"))
        if path.is_file() and not path.name.startswith("piece.")
    }


def test_a_disk_may_be_full_at_any_write_and_the_next_run_with_room_goes_on(tmp_path: Path) -> None:
    make_all(tmp_path / "whole")
    whole = contents(tmp_path / "whole")
    sizes = [8 * 2.6**step for step in range(6)]  # kilobytes, of which more and more is written
    said = []
    for number, size in enumerate(sizes):
        disk = tmp_path / str(number)
        with mounted(disk, f"size={round(size)}k") as remount:
            said += failures_of(disk)
            assert contents(disk).items() <= whole.items(), "what is there is whole"
            remount("size=20m")
            assert failures_of(disk) == []
            assert contents(disk) == whole
    assert 2 < len(said) < len(sizes), "some were too small, and some large enough"
    for sentence in said:
        assert "\n" not in sentence
        assert "room" in sentence or "No space left" in sentence


def failures_of(disk: Path) -> list[str]:
    try:
        make_all(disk)
    except VerbosifyError as error:
        return [str(error)]
    return []


def test_a_piece_on_a_disk_that_may_not_be_written_to_can_be_read(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=20m") as remount:
        make_piece(disk / "closed").close()
        with make_piece(disk / "open") as piece:
            piece.note("in the log alone")
            shutil.copytree(disk / "open", disk / "killed")
        remount("ro")

        for name in ("closed", "open", "killed"):
            with Piece.open(disk / name) as piece:
                assert len(list(piece.samples())) == 12
                with pytest.raises(OutputError, match="is read-only: copy its folder to a place where you may write"):
                    piece.note("written")
        with Piece.open(disk / "killed") as piece:
            assert piece.log()[-1].event == "in the log alone"
        with pytest.raises(OutputError, match="cannot be locked"), piece.lock():
            pass
        assert len(read_record(disk / "closed").samples) == 12


def test_a_disk_that_cannot_be_told_to_keep_what_was_written_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unable(_: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("os.fsync", unable)

    with whole_file(tmp_path / "file") as file:
        file.write(b"kept")

    assert (tmp_path / "file").read_bytes() == b"kept"


def test_a_file_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")

    def break_off() -> None:
        with whole_file(tmp_path / "file") as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


@pytest.mark.parametrize(("refusals", "done"), [(0, True), (3, True), (7, True), (8, False)])
def test_on_windows_a_file_that_somebody_has_open_for_a_moment_is_replaced_all_the_same(
    refusals: int, done: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left = refusals
    replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        nonlocal left
        if left:
            left -= 1
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        return replace(self, target)

    monkeypatch.setattr(files, "_ON_WINDOWS", True)
    monkeypatch.setattr(files, "sleep", lambda _: None)
    monkeypatch.setattr(Path, "replace", refuse)
    (tmp_path / "draft").write_bytes(b"new")
    (tmp_path / "file").write_bytes(b"old")

    if done:
        replace_file(tmp_path / "draft", tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == b"new"
    else:
        with pytest.raises(PermissionError):
            replace_file(tmp_path / "draft", tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == b"old"


# Locks


def test_a_lock_whose_file_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match="cannot be locked"), file_lock(tmp_path / "file" / "lock"):
        pass


def test_a_lock_is_waited_for_unless_one_will_not(tmp_path: Path) -> None:
    def refuse() -> None:
        raise PermissionError(1, "I will not wait")

    with (
        file_lock(tmp_path / "lock"),
        pytest.raises(OutputError, match="will not wait"),
        file_lock(tmp_path / "lock", refuse),
    ):
        pass
    with file_lock(tmp_path / "lock", refuse):
        pass


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (sqlite3.SQLITE_IOERR_WRITE, "make room on the disk"),
        (sqlite3.SQLITE_IOERR_SHMSIZE, "make room on the disk"),
        (sqlite3.SQLITE_IOERR_RDLOCK, "cannot lock files"),
        (sqlite3.SQLITE_IOERR_LOCK, "cannot lock files"),
        (sqlite3.SQLITE_PROTOCOL, "cannot lock files"),
        (sqlite3.SQLITE_IOERR_READ, "check its disk"),
        (sqlite3.SQLITE_IOERR_FSYNC, "check its disk"),
        (sqlite3.SQLITE_IOERR_SHMMAP, "check its disk"),
    ],
)
def test_every_failure_of_a_disk_is_told_as_what_it_is(code: int, sentence: str, tmp_path: Path) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code

    with pytest.raises(OutputError, match=sentence), database._told(tmp_path / "piece.db", PieceError):
        raise error


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("file:///srv/a%20b/piece.db", "file:///srv/a%20b/piece.db"),
        ("file:///C:/Users/ada/piece.db", "file:///C:/Users/ada/piece.db"),
        ("file://server/share/piece.db", "file:////server/share/piece.db"),
    ],
)
def test_sqlite_is_given_no_host(path: str, uri: str) -> None:
    class Place:
        def absolute(self) -> Place:
            return self

        def as_uri(self) -> str:
            return path

    assert database._uri(Place()) == uri  # type: ignore[arg-type]


def test_the_draft_of_a_writer_that_was_killed_goes_with_the_next_file(tmp_path: Path) -> None:
    draft, others = tmp_path / ".verbosify-0011.tmp", tmp_path / ".other.tmp"
    for path in (draft, others):
        path.write_bytes(b"half")
        os.utime(path, (0, 0))

    with whole_file(tmp_path / "file") as file:
        file.write(b"whole")

    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.tmp", "file"]


def test_the_draft_of_a_writer_at_work_stays_however_long_that_takes(tmp_path: Path) -> None:
    with whole_file(tmp_path / "slow") as slow:
        slow.write(b"slow")
        os.utime(next(tmp_path.glob(".verbosify-*")), (0, 0))
        with whole_file(tmp_path / "quick") as quick:
            quick.write(b"quick")

    assert (tmp_path / "slow").read_bytes() == b"slow"


def test_a_draft_of_this_minute_stays(tmp_path: Path) -> None:
    (tmp_path / ".verbosify-0011.tmp").touch()

    with whole_file(tmp_path / "file") as file:
        file.write(b"whole")

    assert (tmp_path / ".verbosify-0011.tmp").exists()
