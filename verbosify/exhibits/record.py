"""The record that every exhibit rests on: questions, answers with their traces, choices as acts. Knows no exhibit.

A question is on the disk before it is answered, each round of answers before anything else is done with it, and what is
chosen is an event with undo and redo. A connection belongs to its thread: others open their own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from verbosify.exhibits import choices
from verbosify.exhibits.rows import RULE, AnswerRow, Batch, ChoiceEvent, Chosen, Question, exhibit_tables
from verbosify.pipeline import Draw, Outcome, Pipeline
from verbosify.record.database import Database, Value, closed_on_error
from verbosify.record.fields import dump, from_columns, now, to_columns
from verbosify.record.generations import Generation, Overfit, add_batch
from verbosify.record.migrations import Schema

__all__ = ["RULE", "Chosen", "Exhibit", "Question", "RecordedAnswer", "exhibit_tables"]

_ANSWERS = """
    SELECT answers.id, answers.text, answers.refused, answers.trace, generations.text AS raw, generations.finish,
        generations.measures, generations.batch, batches.round, batches.question
    FROM answers JOIN generations ON generations.id = answers.id JOIN batches ON batches.id = generations.batch"""


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """An answer as it was recorded; `id` is its generation's too, and `raw` what the model said."""

    id: int
    question: int
    round: int
    batch: int
    text: str
    refused: str | None
    trace: list[dict[str, Any]]
    raw: str
    finish: str
    measures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Recording:
    """A question's recorder, as `pipeline.run` takes it."""

    exhibit: Exhibit
    question: Question

    def add(self, draw: Draw) -> Sequence[int]:
        """Record a round, unless it is there already: a run that was killed draws it again."""
        database = self.exhibit.database
        with database.writing():
            if recorded := self._recorded(draw):
                return recorded
            rounds = database.number("SELECT count(*) FROM batches WHERE question = ?", (self.question.id,))
            batch = Batch(
                prompt=draw.prompt,
                model=draw.model,
                settings=draw.settings,
                reason=draw.reason,
                seconds=draw.seconds,
                question=self.question.id,
                round=rounds,
            )
            rows = [
                Generation(
                    index=answer.row,
                    parent=self.question.parent,
                    token_ids=list(answer.continuation.token_ids),
                    text=answer.raw,
                    finish=answer.continuation.finish,
                    measures=dict(answer.measures),
                )
                for answer in draw.answers
            ]
            batch = add_batch(database, batch, rows, self._overfit(draw))
            keys = [
                row[0]
                for row in database.rows('SELECT id FROM generations WHERE batch = ? ORDER BY "index"', (batch.id,))
            ]
            for key, answer in zip(keys, draw.answers, strict=True):
                trace = [entry.to_dict() for entry in answer.trace]
                made = AnswerRow(id=key, text=answer.text, refused=answer.refused, trace=trace, created=now())
                database.insert("answers", to_columns(made))
            return keys

    def _overfit(self, draw: Draw) -> Overfit | None:
        """The overfit of a round: that of the rounds before, for they are of one."""
        if draw.overfit is None:
            return None
        made = Overfit(**draw.overfit)
        rows = self.exhibit.database.rows(
            "SELECT overfits.* FROM overfits JOIN batches ON batches.overfit = overfits.id "
            "WHERE question = ? AND recipe = ? ORDER BY overfits.id DESC",
            (self.question.id, dump(made.recipe)),
        )
        return from_columns(Overfit, rows[0]) if rows else made

    def _recorded(self, draw: Draw) -> list[int]:
        """The ids of that round's answers, if the same was drawn with the same settings before."""
        rows = self.exhibit.database.rows(
            "SELECT generations.id, token_ids, batch FROM generations JOIN batches ON batches.id = batch "
            'WHERE question = ? AND settings = ? ORDER BY batch DESC, "index"',
            (self.question.id, dump(draw.settings)),
        )
        last = [row for row in rows if row["batch"] == rows[0]["batch"]]
        said = [dump(list(answer.continuation.token_ids)) for answer in draw.answers]
        return [row["id"] for row in last] if [row["token_ids"] for row in last] == said else []


class Exhibit:
    """An open record; use it in a `with` statement, in one thread.

    Raises (from every method) `RecordError` for what is missing, damaged, locked or does not fit; `OutputError` when
    the disk is full or may not be written.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open_or_create(cls, place: str | Path, schema: Schema) -> Self:
        """The record at `place`, brought up to date, or a new one."""
        with closed_on_error(Database.make(Path(place), schema.refusal)) as database:
            schema.begin(database, lambda _: None)
        return cls(database)

    @classmethod
    def open(cls, place: str | Path, schema: Schema) -> Self:
        """The record at `place`; `schema.refusal` if there is none."""
        database = schema.find(Path(place))
        if database is None:
            raise schema.refusal(f"There is not {schema.name} at {place}: check the path.")
        return cls(database)

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # Questions

    def ask(
        self,
        pipeline: Pipeline,
        inputs: Mapping[str, object],
        *,
        seed: int,
        asked_by: str,
        parent: int | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Question:
        """Record a question, before it is answered. `InputError` if the pipeline does not take it."""
        taken = pipeline.taken(inputs)
        question = Question(
            pipeline=pipeline.fingerprint,
            inputs=dict(taken),
            seed=seed,
            asked_by=asked_by,
            parent=parent,
            about=dict(about or {}),
            created=now(),
        )
        with self.database.writing():
            if not self.database.rows("SELECT 1 FROM pipelines WHERE fingerprint = ?", (question.pipeline,)):
                definition = {"name": pipeline.name, "definition": dump(pipeline.to_dict()), "created": now()}
                self.database.insert("pipelines", {"fingerprint": question.pipeline, **definition})
            return replace(question, id=self.database.insert("questions", to_columns(question)))

    def question(self, key: int) -> Question:
        """The question of that id."""
        found = self._questions("WHERE questions.id = ?", key)
        if not found:
            raise self.database.refusal(f"There is no question {key}: name the id of one that was asked.")
        return found[0]

    def questions(self, *, settled: bool | None = None) -> list[Question]:
        """All questions in order; those that are settled, or are not, if that is asked."""
        there = {None: "", True: "WHERE settled.question IS NOT NULL", False: "WHERE settled.question IS NULL"}
        return self._questions(there[settled])

    def asked_before(self, pipeline: Pipeline, inputs: Mapping[str, object]) -> Question | None:
        """The last settled question with the same inputs to the same pipeline; None if there is none."""
        values = (pipeline.fingerprint, dump(pipeline.taken(inputs)))
        found = self._questions("WHERE pipeline = ? AND inputs = ? AND settled.question IS NOT NULL", *values)
        return found[-1] if found else None

    def following(self, answer: int) -> list[Question]:
        """The questions that follow an answer."""
        return self._questions("WHERE parent = ?", answer)

    def _questions(self, where: str, *values: str | int) -> list[Question]:
        joined = "questions LEFT JOIN settled ON settled.question = questions.id"
        rows = self.database.rows(f"SELECT questions.* FROM {joined} {where} ORDER BY id", values)  # noqa: S608
        with self.database.decoding():
            return [from_columns(Question, row) for row in rows]

    def pipeline_of(self, question: Question) -> Pipeline:
        """The pipeline that a question was asked with, made again."""
        rows = self.database.rows("SELECT definition FROM pipelines WHERE fingerprint = ?", (question.pipeline,))
        with self.database.decoding():
            return Pipeline.from_dict(json.loads(rows[0][0]))

    # Answers

    def recorder(self, question: Question) -> Recording:
        """What records a question's rounds, for `pipeline.run` and `stream`."""
        return Recording(self, question)

    def settle(self, question: Question, outcome: Outcome) -> None:
        """Record that a question is answered, and what the rule chose, in one; once is enough."""
        with self.database.writing():
            if self.is_settled(question):
                return
            row: dict[str, Value] = {"question": question.id, "rounds": outcome.rounds, "why": outcome.why}
            self.database.insert("settled", row | {"created": now()})
            if outcome.chosen:
                chosen = [Chosen(answer.generation, answer.text) for answer in outcome.chosen]
                self.choose(question, chosen, chooser=RULE, reason=self.pipeline_of(question).choose.rule)

    def is_settled(self, question: Question) -> bool:
        """Whether a question is answered, be it with nothing."""
        return bool(self.database.rows("SELECT 1 FROM settled WHERE question = ?", (question.id,)))

    def why(self, question: Question) -> str:
        """Why a settled question has fewer answers than were wanted, in a sentence; empty if it has enough."""
        rows = self.database.rows("SELECT why FROM settled WHERE question = ?", (question.id,))
        return str(rows[0][0]) if rows else ""

    def answers(self, question: Question) -> list[RecordedAnswer]:
        """Every answer that was drawn for a question, refused ones too, in order."""
        return self._answers("WHERE batches.question = ? ORDER BY answers.id", question.id)

    def answer(self, key: int) -> RecordedAnswer:
        """The answer of that id."""
        found = self._answers("WHERE answers.id = ?", key)
        if not found:
            raise self.database.refusal(f"There is no answer {key}: name the id of one that was drawn.")
        return found[0]

    def batch_of(self, answer: int) -> Batch:
        """The batch an answer was drawn in: prompt, settings, model's card, and its overfit's id."""
        rows = self.database.rows(
            "SELECT batches.* FROM batches JOIN generations ON generations.batch = batches.id WHERE generations.id = ?",
            (answer,),
        )
        with self.database.decoding():
            return from_columns(Batch, rows[0])

    def generation(self, answer: int) -> Generation:
        """What the model said, with its tokens and its row."""
        rows = self.database.rows("SELECT * FROM generations WHERE id = ?", (answer,))
        with self.database.decoding():
            return from_columns(Generation, rows[0])

    def _answers(self, where: str, *values: int) -> list[RecordedAnswer]:
        rows = self.database.rows(f"{_ANSWERS} {where}", values)
        with self.database.decoding():
            return [_answer(row) for row in rows]

    # Choices

    def standing(self, question: Question) -> tuple[tuple[Chosen, ...], str]:
        """What of a question's answers is shown now, best first, and who chose it; nothing and "" if none is."""
        return choices.standing(self.database, question.id)

    def history(self, question: Question) -> list[ChoiceEvent]:
        """Every choice at a question, oldest first."""
        return choices.history(self.database, question.id)

    def choose(self, question: Question, chosen: Iterable[Chosen | int], *, chooser: str, reason: str = "") -> None:
        """Have these answers stand, in place of what did; by their ids, or in other words as `Chosen` has them."""
        picks = [each if isinstance(each, Chosen) else Chosen(each, self.answer(each).text) for each in chosen]
        for pick in picks:
            self._check(question, pick)
        choices.append(self.database, question.id, picks, chooser=chooser, reason=reason)

    def edit(self, question: Question, answer: int, text: str, *, chooser: str, reason: str = "") -> None:
        """Have an answer stand in other words."""
        changed = text != self.answer(answer).text
        self.choose(question, [Chosen(answer, text, edited=changed)], chooser=chooser, reason=reason)

    def clear(self, question: Question, *, chooser: str, reason: str = "") -> None:
        """Have none of a question's answers shown."""
        self.choose(question, [], chooser=chooser, reason=reason)

    def undo(self, question: Question, *, chooser: str) -> bool:
        """Take back what was last done at a question; whether there was anything."""
        return choices.step(self.database, question.id, "undone", chooser=chooser)

    def redo(self, question: Question, *, chooser: str) -> bool:
        """Do again what was last undone there."""
        return choices.step(self.database, question.id, "redone", chooser=chooser)

    def _check(self, question: Question, pick: Chosen) -> None:
        answer = self.answer(pick.answer)
        if answer.question != question.id:
            raise self.database.refusal(
                f"Answer {answer.id} is one of question {answer.question}: choose one of question {question.id}."
            )
        if not pick.text.strip():
            raise self.database.refusal(f"Answer {answer.id} would have no text: clear the choice instead.")
        if not pick.edited and pick.text != answer.text:
            raise self.database.refusal(f"That is not what answer {answer.id} says: mark it as edited.")


def _answer(row: sqlite3.Row) -> RecordedAnswer:
    read = {name: json.loads(row[name]) for name in ("trace", "measures")}
    return RecordedAnswer(**{**dict(row), **read})
