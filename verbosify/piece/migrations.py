"""The tables of `piece.db`, built by ordered migrations. Knows SQL, and nothing of what the columns mean to others.

A migration is a function that changes the tables inside an open transaction. The ones a file has been through stand in
its table `migrations`; their number is its `PRAGMA user_version`. A published migration is never edited: append one.

Nothing recorded is changed or deleted: triggers refuse UPDATE, DELETE and INSERT OR REPLACE on every table.
"""

from __future__ import annotations

from collections.abc import Callable

from verbosify.errors import PieceError
from verbosify.piece.database import Database
from verbosify.piece.rows import now

Migration = Callable[[Database], None]

APPLICATION_ID = int.from_bytes(b"vbpc")  # tells `file piece.db` and us that a SQLite file is a piece

_CARD_KEYS = ("name", "engine", "weights_sha256", "device", "dtype", "threads", "versions")


def _json(column: str, kind: str) -> str:
    return f"{column} TEXT NOT NULL CONSTRAINT \"{column} is a JSON {kind}\" CHECK (json_type({column}) = '{kind}')"


def _card() -> str:
    held = " AND ".join(f"json_type(model, '$.{key}') IS NOT NULL" for key in _CARD_KEYS)
    return f'{_json("model", "object")} CONSTRAINT "model holds {", ".join(_CARD_KEYS)}" CHECK ({held})'


def _finite(column: str) -> str:
    # SQLite turns NaN into NULL, which NOT NULL refuses.
    return f'{column} REAL NOT NULL CONSTRAINT "{column} is finite" CHECK (abs({column}) <= 1.7976931348623157e308)'


def _from_zero(column: str, more: str = "") -> str:
    return f'"{column}" INTEGER NOT NULL {more} CONSTRAINT "{column} is 0 or more" CHECK ("{column}" >= 0)'


_SECONDS = 'CONSTRAINT "seconds is 0 or more" CHECK (seconds >= 0)'

_TABLES = {
    "job": f"""
        id INTEGER PRIMARY KEY CONSTRAINT "a piece has one job" CHECK (id = 1),
        title TEXT NOT NULL,
        created TEXT NOT NULL,
        {_json("software", "object")},
        essay_name TEXT NOT NULL,
        essay_format TEXT NOT NULL,
        essay_text TEXT NOT NULL,
        essay_source BLOB,
        {_json("essay_blocks", "array")},
        {_json("options", "object")},
        {_card()},
        fingerprint TEXT NOT NULL""",
    "passages": f"""
        {_from_zero("index", "PRIMARY KEY")},
        {_from_zero("block")},
        {_from_zero("first")},
        last INTEGER NOT NULL,
        {_from_zero("start")},
        "end" INTEGER NOT NULL,
        text TEXT NOT NULL,
        {_from_zero("gap")},
        CONSTRAINT "last is first or later" CHECK (last >= first),
        CONSTRAINT "end is start or later" CHECK ("end" >= start)""",
    "overfits": f"""
        id INTEGER PRIMARY KEY,
        passage INTEGER NOT NULL REFERENCES passages ("index"),
        {_json("recipe", "object")},
        {_finite("loss_before")},
        {_finite("loss_after")},
        {_finite("window_loss")},
        {_from_zero("window_tokens")},
        {_finite("seconds")} {_SECONDS},
        {_card()},
        created TEXT NOT NULL,
        UNIQUE (id, passage)""",
    "batches": f"""
        id INTEGER PRIMARY KEY,
        passage INTEGER NOT NULL REFERENCES passages ("index"),
        {_from_zero("number")},
        overfit INTEGER,
        {_card()},
        {_json("settings", "object")},
        reason TEXT NOT NULL,
        {_json("diversity", "object")},
        {_finite("seconds")} {_SECONDS},
        created TEXT NOT NULL,
        UNIQUE (passage, number),
        FOREIGN KEY (overfit, passage) REFERENCES overfits (id, passage)""",
    "samples": f"""
        id INTEGER PRIMARY KEY,
        batch INTEGER NOT NULL REFERENCES batches (id),
        {_from_zero("index")},
        {_json("token_ids", "array")},
        text TEXT NOT NULL,
        finish TEXT NOT NULL,
        {_json("measures", "object")},
        UNIQUE (batch, "index")""",
    "passage_done": """
        passage INTEGER PRIMARY KEY REFERENCES passages ("index"),
        created TEXT NOT NULL""",
    "pick_events": f"""
        id INTEGER PRIMARY KEY,
        act INTEGER NOT NULL REFERENCES pick_events (id),
        reading TEXT CONSTRAINT "a reading's name has 1 to 80 characters" CHECK (length(reading) BETWEEN 1 AND 80),
        gap INTEGER REFERENCES passages ("index"),
        action TEXT NOT NULL,
        {_json("picks", "array")},
        sample INTEGER REFERENCES samples (id),
        target INTEGER REFERENCES pick_events (id),
        curator TEXT NOT NULL CONSTRAINT "a curator has a name" CHECK (curator <> ''),
        curator_kind TEXT NOT NULL CONSTRAINT "a curator is built-in or a person"
            CHECK (curator_kind IN ('built-in', 'person')),
        reason TEXT NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT "an event has the columns of its action" CHECK (CASE
            WHEN action IN ('chosen', 'picked', 'trimmed', 'edited', 'cleared') THEN
                reading IS NOT NULL AND gap IS NOT NULL AND sample IS NULL AND target IS NULL
                AND (action = 'chosen' OR (action = 'cleared') = (picks = '[]'))
            WHEN action IN ('pinned', 'unpinned') THEN
                reading IS NULL AND gap IS NULL AND sample IS NOT NULL AND target IS NULL AND picks = '[]'
            WHEN action IN ('undone', 'redone') THEN
                gap IS NULL AND sample IS NULL AND target IS NOT NULL AND picks = '[]' AND act = id
            ELSE FALSE END),
        CONSTRAINT "an event comes after what it names" CHECK (act <= id AND (target IS NULL OR target < id))""",
    "log": f"""
        id INTEGER PRIMARY KEY,
        created TEXT NOT NULL,
        event TEXT NOT NULL CONSTRAINT "an event has a name" CHECK (event <> ''),
        {_json("detail", "object")}""",
}

_SCORES = f"""
        sample INTEGER PRIMARY KEY REFERENCES samples (id),
        {_json("tokens", "array")},
        {_json("base", "array")},
        {_json("overfitted", "array")},
        created TEXT NOT NULL,
        CONSTRAINT "every token has two probabilities"
            CHECK (json_array_length(tokens) = json_array_length(base)
                AND json_array_length(tokens) = json_array_length(overfitted))"""

# What makes a row the same row, for the trigger that refuses INSERT OR REPLACE.
_SAME = {
    "passages": '"index" = NEW."index"',
    "batches": "id = NEW.id OR (passage = NEW.passage AND number = NEW.number)",
    "samples": 'id = NEW.id OR (batch = NEW.batch AND "index" = NEW."index")',
    "passage_done": "passage = NEW.passage",
    "scores": "sample = NEW.sample",
}


def first_record(database: Database) -> None:
    """Version 1: the job, what was sampled, what was picked, and the log."""
    for table, columns in _TABLES.items():
        _create(database, table, columns)
    database.execute("CREATE INDEX overfits_passage ON overfits (passage)")
    database.execute("CREATE INDEX pick_events_reading ON pick_events (reading)")


def scores_of_tokens(database: Database) -> None:
    """Version 2: how likely the tokens of some samples were, before and after overfitting."""
    _create(database, "scores", _SCORES)


MIGRATIONS: tuple[Migration, ...] = (first_record, scores_of_tokens)


def _create(database: Database, table: str, columns: str) -> None:
    """A table of which no row is ever changed, deleted or replaced."""
    database.execute(f"CREATE TABLE {table} ({columns}\n) STRICT")
    for verb in ("UPDATE", "DELETE"):
        database.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
            f"SELECT RAISE(ABORT, 'a row of {table} is never changed or deleted'); END"
        )
    same = f"SELECT 1 FROM {table} WHERE {_SAME.get(table, 'id = NEW.id')}"  # noqa: S608  (our own names)
    database.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({same}) BEGIN "
        f"SELECT RAISE(ABORT, 'this row of {table} is there already'); END"
    )


def version(database: Database) -> int:
    """How many migrations the file has been through; 0 if it is empty.

    Raises `PieceError` if the file is a SQLite database of another kind, or made by a newer verbosify.
    """
    application, applied, tables = (
        database.number(sql)
        for sql in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_schema")
    )
    if application != APPLICATION_ID and (application or tables):
        raise PieceError(f"{database.place} is a database, but not a piece: choose another folder.")
    if applied > len(MIGRATIONS):
        raise PieceError(
            f"{database.place} was made by a newer verbosify (version {applied} of its tables; this one knows "
            f"{len(MIGRATIONS)}): update verbosify."
        )
    return applied


def migrate(database: Database) -> None:
    """Apply the migrations the file has not been through. Call it inside `database.writing()`: all of them or none."""
    applied = version(database)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, created TEXT NOT NULL) STRICT")
    for migration in MIGRATIONS[applied:]:
        migration(database)
        database.insert("migrations", {"name": migration.__name__, "created": now()})
    database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
