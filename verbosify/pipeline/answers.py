"""What comes of a question: answers, each with the trace of its way, and which of them were taken. Knows no model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from verbosify.models.protocol import Continuation
from verbosify.pipeline.registry import Kind


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """What one stage did to an answer, in words; the `text` after it, if that is another than before."""

    stage: str
    kind: Kind
    did: str
    text: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values; no `text` where there is none."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the answers that were drawn.

    Attributes:
        text: cleaned, with its opening; of a refused answer, as far as it came.
        continuation: what the model said, its tokens and how it ended.
        round: in which round it was drawn, from 0; its row there is `continuation.index`.
        trace: what every stage did to it.
        refused: why it will not do, as in `is blank`; None if it passed.
        measures: what the rule of choice measured, by stage.
        score: their weighted sum; 0 without any.
        generation: its id in the record; 0 if it is in none.
    """

    text: str
    continuation: Continuation
    round: int
    trace: tuple[TraceEntry, ...]
    refused: str | None = None
    measures: dict[str, float] = field(default_factory=dict)
    score: float = 0.0
    generation: int = 0

    @property
    def raw(self) -> str:
        """What the model said."""
        return self.continuation.text

    @property
    def row(self) -> int:
        """Its row in its round."""
        return self.continuation.index


@dataclass(frozen=True, slots=True)
class Draw:
    """One round: the rows that were drawn together, and all that makes them again.

    Attributes:
        settings, model, overfit: as the record has them; `overfit` is None where fresh weights answered.
        reason: why it was drawn.
        seconds: wall time of sampling alone.
    """

    round: int
    prompt: str
    settings: dict[str, Any]
    model: dict[str, Any]
    overfit: dict[str, Any] | None
    reason: str
    seconds: float
    answers: tuple[Answer, ...]


class Recorder(Protocol):
    """Where rounds are recorded."""

    def add(self, draw: Draw) -> Sequence[int]:
        """Have a round on the disk before this returns; the ids of its answers, in order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question.

    Attributes:
        inputs: what was asked, cleaned.
        prompt: what the model continued.
        answers: all that were drawn, in order.
        chosen: those that the rule takes, best first; none where a person is to choose.
        again: why it was drawn again, a sentence for each time.
        why: why there are fewer than wanted, in a sentence; empty if there are enough.
        stopped: it was broken off.
    """

    inputs: dict[str, str]
    prompt: str
    answers: tuple[Answer, ...]
    chosen: tuple[Answer, ...]
    again: tuple[str, ...]
    why: str = ""
    stopped: bool = False

    @property
    def passed(self) -> tuple[Answer, ...]:
        """The answers that no stage refused."""
        return tuple(answer for answer in self.answers if answer.refused is None)

    @property
    def rounds(self) -> int:
        """How often it was drawn."""
        return len({answer.round for answer in self.answers})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a stream tells.

    `text`: more of a row that may be shown, whole words; the opening comes first. `answer`: a row is complete. `again`:
    what was shown is not taken, for the reason in `text`, and it is drawn again. `done`: the last one.
    """

    kind: Literal["text", "answer", "again", "done"]
    row: int = 0
    text: str = ""
    answer: Answer | None = None
    outcome: Outcome | None = None


Events = Iterator[Event]


def reasons(answers: Sequence[Answer]) -> str:
    """Why answers were refused, as in `5 is blank, 2 copies the prompt`: the most common first."""
    found = Counter(answer.refused for answer in answers if answer.refused is not None)
    return ", ".join(f"{count} × {reason}" for reason, count in found.most_common())
