"""What stands in a reading, who put it there, and what may be undone: told from the history of a piece.

Unlike `Piece.picks` it tells an empty gap that somebody decided on from one that nobody has come to yet. Knows no
database: a history is the same whether it comes from a piece or from a piece.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from verbosify.piece.picks import PickEvent
from verbosify.record.acts import Line as Acts
from verbosify.record.acts import replay


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

    def in_force(self) -> Iterator[PickEvent]:
        """The events that were not undone, oldest first."""
        return (event for act in sorted(self.done) for event in self.events.get(act, ()))


def line_of(history: Sequence[PickEvent], reading: str) -> Line:
    """The line of `reading` after all of `history`, oldest first. `RecordError` if it undoes what was not done."""
    own = [event for event in history if event.reading == reading]
    lines = replay((event.id, event.act, reading, event.action, event.target) for event in own)
    line = lines.get(reading, Acts())
    done = tuple(act for act, _ in line.done)
    events: dict[int, list[PickEvent]] = {}
    for event in own:
        if event.gap is not None:
            events.setdefault(event.act, []).append(event)
    standing = {event.gap: event for act in sorted(done) for event in events[act] if event.gap is not None}
    return Line(done, tuple(act for act, _ in line.undone), standing, events)


def hands(history: Sequence[PickEvent], reading: str) -> list[tuple[str, str]]:
    """Who has had a hand in a reading as it stands: name and kind, in order of appearance.

    The built-in curator has one if it chose anything. A person has one at each gap they worked at since the built-in
    curator last chose there, unless what stands there is again what that had chosen: what was undone, or taken back by
    other means, is nobody's.
    """
    by_gap: dict[int, list[PickEvent]] = {}
    named: dict[tuple[str, str], int] = {}
    for event in line_of(history, reading).in_force():
        if event.gap is None:
            continue
        if event.curator_kind == "built-in":
            by_gap[event.gap] = [event]
            if event.picks:
                named.setdefault((event.curator, event.curator_kind), event.id)
        else:
            by_gap.setdefault(event.gap, []).append(event)
    for events in by_gap.values():
        for event in _of_people(events):
            who = (event.curator, event.curator_kind)
            named[who] = min(event.id, named.get(who, event.id))
    return sorted(named, key=named.__getitem__)


def _of_people(events: Sequence[PickEvent]) -> Sequence[PickEvent]:
    """The events of people at one gap, if they left a trace; the first may be the built-in curator's.

    A decision that only confirms what stood there is a trace; a change that was taken back is none.
    """
    chosen = events[0].picks if events[0].curator_kind == "built-in" else ()
    changes = events if events[0].curator_kind != "built-in" else events[1:]
    taken_back = any(event.picks != chosen for event in changes) and changes[-1].picks == chosen
    return () if taken_back else changes
