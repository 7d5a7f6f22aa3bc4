"""Blind rating in a notebook: a candidate or two in their place, a few questions, and the next. Knows no model."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from verbosify.notebook.failures import told
from verbosify.piece import Piece
from verbosify.workflow.rating import Question, questions, rate, yields

_TEXT = '<p style="max-width:40em;font-family:serif;font-size:1.1em;margin:.6em 0">{}</p>'
_MARKED = '<mark style="background:none;text-decoration:underline">{}</mark>'


class RatingForm(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Shows what may be picked, without where it came from, and records each answer as it is given.

    Args:
        piece: the folder of a piece.
        rater: your name, kept with each answer.
        number: how many to be shown.
        pairs: two at a time: which is the better?
        seed: another order.

    Raises `PieceError` if there is no piece, or nothing in it to rate yet.
    """

    def __init__(
        self, piece: str | Path, rater: str = "anonymous", *, number: int = 30, pairs: bool = False, seed: int = 0
    ) -> None:
        self._folder = Path(piece)
        self._rater = rater
        with Piece.open(self._folder) as opened:
            self._left = questions(opened, number, pairs=pairs, seed=seed)
        self.shown = widgets.HTML()
        self.answers = widgets.VBox()
        self.next = widgets.Button(description="Record", button_style="primary")
        self.said = widgets.HTML()
        self.next.on_click(lambda _: self._record())
        super().__init__([self.shown, self.answers, self.next, self.said])
        self._show()

    def _show(self) -> None:
        if not self._left:
            self.shown.value = _TEXT.format("Nothing is left to rate here.")
            self.answers.children, self.next.disabled = (), True
            return
        question = self._left[0]
        self.shown.value = "".join(map(_TEXT.format, _told(question)))
        if question.asked == ("better",):
            names = [("the first", "first"), ("the second", "second"), ("neither", "neither")]
            kinds = [widgets.ToggleButtons(options=names, value=None, description="Better:")]
        else:
            kinds = [
                widgets.ToggleButtons(options=[("yes", True), ("no", False)], value=None, description=f"{name}?")
                for name in question.asked
            ]
        for kind in kinds:
            kind.style.description_width = "12em"
        self.answers.children = tuple(kinds)

    def _record(self) -> None:
        question = self._left[0]
        given = [field.value for field in self.answers.children]
        answers: dict[str, Any] = dict(zip(question.asked, given, strict=True))
        if None in given:
            self.said.value = escape(f"Answer all first: {', '.join(n for n, a in answers.items() if a is None)}.")
            return
        with told(self._tell), Piece.open(self._folder) as piece:
            rate(piece, question, answers, rater=self._rater)
            kept, rated = yields(piece.ratings())
            self._left.pop(0)
            self._tell(f"Recorded. {rated} candidates rated so far, {kept} to be kept; {len(self._left)} left here.")
            self._show()

    def _tell(self, sentence: str) -> None:
        self.said.value = escape(sentence)


def _told(question: Question) -> list[str]:
    """The paragraphs of a question, as HTML."""
    marks = ("",) if len(question.candidates) == 1 else ("1. ", "2. ")
    candidates = [
        mark + _MARKED.format(escape(candidate.text))
        for mark, candidate in zip(marks, question.candidates, strict=True)
    ]
    return [escape(question.passage), *candidates, escape(question.following or "(the paragraph ends)")]
