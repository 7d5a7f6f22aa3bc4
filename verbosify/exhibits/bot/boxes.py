"""The inbox and the outbox: what came in, what is to go out, and how far each is. Knows no platform and no model.

Nothing is ever changed: each step of a reply's life is a row of its own, on the disk before the next step begins. A
mention has one row by its key, however often it is delivered, and one reply; a reply has any number of attempts and one
outcome. So who is killed anywhere goes on from what is there, and an attempt without an outcome is one to ask about.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from verbosify.exhibits.bot.platform import Account, Mention, Outgoing, Posted
from verbosify.record.database import Database, Value
from verbosify.record.fields import dump, moment, now

Kind = Literal["reply", "help", "apology", "limit", "blank", "silence"]
SPOKEN: tuple[Kind, ...] = ("reply", "help", "apology", "limit", "blank")


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply and how far it is.

    Attributes:
        text: as it will go out: what a person made of it, if one did.
        attempts: how often it was tried to post it.
        last_attempt: when, ISO 8601; "" if never.
        verdict: of a person, in the approval queue; "" if there is none.
        status: its outcome, "" as long as there is none.
        generation: the record's row of what the model said; None where a model said nothing.
    """

    id: int
    mention: Mention
    kind: Kind
    text: str
    reason: str
    generation: int | None
    created: str
    attempts: int
    last_attempt: str
    verdict: str
    curator: str
    status: str
    post: str
    address: str
    outcome_reason: str

    def outgoing(self, bot: str) -> Outgoing:
        return Outgoing(key=f"{bot}-{self.id}", mention=self.mention, text=self.text, created=self.created)


_REPLIES = """
    SELECT outbox.*, outbox.id AS reply, outbox.created AS made, mentions.*,
        outbox.text AS own_text, mentions.text AS mention_text, mentions.created AS written,
        (SELECT count(*) FROM attempts WHERE reply = outbox.id) AS attempts,
        coalesce((SELECT max(created) FROM attempts WHERE reply = outbox.id), '') AS last_attempt,
        decisions.verdict, decisions.text AS chosen, decisions.curator,
        outcomes.status, outcomes.post, outcomes.address, outcomes.reason AS outcome_reason
    FROM outbox JOIN mentions ON mentions.id = outbox.mention
    LEFT JOIN outcomes ON outcomes.reply = outbox.id
    LEFT JOIN decisions ON decisions.id = (SELECT max(id) FROM decisions WHERE reply = outbox.id)"""


class Boxes:
    """The tables of one bot, over a connection of this thread's own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # The inbox

    def is_known(self, key: str) -> bool:
        return bool(self._database.rows("SELECT 1 FROM mentions WHERE key = ?", (key,)))

    def receive(self, mention: Mention) -> bool:
        """Keep a mention; False if it is there already."""
        with self._database.writing():
            if self.is_known(mention.key):
                return False
            self._database.insert(
                "mentions",
                {
                    "key": mention.key,
                    "thread": mention.thread,
                    "author": mention.author.id,
                    "handle": mention.author.handle,
                    "is_bot": mention.author.is_bot,
                    "text": mention.text,
                    "is_reply": mention.is_reply,
                    "place": dump(mention.place),
                    "created": mention.created,
                    "received": now(),
                },
            )
        return True

    def next_to_answer(self) -> tuple[int, Mention] | None:
        """The oldest mention without a reply, and its number."""
        rows = self._database.rows(
            "SELECT *, text AS mention_text, created AS written FROM mentions WHERE NOT EXISTS "
            "(SELECT 1 FROM outbox WHERE mention = mentions.id) ORDER BY id LIMIT 1"
        )
        return (rows[0]["id"], _mention(rows[0])) if rows else None

    def unanswered(self) -> int:
        return self._database.number(
            "SELECT count(*) FROM mentions WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE mention = mentions.id)"
        )

    # The outbox

    def answer(self, mention: int, kind: Kind, text: str, reason: str, generation: int | None = None) -> int:
        """Put a mention's one reply into the outbox; silence is an answer, too. Returns its number."""
        row: dict[str, Value] = {"mention": mention, "kind": kind, "text": text, "reason": reason, "created": now()}
        with self._database.writing():
            return self._database.insert("outbox", row | {"generation": generation})

    def next_to_send(self, *, approval: bool) -> Reply | None:
        """The oldest reply without an outcome; where people approve, the one that was approved first."""
        where = "outbox.kind != 'silence' AND outcomes.id IS NULL AND "
        if approval:
            return self._first(f"{where} decisions.verdict = 'approved' ORDER BY decisions.id")
        return self._first(f"{where} coalesce(decisions.verdict, '') != 'refused' ORDER BY outbox.id")

    def waiting(self) -> list[Reply]:
        """Replies that nobody has decided about, and that have no outcome, oldest first."""
        return self._replies(
            "outbox.kind != 'silence' AND outcomes.id IS NULL AND decisions.id IS NULL ORDER BY outbox.id"
        )

    def replies(self, last: int = 50) -> list[Reply]:
        """The latest replies, newest first."""
        return self._replies(f"1 ORDER BY outbox.id DESC LIMIT {int(last)}")

    def reply(self, number: int) -> Reply | None:
        return self._first(f"outbox.id = {int(number)}")

    def decide(
        self, reply: Reply, verdict: Literal["approved", "refused"], *, curator: str, text: str | None = None
    ) -> bool:
        """A person's decision; `text` is what goes out instead. False if it comes too late: it may be out already."""
        with self._database.writing():
            tried = "SELECT 1 FROM outcomes WHERE reply = ? UNION SELECT 1 FROM attempts WHERE reply = ?"
            if self._database.rows(tried, (reply.id, reply.id)):
                return False
            row: dict[str, Value] = {
                "reply": reply.id,
                "verdict": verdict,
                "text": reply.text if text is None else text,
            }
            self._database.insert("decisions", row | {"curator": curator, "created": now()})
            if verdict == "refused":
                self._settle(reply.id, "refused", Posted(""), f"refused by {curator}")
        return True

    def attempt(self, reply: Reply) -> bool:
        """It is about to be tried; False if a person has decided about it since it was read."""
        with self._database.writing():
            if self.reply(reply.id) != reply:
                return False
            self._database.insert("attempts", {"reply": reply.id, "created": now()})
        return True

    def posted(self, reply: Reply, post: Posted) -> None:
        with self._database.writing():
            self._settle(reply.id, "posted", post, "")

    def give_up(self, reply: Reply, reason: str) -> None:
        with self._database.writing():
            self._settle(reply.id, "given up", Posted(""), reason)

    def _settle(self, reply: int, status: str, post: Posted, reason: str) -> None:
        row: dict[str, Value] = {
            "reply": reply,
            "status": status,
            "post": post.key,
            "address": post.address,
            "reason": reason,
        }
        self._database.insert("outcomes", row | {"created": now()})

    # What good manners ask for

    def answered_in_thread(self, thread: str, author: str) -> int:
        """How many answers, silence aside, this author got in this thread."""
        return self._answers("thread = ? AND author = ?", (thread, author))

    def answered_since(self, author: str, seconds: float, kinds: Sequence[Kind] = SPOKEN) -> int:
        """How many answers of these kinds the author got in the last so many seconds."""
        since = moment(datetime.now(UTC) - timedelta(seconds=seconds))
        listed = ", ".join(f"'{kind}'" for kind in kinds)
        return self._answers(f"author = ? AND outbox.kind IN ({listed}) AND outbox.created >= ?", (author, since))

    def _answers(self, where: str, values: tuple[str, ...]) -> int:
        return self._database.number(
            "SELECT count(*) FROM outbox JOIN mentions ON mentions.id = outbox.mention "  # noqa: S608  # our own words
            f"WHERE outbox.kind != 'silence' AND {where}",
            values,
        )

    def _first(self, where: str) -> Reply | None:
        found = self._replies(f"{where} LIMIT 1")
        return found[0] if found else None

    def _replies(self, where: str) -> list[Reply]:
        rows = self._database.rows(f"{_REPLIES} WHERE {where}")
        with self._database.decoding():
            return [_reply(row) for row in rows]


def _mention(row: sqlite3.Row) -> Mention:
    return Mention(
        key=row["key"],
        thread=row["thread"],
        author=Account(row["author"], row["handle"], bool(row["is_bot"])),
        text=row["mention_text"],
        is_reply=bool(row["is_reply"]),
        created=row["written"],
        place=json.loads(row["place"]),
    )


def _reply(row: sqlite3.Row) -> Reply:
    return Reply(
        id=row["reply"],
        mention=_mention(row),
        kind=row["kind"],
        text=row["own_text"] if row["chosen"] is None else row["chosen"],
        reason=row["reason"],
        generation=row["generation"],
        created=row["made"],
        attempts=row["attempts"],
        last_attempt=row["last_attempt"],
        verdict=row["verdict"] or "",
        curator=row["curator"] or "",
        status=row["status"] or "",
        post=row["post"] or "",
        address=row["address"] or "",
        outcome_reason=row["outcome_reason"] or "",
    )
