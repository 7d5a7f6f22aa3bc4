"""Picks as events: what was chosen for which gap, by whom and why; undo and redo. Knows no curator and no page.

Events are only ever added, in acts, as `record.acts` has them. Each reading has its own line of acts, and so have the
pins, whose reading is None. What stands at a gap is the last event there whose act is not undone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict

from verbosify.errors import PieceError
from verbosify.record.acts import Line, Step, latest, replay
from verbosify.record.database import Database
from verbosify.record.fields import NO_MORE, Count, Flag, Id, Name, Text, Whole, check_characters, dump, now, said

PickAction = Literal["chosen", "picked", "trimmed", "edited", "cleared"]

BUILT_IN = "verbosify"  # the name of the built-in curator; any other curator is a person


@dataclass(frozen=True, slots=True)
class Pick:
    """A stretch of a sample that goes into a gap."""

    __pydantic_config__ = NO_MORE

    sample: Annotated[Id, said("the sample")]
    start: Annotated[Count, said("the first character kept of its raw text")]
    end: Annotated[Count, said("the character after the last one kept")]
    text: Annotated[Name, said("what is woven into the essay: that stretch exactly, unless edited")]
    edited: Annotated[Flag, said("somebody changed the text by hand, or added a final full stop")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PickEvent:
    """What was chosen for which gap, as events that are only ever added."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("order of events")]
    act: Annotated[Id, said("the first event written by the same call: a whole reading chosen at once is one act")]
    reading: Annotated[
        Annotated[str, Strict(), Field(min_length=1, max_length=80), AfterValidator(check_characters)] | None,
        said(
            "*fluffy*, *strange*, *sparse*, *own* or any name of 1 to 80 characters; NULL for pins, which belong to "
            "the piece"
        ),
    ]
    gap: Annotated[Count | None, said("the passage before it; NULL for pins, undone and redone")]
    action: Annotated[
        Literal["chosen", "picked", "trimmed", "edited", "cleared", "pinned", "unpinned", "undone", "redone"],
        said(
            "`chosen` (a whole reading at once), `picked`, `trimmed`, `edited`, `cleared`; `pinned`, `unpinned`; "
            "`undone`, `redone`"
        ),
    ]
    picks: Annotated[tuple[Annotated[Pick, Whole()], ...], said("the **whole** new list at the gap, in order")]
    sample: Annotated[Id | None, said("the sample pinned or unpinned")]
    target: Annotated[Id | None, said("the act undone or redone")]
    curator: Annotated[Name, said("`verbosify`, or a person's name")]
    curator_kind: Annotated[Literal["built-in", "person"], said("which of the two it is")]
    reason: Annotated[Text, said("why, for people to read; may be empty")]
    created: Annotated[Text, said("when")]


def lines(database: Database) -> dict[str | None, Line]:
    """Replay all events. Raises `PieceError` if one undoes or redoes what was not next in line."""
    rows = database.rows("SELECT id, act, reading, action, target FROM pick_events ORDER BY id")
    with database.decoding():
        return replay((row[0], row[1], row[2], row[3], row[4]) for row in rows)


def check(database: Database, gap: int, picks: Sequence[Pick]) -> None:
    """Raise `PieceError` unless each pick is a stretch of a sample that continues the passage before the gap."""
    if not database.rows('SELECT 1 FROM passages WHERE "index" = ?', (gap,)):
        raise PieceError(f"There is no gap {gap}: name the index of one of the piece's passages.")
    for pick in picks:
        found = database.rows(
            "SELECT text, passage FROM generations JOIN batches ON batches.id = batch WHERE generations.id = ?",
            (pick.sample,),
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


def _step(database: Database, action: Step, reading: str | None, curator: str) -> int | None:
    with database.writing():
        found = latest({name: line for name, line in lines(database).items() if reading in (None, name)}, action)
        if found is None:
            return None
        name, act = found
        _append(database, action, reading=name, target=act, curator=curator, reason="")
    return act


def readings(database: Database) -> list[str]:
    """The readings that somebody has begun, in the order they were begun."""
    return [name for name, line in lines(database).items() if name is not None and line.done]


def standing(database: Database, reading: str) -> dict[int, tuple[Pick, ...]]:
    """What stands at each gap of a reading, gaps in order, empty ones left out."""
    done = lines(database).get(reading, Line()).acts
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
    done = lines(database).get(None, Line()).acts
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
