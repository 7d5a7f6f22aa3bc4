"""The kinds of value a record holds: their checks, and how rows of them become columns. Knows no table.

What a record *is* is said once, as frozen dataclasses of these kinds with a description each (`said`): the checks of
what comes from outside, the JSON Schema and the tables in the docs are made from them. A field is a column and a key of
the export, of the same name and in the same order. Inside they are trusted: making a row checks nothing.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, Strict
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import TypedDict

from verbosify.errors import RecordError
from verbosify.record.database import Value

Row = TypeVar("Row")

_DEEPEST = 64  # levels of nesting; a record of ours has about eight
_COLUMN_TYPES = (int, float, str, bytes, bool, type(None))

NO_MORE = ConfigDict(extra="forbid")
"""Of a dataclass: it has these fields and no others."""


def said(description: str) -> Any:
    """What a field is, for people: in the docs and in the JSON Schema."""
    return Field(description=description)


class Whole:
    """Mark of a dataclass in a record: every field must be there, whatever it is when a row is made."""

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        names = [field.name for field in fields(source)]

        def check(value: Any) -> Any:
            if isinstance(value, dict):
                for name in names:
                    if name not in value:
                        raise PydanticCustomError("lacking", "{name} is missing", {"name": repr(name)})
            return value

        return core_schema.no_info_before_validator_function(check, handler(source))


def check_exact(value: Any) -> Any:
    """`value`, unless it is a whole number that a float cannot hold exactly."""
    if isinstance(value, int) and not -(2**53) <= value <= 2**53:
        raise PydanticCustomError("number", "the number is too large to be kept exactly")
    return value


def check_plain(value: Any, depth: int = 0) -> Any:
    """`value` if it is JSON that any reader can hold: no NaN, huge number, half character or endless nesting."""
    if depth > _DEEPEST:
        raise PydanticCustomError("deep", f"it is nested more than {_DEEPEST} levels deep")
    match value:
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise PydanticCustomError("key", "{key} is no name", {"key": repr(key)})
                _inside(f".{key}", key, depth)
                _inside(f".{key}", item, depth + 1)
        case list():
            for index, item in enumerate(value):
                _inside(f"[{index}]", item, depth + 1)
        case str():
            check_characters(value)
        case float() if not math.isfinite(value):
            raise PydanticCustomError("number", "{value} is no number a record can hold", {"value": repr(value)})
        case int() if not -(2**63) <= value < 2**63:
            raise PydanticCustomError("number", "the number does not fit 64 bits")
        case None | float() | int():
            pass
        case _:
            raise PydanticCustomError("kind", "a value of type {kind} is no JSON", {"kind": type(value).__name__})
    return value


def check_characters(value: str) -> str:
    """`value` if it holds no half characters."""
    try:
        value.isascii() or value.encode()
    except UnicodeEncodeError as error:
        half = {"half": repr(value[error.start])}
        raise PydanticCustomError("half", "{half} is half a character", half) from error
    return value


def _inside(place: str, value: Any, depth: int) -> None:
    """Check a value, and tell where it is: pydantic's own places end at the value whose kind is free."""
    try:
        check_plain(value, depth)
    except PydanticCustomError as error:
        context = error.context or {}
        if depth >= _DEEPEST:  # the place of what is endless is of no help
            raise
        inner = context.get("place", "")
        raise PydanticCustomError(error.type, error.message_template, context | {"place": place + inner}) from None


Text = Annotated[str, Strict(), AfterValidator(check_characters)]
Name = Annotated[str, Strict(), Field(min_length=1), AfterValidator(check_characters)]
Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, le=2**63 - 1)]
Id = Annotated[int, Strict(), Field(ge=1, le=2**53 - 1)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False), BeforeValidator(check_exact)]
Seconds = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False), BeforeValidator(check_exact)]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]
Cosine = Annotated[float, Strict(), Field(ge=-1, le=1)]
Plain = Annotated[dict[str, Any], AfterValidator(check_plain)]
"""Any object of JSON values."""


class Shape:
    """Mark of a plain dict whose keys are those of a `TypedDict`, and may be more."""

    def __init__(self, keys: type) -> None:
        self.keys = keys

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(value: Any, of_keys: Callable[[Any], Any]) -> Any:
            of_keys(value)
            return check_plain(value)  # as it is: what pydantic makes of it has its keys in another order

        return core_schema.no_info_wrap_validator_function(check, handler.generate_schema(self.keys))


class CardKeys(TypedDict):
    """Which weights on which engine; may hold more."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    name: Text
    engine: Text
    weights_sha256: Text
    device: Text
    dtype: Text
    threads: Count
    versions: dict[str, Text]


Card = Annotated[dict[str, Any], Shape(CardKeys)]
"""The card of a model."""


def now() -> str:
    """The time in UTC, ISO 8601, to the millisecond, as in `2024-05-01T12:00:00.000Z`."""
    return moment(datetime.now(UTC))


def moment(time: datetime) -> str:
    """A time with its zone as records have it: see `now`. So two of them are in order as texts are."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def dump(value: object, *, sort_keys: bool = False) -> str:
    """Compact JSON. Raises `RecordError` for what JSON cannot hold: NaN, infinity, objects of other kinds."""
    try:
        return json.dumps(
            value, ensure_ascii=False, allow_nan=False, check_circular=True, sort_keys=sort_keys, separators=(",", ":")
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"A value cannot be recorded as JSON ({error}): hand over plain, finite values.") from error


def values_of(row: Any) -> dict[str, Any]:
    """A row's fields in order."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def to_columns(row: Any) -> dict[str, Value]:
    """A row's fields as columns. An `id` of 0 becomes NULL, for SQLite to number the row."""
    in_json = json_fields(type(row))  # type: ignore[arg-type]
    columns = {name: dump(value) if name in in_json else value for name, value in values_of(row).items()}
    return columns | {"id": columns["id"] or None} if "id" in columns else columns


def from_columns(kind: type[Row], columns: sqlite3.Row) -> Row:
    """The inverse of `to_columns`; columns that `kind` has no field for are left out."""
    in_json = json_fields(kind)  # type: ignore[arg-type]
    return kind(
        **{
            field.name: json.loads(columns[field.name]) if field.name in in_json else columns[field.name]
            for field in fields(kind)  # type: ignore[arg-type]
        }
    )


@cache
def json_fields(kind: type) -> frozenset[str]:
    """The fields of a row that are JSON in a column of text: all that no column can hold as they are."""
    return frozenset(name for name, hint in get_type_hints(kind).items() if not _is_column(hint))


def _is_column(hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        return all(map(_is_column, get_args(hint)))
    return hint in _COLUMN_TYPES or get_origin(hint) is Literal
