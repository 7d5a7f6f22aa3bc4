"""Acts as events that are only ever added, with undo and redo over them. Knows no table, and not what is done.

An *act* is what one call wrote: one event, or several that name the first of them. Acts lie in lines, each with an undo
of its own (in a piece each reading is one, and the pins). Undo takes back a line's last act, redo brings back the act
last undone, and a new act ends redo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from verbosify.errors import RecordError

Step = Literal["undone", "redone"]
Key = TypeVar("Key", bound=str | None)

Event = tuple[int, int, Key, str, int | None]
"""Its id, its act's, its line, its action, and the act undone or redone."""


@dataclass(slots=True)
class Line:
    """The acts of one line, each with the event that last did or undid it, in the order in which undo takes them."""

    done: list[tuple[int, int]] = field(default_factory=list)
    undone: list[tuple[int, int]] = field(default_factory=list)

    @property
    def acts(self) -> set[int]:
        """Those that stand."""
        return {act for act, _ in self.done}

    def next(self, step: str) -> tuple[int, int] | None:
        """The act to be undone or redone, and the event that last did or undid it; None if there is none."""
        acts = self.done if step == "undone" else self.undone
        return acts[-1] if acts else None

    def _step(self, step: str, event: int) -> None:
        source, sink = (self.done, self.undone) if step == "undone" else (self.undone, self.done)
        sink.append((source.pop()[0], event))


def replay(events: Iterable[Event[Key]]) -> dict[Key, Line]:
    """The lines after all of `events`, oldest first, in the order they were begun.

    Raises `RecordError` if an event undoes or redoes what was not next in line, or comes when its act is over.
    """
    lines: dict[Key, Line] = {}
    for event, act, key, action, target in events:
        line = lines.setdefault(key, Line())
        if action in ("undone", "redone"):
            following = line.next(action)
            if following is None or following[0] != target:
                raise RecordError(f"Event {event} names act {target}, which is not the one to be {action}.")
            line._step(action, event)
        elif act == event:
            line.done.append((act, event))
            line.undone.clear()
        elif not line.done or line.done[-1][0] != act:
            raise RecordError(f"Event {event} belongs to act {act}, which is over.")
    return lines


def latest(lines: dict[Key, Line], step: Step) -> tuple[Key, int] | None:
    """The line, and its act, to be undone or redone first of all `lines`; None if there is none."""
    found = [(following[1], following[0], key) for key, line in lines.items() if (following := line.next(step))]
    if not found:
        return None
    _, act, key = max(found, key=lambda candidate: candidate[0])
    return key, act
