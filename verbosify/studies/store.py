"""`study.db`: what was drawn and measured, each cell once, on the disk before it is told of. Knows no model."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from verbosify.errors import RecordError
from verbosify.files import file_lock
from verbosify.record import Database, Schema, create_table
from verbosify.studies.sampling import CellResult, Report, Row

NAME = "study.db"
SAME_MODEL = ("weights_sha256", "dtype")
"""What of the model's card must not differ among the cells of a file."""


def tables(database: Database) -> None:
    """The first tables."""
    create_table(
        database,
        "cells",
        """
        key TEXT PRIMARY KEY,
        cell TEXT NOT NULL,
        model TEXT NOT NULL,
        report TEXT NOT NULL,
        rows BLOB NOT NULL""",
        same="key = NEW.key",
    )
    create_table(
        database, "measures", "key TEXT PRIMARY KEY REFERENCES cells (key), rows BLOB NOT NULL", "key = NEW.key"
    )


SCHEMA = Schema("a study", int.from_bytes(b"vbst"), (tables,))


class Store:
    """The study in a folder; made empty where there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database = Database.make(folder / NAME)
        try:
            SCHEMA.begin(self._database, lambda _: None)
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._database.close()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the one process that adds to the study. `RecordError` at once if another is."""

        def refuse() -> None:
            raise RecordError(f"Another process is at work on the study in {self.folder}: wait until it is done.")

        with file_lock(self.folder / "study.lock", refuse):
            yield

    def drawn(self) -> set[str]:
        """The keys of all cells that are there."""
        return {row["key"] for row in self._database.rows("SELECT key FROM cells")}

    def measured(self) -> set[str]:
        """The keys of those that have been measured."""
        return {row["key"] for row in self._database.rows("SELECT key FROM measures")}

    def add(self, results: Iterable[CellResult]) -> None:
        """Cells, all of them or none; those that are there already stay as they are.

        Raises `RecordError` for what another model said.
        """
        with self._database.writing():
            there = self.drawn()
            for result in results:
                if result.key in there:
                    continue
                self._require_same(result.model)
                self._database.insert(
                    "cells",
                    {
                        "key": result.key,
                        "cell": json.dumps(result.cell, ensure_ascii=False),
                        "model": json.dumps(result.model),
                        "report": json.dumps(asdict(result.report)),
                        "rows": _packed([asdict(row) for row in result.rows]),
                    },
                )

    def add_measures(self, measures: Sequence[tuple[str, list[dict[str, Any]]]]) -> None:
        """For each cell the measures of its rows, in their order."""
        with self._database.writing():
            for key, rows in measures:
                self._database.insert("measures", {"key": key, "rows": _packed(rows)})

    def result(self, key: str) -> CellResult:
        """What came of a cell."""
        (row,) = self._database.rows("SELECT * FROM cells WHERE key = ?", (key,))
        with self._database.decoding():
            return CellResult(
                key,
                json.loads(row["cell"]),
                json.loads(row["model"]),
                Report(**json.loads(row["report"])),
                tuple(Row(**each | {"token_ids": tuple(each["token_ids"])}) for each in _unpacked(row["rows"])),
            )

    def measures(self, key: str) -> list[dict[str, Any]]:
        """The measures of a cell's rows."""
        (row,) = self._database.rows("SELECT rows FROM measures WHERE key = ?", (key,))
        with self._database.decoding():
            rows: list[dict[str, Any]] = _unpacked(row["rows"])
            return rows

    def model(self) -> dict[str, Any] | None:
        """The card of the model that said the first of it; None if nothing is there."""
        rows = self._database.rows("SELECT model FROM cells ORDER BY rowid LIMIT 1")
        return json.loads(rows[0]["model"]) if rows else None

    def _require_same(self, card: dict[str, Any]) -> None:
        first = self.model()
        if first and (other := [name for name in SAME_MODEL if first[name] != card[name]]):
            raise RecordError(
                f"The study in {self.folder} was made with another model ({other[0]} was {first[other[0]]!r}, and is "
                f"{card[other[0]]!r}): choose another folder, or that model."
            )


def _packed(rows: Any) -> bytes:
    return zlib.compress(json.dumps(rows, ensure_ascii=False).encode(), 6)


def _unpacked(blob: bytes) -> Any:
    try:
        return json.loads(zlib.decompress(blob))
    except zlib.error as error:
        raise ValueError(str(error)) from error
