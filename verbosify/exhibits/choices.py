"""Which answers of a question stand: events that are only ever added, with undo and redo. Knows no pipeline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from verbosify.exhibits.rows import RULE, ChoiceEvent, Chosen
from verbosify.record.acts import Line, Step, replay
from verbosify.record.database import Database
from verbosify.record.fields import dump, now


def history(database: Database, question: int) -> list[ChoiceEvent]:
    """Every choice at a question, oldest first."""
    rows = database.rows("SELECT * FROM choices WHERE question = ? ORDER BY id", (question,))
    with database.decoding():
        return [
            ChoiceEvent(**{**dict(row), "chosen": tuple(Chosen(**each) for each in json.loads(row["chosen"]))})
            for row in rows
        ]


def standing(database: Database, question: int) -> tuple[tuple[Chosen, ...], str]:
    """What is shown of a question's answers, best first, and who chose it; nothing and "" if none is."""
    events = history(database, question)
    done = _line(events).acts
    standing = [event for event in events if event.act in done]
    return (standing[-1].chosen, standing[-1].chooser) if standing and standing[-1].chosen else ((), "")


def append(database: Database, question: int, chosen: Sequence[Chosen], *, chooser: str, reason: str) -> None:
    """Have these stand, in place of what did."""
    edited = any(each.edited for each in chosen)
    action = "edited" if edited else "chosen" if chosen else "cleared"
    _append(database, question, action, chosen, chooser=chooser, reason=reason)


def step(database: Database, question: int, way: Step, *, chooser: str) -> bool:
    """Undo what was last done at a question, or redo what was last undone; whether there was anything."""
    with database.writing():
        following = _line(history(database, question)).next(way)
        if following is not None:
            _append(database, question, way, (), chooser=chooser, reason="", target=following[0])
        return following is not None


def _line(events: Sequence[ChoiceEvent]) -> Line:
    lines = replay((event.id, event.act, "", event.action, event.target) for event in events)
    return lines.get("", Line())


def _append(
    database: Database,
    question: int,
    action: str,
    chosen: Sequence[Chosen],
    *,
    chooser: str,
    reason: str,
    target: int | None = None,
) -> None:
    with database.writing():
        event = database.number("SELECT coalesce(max(id), 0) + 1 FROM choices")
        database.insert(
            "choices",
            {
                "id": event,
                "act": event,
                "question": question,
                "action": action,
                "chosen": dump([asdict(each) for each in chosen]),
                "target": target,
                "chooser": chooser,
                "chooser_kind": "rule" if chooser == RULE else "person",
                "reason": reason,
                "created": now(),
            },
        )
