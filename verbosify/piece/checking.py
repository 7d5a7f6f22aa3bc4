"""Whether data from outside is a piece.json: plain values first, then the JSON Schema. Knows no database."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import IntegrityError
from typing import Any

from verbosify.errors import PieceError
from verbosify.piece.database import unfit

_DEEPEST = 64  # levels of nesting; a record of ours has about eight
_LONGEST = 160  # characters of a reason in a message
_SCHEMA = Path(__file__).with_name("piece.schema.json")


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of piece.json."""
    loaded: dict[str, Any] = json.loads(_SCHEMA.read_bytes())
    return loaded


def check(data: object) -> None:
    """Raise `PieceError`, naming the place, unless `data` has the shape of a piece.json this version can read."""
    _check_values(data)
    rules = schema()
    known = rules["properties"]["version"]["const"]
    version = data.get("version") if isinstance(data, dict) else None
    if _all_whole([version]) and version > known:
        raise refused("$.version", f"{version} is newer than this verbosify, which knows {known}: update it")
    for error in _validator(rules).iter_errors(data):
        raise refused(error.json_path, error.message)


def refused(path: str, reason: str) -> PieceError:
    """The error that tells which place in a piece.json is wrong, and why."""
    if len(reason) > _LONGEST:  # the middle is the offending value, the end says what is wrong with it
        reason = f"{reason[: _LONGEST // 2]}…{reason[-_LONGEST // 2 :]}"
    return PieceError(f"piece.json is wrong at {path[:_LONGEST]}: {reason.rstrip('.')}.")


@contextmanager
def at(path: str) -> Iterator[None]:
    """Add the place in the JSON to what is raised inside."""
    try:
        yield
    except IntegrityError as error:
        raise refused(path, unfit(error)) from error
    except PieceError as error:
        raise refused(path, str(error)) from error


def _check_values(data: object) -> None:
    """Refuse what a schema lets pass but no record can keep: NaN, huge numbers, half characters, endless nesting."""
    todo: list[tuple[str, object, int]] = [("$", data, 0)]
    while todo:
        path, value, depth = todo.pop()
        if depth > _DEEPEST:
            raise refused(path, f"it is nested more than {_DEEPEST} levels deep")
        if isinstance(value, dict):
            for key, item in value.items():
                if not isinstance(key, str):
                    raise refused(path, f"{key!r} is no name")
                _check_plain(path, key)
                todo.append((f"{path}.{key}", item, depth + 1))
        elif isinstance(value, list):
            if not _all_whole(value):
                todo.extend((f"{path}[{index}]", item, depth + 1) for index, item in enumerate(value))
        else:
            _check_plain(path, value)


def _check_plain(path: str, value: object) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise refused(path, f"{value[error.start]!r} is half a character") from error
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise refused(path, f"{value} is no number a record can hold")
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise refused(path, "the number does not fit 64 bits")
    elif value is not None:
        raise refused(path, f"a value of type {type(value).__name__} is no JSON")


def _all_whole(values: list[Any]) -> bool:
    return all(type(value) is int and 0 <= value < 2**63 for value in values)


def _validator(rules: dict[str, Any]) -> Any:
    from jsonschema import Draft202012Validator, validators

    def items(validator: Any, rule: Any, instance: Any, parent: Any) -> Iterator[Any]:
        # A big piece holds millions of token ids: looking at each through the schema would take half a minute.
        if rule != {"$ref": "#/$defs/count"} or not _all_whole(instance):
            yield from Draft202012Validator.VALIDATORS["items"](validator, rule, instance, parent)

    def is_integer(_: Any, instance: Any) -> bool:
        return type(instance) is int  # the standard also takes 1.0, which is no index

    strict = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    return validators.extend(Draft202012Validator, {"items": items}, type_checker=strict)(rules)
