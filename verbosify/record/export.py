"""A record as one JSON file, and back. Knows the form of such files, and nothing of what is in them.

One row a line, so that two exports can be compared by eye; the same record always makes the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from verbosify.errors import OutputError
from verbosify.files import os_errors_as, whole_file
from verbosify.record.database import Database, closed_on_error
from verbosify.record.fields import dump
from verbosify.record.migrations import Schema

Parts = Iterable[tuple[str, Any]]
"""The keys of an export and their values, in order; tables as lists or iterators of rows."""


def export_lines(parts: Parts) -> Iterator[str]:
    """The text of an export, in pieces; a table that is an iterator is never in memory as a whole."""
    before = "{"
    for key, value in parts:
        yield f"{before}\n{dump(key)}: "
        if isinstance(value, Iterator | list):
            yield "["
            separator = "\n"
            for row in value:
                yield f"{separator}{dump(row)}"
                separator = ",\n"
            yield "\n]"
        else:
            yield dump(value)
        before = ","
    yield "\n}\n"


def write_json(path: Path, database: Database, parts: Callable[[], Parts]) -> None:
    """Write an export of one moment of the record. The file is whole or not there.

    Raises `OutputError` if it cannot be written.
    """
    with os_errors_as(OutputError, path, "choose another place, or make room", cannot="written"):
        if path.is_dir():
            raise OutputError(f"{path} is a folder: name a file in it.")
        with whole_file(path) as file, database.snapshot():
            file.writelines(line.encode() for line in export_lines(parts()))


def import_record(schema: Schema, place: Path, called: str, fill: Callable[[Database], None]) -> Database:
    """A new record at `place`, filled by `fill` if that succeeds in memory first: nothing is written before.

    `called` is what the errors call the export. Raises `schema.refusal` if there is a record already.
    """
    with closing(Database.in_memory(Path(called), schema.refusal)) as rehearsal:
        schema.begin(rehearsal, fill)
    with closed_on_error(Database.make(place, schema.refusal)) as database:
        if not schema.begin(database, fill):
            raise schema.refusal(f"There is {schema.name} in {place.parent} already: choose another folder.")
    return database
