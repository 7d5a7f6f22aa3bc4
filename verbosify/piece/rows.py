"""The rows of a piece as frozen dataclasses, and how they become columns. Knows neither SQL nor files.

A field is a column and, in piece.json, a key, of the same name and in the same order. Fields that the store fills in
(`id`, `created`...) have defaults; leave them out of rows that are not recorded yet.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

from verbosify.errors import PieceError
from verbosify.piece.database import Value
from verbosify.version import version_of_verbosify

Row = TypeVar("Row")

_JSON_COLUMNS = frozenset(
    (
        "software",
        "essay_blocks",
        "options",
        "model",
        "recipe",
        "settings",
        "diversity",
        "token_ids",
        "measures",
        "detail",
        "tokens",
        "base",
        "overfitted",
    )
)


def now() -> str:
    """The time in UTC, ISO 8601, to the millisecond, as in `2024-05-01T12:00:00.000Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def dump(value: object, *, sort_keys: bool = False) -> str:
    """Compact JSON. Raises `PieceError` for what JSON cannot hold: NaN, infinity, objects of other kinds."""
    try:
        return json.dumps(
            value, ensure_ascii=False, allow_nan=False, check_circular=True, sort_keys=sort_keys, separators=(",", ":")
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise PieceError(f"A value cannot be recorded as JSON ({error}): hand over plain, finite values.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a piece is made from.

    Attributes:
        title: of the work, as shown to readers.
        created: filled in by the store.
        software: versions of what made the record.
        essay_name, essay_format: the file's name, and `txt`, `md` or `docx`.
        essay_text: the text all character offsets of the record count in.
        essay_source: the original file's bytes where the text alone cannot bring it back (docx), else None.
        essay_blocks: `{kind, start, end, level, sentences: [{start, end, text}]}` each, offsets in `essay_text`.
        options: everything chosen for the run: model, recipe, settings, target, seed, splitter, passage size...
        model: the model's card: name, family, engine, weights_sha256, parameters, context, device, dtype, threads,
            licence, versions.
    """

    title: str
    created: str = ""
    software: dict[str, str] = field(default_factory=lambda: {"verbosify": version_of_verbosify()})
    essay_name: str
    essay_format: str
    essay_text: str
    essay_source: bytes | None = None
    essay_blocks: list[dict[str, Any]]
    options: dict[str, Any]
    model: dict[str, Any]

    def determinants(self) -> dict[str, Any]:
        """All that the samples follow from; two runs that share it make the same piece."""
        return {
            "essay text": self.essay_text,
            "essay sentences": self.essay_blocks,
            "options": {name: value for name, value in self.options.items() if name != "portfolio"},
            "model weights": self.model.get("weights_sha256"),
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of `determinants` as canonical JSON: sorted keys, no spaces, UTF-8."""
        return sha256(dump(self.determinants(), sort_keys=True).encode()).hexdigest()


def differences(then: Job, today: Job, most: int = 5) -> str:
    """What two jobs do not share, as in `options.settings.top_k was 30 and is 80; and 2 more`."""
    before, after = (
        {name: text for key, value in job.determinants().items() for name, text in _flat(key, value)}
        for job in (then, today)
    )
    said = [
        f"other {name}"
        if name.startswith("essay")
        else f"{name} was {_short(before.get(name))} and is {_short(after.get(name))}"
        for name in before | after
        if before.get(name) != after.get(name)
    ]
    return "; ".join(said[:most] + ([f"and {len(said) - most} more"] if len(said) > most else []))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(f"{name}.{key}", item)
    else:
        yield name, dump(value, sort_keys=True)


def _short(text: str | None, limit: int = 40) -> str:
    if text is None:
        return "not given"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Consecutive sentences of one block: `first` to `last` (both included, from 0) of block `block`.

    `start`, `end` and `gap` (where generated text goes) are character offsets in the essay's text.
    `finished` is when the passage's sampling was complete, or None.
    """

    index: int
    block: int
    first: int
    last: int
    start: int
    end: int
    text: str
    gap: int
    finished: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfit:
    """One fine-tuning of fresh weights on one passage. Losses are in nats a token, `seconds` is wall time."""

    id: int = 0
    passage: int = 0
    recipe: dict[str, Any]
    loss_before: float
    loss_after: float
    window_loss: float
    window_tokens: int
    seconds: float
    model: dict[str, Any]
    created: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Samples drawn together. `overfit` is None when they come from the fresh base model, as a control."""

    id: int = 0
    passage: int
    number: int
    overfit: int | None
    model: dict[str, Any]
    settings: dict[str, Any]
    reason: str
    diversity: dict[str, Any]
    seconds: float
    created: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One continuation: row `index` of its batch, the prompt not included."""

    id: int = 0
    batch: int = 0
    index: int
    token_ids: list[int]
    text: str
    finish: str
    measures: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """How likely each token of a sample was, given all before it: under the base, and under the overfitted model.

    `tokens` join to the sample's text; the others have as many probabilities, 0 to 1.
    """

    sample: int
    tokens: list[str]
    base: list[float]
    overfitted: list[float]
    created: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """Something that happened to the run: started, resumed, interrupted, finished, escalated..."""

    id: int = 0
    created: str = ""
    event: str
    detail: dict[str, Any]


def values_of(row: Any) -> dict[str, Any]:
    """A row's fields in order, for piece.json."""
    return {f.name: getattr(row, f.name) for f in fields(row)}


def to_columns(row: Any) -> dict[str, Value]:
    """A row's fields as columns. An `id` of 0 becomes NULL, for SQLite to number the row."""
    columns = {name: dump(value) if name in _JSON_COLUMNS else value for name, value in values_of(row).items()}
    return columns | {"id": columns["id"] or None} if "id" in columns else columns


def from_columns(kind: type[Row], columns: sqlite3.Row) -> Row:
    """The inverse of `to_columns`; columns that `kind` has no field for are left out."""
    names = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: json.loads(columns[name]) if name in _JSON_COLUMNS else columns[name] for name in names})
