"""What a desk may be lent: a piece, to begin drafts from and to give picks to. The desk knows no more of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Written:
    """A stretch of a draft that becomes a pick.

    Attributes:
        text: what was chosen.
        said: what the model said within it, oldest first: `text`, `token_ids`, `finish`, `prompt`, `settings`, `model`
            (the card), `seconds`, `overfit` (its report and text, or None), and which of its characters are there,
            from `start` up to `end`, or what lies between them.
        whole: whether all of the stretch is one stretch of what the model said last; else a person had a hand in it.
    """

    text: str
    said: tuple[dict[str, Any], ...]
    whole: bool


class Piece(Protocol):
    """A piece, as whoever starts the desk lends it. Used from one thread."""

    @property
    def title(self) -> str: ...

    def gaps(self) -> list[dict[str, Any]]:
        """`{gap, passage, picked: [text]}` of every gap, in order."""

    def readings(self) -> list[str]:
        """The names of its readings."""

    def pick(self, gap: int, reading: str, written: Written) -> str:
        """Put a stretch of a draft at a gap; one sentence of what was done."""

    def close(self) -> None: ...
