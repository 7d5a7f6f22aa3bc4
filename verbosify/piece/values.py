"""A whole piece as values: what piece.json holds, and what all that read a record read. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, Strict
from typing_extensions import TypedDict

from verbosify.piece.picks import Pick, PickEvent
from verbosify.piece.rows import Batch, LogEntry, Opinion, Overfit, Passage, Rating, Sample, Scores
from verbosify.record.fields import NO_MORE, Card, Count, Plain, Shape, Text, Whole, said

FORMAT: Literal["verbosify/piece"] = "verbosify/piece"
VERSION: Literal[3] = 3
"""Of piece.json. Earlier ones are read too: 2 had neither opinions nor ratings; 1 had no prompts of batches either, no
parents of samples, and at first no scores."""


class SentenceKeys(TypedDict):
    """A sentence of a block; may hold more."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    start: Count
    end: Count
    text: Text


class BlockKeys(TypedDict):
    """A block of the essay; may hold more, such as the level of a heading."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    kind: Text
    start: Count
    end: Count
    sentences: list[SentenceKeys]


Block = Annotated[dict[str, Any], Shape(BlockKeys)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EssayValues:
    """The essay; offsets are characters of its text."""

    __pydantic_config__ = NO_MORE

    name: Annotated[Text, said("of the file")]
    format: Annotated[Text, said("`txt`, `md` or `docx`")]
    text: Annotated[Text, said("what offsets count in")]
    source_base64: Annotated[Text | None, said("the original file, where the text alone cannot bring it back")]
    blocks: Annotated[list[Block], said("its blocks")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingValues:
    """What stands in one reading."""

    __pydantic_config__ = NO_MORE

    words_added: Annotated[Count, said("counted between white space")]
    gaps: Annotated[
        dict[Annotated[str, Strict(), Field(pattern="^[0-9]+$")], list[Annotated[Pick, Whole()]]],
        said("the picks at each gap; empty gaps are left out"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceValues:
    """The durable record of one work. Ids count from 1, all else from 0; offsets are characters (code points)."""

    __pydantic_config__ = NO_MORE

    format: Annotated[Literal["verbosify/piece"], said("of the file")]
    version: Annotated[Literal[3], said("of this format")]
    title: Annotated[Text, said("as in the table `job`")]
    created: Annotated[Text, said("as in the table `job`")]
    software: Annotated[dict[str, Text], said("as in the table `job`")]
    job: Annotated[Plain, said("its `options`")]
    fingerprint: Annotated[str, Strict(), Field(pattern="^[0-9a-f]{64}$"), said("as in the table `job`")]
    model: Annotated[Card, said("as in the table `job`")]
    essay: Annotated[EssayValues, Whole(), said("`name`, `format`, `text`, `source_base64`, `blocks`")]
    passages: Annotated[
        list[Annotated[Passage, Whole()]],
        said("as in the table, and `finished`: when its sampling was complete, or null"),
    ]
    overfits: Annotated[list[Annotated[Overfit, Whole()]], said("as in the table, JSON columns as values")]
    batches: Annotated[list[Annotated[Batch, Whole()]], said("as in the table")]
    samples: Annotated[list[Annotated[Sample, Whole()]], said("the table `generations`")]
    scores: Annotated[list[Annotated[Scores, Whole()]], said("as in the table")]
    opinions: Annotated[list[Annotated[Opinion, Whole()]], said("as in the table")]
    ratings: Annotated[list[Annotated[Rating, Whole()]], said("as in the table")]
    picks: Annotated[list[Annotated[PickEvent, Whole()]], said("the table `pick_events`")]
    readings: Annotated[dict[Text, Annotated[ReadingValues, Whole()]], said("what the events add up to")]
    log: Annotated[list[Annotated[LogEntry, Whole()]], said("as in the table")]


def brought_up(data: dict[str, Any], version: int) -> dict[str, Any]:
    """A piece.json of an earlier version as one of today's. What is not of its shape is left for the check to tell."""
    new: dict[str, dict[str, Any]] = {"batches": {"prompt": None}, "samples": {"parent": None}} if version == 1 else {}
    rows = {
        key: [more | row if isinstance(row, dict) else row for row in data[key]]
        for key, more in new.items()
        if isinstance(data.get(key), list)
    }
    lacking: dict[str, Any] = {"opinions": [], "ratings": []} | ({"scores": []} if version == 1 else {})
    return lacking | data | rows | {"version": VERSION}
