"""One post's way to its replies: asked, drawn in one batch while one looks on, chosen, recorded. Knows no HTTP."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Event as Flag
from typing import Any

from verbosify.errors import InputError
from verbosify.exhibits.record import Exhibit
from verbosify.exhibits.replies import record
from verbosify.exhibits.replies.record import Asked, Post, Target
from verbosify.exhibits.replies.tones import DRAWN, pipeline_of
from verbosify.models.protocol import LanguageModel
from verbosify.pipeline import Outcome, Pipeline, Words, stream

MOST_TOKENS = 500
"""Of a post: one character may be dozens, as a family in emoji is, and each takes time."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes:
        text: the visitor's words; may be empty if there is a `to`.
        tone: how the replies shall sound.
        to: the key of the reply that is replied to, if one is.
    """

    text: str
    tone: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What happens on the way, by name, with plain values.

    `drawing` (how many drafts there are), `draft` (more of one), `dropped` (one will not do), `again` (all are drawn
    anew), and last `done`: then there is the thread, and `outcome` for whoever counts.
    """

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None


class NothingToShowError(Exception):
    """None of what was drawn can be shown; its message counts the reasons."""


class TooSlowError(Exception):
    """It took longer than anybody waits."""


@dataclass(frozen=True)
class Studio:
    """All that drawing needs.

    Attributes:
        place: of the record.
        model: called for a model of one's own; with a host, that of a guest.
        model_name: what pipelines call it.
        forbidden: words and phrases.
        seconds: after which a post that is still being answered is given up.
    """

    place: Path
    model: Callable[[], LanguageModel]
    model_name: str
    forbidden: tuple[str, ...]
    seconds: float

    def pipeline(self, tone: str) -> Pipeline:
        """How a reply of that tone comes about."""
        return pipeline_of(tone, self.model_name, self.forbidden)

    def check(self, wish: Wish) -> Target | None:
        """What is replied to, if anything is; raises `InputError` or `RepliesError` for a wish that cannot be met."""
        target = None
        if wish.to:
            with record.open_record(self.place) as exhibit:
                target = record.target(exhibit, wish.to)
        taken = self.pipeline(wish.tone).taken({"post": wish.text or (target.text if target else ""), "before": ""})
        if len(self.model().encode(taken["post"])) > MOST_TOKENS:
            raise InputError(
                f"post is too long for the model, which takes {MOST_TOKENS} tokens: use plainer characters."
            )
        return target

    def count(self) -> int:
        """How many posts there are; raises `RepliesError` where the record cannot be read."""
        with record.open_record(self.place) as exhibit:
            return exhibit.database.number("SELECT count(*) FROM posts")

    def thread(self, key: str) -> Post:
        """See `record.thread`."""
        with record.open_record(self.place) as exhibit:
            return record.thread(exhibit, key)

    def draw(self, wish: Wish, target: Target | None, unwanted: Flag) -> Iterator[Told]:
        """Have a wish answered; ends early, and records nothing as shown, once the flag is set.

        Raises `NothingToShowError` and `TooSlowError`.
        """
        with record.open_record(self.place) as exhibit:
            pipeline = self.pipeline(wish.tone)
            seed = secrets.randbits(63)
            asked = record.ask(exhibit, pipeline, wish.text, tone=wish.tone, seed=seed, to=target)
            yield Told("drawing", {"drafts": DRAWN})
            outcome = yield from self._outcome(exhibit, pipeline, asked, unwanted)
            if outcome is None:
                return
            if not outcome.chosen:
                with exhibit.database.writing():
                    exhibit.settle(asked.question, outcome)
                raise NothingToShowError(outcome.why)
            record.settle(exhibit, asked, outcome, lambda name: bool(self._words.found(name)))
            shown = _found(record.thread(exhibit, asked.key), asked.key)
            yield Told("done", shown | {"thread": asked.thread}, outcome)

    @cached_property
    def _words(self) -> Words:
        return Words(self.forbidden)

    def _outcome(
        self, exhibit: Exhibit, pipeline: Pipeline, asked: Asked, unwanted: Flag
    ) -> Generator[Told, None, Outcome | None]:
        """Tell what is drawn; returns what came of it, None if nobody wants it any more."""
        until = time.monotonic() + self.seconds
        question = asked.question
        events = stream(
            pipeline,
            self.model(),
            question.inputs,
            seed=question.seed,
            recorder=exhibit.recorder(question),
            until=lambda: unwanted.is_set() or time.monotonic() > until,
        )
        for event in events:
            if event.kind == "text":
                yield Told("draft", {"row": event.row, "text": event.text})
            elif event.kind == "answer" and event.answer is not None and event.answer.refused:
                yield Told("dropped", {"row": event.row})
            elif event.kind == "again":
                yield Told("again")
            elif event.outcome is not None:
                outcome = event.outcome
        if unwanted.is_set():
            return None
        if outcome.stopped and not outcome.chosen:
            raise TooSlowError
        return outcome


def _found(post: Post, key: str) -> dict[str, Any]:
    """The post of that key in a thread, as the API has it."""
    if post.key == key:
        return post.to_dict()
    for reply in post.replies:
        for below in reply.posts:
            if found := _found(below, key):
                return found
    return {}
