"""What happened to a record, line by line. Knows not what the events mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from verbosify.record.database import Database
from verbosify.record.fields import NO_MORE, Id, Name, Plain, Text, from_columns, now, said, to_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """Something that happened to the run."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("order of events")] = 0
    created: Annotated[Text, said("when")] = ""
    event: Annotated[Name, said("`started`, `resumed`, `interrupted`, `finished`, `escalated`...")]
    detail: Annotated[Plain, said("more of it")]


def note(database: Database, event: str, detail: dict[str, Any]) -> None:
    """Add a line. Call it inside `writing()`."""
    database.insert("log", to_columns(LogEntry(created=now(), event=event, detail=detail)))


def read_log(database: Database) -> list[LogEntry]:
    """The log, oldest first."""
    rows = database.rows("SELECT * FROM log ORDER BY id")
    with database.decoding():
        return [from_columns(LogEntry, row) for row in rows]
