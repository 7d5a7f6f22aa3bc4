"""Tables built by ordered migrations, in files of a kind that is told by their mark. Knows no table of anybody's.

A migration is a function that changes the tables inside an open transaction. The ones a file has been through stand in
its table `migrations`; their number is its `PRAGMA user_version`. A published migration is never edited: append one.

Nothing recorded is changed or deleted: triggers refuse UPDATE, DELETE and INSERT OR REPLACE on every table.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from verbosify.errors import RecordError
from verbosify.record.database import Database, closed_on_error
from verbosify.record.fields import now

Migration = Callable[[Database], None]

_CARD_KEYS = ("name", "engine", "weights_sha256", "device", "dtype", "threads", "versions")

SECONDS = 'CONSTRAINT "seconds is 0 or more" CHECK (seconds >= 0)'


@dataclass(frozen=True, slots=True)
class Schema:
    """A kind of record.

    Attributes:
        name: what one is called in a sentence, as in `a piece`.
        application_id: by which `file` and we tell such a file from other databases.
        migrations: in order; the tables of a new file are those after all of them.
        refusal: what is raised when a record of this kind cannot be opened or does not take what it is handed.
    """

    name: str
    application_id: int
    migrations: tuple[Migration, ...]
    refusal: type[RecordError] = RecordError

    def version(self, database: Database) -> int:
        """How many migrations the file has been through; 0 if it is empty.

        Raises `refusal` if the file is a SQLite database of another kind, or made by a newer verbosify.
        """
        application, applied, tables = (
            database.number(sql)
            for sql in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_schema")
        )
        if application != self.application_id and (application or tables):
            raise self.refusal(f"{database.place} is a database, but not {self.name}: choose another folder.")
        if applied > len(self.migrations):
            raise self.refusal(
                f"{database.place} was made by a newer verbosify (version {applied} of its tables; this one knows "
                f"{len(self.migrations)}): update verbosify."
            )
        return applied

    def migrate(self, database: Database) -> None:
        """Apply the migrations the file has not been through. Call it inside `writing()`: all of them or none."""
        applied = self.version(database)
        database.execute(f"PRAGMA application_id = {self.application_id}")
        database.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, created TEXT NOT NULL) STRICT")
        for migration in self.migrations[applied:]:
            migration(database)
            database.insert("migrations", {"name": migration.__name__, "created": now()})
        database.execute(f"PRAGMA user_version = {len(self.migrations)}")

    def find(self, place: Path) -> Database | None:
        """The record at `place`, brought up to date; None if there is none or its making was interrupted."""
        if not os.path.exists(place):  # noqa: PTH110  (unlike Path's own, it takes any path)
            return None
        with closed_on_error(Database.open(place, self.refusal)) as database:
            applied = self.version(database)
            if not applied:
                database.close()
                return None
            if applied < len(self.migrations):
                with database.writing():
                    self.migrate(database)
                database.shrink()
            database.keep_log()
        return database

    def begin(self, database: Database, fill: Callable[[Database], None]) -> bool:
        """Make the tables and `fill` them if the file is empty, all or nothing; tell whether it was."""
        with database.writing():
            new = not self.version(database)
            self.migrate(database)
            if new:
                fill(database)
        database.keep_log()
        return new


def create_table(database: Database, table: str, columns: str, same: str = "id = NEW.id") -> None:
    """A table of which no row is ever changed, deleted or replaced.

    `same` tells, for the trigger that refuses INSERT OR REPLACE, which row is there already that would be replaced.
    """
    database.execute(f"CREATE TABLE {table} ({columns}\n) STRICT")
    for verb in ("UPDATE", "DELETE"):
        database.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
            f"SELECT RAISE(ABORT, 'a row of {table} is never changed or deleted'); END"
        )
    found = f"SELECT 1 FROM {table} WHERE {same}"  # noqa: S608  (our own names)
    database.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({found}) BEGIN "
        f"SELECT RAISE(ABORT, 'this row of {table} is there already'); END"
    )


def set_aside(database: Database, table: str) -> str:
    """Rename a table that another is to replace, and lift its triggers; returns what it is called until it is dropped.

    What refers to it refers to it still. Drop a table before those it refers to.
    """
    for deed in ("update", "delete", "replace"):
        database.execute(f"DROP TRIGGER {table}_no_{deed}")
    database.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    return f"old_{table}"


def json_column(column: str, kind: str) -> str:
    return f"{column} TEXT NOT NULL CONSTRAINT \"{column} is a JSON {kind}\" CHECK (json_type({column}) = '{kind}')"


def card_column() -> str:
    held = " AND ".join(f"json_type(model, '$.{key}') IS NOT NULL" for key in _CARD_KEYS)
    return f'{json_column("model", "object")} CONSTRAINT "model holds {", ".join(_CARD_KEYS)}" CHECK ({held})'


def finite_column(column: str) -> str:
    # SQLite turns NaN into NULL, which NOT NULL refuses.
    return f'{column} REAL NOT NULL CONSTRAINT "{column} is finite" CHECK (abs({column}) <= 1.7976931348623157e308)'


def count_column(column: str, more: str = "") -> str:
    return f'"{column}" INTEGER NOT NULL {more} CONSTRAINT "{column} is 0 or more" CHECK ("{column}" >= 0)'
