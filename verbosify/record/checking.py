"""Whether data from outside is what a record's types say; what is not is told by its place. Knows no record."""

from __future__ import annotations

from reprlib import Repr
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from verbosify.errors import RecordError

T = TypeVar("T")

LONGEST = 160  # characters of a reason in a message
_OBJECT = ("dataclass_type", "dict_type")
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = LONGEST


def read_values(kind: TypeAdapter[T], data: object, called: str, refusal: type[RecordError] = RecordError) -> T:
    """`data`, plain values as JSON has them, as an instance of `kind`.

    Raises `refusal`, naming the first place that is wrong, as in `piece.json is wrong at $.log[0].event: ...`; `called`
    is what it calls the data.
    """
    try:
        return kind.validate_python(data)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        raise refused(called, place_of(details), reason_of(details), refusal) from None
    except RecursionError as error:
        raise refused(called, "$", "it is nested too deeply", refusal) from error


def refused(called: str, path: str, reason: str, refusal: type[RecordError]) -> RecordError:
    """The error that tells which place is wrong, and why."""
    if len(reason) > LONGEST:  # the middle is the offending value, the end says what is wrong with it
        reason = f"{reason[: LONGEST // 2]}…{reason[-LONGEST // 2 :]}"
    return refusal(f"{called} is wrong at {path[:LONGEST]}: {reason.rstrip('.')}.")


def place_of(error: ErrorDetails) -> str:
    """As in `$.samples[3].token_ids[0]`."""
    place = "$"
    for part in error["loc"]:
        if part != "[key]":
            place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return place + str(error.get("ctx", {}).get("place", ""))


def reason_of(error: ErrorDetails) -> str:
    """What is wrong there, in words that name the value."""
    kind, message = error["type"], error["msg"]
    if kind == "missing":
        return "it is missing"
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        return "it is not known here"
    _, should, rule = message.partition(" should ")
    if not should:
        return message
    return f"{_SHORT.repr(error['input'])} should {'be an object' if kind in _OBJECT else rule}"
