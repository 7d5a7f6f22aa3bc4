"""Blind rating: stretches of samples shown in their place, without where they came from, and what people say of them.

Whoever rates sees the passage, a candidate or two, and the sentence that follows; no measure, no settings, no pick.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verbosify.curation import Candidate
from verbosify.errors import PieceError
from verbosify.piece import Piece, Rating
from verbosify.workflow.finish import candidates_by_gap
from verbosify.workflow.opinions import next_sentence
from verbosify.workflow.plan import prose_of
from verbosify.workflow.visit import Judge

QUESTIONS = ("fluent", "on topic", "keeps the meaning", "keep")
"""Asked of one candidate, each to be answered by yes or no: is it good English (or what the essay's language is), is it
about what the essay is about, does it leave standing what the essay says, and would you keep it?"""
BETTER = ("first", "second", "neither")
"""Answers to which of two is the better."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something to rate: one candidate or two, between a passage and the sentence after it."""

    passage: str
    candidates: tuple[Candidate, ...]
    following: str | None

    @property
    def asked(self) -> tuple[str, ...]:
        """What is to be answered."""
        return QUESTIONS if len(self.candidates) == 1 else ("better",)


def questions(piece: Piece, number: int, *, pairs: bool = False, seed: int = 0) -> list[Question]:
    """Up to `number` questions that this piece's ratings do not answer yet, in an order that tells nothing.

    They are drawn among what the fresh model was asked about, of which a reading may be made; where it was not asked,
    among all. `PieceError` if the piece has no finished passage.
    """
    finished = piece.finished_passages()
    if not finished:
        raise PieceError(f"No passage of the piece in {piece.folder} is finished: run it first.")
    found = candidates_by_gap(piece, Judge.of(prose_of(piece.job.essay_blocks), 0.0), finished)
    chance = random.Random(seed)  # noqa: S311  # an order, not a secret
    known = {_places(row) for row in piece.ratings()}
    passages = {passage.index: passage for passage in piece.passages()}
    drawn = []
    for gap, offered in found.items():
        asked = [candidate for candidate in offered if candidate.opinion is not None] or list(offered)
        chance.shuffle(asked)
        each = zip(asked[::2], asked[1::2], strict=False) if pairs else zip(asked, strict=True)
        drawn += [(gap, candidates) for candidates in each]
    chance.shuffle(drawn)
    return [
        Question(passages[gap].text, candidates, next_sentence(piece, passages[gap]))
        for gap, candidates in drawn
        if tuple(candidate.place for candidate in candidates) not in known
    ][:number]


def rate(piece: Piece, question: Question, answers: Mapping[str, Any], *, rater: str) -> None:
    """Record an answer, which must be complete: it is on the disk when this returns.

    Raises `PieceError` for an answer that is none, or a rater without a name.
    """
    if not rater.strip():
        raise PieceError("A rating needs the rater's name: give one.")
    if set(answers) != set(question.asked):
        raise PieceError(f"The answers are {', '.join(answers) or 'none'}: they must be {', '.join(question.asked)}.")
    for name, answer in answers.items():
        if not (answer in BETTER if name == "better" else isinstance(answer, bool)):
            allowed = ", ".join(BETTER) if name == "better" else "true or false"
            raise PieceError(f"The answer to {name!r} is {answer!r}: it must be {allowed}.")
    one, *others = question.candidates
    other = list(others[0].place) if others else []
    piece.add_rating(
        Rating(rater=rater, sample=one.sample, start=one.start, end=one.end, other=other, answers=dict(answers))
    )


def _places(row: Rating) -> tuple[tuple[int, ...], ...]:
    return (row.place, tuple(row.other)) if row.other else (row.place,)


def yields(ratings: Sequence[Rating]) -> tuple[int, int]:
    """How many of the candidates that were rated by themselves were to be kept, and how many there were."""
    single = [row for row in ratings if not row.other]
    return sum(row.answers.get("keep") is True for row in single), len(single)
