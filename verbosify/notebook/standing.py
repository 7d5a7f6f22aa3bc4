"""What stands in a reading, who put it there, and what may be undone: told from the history of a piece.

Unlike `Piece.picks` it tells an empty gap that somebody decided on from one that nobody has come to yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from verbosify.piece import PickEvent


@dataclass(frozen=True, slots=True)
class Line:
    """A reading as its history leaves it.

    Attributes:
        done: acts that undo would take back, the last one first in turn at the end.
        undone: acts that redo would bring back, likewise.
        standing: the event that decides each gap; its picks may be empty.
        events: all events with a gap, by act.
    """

    done: tuple[int, ...]
    undone: tuple[int, ...]
    standing: Mapping[int, PickEvent]
    events: Mapping[int, Sequence[PickEvent]]

    def gap_of(self, act: int) -> int | None:
        """The first gap that an act changed."""
        return next((event.gap for event in self.events.get(act, ())), None)

    @property
    def last_gap(self) -> int | None:
        """The gap that was last worked at."""
        return self.gap_of(self.done[-1]) if self.done else None


def line_of(history: Sequence[PickEvent], reading: str) -> Line:
    """The line of `reading` after all of `history`, oldest first."""
    done: list[int] = []
    undone: list[int] = []
    events: dict[int, list[PickEvent]] = {}
    for event in history:
        if event.reading != reading:
            continue
        if event.action in ("undone", "redone"):
            source, sink = (done, undone) if event.action == "undone" else (undone, done)
            sink.append(source.pop())
            continue
        if event.act == event.id:
            done.append(event.act)
            undone.clear()
        events.setdefault(event.act, []).append(event)
    standing = {event.gap: event for act in sorted(done) for event in events[act] if event.gap is not None}
    return Line(tuple(done), tuple(undone), standing, events)
