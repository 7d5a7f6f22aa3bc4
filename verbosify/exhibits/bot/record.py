"""The record of a bot: one SQLite file in its folder, an exhibit's with an inbox and an outbox. Knows no platform."""

from __future__ import annotations

import secrets
from pathlib import Path

from verbosify.errors import RecordError
from verbosify.exhibits.bot.boxes import SPOKEN
from verbosify.exhibits.record import Exhibit, exhibit_tables
from verbosify.record.database import Database
from verbosify.record.fields import now
from verbosify.record.migrations import Schema, create_table

RECORD_FILE = "bot.db"


def _boxes_tables(database: Database) -> None:
    """The inbox and the outbox, as `boxes` has them."""
    create_table(
        database,
        "mentions",
        """
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        thread TEXT NOT NULL,
        author TEXT NOT NULL,
        handle TEXT NOT NULL,
        is_bot INTEGER NOT NULL,
        text TEXT NOT NULL,
        is_reply INTEGER NOT NULL,
        place TEXT NOT NULL,
        created TEXT NOT NULL,
        received TEXT NOT NULL""",
        same="id = NEW.id OR key = NEW.key",
    )
    kinds = ", ".join(f"'{kind}'" for kind in (*SPOKEN, "silence"))
    create_table(
        database,
        "outbox",
        f"""
        id INTEGER PRIMARY KEY,
        mention INTEGER NOT NULL UNIQUE REFERENCES mentions (id),
        kind TEXT NOT NULL CHECK (kind IN ({kinds})),
        text TEXT NOT NULL,
        reason TEXT NOT NULL,
        generation INTEGER REFERENCES generations (id),
        created TEXT NOT NULL""",
        same="id = NEW.id OR mention = NEW.mention",
    )
    create_table(
        database,
        "decisions",
        """
        id INTEGER PRIMARY KEY,
        reply INTEGER NOT NULL REFERENCES outbox (id),
        verdict TEXT NOT NULL CHECK (verdict IN ('approved', 'refused')),
        text TEXT NOT NULL,
        curator TEXT NOT NULL,
        created TEXT NOT NULL""",
    )
    create_table(
        database,
        "attempts",
        """
        id INTEGER PRIMARY KEY,
        reply INTEGER NOT NULL REFERENCES outbox (id),
        created TEXT NOT NULL""",
    )
    create_table(
        database,
        "outcomes",
        """
        id INTEGER PRIMARY KEY,
        reply INTEGER NOT NULL UNIQUE REFERENCES outbox (id),
        status TEXT NOT NULL CHECK (status IN ('posted', 'given up', 'refused')),
        post TEXT NOT NULL,
        address TEXT NOT NULL,
        reason TEXT NOT NULL,
        created TEXT NOT NULL""",
        same="id = NEW.id OR reply = NEW.reply",
    )
    for table, column in (
        ("mentions", "thread"),
        ("mentions", "author"),
        ("attempts", "reply"),
        ("decisions", "reply"),
    ):
        database.execute(f"CREATE INDEX {table}_{column} ON {table} ({column})")


def _own_tables(database: Database) -> None:
    create_table(database, "bots", "id INTEGER PRIMARY KEY, identity TEXT NOT NULL, created TEXT NOT NULL")
    _boxes_tables(database)
    database.insert("bots", {"identity": secrets.token_hex(8), "created": now()})


SCHEMA = Schema("a bot", int.from_bytes(b"vbbt"), (exhibit_tables, _own_tables))


def open_record(folder: Path) -> Exhibit:
    """The bot's record, made if there is none."""
    return Exhibit.open_or_create(folder / RECORD_FILE, SCHEMA)


def find_record(folder: Path) -> Exhibit:
    """The record of a bot that was run before; `RecordError` if there is none."""
    if not (folder / RECORD_FILE).is_file():
        raise RecordError(f"{folder} holds no bot that was ever run: run it first, or name its folder.")
    return Exhibit.open(folder / RECORD_FILE, SCHEMA)


def identity(database: Database) -> tuple[str, str]:
    """What tells this bot's posts from all others', and when it began to listen."""
    row = database.rows("SELECT identity, created FROM bots")[0]
    return row["identity"], row["created"]
