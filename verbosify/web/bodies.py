"""What a request brings, checked against a type before anything sees it. Knows JSON and forms, and no page."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from verbosify.record.checking import place_of, reason_of
from verbosify.record.fields import check_plain
from verbosify.web.problems import Problem

T = TypeVar("T")


async def json_body(request: Request, kind: TypeAdapter[T]) -> T:
    """The body as an instance of `kind`, as `TypeAdapter(Post)` for a dataclass `Post`: make it once.

    Types are strict: "1" is no number. Raises a `Problem`: 415 if it is not sent as JSON; 400 if it is no JSON that any
    reader can hold (bad UTF-8, NaN, keys given twice, numbers beyond 64 bits, half characters, more than 64 levels);
    422, with `errors` that name each place, if it is of another type.
    """
    body = await _bytes_of(request, "application/json")
    try:
        text = body.decode()
        value = json.loads(text, parse_constant=_no_number, object_pairs_hook=_object)
        check_plain(value)
    except UnicodeDecodeError:
        raise Problem(400, "The body is not UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"The body is no JSON that can be taken: {_reason(error)}.") from None
    try:
        return kind.validate_json(text, strict=True)
    except ValidationError as error:
        raise _wrong(error) from None


async def form_body(request: Request, kind: TypeAdapter[T]) -> T:
    """The fields of a form as an instance of `kind`, all of whose fields are strings; of repeated ones the first.

    Raises a `Problem` as `json_body` does.
    """
    body = await _bytes_of(request, "application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Problem(400, "The body is no form in UTF-8, or has more than 100 fields.") from None
    try:
        return kind.validate_python(dict(reversed(pairs)))
    except ValidationError as error:
        raise _wrong(error) from None


async def _bytes_of(request: Request, media_type: str) -> bytes:
    given, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if given.strip().lower() != media_type or charset not in ("", "charset=utf-8"):
        raise Problem(415, f"Send the body as {media_type}, in UTF-8.", headers={"Accept": media_type})
    return await request.body()


def _wrong(error: ValidationError) -> Problem:
    places = [(place_of(each), reason_of(each)) for each in error.errors(include_url=False)[:20]]
    detail = f"The body is wrong at {places[0][0]}: {places[0][1].rstrip('.')}."
    return Problem(422, detail, errors=[{"place": place, "reason": reason} for place, reason in places])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is given twice")
    return made


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno}, column {error.colno}"
    if isinstance(error, PydanticCustomError):
        return error.message()
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error).partition(":")[0]
