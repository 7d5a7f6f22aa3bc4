"""Whether data from outside is a piece.json: what its types say. Knows no database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from sqlite3 import IntegrityError
from typing import Annotated, Any

from pydantic import TypeAdapter

from verbosify.errors import PieceError, RecordError
from verbosify.piece.values import VERSION, PieceValues, brought_up
from verbosify.record import checking
from verbosify.record.database import unfit
from verbosify.record.fields import Whole

_CALLED = "piece.json"


@cache
def _adapter() -> TypeAdapter[PieceValues]:
    return TypeAdapter(Annotated[PieceValues, Whole()])


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of piece.json."""
    made = _adapter().json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A verbosify piece"} | made


def check(data: Any) -> PieceValues:
    """`data` as values; raises `PieceError`, naming the place, unless it is a piece.json this version can read."""
    if isinstance(data, PieceValues):
        return data
    version = data.get("version") if isinstance(data, dict) else None
    if type(version) is int and version > VERSION:
        raise refused("$.version", f"{version} is newer than this verbosify, which knows {VERSION}: update it")
    if type(version) is int and 1 <= version < VERSION:
        data = brought_up(data, version)
    return checking.read_values(_adapter(), data, _CALLED, PieceError)


def refused(path: str, reason: str) -> RecordError:
    """The error that tells which place in a piece.json is wrong, and why."""
    return checking.refused(_CALLED, path, reason, PieceError)


@contextmanager
def at(path: str) -> Iterator[None]:
    """Add the place in the JSON to what is raised inside."""
    try:
        yield
    except IntegrityError as error:
        raise refused(path, unfit(error)) from error
    except RecordError as error:
        raise refused(path, str(error)) from error
