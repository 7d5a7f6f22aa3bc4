"""Picks as events: what was chosen for which gap, by whom and why; undo and redo. Knows no curator and no page.

Events are only ever added. An *act* is what one call wrote: one event, or those of a whole reading; undo and redo move
over acts. Each reading has its own line of acts, and so have the pins, whose reading is None. What stands at a gap is
the last event there whose act is not undone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from verbosify.errors import PieceError
from verbosify.piece.database import Database
from verbosify.piece.rows import dump, now

PickAction = Literal["chosen", "picked", "trimmed", "edited", "cleared"]

BUILT_IN = "verbosify"  # the name of the built-in curator; any other curator is a person


@dataclass(frozen=True, slots=True)
class Pick:
    """A stretch of a sample that goes into a gap.

    Attributes:
        sample: its id.
        start, end: the characters kept of the sample's raw text, `0 <= start <= end <= len`.
        text: what is woven into the essay: that stretch exactly, unless `edited`.
        edited: somebody changed the text by hand, or added a final full stop.
    """

    sample: int
    start: int
    end: int
    text: str
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PickEvent:
    """One line of the history of picks.

    Attributes:
        act: the id of the first event written by the same call.
        reading: None for pins, which belong to the piece.
        gap: the index of the passage it follows; None for pins, undone and redone.
        action: chosen, picked, trimmed, edited, cleared, pinned, unpinned, undone or redone.
        picks: the whole new list at the gap, in order.
        sample: the one pinned or unpinned, else None.
        target: the act undone or redone, else None.
        curator_kind: `built-in` or `person`.
        reason: why, for people to read; may be empty.
    """

    id: int
    act: int
    reading: str | None
    gap: int | None
    action: str
    picks: tuple[Pick, ...]
    sample: int | None
    target: int | None
    curator: str
    curator_kind: str
    reason: str
    created: str


@dataclass(slots=True)
class _Line:
    """The acts of one reading: each with the event that last did or undid it."""

    done: list[tuple[int, int]] = field(default_factory=list)
    undone: list[tuple[int, int]] = field(default_factory=list)


def lines(database: Database) -> dict[str | None, _Line]:
    """Replay all events. Raises `PieceError` if one undoes or redoes what was not next in line."""
    found: dict[str | None, _Line] = {}
    for event, act, reading, action, target in database.rows(
        "SELECT id, act, reading, action, target FROM pick_events ORDER BY id"
    ):
        line = found.setdefault(reading, _Line())
        if action in ("undone", "redone"):
            source, sink = (line.done, line.undone) if action == "undone" else (line.undone, line.done)
            if not source or source[-1][0] != target:
                raise PieceError(f"Pick event {event} names act {target}, which is not the one to be {action}.")
            sink.append((source.pop()[0], event))
        elif act == event:
            line.done.append((act, event))
            line.undone.clear()
        elif not line.done or line.done[-1][0] != act:
            raise PieceError(f"Pick event {event} belongs to act {act}, which is over.")
    return found


def check(database: Database, gap: int, picks: Sequence[Pick]) -> None:
    """Raise `PieceError` unless each pick is a stretch of a sample that continues the passage before the gap."""
    if not database.rows('SELECT 1 FROM passages WHERE "index" = ?', (gap,)):
        raise PieceError(f"There is no gap {gap}: name the index of one of the piece's passages.")
    for pick in picks:
        found = database.rows(
            "SELECT text, passage FROM samples JOIN batches ON batches.id = batch WHERE samples.id = ?", (pick.sample,)
        )
        if not found:
            raise PieceError(f"There is no sample {pick.sample}: name the id of one of the piece's samples.")
        text, passage = found[0]
        if passage != gap:
            raise PieceError(f"Sample {pick.sample} continues passage {passage}: it cannot go into gap {gap}.")
        if not 0 <= pick.start <= pick.end <= len(text):
            raise PieceError(
                f"Sample {pick.sample} has {len(text)} characters: {pick.start} to {pick.end} is no stretch of it."
            )
        if not pick.text.strip():
            raise PieceError(f"The pick of sample {pick.sample} holds no text: leave it out of the list.")
        if not pick.edited and pick.text != text[pick.start : pick.end]:
            raise PieceError(f"The pick of sample {pick.sample} is not what the sample says: mark it as edited.")


def _append(
    database: Database,
    action: str,
    *,
    curator: str,
    reason: str,
    act: int | None = None,
    reading: str | None = None,
    gap: int | None = None,
    picks: Sequence[Pick] = (),
    sample: int | None = None,
    target: int | None = None,
) -> int:
    event = database.number("SELECT coalesce(max(id), 0) + 1 FROM pick_events")
    return database.insert(
        "pick_events",
        {
            "id": event,
            "act": act or event,
            "reading": reading,
            "gap": gap,
            "action": action,
            "picks": dump([asdict(pick) for pick in picks]),
            "sample": sample,
            "target": target,
            "curator": curator,
            "curator_kind": "built-in" if curator == BUILT_IN else "person",
            "reason": reason,
            "created": now(),
        },
    )


def pick(
    database: Database, reading: str, gap: int, picks: Sequence[Pick], *, action: PickAction, curator: str, reason: str
) -> int:
    """Put `picks` at a gap of a reading, in place of what stands there; returns the event's id."""
    with database.writing():
        check(database, gap, picks)
        return _append(database, action, reading=reading, gap=gap, picks=picks, curator=curator, reason=reason)


def choose_reading(
    database: Database,
    reading: str,
    choice: Mapping[int, Sequence[Pick]],
    *,
    curator: str,
    reasons: Mapping[int, str],
) -> int | None:
    """Make `choice` (gap -> picks) the whole reading, in one act; returns its id, or None if nothing changes.

    Gaps that hold picks and are not in `choice` are emptied. `reasons` are by gap.
    """
    act = None
    with database.writing():
        for gap in sorted(choice.keys() | standing(database, reading).keys()):
            picks = choice.get(gap, ())
            check(database, gap, picks)
            event = _append(
                database,
                "chosen",
                act=act,
                reading=reading,
                gap=gap,
                picks=picks,
                curator=curator,
                reason=reasons.get(gap, ""),
            )
            act = act or event
    return act


def pin(database: Database, sample: int, *, action: Literal["pinned", "unpinned"], curator: str, reason: str) -> int:
    """Mark a sample to be kept in view, or take the mark away; returns the event's id."""
    with database.writing():
        return _append(database, action, sample=sample, curator=curator, reason=reason)


def undo(database: Database, reading: str | None, *, curator: str) -> int | None:
    """Undo the act last done in a reading, or with None in the piece; returns the act, or None if there is none."""
    return _step(database, "undone", reading, curator)


def redo(database: Database, reading: str | None, *, curator: str) -> int | None:
    """Do again the act last undone, unless its reading has been changed since; returns the act, or None."""
    return _step(database, "redone", reading, curator)


def _step(database: Database, action: Literal["undone", "redone"], reading: str | None, curator: str) -> int | None:
    with database.writing():
        latest = [
            (acts[-1][1], acts[-1][0], name)
            for name, line in lines(database).items()
            if (acts := line.done if action == "undone" else line.undone) and reading in (None, name)
        ]
        if not latest:
            return None
        _, act, name = max(latest, key=lambda candidate: candidate[0])
        _append(database, action, reading=name, target=act, curator=curator, reason="")
    return act


def readings(database: Database) -> list[str]:
    """The readings that somebody has begun, in the order they were begun."""
    return [name for name, line in lines(database).items() if name is not None and line.done]


def standing(database: Database, reading: str) -> dict[int, tuple[Pick, ...]]:
    """What stands at each gap of a reading, gaps in order, empty ones left out."""
    done = {act for act, _ in lines(database).get(reading, _Line()).done}
    last = {
        gap: picks
        for act, gap, picks in database.rows(
            "SELECT act, gap, picks FROM pick_events WHERE reading = ? AND gap IS NOT NULL ORDER BY id", (reading,)
        )
        if act in done
    }
    with database.decoding():
        return {gap: _picks(last[gap]) for gap in sorted(last) if last[gap] != "[]"}


def pinned(database: Database) -> set[int]:
    """The ids of the samples that are pinned."""
    done = {act for act, _ in lines(database).get(None, _Line()).done}
    last = {
        sample: action
        for act, sample, action in database.rows(
            "SELECT act, sample, action FROM pick_events WHERE sample IS NOT NULL ORDER BY id"
        )
        if act in done
    }
    return {sample for sample, action in last.items() if action == "pinned"}


def history(database: Database) -> list[PickEvent]:
    """Every event, oldest first."""
    rows = database.rows("SELECT * FROM pick_events ORDER BY id")
    with database.decoding():
        return [PickEvent(**{**dict(row), "picks": _picks(row["picks"])}) for row in rows]


def _picks(text: str) -> tuple[Pick, ...]:
    return tuple(Pick(**values) for values in json.loads(text))
