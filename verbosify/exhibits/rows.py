"""What the record of every exhibit holds: the rows, and the migration that makes their tables. Knows no exhibit.

An exhibit's own file has these tables first, and then its own: `Schema("a gallery", …, (exhibit_tables, own_tables))`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from verbosify.record import generations
from verbosify.record.database import Database
from verbosify.record.fields import NO_MORE, Count, Flag, Id, Name, Plain, Text, said
from verbosify.record.migrations import count_column, create_table, json_column

RULE = "rule"
"""Who has chosen where nobody did: the pipeline's rule of choice. Any other chooser is a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked of a model, and as which pipeline."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("from 1")] = 0
    pipeline: Annotated[Text, said("the pipeline's fingerprint")]
    inputs: Annotated[Plain, said("what was given, cleaned, by name")]
    seed: Annotated[Count, said("all randomness follows from it")]
    asked_by: Annotated[Name, said("`visitor`, `list`, or somebody's name")]
    parent: Annotated[Id | None, said("the answer that this follows, as a reply to a reply")] = None
    about: Annotated[Plain, said("whatever the exhibit needs to know of it")] = field(default_factory=dict)
    created: Annotated[Text, said("when it was recorded, before it was answered")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(generations.Batch):
    """A round of a question's answers, drawn together."""

    question: Annotated[Id, said("the question")] = 0
    round: Annotated[Count, said("which of its rounds, from 0")] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """What the stages of the pipeline made of a generation, which has the same id."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("that of the generation")]
    text: Annotated[Text, said("cleaned; of a refused one, as far as it came")]
    refused: Annotated[Text | None, said("why it will not do, or NULL")]
    trace: Annotated[list[dict[str, Any]], said("what each stage did: `stage`, `kind`, `did`, `text` if it changed")]
    created: Annotated[Text, said("when it was recorded")] = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """An answer that stands, in these words."""

    __pydantic_config__ = NO_MORE

    answer: Annotated[Id, said("the answer")]
    text: Annotated[Name, said("what is shown: the answer's text exactly, unless edited")]
    edited: Annotated[Flag, said("somebody changed it by hand")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceEvent:
    """Which answers of a question stand, as events that are only ever added."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("order of events")]
    act: Annotated[Id, said("the event itself")]
    question: Annotated[Id, said("the question")]
    action: Annotated[
        Literal["chosen", "edited", "cleared", "undone", "redone"],
        said("`chosen`, `edited`, `cleared` (none is shown); `undone`, `redone`"),
    ]
    chosen: Annotated[tuple[Chosen, ...], said("the **whole** new list, best first")]
    target: Annotated[Id | None, said("the act undone or redone")]
    chooser: Annotated[Name, said("`rule`, or a person's name")]
    chooser_kind: Annotated[Literal["rule", "person"], said("which of the two it is")]
    reason: Annotated[Text, said("why, for people to read; may be empty")]
    created: Annotated[Text, said("when")]


_PIPELINES = f"""
    fingerprint TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    {json_column("definition", "object")},
    created TEXT NOT NULL"""

_QUESTIONS = f"""
    id INTEGER PRIMARY KEY,
    pipeline TEXT NOT NULL REFERENCES pipelines (fingerprint),
    {json_column("inputs", "object")},
    {count_column("seed")},
    asked_by TEXT NOT NULL CONSTRAINT "somebody asked" CHECK (asked_by <> ''),
    parent INTEGER REFERENCES generations (id),
    {json_column("about", "object")},
    created TEXT NOT NULL"""

_OF_BATCH = f"""question INTEGER NOT NULL REFERENCES questions (id),
    {count_column("round")},
    UNIQUE (question, round)"""

_ANSWERS = f"""
    id INTEGER PRIMARY KEY REFERENCES generations (id),
    text TEXT NOT NULL,
    refused TEXT,
    {json_column("trace", "array")},
    created TEXT NOT NULL"""

_SETTLED = f"""
    question INTEGER PRIMARY KEY REFERENCES questions (id),
    {count_column("rounds")},
    why TEXT NOT NULL,
    created TEXT NOT NULL"""

_CHOICES = f"""
    id INTEGER PRIMARY KEY,
    act INTEGER NOT NULL REFERENCES choices (id),
    question INTEGER NOT NULL REFERENCES questions (id),
    action TEXT NOT NULL,
    {json_column("chosen", "array")},
    target INTEGER REFERENCES choices (id),
    chooser TEXT NOT NULL CONSTRAINT "a chooser has a name" CHECK (chooser <> ''),
    chooser_kind TEXT NOT NULL CONSTRAINT "a rule or a person chooses" CHECK (chooser_kind IN ('rule', 'person')),
    reason TEXT NOT NULL,
    created TEXT NOT NULL,
    CONSTRAINT "an event has the columns of its action" CHECK (CASE
        WHEN action IN ('chosen', 'edited') THEN chosen <> '[]' AND target IS NULL
        WHEN action = 'cleared' THEN chosen = '[]' AND target IS NULL
        WHEN action IN ('undone', 'redone') THEN chosen = '[]' AND target IS NOT NULL
        ELSE FALSE END),
    CONSTRAINT "an event comes after what it names" CHECK (act <= id AND (target IS NULL OR target < id))"""


def exhibit_tables(database: Database) -> None:
    """The tables of every exhibit: pipelines, questions, what was drawn and answered, what was settled and chosen."""
    create_table(database, "pipelines", _PIPELINES, "fingerprint = NEW.fingerprint")
    create_table(database, "questions", _QUESTIONS)
    same = "id = NEW.id OR (question = NEW.question AND round = NEW.round)"
    generations.create_tables(database, of_batch=_OF_BATCH, same_batch=same)
    create_table(database, "answers", _ANSWERS)
    create_table(database, "settled", _SETTLED, "question = NEW.question")
    create_table(database, "choices", _CHOICES)
    database.execute("CREATE INDEX questions_inputs ON questions (pipeline, inputs)")
    database.execute("CREATE INDEX questions_parent ON questions (parent)")
    database.execute("CREATE INDEX choices_question ON choices (question)")
