"""Pieces on disks that cannot lock files or share memory: they work, or one sentence says what to do, at once."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from tests.odd_disks import in_a_process
from tests.pieces import make_piece
from verbosify import files
from verbosify.errors import OutputError
from verbosify.files import can_share_memory, file_lock, lock_trouble
from verbosify.piece import Piece, database

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

    with pytest.raises(OutputError, match=sentence), database._told(tmp_path / "piece.db"):
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
