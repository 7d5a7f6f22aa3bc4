"""Reads a record of measures back from JSON, trusting nothing in it. Knows kinds of value, not their meaning."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from verbosify.errors import RecordError

Kind = Callable[[object], bool]


def read_fields(record: str, values: object, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """`values` as a dict, if it holds exactly the fields of `kinds`, each of its kind; else `RecordError`."""
    if not isinstance(values, dict) or values.keys() != kinds.keys():
        raise RecordError(f"The recorded {record} {_amiss(values, kinds)}: they must hold {', '.join(kinds)}.")
    for name, fits in kinds.items():
        if not fits(values[name]):
            raise RecordError(f"The recorded {record} say {name} is {values[name]!r}, which it cannot be.")
    return dict(values)


def _amiss(values: object, kinds: Mapping[str, Kind]) -> str:
    if not isinstance(values, dict):
        return f"are {values!r}"
    if not values:
        return "hold nothing"
    if lacking := [name for name in kinds if name not in values]:
        return f"lack {', '.join(lacking)}"
    return f"hold {', '.join(str(name) for name in values if name not in kinds)} too"


def flag(value: object) -> bool:
    return isinstance(value, bool)


def count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def share(value: object) -> bool:
    return _between(value, 0)


def cosine(value: object) -> bool:
    return _between(value, -1)


def cosines(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(cosine, value))


def optional(kind: Kind) -> Kind:
    return lambda value: value is None or kind(value)


def _between(value: object, low: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= 1
