"""The kinds of number a measure is, and how measures are read back from a record. Knows not what they mean."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import Field, Strict, TypeAdapter, ValidationError

from verbosify.errors import RecordError

Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0)]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]
Cosine = Annotated[float, Strict(), Field(ge=-1, le=1)]

Record = TypeVar("Record")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def read_fields(kind: type[Record], values: Any) -> Record:
    """`values` as measures of that `kind`, a dataclass; `RecordError` unless they are its fields, each in its range."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if not isinstance(values, dict) or values.keys() != set(names):
        raise RecordError(f"The recorded measures {_amiss(values, names)}: they must hold {', '.join(names)}.")
    try:
        read: Record = _adapter(kind).validate_python(values)  # type: ignore[arg-type]
    except ValidationError as error:
        name = error.errors()[0]["loc"][0]
        raise RecordError(f"The recorded measures say {name} is {values[name]!r}, which it cannot be.") from error
    return read


def _amiss(values: Any, names: list[str]) -> str:
    if not isinstance(values, dict):
        return f"are {values!r}"
    if not values:
        return "hold nothing"
    if lacking := [name for name in names if name not in values]:
        return f"lack {', '.join(lacking)}"
    return f"hold {', '.join(str(name) for name in values if name not in names)} too"
