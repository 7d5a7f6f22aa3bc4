"""One SQLite file, opened with care, its failures told in sentences. Knows no table of ours.

Every write is one transaction that has reached the disk when its block ends (write-ahead log, synchronous FULL; where
processes cannot share memory, the ordinary journal instead, which is as safe but lets readers wait for writers).
A `Database` belongs to the thread that opened it; other threads and processes open their own.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Protocol, TypeVar

from verbosify.errors import OutputError, RecordError, VerbosifyError
from verbosify.files import can_share_memory, lock_trouble

Value = str | int | float | bytes | None  # what a column holds

BUSY_SECONDS = 30.0
_PRAGMAS = ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON")

_FULL = "{place} cannot be written ({error}): make room on the disk and go on; what was recorded is safe."
_FAILED = "{place} cannot be read or written ({error}): check its disk, and go on; what was recorded is safe."
_NO_LOCKS = (
    "{place} lies on a disk that cannot lock files ({error}), where two programs could damage it: choose a folder on a "
    "disk of this computer, and if there is a piece already, copy it there."
)
_READ_ONLY = "{place} is read-only: copy its folder to a place where you may write."
_LOCKED = "{place} stayed locked by another program for {wait:.0f} s: close that program and try again."
_DAMAGED = "{place} is damaged ({error}): restore a copy of it, or rebuild it from an export."
_NO_FILE = (
    "{place} cannot be opened: check that it is a file, that you may write in its folder, and that its disk has room."
)
_UNFIT = "This does not fit the record at {place}: {unfit}."
_OTHERWISE = "{place} cannot be used: SQLite says {error}."

# By SQLite's primary result code.
_SENTENCES: dict[int, tuple[type[VerbosifyError], str]] = {
    sqlite3.SQLITE_FULL: (OutputError, _FULL),
    sqlite3.SQLITE_IOERR: (OutputError, _FAILED),
    sqlite3.SQLITE_PROTOCOL: (OutputError, _NO_LOCKS),
    sqlite3.SQLITE_READONLY: (OutputError, _READ_ONLY),
    sqlite3.SQLITE_PERM: (OutputError, _READ_ONLY),
    sqlite3.SQLITE_BUSY: (RecordError, _LOCKED),
    sqlite3.SQLITE_LOCKED: (RecordError, _LOCKED),
    sqlite3.SQLITE_CORRUPT: (RecordError, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (RecordError, _DAMAGED),
    sqlite3.SQLITE_CANTOPEN: (RecordError, _NO_FILE),
    sqlite3.SQLITE_CONSTRAINT: (RecordError, _UNFIT),
}


_BY_EXTENDED_CODE: dict[int, tuple[type[VerbosifyError], str]] = {
    sqlite3.SQLITE_IOERR_WRITE: (OutputError, _FULL),
    sqlite3.SQLITE_IOERR_TRUNCATE: (OutputError, _FULL),
    sqlite3.SQLITE_IOERR_SHMSIZE: (OutputError, _FULL),
    sqlite3.SQLITE_IOERR_LOCK: (OutputError, _NO_LOCKS),
    sqlite3.SQLITE_IOERR_RDLOCK: (OutputError, _NO_LOCKS),
    sqlite3.SQLITE_IOERR_UNLOCK: (OutputError, _NO_LOCKS),
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK: (OutputError, _NO_LOCKS),
    sqlite3.SQLITE_IOERR_SHMLOCK: (OutputError, _NO_LOCKS),
}
_CANNOT_SHARE = (sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_PROTOCOL)

_CANNOT_WRITE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


def unfit(error: sqlite3.Error) -> str:
    """Why a row was refused, in words; our constraints are named by what they ask for."""
    return (
        str(error)
        .replace("FOREIGN KEY constraint failed", "it names a row that is not there")
        .replace("NOT NULL constraint failed:", "there is no value, or NaN, for")
        .replace("CHECK constraint failed:", "it must hold that")
    )


@contextmanager
def _told(place: Path, refusal: type[RecordError]) -> Iterator[None]:
    """Tell what SQLite raises in a sentence; what is wrong with the record itself as a `refusal`."""
    try:
        yield
    except sqlite3.ProgrammingError:  # a closed record, another thread: a defect of the caller, not of the file
        raise
    except RecordError as error:  # of a part that does not know whose record it is
        if isinstance(error, refusal):
            raise
        raise refusal(str(error)) from error
    except sqlite3.Error as error:
        # The low byte is the primary code; an error without any is of a text that is not UTF-8.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        kind, sentence = _BY_EXTENDED_CODE.get(code) or _SENTENCES.get(code & 0xFF, (RecordError, _OTHERWISE))
        said = " ".join(str(error).split())  # what it quotes of a damaged file may hold line breaks
        kind = refusal if kind is RecordError else kind
        raise kind(sentence.format(place=place, error=said, wait=BUSY_SECONDS, unfit=unfit(error))) from error
    except UnicodeDecodeError as error:  # SQLite quotes what it found in a damaged file
        raise refusal(_DAMAGED.format(place=place, error=error.reason)) from error
    except UnicodeEncodeError as error:
        raise refusal(f"{error.object[error.start]!r} is half a character: remove it from the text.") from error
    except OverflowError as error:
        raise refusal(f"A number for {place} does not fit 64 bits: check it.") from error


class _Closable(Protocol):
    def close(self) -> None: ...


Resource = TypeVar("Resource", bound=_Closable)


@contextmanager
def closed_on_error(resource: Resource) -> Iterator[Resource]:
    """Close what was opened if the block raises, and leave it open if not."""
    try:
        yield resource
    except BaseException:
        resource.close()
        raise


class Database:
    """A connection to the file at `place`.

    Raises (from every method): `refusal` when the file is missing, damaged, locked, or refuses a row;
    `OutputError` when the disk is full or the file may not be written.
    """

    def __init__(self, place: Path, uri: str, refusal: type[RecordError] = RecordError) -> None:
        self.place = place
        self.refusal = refusal
        with self._told():
            try:
                self._connection = _connect(uri)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode in _CANNOT_SHARE:
                    _end_log(uri)  # which a piece brings along that was made on another disk
                elif error.sqlite_errorcode & 0xFF in _CANNOT_WRITE and _is_at_rest(place):
                    uri = f"{uri}&immutable=1"  # then it need not be locked to be read
                else:
                    raise
                self._connection = _connect(uri)

    @classmethod
    def open(cls, place: Path, refusal: type[RecordError] = RecordError) -> Database:
        """The file at `place`, which must exist. Where nothing may be written, it can be read."""
        _require_locks(place)
        return cls(place, f"{_uri(place)}?mode=rw", refusal)

    @classmethod
    def make(cls, place: Path, refusal: type[RecordError] = RecordError) -> Database:
        """The file at `place`, made empty if there is none, as is its folder."""
        _require_locks(place)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{place.parent} cannot be a folder ({error.strerror}): choose another place.") from error
        return cls(place, f"{_uri(place)}?mode=rwc", refusal)

    @classmethod
    def in_memory(cls, place: Path, refusal: type[RecordError] = RecordError) -> Database:
        """A database that is gone when closed; `place` is what its errors call it."""
        return cls(place, "file::memory:", refusal)

    def close(self) -> None:
        self._connection.close()

    def _told(self) -> AbstractContextManager[None]:
        return _told(self.place, self.refusal)

    def keep_log(self) -> None:
        """Use a write-ahead log from now on, so that readers never wait for a writer; the file remembers it.

        While another process has the file open this cannot be done: then the next opening does it, and until
        then the ordinary journal is as safe. On a disk that cannot share memory it is never done.
        """
        with self._told():
            if self.rows("PRAGMA journal_mode")[0][0] in ("wal", "memory") or not can_share_memory(self.place.parent):
                return
            with suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA journal_mode = WAL").fetchall()

    def shrink(self) -> None:
        """Give the pages of dropped tables back to the disk. Where that cannot be done, they stay for later rows."""
        with suppress(sqlite3.OperationalError):
            self._connection.execute("VACUUM")

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """All rows of a query, at once, so that no cursor stays open while somebody writes."""
        with self._told():
            return self._connection.execute(sql, values).fetchall()

    def number(self, sql: str, values: Sequence[Value] = ()) -> int:
        """The first column of the first row, a whole number."""
        return int(self.rows(sql, values)[0][0])

    def execute(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Change the database; returns the key of the row added, if one is. Call it inside `writing()`."""
        return self._connection.execute(sql, values).lastrowid or 0

    def insert(self, table: str, row: Mapping[str, Value]) -> int:
        """Add one row; returns its integer key. Call it inside `writing()`."""
        columns = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        # The names are those of our own dataclasses; the values are bound.
        return self.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', tuple(row.values()))  # noqa: S608

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Tell as damage what goes wrong while stored rows are turned into values."""
        try:
            with self._told():
                yield
        except (TypeError, ValueError, LookupError) as error:
            raise self.refusal(_DAMAGED.format(place=self.place, error=error)) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is on the disk when the block ends, or, if the block raises, none of it.

        Within another one it is a part of that.
        """
        with nullcontext() if self._connection.in_transaction else self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside the block is of one moment, whatever others write meanwhile."""
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._told():
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has made SQLite roll back by itself
                    self._connection.execute("ROLLBACK")
                raise


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    with closed_on_error(connection):
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA schema_version").fetchall()  # the first to look into the file
    return connection


def _end_log(uri: str) -> None:
    """Let the file have an ordinary journal instead of a write-ahead log; nobody else may have it open meanwhile."""
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # alone, it needs no memory that is shared
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()


def _is_at_rest(place: Path) -> bool:
    """Whether the file lies where nothing may be written, and nothing that belongs to it lies beside."""
    logs = (place.with_name(f"{place.name}-{kind}") for kind in ("wal", "journal"))
    return place.is_file() and not os.access(place.parent, os.W_OK) and not any(map(Path.exists, logs))


def _require_locks(place: Path) -> None:
    folder = next((parent for parent in place.absolute().parents if parent.is_dir()), place.parent)
    if (trouble := lock_trouble(folder)) is not None:
        raise OutputError(_NO_LOCKS.format(place=place, error=trouble.strerror)) from trouble


def _uri(place: Path) -> str:
    """The path as SQLite takes it: without a host, for a folder that is shared on Windows has its host in the path."""
    return re.sub(r"^file://(?=[^/])", "file:////", place.absolute().as_uri())
