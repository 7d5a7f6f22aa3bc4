"""A piece as one JSON file, and back. Knows the form of piece.json, and nothing of who reads it.

piece.json holds all of the record: importing it makes the same rows again, and exporting those the same bytes. What
its types cannot say (that every id names a row, that offsets lie within the text, that undo undoes what was last done)
the database's own constraints and the replay of picks do.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from verbosify.errors import PieceError
from verbosify.files import read_json
from verbosify.piece import migrations
from verbosify.piece import picks as events
from verbosify.piece.checking import at, check, refused
from verbosify.piece.picks import PickEvent
from verbosify.piece.rows import (
    Batch,
    Job,
    LogEntry,
    Opinion,
    Overfit,
    Passage,
    Rating,
    Sample,
    Scores,
    determinants,
    determinants_before,
    fingerprint_of,
)
from verbosify.piece.store import DATABASE_NAME, Piece, add_job, add_passage
from verbosify.piece.values import FORMAT, VERSION, EssayValues, PieceValues, ReadingValues
from verbosify.record.database import Database
from verbosify.record.export import import_record, write_json
from verbosify.record.fields import dump, to_columns, values_of
from verbosify.words import plain_words

EXPORT_NAME = "piece.json"


def values_of_piece(piece: Piece) -> PieceValues:
    """The whole record, as it is at one moment."""
    with piece.database.snapshot():
        parts: Any = {key: list(value) if isinstance(value, Iterator) else value for key, value in _parts(piece)}
        return PieceValues(**parts)


def export_piece(piece: Piece) -> dict[str, Any]:
    """The whole record as JSON values, keys in the order of the file."""
    return dict(parts_of(values_of_piece(piece)))


def parts_of(piece: PieceValues) -> Iterator[tuple[str, Any]]:
    """The keys of piece.json and their JSON values, in order."""
    return ((name, _plain(value)) for name, value in values_of(piece).items())


def _plain(value: Any) -> Any:
    """Rows as JSON values; what is no row, and no list or object of rows, is as it is."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple) and value and (is_dataclass(value[0]) or isinstance(value, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict) and value and isinstance(next(iter(value.values())), ReadingValues | list):
        return {key: _plain(item) for key, item in value.items()}
    return [] if value == () else value


def write_export(piece: Piece, path: str | Path | None = None) -> Path:
    """Write the record to `path` (by default piece.json in the piece's folder); returns where it is.

    The same record always makes the same bytes. The file is whole or not there: it is written beside its place first.
    Raises `OutputError` if it cannot be written.
    """
    path = Path(path) if path is not None else piece.folder / EXPORT_NAME

    def parts() -> Iterator[tuple[str, Any]]:
        for key, value in _parts(piece):
            yield key, map(_plain, value) if isinstance(value, Iterator) else _plain(value)

    write_json(path, piece.database, parts)
    return path


def read_export(path: str | Path) -> Any:
    """The JSON in a file, for `import_piece` to check. Raises `PieceError` if it cannot be read or is not JSON."""
    return read_json(Path(path), PieceError, "check the path, or export the piece again")


def read_record(path: str | Path) -> PieceValues:
    """A piece as values, for `import_piece` or the site: from its record, which is the truth, if it is there.

    Args:
        path: a piece's folder, its piece.db, or a JSON file. In a folder without a record its piece.json is read.

    Raises `PieceError` if there is no piece there, or it cannot be read.
    """
    path = Path(path)
    if path.name == DATABASE_NAME:
        path = path.parent
    if os.path.exists(path / DATABASE_NAME):  # noqa: PTH110  (unlike Path's own, it takes any path)
        with Piece.open(path) as piece:
            return values_of_piece(piece)
    file = path if path.suffix == ".json" and not path.is_dir() else path / EXPORT_NAME
    if not os.path.exists(file):  # noqa: PTH110
        raise PieceError(f"There is no piece in {path}: name a folder with {DATABASE_NAME} or {EXPORT_NAME} in it.")
    return check(read_export(file))


def import_piece(data: Any, folder: str | Path) -> Piece:
    """Make the piece that `data`, the content of a piece.json, describes in `folder`, and open it.

    Raises `PieceError` if the data is not a record this version can read, naming the place in the JSON, before
    anything is written; and if the folder holds a piece already.
    """
    piece = check(data)
    folder = Path(folder)

    def fill(database: Database) -> None:
        _fill(database, piece)

    return Piece(folder, import_record(migrations.SCHEMA, folder / DATABASE_NAME, EXPORT_NAME, fill))


def _parts(piece: Piece) -> Iterator[tuple[str, Any]]:
    """The fields of `PieceValues` and their values, in order; tables as iterators."""
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
        EssayValues(
            name=job.essay_name,
            format=job.essay_format,
            text=job.essay_text,
            source_base64=_to_base64(job.essay_source),
            blocks=job.essay_blocks,
        ),
    )
    yield "passages", iter(piece.passages())
    yield "overfits", iter(piece.overfits())
    yield "batches", iter(piece.batches())
    yield "samples", piece.samples()
    yield "scores", iter(piece.scores())
    yield "opinions", iter(piece.opinions())
    yield "ratings", iter(piece.ratings())
    yield "picks", iter(piece.history())
    yield "readings", _readings(piece.database)
    yield "log", iter(piece.log())


def _readings(database: Database) -> dict[str, ReadingValues]:
    """What stands in each reading, derived from the pick events."""
    readings = {}
    for name in events.readings(database):
        gaps = events.standing(database, name)
        readings[name] = ReadingValues(
            words_added=sum(plain_words(pick.text) for picks in gaps.values() for pick in picks),
            gaps={str(gap): list(picks) for gap, picks in gaps.items()},
        )
    return readings


def _fill(database: Database, data: PieceValues) -> None:
    """Record all of `data`, whose shape is right, in an empty database. Raises `PieceError` where it does not fit."""
    job = job_of(data)
    add_job(database, job, ())
    for path, passage in _numbered("passages", data.passages):
        with at(path):
            add_passage(database, job, passage)
    if job.fingerprint not in fingerprints(job, data.passages):
        raise refused("$.fingerprint", "it is not that of this essay, these options and these weights")
    tables: tuple[tuple[str, str, Sequence[Overfit | Batch | Sample | Scores | Opinion | Rating | LogEntry]], ...] = (
        ("overfits", "overfits", data.overfits),
        ("batches", "batches", data.batches),
        ("samples", "generations", data.samples),
        ("scores", "scores", data.scores),
        ("opinions", "opinions", data.opinions),
        ("ratings", "ratings", data.ratings),
        ("log", "log", data.log),
    )
    for key, table, rows in tables:
        for path, row in _numbered(key, rows):
            with at(path):
                database.insert(table, to_columns(row))
    for path, event in _numbered("picks", data.picks):
        with at(path):
            _add_event(database, event)
    with at("$.picks"):
        readings = _readings(database)
    if not _add_up(readings, data.readings):
        raise refused("$.readings", "they are not what the picks add up to")


def _add_up(found: Mapping[str, ReadingValues], told: Mapping[str, ReadingValues]) -> bool:
    """Whether readings are those that were found, their words counted as today or, as once, between white space."""
    if {name: reading.gaps for name, reading in found.items()} != {
        name: reading.gaps for name, reading in told.items()
    }:
        return False
    between_spaces = {
        name: sum(len(pick.text.split()) for picks in reading.gaps.values() for pick in picks)
        for name, reading in found.items()
    }
    return all(told[name].words_added in (found[name].words_added, between_spaces[name]) for name in found)


def _add_event(database: Database, event: PickEvent) -> None:
    if event.gap is not None:
        events.check(database, event.gap, event.picks)
    database.insert("pick_events", values_of(event) | {"picks": dump([asdict(pick) for pick in event.picks])})


def job_of(data: PieceValues) -> Job:
    """What a piece of this record is made from. `PieceError` if its source is not base64."""
    return Job(
        title=data.title,
        created=data.created,
        software=data.software,
        essay_name=data.essay.name,
        essay_format=data.essay.format,
        essay_text=data.essay.text,
        essay_source=_from_base64(data.essay.source_base64),
        essay_blocks=data.essay.blocks,
        options=data.job,
        model=data.model,
        fingerprint=data.fingerprint,
    )


def fingerprints(job: Job, passages: Sequence[Passage]) -> tuple[str, str]:
    """That of today's determinants, and that of those before, which an older piece keeps."""
    return fingerprint_of(determinants(job, passages)), fingerprint_of(determinants_before(job))


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


def _numbered(key: str, rows: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    return ((f"$.{key}[{index}]", row) for index, row in enumerate(rows))
