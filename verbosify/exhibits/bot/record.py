"""The record of a bot: one SQLite file in its folder, an exhibit's with an inbox and an outbox. Knows no platform."""

from __future__ import annotations

import secrets
from pathlib import Path

from verbosify.errors import RecordError
from verbosify.exhibits.bot.boxes import bot_tables
from verbosify.exhibits.record import Exhibit, exhibit_tables
from verbosify.record.database import Database
from verbosify.record.fields import now
from verbosify.record.migrations import Schema, create_table

RECORD_FILE = "bot.db"


def _own_tables(database: Database) -> None:
    create_table(database, "bots", "id INTEGER PRIMARY KEY, identity TEXT NOT NULL, created TEXT NOT NULL")
    bot_tables(database)
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
