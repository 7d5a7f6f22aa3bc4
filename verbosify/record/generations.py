"""What a model was asked and what it said: the rows that every record of generated text shares. Knows no passage.

A batch is what was drawn together: it has the model's card, the prompt, the settings with their seed, and, by its
overfit, the recipe; a generation is one row of it. With its batch's overfit they are all that makes it again. A schema
may give overfits and batches columns of its own, such as the passage of a piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, TypeVar

from verbosify.record.database import Database
from verbosify.record.fields import NO_MORE, Card, Count, Id, Name, Number, Plain, Seconds, Text, now, said, to_columns
from verbosify.record.migrations import (
    SECONDS,
    card_column,
    count_column,
    create_table,
    finite_column,
    json_column,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfit:
    """One fine-tuning of fresh weights on a text; the fresh weights come back afterwards."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("from 1")] = 0
    recipe: Annotated[Plain, said("window, steps, learning rate...")]
    loss_before: Annotated[Number, said("of the text, read once, fresh: mean cross-entropy in nats a token")]
    loss_after: Annotated[Number, said("the same when it is overfitted")]
    window_loss: Annotated[Number, said("of the training windows, before the first step")]
    window_tokens: Annotated[Count, said("how many tokens the windows held")]
    seconds: Annotated[Seconds, said("wall time")]
    model: Annotated[Card, said("the card of the model as it was on that machine")]
    created: Annotated[Text, said("when it was recorded")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was drawn together from one prompt."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("from 1")] = 0
    overfit: Annotated[Id | None, said("NULL: drawn from the fresh base model, as a control")] = None
    prompt: Annotated[Text | None, said("what was continued; NULL where it is told otherwise, as by a passage")] = None
    model: Annotated[Card, said("the card of the model that sampled")]
    settings: Annotated[Plain, said("n, length, temperature, top-k, top-p, repetition penalty, stops, seed...")]
    reason: Annotated[
        Text,
        said(
            "why these settings, as in `6 of 10 copied: top-k 80`; `in case…` if it was drawn at once with the batch "
            "before it, `rerolled by hand…` if a person asked for it, which a run takes no notice of"
        ),
    ] = ""
    diversity: Annotated[Plain, said("measures of the batch as a whole")] = field(default_factory=dict)
    seconds: Annotated[Seconds, said("wall time of sampling alone")]
    created: Annotated[Text, said("when it was recorded")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a model produced once: row `index` of its batch, the prompt not included."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("from 1")] = 0
    batch: Annotated[Id, said("the batch it was drawn in")] = 0
    index: Annotated[Count, said("row of the batch, from 0; with the batch's seed it makes the sample again")]
    parent: Annotated[Id | None, said("the one it goes on from, if it does")] = None
    token_ids: Annotated[list[Count], said("in order")]
    text: Annotated[Text, said("what the model said, untrimmed, the prompt not included")]
    finish: Annotated[Name, said("why it ended: `length`, `end` or `stop`")]
    measures: Annotated[Plain, said("copied, looped, drift, blank, cut off")]


OneBatch = TypeVar("OneBatch", bound=Batch)


def create_tables(
    database: Database, *, of_overfit: str = "", of_batch: str = "", same_batch: str = "id = NEW.id"
) -> None:
    """The tables `overfits`, `batches` and `generations`.

    The first two take a schema's own columns and constraints (SQL), and `same_batch` as `create_table` takes `same`.
    """
    create_table(
        database,
        "overfits",
        f"""
        id INTEGER PRIMARY KEY,
        {json_column("recipe", "object")},
        {finite_column("loss_before")},
        {finite_column("loss_after")},
        {finite_column("window_loss")},
        {count_column("window_tokens")},
        {finite_column("seconds")} {SECONDS},
        {card_column()},
        created TEXT NOT NULL{_more(of_overfit)}""",
    )
    create_table(
        database,
        "batches",
        f"""
        id INTEGER PRIMARY KEY,
        overfit INTEGER REFERENCES overfits (id),
        prompt TEXT,
        {card_column()},
        {json_column("settings", "object")},
        reason TEXT NOT NULL,
        {json_column("diversity", "object")},
        {finite_column("seconds")} {SECONDS},
        created TEXT NOT NULL{_more(of_batch)}""",
        same_batch,
    )
    create_table(
        database,
        "generations",
        f"""
        id INTEGER PRIMARY KEY,
        batch INTEGER NOT NULL REFERENCES batches (id),
        {count_column("index")},
        parent INTEGER REFERENCES generations (id)
            CONSTRAINT "a generation comes after its parent" CHECK (parent < id),
        {json_column("token_ids", "array")},
        text TEXT NOT NULL,
        finish TEXT NOT NULL,
        {json_column("measures", "object")},
        UNIQUE (batch, "index")""",
        same='id = NEW.id OR (batch = NEW.batch AND "index" = NEW."index")',
    )


def _more(columns: str) -> str:
    return f",\n        {columns}" if columns else ""


def add_batch(
    database: Database, batch: OneBatch, generations: Sequence[Generation], overfit: Overfit | None = None
) -> OneBatch:
    """Record a batch and its generations, and the overfit they come from unless that has an id already.

    `batch` and `overfit` are the rows of the schema: a `Batch` and an `Overfit`, or these with columns of its own.
    Call it inside `writing()`: all or nothing. Returns the batch as it is recorded.
    """
    created = now()
    if overfit is not None and not overfit.id:
        overfit = replace(overfit, created=created)
        overfit = replace(overfit, id=database.insert("overfits", to_columns(overfit)))
    batch = replace(batch, overfit=overfit.id if overfit else None, created=created)
    batch = replace(batch, id=database.insert("batches", to_columns(batch)))
    for generation in generations:
        database.insert("generations", to_columns(replace(generation, batch=batch.id)))
    return batch
