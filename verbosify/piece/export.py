"""A piece as one JSON file, and back. Knows the shape of piece.json, and nothing of who reads it.

piece.json holds all of the record: importing it makes the same rows again, and exporting those the same bytes. Its
shape is described by `piece.schema.json`; what a schema cannot say (that every id names a row, that offsets lie within
the text, that undo undoes what was last done) the database's own constraints and the replay of picks do.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from verbosify.errors import OutputError, PieceError
from verbosify.files import read_json, whole_file
from verbosify.piece import migrations
from verbosify.piece import picks as events
from verbosify.piece.checking import at, check, refused
from verbosify.piece.database import Database, closed_on_error
from verbosify.piece.picks import Pick
from verbosify.piece.rows import Batch, Job, LogEntry, Overfit, Passage, Sample, Scores, dump, to_columns, values_of
from verbosify.piece.store import DATABASE_NAME, Piece, add_job, add_passage
from verbosify.words import plain_words

EXPORT_NAME = "piece.json"
FORMAT = "verbosify/piece"
VERSION = 1


def export_piece(piece: Piece) -> dict[str, Any]:
    """The whole record as JSON values, keys in the order of the file."""
    with piece.database.snapshot():
        return {key: list(value) if isinstance(value, Iterator) else value for key, value in _parts(piece)}


def write_export(piece: Piece, path: str | Path | None = None) -> Path:
    """Write the record to `path` (by default piece.json in the piece's folder); returns where it is.

    One row a line, so that two exports can be compared by eye; the same record always makes the same bytes. The file
    is whole or not there: it is written beside its place first. Raises `OutputError` if it cannot be written.
    """
    path = Path(path) if path is not None else piece.folder / EXPORT_NAME
    try:
        if path.is_dir():
            raise OutputError(f"{path} is a folder: name a file in it.")
        with whole_file(path) as file, piece.database.snapshot():
            file.writelines(line.encode() for line in _lines(piece))
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror}): choose another place, or make room."
        ) from error
    return path


def read_export(path: str | Path) -> Any:
    """The JSON in a file, for `import_piece` to check. Raises `PieceError` if it cannot be read or is not JSON."""
    return read_json(Path(path), PieceError, "check the path, or export the piece again")


def read_record(path: str | Path) -> Any:
    """A piece as its JSON values, for `import_piece` or the site: from its record, which is the truth, if it is there.

    Args:
        path: a piece's folder, its piece.db, or a JSON file. In a folder without a record its piece.json is read.

    Raises `PieceError` if there is no piece there, or it cannot be read.
    """
    path = Path(path)
    if path.name == DATABASE_NAME:
        path = path.parent
    if os.path.exists(path / DATABASE_NAME):  # noqa: PTH110  (unlike Path's own, it takes any path)
        with Piece.open(path) as piece:
            return export_piece(piece)
    return read_export(path if path.suffix == ".json" and not path.is_dir() else path / EXPORT_NAME)


def import_piece(data: Any, folder: str | Path) -> Piece:
    """Make the piece that `data` describes in `folder`, and open it.

    Raises `PieceError` if the data is not a record this version can read, naming the place in the JSON, before
    anything is written; and if the folder holds a piece already.
    """
    check(data)
    with closing(Database.in_memory(Path(EXPORT_NAME))) as rehearsal, rehearsal.writing():
        _fill(rehearsal, data)
    with closed_on_error(Piece(Path(folder), Database.make(Path(folder) / DATABASE_NAME))) as piece:
        with piece.database.writing():
            if migrations.version(piece.database):
                raise PieceError(f"There is a piece in {folder} already: choose another folder.")
            _fill(piece.database, data)
        piece.database.keep_log()
    return piece


def _rows(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    return (values_of(row) for row in rows)


def _parts(piece: Piece) -> Iterator[tuple[str, Any]]:
    """The keys of piece.json and their values, in order; long lists as iterators."""
    job = piece.job
    yield "format", FORMAT
    yield "version", VERSION
    yield "title", job.title
    yield "created", job.created
    yield "software", job.software
    yield "job", job.options
    yield "fingerprint", job.fingerprint
    yield "model", job.model
    yield (
        "essay",
        {
            "name": job.essay_name,
            "format": job.essay_format,
            "text": job.essay_text,
            "source_base64": _to_base64(job.essay_source),
            "blocks": job.essay_blocks,
        },
    )
    yield "passages", _rows(piece.passages())
    yield "overfits", _rows(piece.overfits())
    yield "batches", _rows(piece.batches())
    yield "samples", _rows(piece.samples())
    yield "scores", _rows(piece.scores())
    yield "picks", (values_of(event) | {"picks": [asdict(pick) for pick in event.picks]} for event in piece.history())
    yield "readings", _readings(piece.database)
    yield "log", _rows(piece.log())


def _lines(piece: Piece) -> Iterator[str]:
    before = "{"
    for key, value in _parts(piece):
        yield f"{before}\n{dump(key)}: "
        if isinstance(value, Iterator):
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


def _readings(database: Database) -> dict[str, Any]:
    """What stands in each reading, derived from the pick events; words are counted between white space."""
    readings = {}
    for name in events.readings(database):
        gaps = events.standing(database, name)
        readings[name] = {
            "words_added": sum(plain_words(pick.text) for picks in gaps.values() for pick in picks),
            "gaps": {str(gap): [asdict(pick) for pick in picks] for gap, picks in gaps.items()},
        }
    return readings


def _fill(database: Database, data: dict[str, Any]) -> None:
    """Record all of `data`, whose shape is right, in an empty database. Raises `PieceError` where it does not fit."""
    migrations.migrate(database)
    job = job_of(data)
    if job.fingerprint != data["fingerprint"]:
        raise refused("$.fingerprint", "it is not that of this essay, these options and these weights")
    add_job(database, job)
    for path, row in _numbered(data, "passages"):
        with at(path):
            add_passage(database, job, Passage(**row))
    tables: tuple[tuple[str, type], ...] = (("overfits", Overfit), ("batches", Batch), ("samples", Sample))
    for table, kind in (*tables, ("scores", Scores), ("log", LogEntry)):
        for path, row in _numbered(data, table):
            with at(path):
                database.insert(table, to_columns(kind(**row)))
    for path, row in _numbered(data, "picks"):
        with at(path):
            if row["gap"] is not None:
                events.check(database, row["gap"], [Pick(**pick) for pick in row["picks"]])
            database.insert("pick_events", row | {"picks": dump(row["picks"])})
    with at("$.picks"):
        readings = _readings(database)
    if readings != data["readings"]:
        raise refused("$.readings", "they are not what the picks add up to")


def job_of(data: Mapping[str, Any]) -> Job:
    """What a piece of this record, whose shape is right, is made from. `PieceError` if its source is not base64."""
    essay = data["essay"]
    return Job(
        title=data["title"],
        created=data["created"],
        software=data["software"],
        essay_name=essay["name"],
        essay_format=essay["format"],
        essay_text=essay["text"],
        essay_source=_from_base64(essay["source_base64"]),
        essay_blocks=essay["blocks"],
        options=data["job"],
        model=data["model"],
    )


def _to_base64(source: bytes | None) -> str | None:
    return None if source is None else b64encode(source).decode("ascii")


def _from_base64(text: str | None) -> bytes | None:
    if text is None:
        return None
    with suppress(ValueError):
        source = b64decode(text, validate=True)
        if _to_base64(source) == text:  # several spellings decode to the same bytes; only ours comes back as it was
            return source
    raise refused("$.essay.source_base64", "it is not base64")


def _numbered(data: dict[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((f"$.{key}[{index}]", row) for index, row in enumerate(data.get(key, [])))
