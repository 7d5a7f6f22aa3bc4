"""A paragraph as written and as read, side by side: its source, its plain words, and the way between them.

Knows nothing of how a format is parsed: it is given the pieces.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SegmentKind = Literal["text", "code", "open", "close"]


@dataclass(frozen=True, slots=True)
class Segment:
    """`source[start:end]`, which reads as `text`.

    `open` and `close` are markup that belongs with what follows and with what went before; their text is
    empty. `code` is text in which nothing that looks like a citation mark is one.
    """

    start: int
    end: int
    text: str
    kind: SegmentKind = "text"

    @property
    def as_is(self) -> bool:
        """Whether each character of the source stands for itself."""
        return len(self.text) == self.end - self.start


class Inline:
    """The pieces of one paragraph, in order, without holes.

    Attributes:
        pieces: all of them.
        plain: their text, joined.
    """

    __slots__ = ("_plain_starts", "_starts", "pieces", "plain")

    def __init__(self, pieces: Sequence[Segment]) -> None:
        self.pieces = tuple(pieces)
        self.plain = "".join(piece.text for piece in pieces)
        self._starts = [piece.start for piece in pieces]
        self._plain_starts: list[int] = []
        length = 0
        for piece in pieces:
            self._plain_starts.append(length)
            length += len(piece.text)

    def source_end(self, plain_end: int) -> int:
        """The offset in the source after the character that ends at `plain_end` (> 0) and the markup it closes."""
        number = bisect_left(self._plain_starts, plain_end) - 1  # the piece that holds the character before it
        piece = self.pieces[number]
        length = plain_end - self._plain_starts[number]
        end = piece.start + length if piece.as_is else piece.end
        if length == len(piece.text):
            for following in self.pieces[number + 1 :]:
                if following.kind != "close":
                    break
                end = following.end
        return end

    def between(self, start: int, end: int) -> list[Segment]:
        """The pieces of `source[start:end]`, the outermost cut to fit; one that cannot be cut goes where it starts."""
        found = []
        for piece in self.pieces[max(0, bisect_right(self._starts, start) - 1) : bisect_left(self._starts, end)]:
            if piece.as_is:
                first, last = max(piece.start, start), min(piece.end, end)
                if first < last:
                    cut = piece.text[first - piece.start : last - piece.start]
                    found.append(Segment(first, last, cut, piece.kind))
            elif piece.start >= start:
                found.append(piece)
        return found
