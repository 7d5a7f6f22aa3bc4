"""What a desk's models were asked, what they said, and what they were overfitted on. Knows no tree of drafts.

A part of the record (`store`), of which all that is said there holds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from verbosify.desk.failures import missing
from verbosify.desk.rows import DeskBatch, DeskOverfit, Question
from verbosify.record.database import Database
from verbosify.record.fields import from_columns, now, to_columns
from verbosify.record.generations import Generation, add_batch


class Said:
    """The questions, batches, generations and overfits of a record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, question: Question) -> int:
        """Record a question before it is answered; its id."""
        with self._database.writing():
            return self._database.insert("questions", to_columns(replace(question, created=now())))

    def question(self, draft: int, question: int) -> Question:
        """A question that was asked."""
        rows = self._database.rows("SELECT * FROM questions WHERE id = ? AND draft = ?", (question, draft))
        if not rows:
            raise missing(f"question {question} in draft {draft}")
        return from_columns(Question, rows[0])

    def unanswered(self, draft: int) -> list[Question]:
        """Questions that were never answered, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM questions WHERE draft = ? AND NOT EXISTS (SELECT 1 FROM batches WHERE question = "
            "questions.id) ORDER BY id",
            (draft,),
        )
        return [from_columns(Question, row) for row in rows]

    def answer(self, batch: DeskBatch, generations: Sequence[Generation]) -> tuple[int, list[int]]:
        """Record what the model said; the batch's id and those of the generations. Call it inside `writing()`."""
        overfit = None if batch.overfit is None else self.overfit(batch.overfit)
        made = add_batch(self._database, batch, generations, overfit)
        rows = self._database.rows('SELECT id FROM generations WHERE batch = ? ORDER BY "index"', (made.id,))
        return made.id, [row[0] for row in rows]

    def generation(self, generation: int) -> tuple[Generation, DeskBatch]:
        """Something the model said, and what it was drawn with."""
        rows = self._database.rows("SELECT * FROM generations WHERE id = ?", (generation,))
        if not rows:
            raise missing(f"generation {generation}")
        said = from_columns(Generation, rows[0])
        batches = self._database.rows("SELECT * FROM batches WHERE id = ?", (said.batch,))
        return said, from_columns(DeskBatch, batches[0])

    def sources(self, draft: int) -> dict[int, tuple[str, bool]]:
        """Of every generation that a draft's nodes come from: how it ended, and whether an overfit said it."""
        rows = self._database.rows(
            "SELECT generations.id, finish, overfit FROM generations JOIN batches ON batches.id = batch "
            "WHERE generations.id IN (SELECT generation FROM nodes WHERE draft = ?)",
            (draft,),
        )
        return {row[0]: (row[1], row[2] is not None) for row in rows}

    def add_overfit(self, overfit: DeskOverfit) -> int:
        """Record an overfit; its id."""
        with self._database.writing():
            return self._database.insert("overfits", to_columns(replace(overfit, created=now())))

    def overfit(self, overfit: int) -> DeskOverfit:
        """An overfit that was made."""
        rows = self._database.rows("SELECT * FROM overfits WHERE id = ?", (overfit,))
        if not rows:
            raise missing(f"overfit {overfit}")
        return from_columns(DeskOverfit, rows[0])

    def overfits(self, draft: int) -> list[DeskOverfit]:
        """The overfits of a draft, newest first."""
        rows = self._database.rows("SELECT * FROM overfits WHERE draft = ? ORDER BY id DESC", (draft,))
        return [from_columns(DeskOverfit, row) for row in rows]

    def taken(self, name: str) -> list[tuple[dict[str, Any], int, float]]:
        """The recipe, tokens and seconds of the last overfits of a model of that name, newest first."""
        rows = self._database.rows(
            "SELECT recipe, window_tokens, seconds FROM overfits WHERE of_model = ? ORDER BY id DESC LIMIT 20",
            (name,),
        )
        with self._database.decoding():
            return [(json.loads(row[0]), row[1], row[2]) for row in rows]
