"""What was posted and replied, under the keys that links have. Knows no server and no model.

A post is on the disk before it is answered, and its replies before anybody is shown them as done. Nothing is changed or
deleted; what must not be seen any more is hidden, which is a row of its own.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verbosify.errors import RecordError
from verbosify.exhibits.record import Exhibit, Question, exhibit_tables
from verbosify.exhibits.replies.authors import Refused, name_of
from verbosify.exhibits.replies.tones import tones
from verbosify.pipeline import Outcome, Pipeline
from verbosify.record.database import Database, Value
from verbosify.record.fields import now
from verbosify.record.migrations import Schema, create_table

DEEPEST = 5
"""How deep replies to replies go: those to a post are 1 deep."""


class RepliesError(RecordError):
    """A record of replies cannot be opened, or has not what was asked for."""


class MissingError(RepliesError):
    """Nothing has that key."""


class GoneError(RepliesError):
    """It was hidden."""


class TooDeepError(RepliesError):
    """What is deepest is not replied to."""


def reply_tables(database: Database) -> None:
    """Posts, the replies that were shown, and what was hidden."""
    create_table(
        database,
        "posts",
        """
        question INTEGER PRIMARY KEY REFERENCES questions (id),
        key TEXT NOT NULL UNIQUE,
        root INTEGER NOT NULL REFERENCES questions (id),
        depth INTEGER NOT NULL CONSTRAINT "no deeper than replies go" CHECK (depth BETWEEN 1 AND 5),
        tone TEXT NOT NULL,
        own INTEGER NOT NULL CONSTRAINT "own is 0 or 1" CHECK (own IN (0, 1))""",
        "question = NEW.question OR key = NEW.key",
    )
    create_table(
        database,
        "shown",
        """
        answer INTEGER PRIMARY KEY REFERENCES answers (id),
        question INTEGER NOT NULL REFERENCES posts (question),
        key TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL""",
        "answer = NEW.answer OR key = NEW.key",
    )
    create_table(
        database, "hidden", "key TEXT PRIMARY KEY, reason TEXT NOT NULL, created TEXT NOT NULL", "key = NEW.key"
    )
    database.execute("CREATE INDEX posts_root ON posts (root)")
    database.execute("CREATE INDEX shown_question ON shown (question)")


SCHEMA = Schema("a record of replies", int.from_bytes(b"vbre"), (exhibit_tables, reply_tables), RepliesError)


@dataclass(frozen=True, slots=True)
class Target:
    """A reply that is to be replied to: its answer's id, its words, its thread, what was said before, its depth."""

    answer: int
    text: str
    root: int
    before: tuple[tuple[str, str], ...]
    depth: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A post that waits for replies: its question, and the key of its thread."""

    question: Question
    key: str
    thread: str
    depth: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it is shown, and the threads below it."""

    key: str
    name: str
    text: str
    posts: tuple[Post, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As the API has it."""
        face = f"/faces/{self.name}.svg"
        below = [post.to_dict() for post in self.posts]
        return {"key": self.key, "name": self.name, "avatar": face, "text": self.text, "posts": below}


@dataclass(frozen=True, slots=True)
class Post:
    """A post and its replies.

    Attributes:
        key: what its link has.
        text: the visitor's words; of one without any, none: then more replies to a reply were asked for.
        tone: how the replies sound.
        depth: of its replies, from 1.
        created: when it was posted.
        model: the card of the model that replied.
    """

    key: str
    text: str
    tone: str
    depth: int
    created: str
    model: Mapping[str, Any]
    replies: tuple[Reply, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """As the API has it."""
        return {
            "key": self.key,
            "text": self.text,
            "tone": self.tone,
            "depth": self.depth,
            "created": self.created,
            "model": {name: self.model.get(name) for name in ("name", "weights_sha256", "licence")},
            "replies": [reply.to_dict() for reply in self.replies],
        }


def open_record(place: Path) -> Exhibit:
    """The record at `place`, made if there is none. It belongs to the thread that opened it."""
    return Exhibit.open_or_create(place, SCHEMA)


def open_existing(place: Path) -> Exhibit:
    """The record at `place`; `RepliesError` if there is none."""
    return Exhibit.open(place, SCHEMA)


def ask(exhibit: Exhibit, pipeline: Pipeline, text: str, *, tone: str, seed: int, to: Target | None) -> Asked:
    """Record a post, or, without a text, that more replies are wanted to `to`."""
    inputs = {
        "post": text or (to.text if to else ""),
        "before": "".join(tones()[tone].exchange(*each) for each in (to.before if to else ())),
    }
    key, depth = new_key(), to.depth + 1 if to else 1
    with exhibit.database.writing():
        parent = to.answer if to else None
        question = exhibit.ask(pipeline, inputs, seed=seed, asked_by="visitor", parent=parent)
        root = to.root if to else question.id
        row: dict[str, Value] = {"question": question.id, "key": key, "root": root}
        exhibit.database.insert("posts", row | {"depth": depth, "tone": tone, "own": int(bool(text))})
    return Asked(question, key, _key_of(exhibit, root), depth)


def settle(exhibit: Exhibit, asked: Asked, outcome: Outcome, refused: Refused) -> None:
    """Record which replies are shown, and by whom they seem to be."""
    with exhibit.database.writing():
        exhibit.settle(asked.question, outcome)
        names: list[str] = []
        for place, answer in enumerate(outcome.chosen):
            names.append(name_of(f"{asked.key} {place}", names, refused))
            row: dict[str, Value] = {"answer": answer.generation, "question": asked.question.id}
            exhibit.database.insert("shown", row | {"key": new_key(), "name": names[-1]})


def target(exhibit: Exhibit, key: str) -> Target:
    """The reply of that key, to be replied to.

    Raises `MissingError` if there is none, `GoneError` if it is hidden, and `TooDeepError` if it is the deepest.
    """
    rows = exhibit.database.rows(
        "SELECT shown.answer, answers.text, posts.root, posts.depth FROM shown "
        "JOIN answers ON answers.id = shown.answer JOIN posts ON posts.question = shown.question WHERE shown.key = ?",
        (key,),
    )
    if not rows:
        raise MissingError("There is no such reply.")
    found = rows[0]
    if _hidden(exhibit) & {key, _key_of(exhibit, found["root"])}:
        raise GoneError("This reply was taken away.")
    if found["depth"] >= DEEPEST:
        raise TooDeepError(f"Replies go {DEEPEST} deep: nobody replies to this one.")
    return Target(found["answer"], found["text"], found["root"], _before(exhibit, found["answer"]), found["depth"])


def thread(exhibit: Exhibit, key: str) -> Post:
    """The thread that the post or reply of that key stands in, from its first post on.

    Raises `MissingError` if there is none, or nothing was replied yet, and `GoneError` if it is hidden.
    """
    rows = exhibit.database.rows(
        "SELECT root FROM posts WHERE key = ? UNION SELECT root FROM shown "
        "JOIN posts ON posts.question = shown.question WHERE shown.key = ?",
        (key, key),
    )
    if not rows:
        raise MissingError("There is no such thread.")
    hidden = _hidden(exhibit)
    if hidden & {key, _key_of(exhibit, rows[0]["root"])}:
        raise GoneError("This was taken away.")
    found = _tree(exhibit, rows[0]["root"], hidden)
    if found is None:
        raise MissingError("There is no such thread.")
    return found


def hide(exhibit: Exhibit, key: str, reason: str) -> None:
    """Have the post or reply of that key, and all below it, not be shown any more."""
    known = exhibit.database.rows(
        "SELECT key FROM posts WHERE key = ? UNION SELECT key FROM shown WHERE key = ?", (key, key)
    )
    if not known:
        raise RepliesError(f"There is no post and no reply {key!r} in {exhibit.database.place}: check the key.")
    if key not in _hidden(exhibit):
        with exhibit.database.writing():
            exhibit.database.insert("hidden", {"key": key, "reason": reason, "created": now()})


def new_key() -> str:
    """A key that nobody can guess: 16 letters and digits."""
    return secrets.token_hex(8)


def _key_of(exhibit: Exhibit, root: int) -> str:
    return str(exhibit.database.rows("SELECT key FROM posts WHERE question = ?", (root,))[0][0])


def _hidden(exhibit: Exhibit) -> set[str]:
    return {str(row[0]) for row in exhibit.database.rows("SELECT key FROM hidden")}


def _before(exhibit: Exhibit, answer: int) -> tuple[tuple[str, str], ...]:
    """The posts and replies that led to an answer, and itself, oldest first."""
    said: list[tuple[str, str]] = []
    at: int | None = answer
    while at is not None:
        rows = exhibit.database.rows(
            "SELECT answers.text, questions.inputs, questions.parent FROM answers "
            "JOIN generations ON generations.id = answers.id JOIN batches ON batches.id = generations.batch "
            "JOIN questions ON questions.id = batches.question WHERE answers.id = ?",
            (at,),
        )
        said.append((json.loads(rows[0]["inputs"])["post"], rows[0]["text"]))
        at = rows[0]["parent"]
    return tuple(reversed(said))


def _tree(exhibit: Exhibit, root: int, hidden: set[str]) -> Post | None:
    posts = exhibit.database.rows(
        "SELECT posts.*, questions.inputs, questions.parent, questions.created FROM posts "
        "JOIN questions ON questions.id = posts.question WHERE root = ? ORDER BY posts.question",
        (root,),
    )
    shown = exhibit.database.rows(
        "SELECT shown.*, answers.text, batches.model FROM shown JOIN answers ON answers.id = shown.answer "
        "JOIN generations ON generations.id = shown.answer JOIN batches ON batches.id = generations.batch "
        "JOIN posts ON posts.question = shown.question WHERE posts.root = ? ORDER BY shown.rowid",
        (root,),
    )

    def below(answer: int) -> tuple[Post, ...]:
        return tuple(made for row in posts if row["parent"] == answer and (made := post(row)) is not None)

    def post(row: sqlite3.Row) -> Post | None:
        mine = [each for each in shown if each["question"] == row["question"]]
        visible = [each for each in mine if each["key"] not in hidden]
        if not mine or row["key"] in hidden:
            return None
        replies = tuple(Reply(each["key"], each["name"], each["text"], below(each["answer"])) for each in visible)
        text = json.loads(row["inputs"])["post"] if row["own"] else ""
        model = json.loads(mine[0]["model"])
        return Post(row["key"], text, row["tone"], row["depth"], row["created"], model, replies)

    return post(posts[0])
