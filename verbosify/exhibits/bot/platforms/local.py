"""A timeline in one SQLite file: a place for a bot that needs no network, for exhibitions and tests. Knows no bot.

Visitors post, the bot replies in their threads; the page (`exhibits.bot.page`) shows it. A reply has the key of its
writer, so that the same reply is never posted twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from verbosify.exhibits.bot.platform import Account, Mention, Outgoing, Page, Posted, RefusedError
from verbosify.pipeline.counting import Limit
from verbosify.record.database import Database
from verbosify.record.fields import now
from verbosify.record.migrations import Schema, create_table

HANDLE = "ambrose"
PAGE = 50
LONGEST = 300


def _tables(database: Database) -> None:
    create_table(
        database,
        "posts",
        """
        id INTEGER PRIMARY KEY,
        parent INTEGER REFERENCES posts (id),
        thread INTEGER,
        author TEXT NOT NULL,
        is_bot INTEGER NOT NULL,
        text TEXT NOT NULL,
        key TEXT,
        created TEXT NOT NULL""",
    )
    create_table(database, "profiles", "id INTEGER PRIMARY KEY, author TEXT NOT NULL, text TEXT NOT NULL")
    database.execute("CREATE UNIQUE INDEX posts_key ON posts (key) WHERE key IS NOT NULL")
    database.execute("CREATE INDEX posts_thread ON posts (thread)")


SCHEMA = Schema("a timeline", int.from_bytes(b"vbtl"), (_tables,))


@dataclass(frozen=True, slots=True)
class Post:
    """A post of the timeline; `thread` is the first post of its conversation."""

    id: int
    parent: int | None
    thread: int
    author: str
    is_bot: bool
    text: str
    created: str


class Local:
    """A timeline; each call opens it for itself, so that any thread and process may use it."""

    name = "local"
    settle = 0.0

    def __init__(self, path: Path, *, handle: str = HANDLE, poll: float = 0.5) -> None:
        self._path = path
        self._handle = handle
        self.poll = poll
        self.limit = Limit(LONGEST, "graphemes")

    def account(self) -> Account:
        return Account(self._handle, self._handle, is_bot=True)

    def introduce(self, text: str) -> None:
        with closing(self._open()) as database, database.writing():
            if self._profile(database) != text:
                database.insert("profiles", {"author": self._handle, "text": text})

    def profile(self) -> str:
        """What the bot says of itself; "" if it has not."""
        with closing(self._open()) as database:
            return self._profile(database)

    def page(self, place: str | None, is_known: Callable[[str], bool]) -> Page:
        with closing(self._open()) as database:
            rows = self._page(database, int(place or 2**62))
        if not rows:
            return Page((), "", None)
        new = tuple(self._mention(row) for row in rows if not is_known(str(row["id"])))
        return Page(new, rows[-1]["created"], str(rows[-1]["id"]))

    def _mention(self, row: sqlite3.Row) -> Mention:
        return Mention(
            key=str(row["id"]),
            thread=str(row["thread"]),
            author=Account(row["author"], row["author"], bool(row["is_bot"])),
            text=row["text"],
            is_reply=row["parent_author"] == self._handle,
            created=row["created"],
        )

    def find(self, reply: Outgoing) -> Posted | None:
        with closing(self._open()) as database:
            rows = database.rows("SELECT id FROM posts WHERE key = ?", (reply.key,))
        return Posted(str(rows[0]["id"])) if rows else None

    def post(self, reply: Outgoing) -> Posted:
        return Posted(
            str(self.add(self._handle, reply.text, parent=int(reply.mention.key), key=reply.key, is_bot=True))
        )

    def opening(self, mention: Mention) -> str:  # noqa: ARG002  # as every platform has it
        return ""

    def close(self) -> None:
        """There is nothing to let go of: each call opens the file for itself."""

    # What visitors do

    def add(
        self, author: str, text: str, *, parent: int | None = None, key: str | None = None, is_bot: bool = False
    ) -> int:
        """Post; returns its number. With a `key` it is posted once. `RefusedError` if there is no such parent."""
        with closing(self._open()) as database, database.writing():
            if key is not None and (rows := database.rows("SELECT id FROM posts WHERE key = ?", (key,))):
                return int(rows[0]["id"])
            thread = None
            if parent is not None:
                rows = database.rows("SELECT coalesce(thread, id) AS thread FROM posts WHERE id = ?", (parent,))
                if not rows:
                    raise RefusedError(f"There is no post {parent} to reply to.")
                thread = rows[0]["thread"]
            row = {"parent": parent, "thread": thread, "author": author, "is_bot": is_bot, "text": text, "key": key}
            return database.insert("posts", row | {"created": now()})

    def posts(self, after: int = 0, last: int = 200) -> list[Post]:
        """The posts after that number, at most the `last` so many, oldest first."""
        with closing(self._open()) as database:
            rows = database.rows(
                "SELECT *, coalesce(thread, id) AS first FROM posts WHERE id > ? ORDER BY id DESC LIMIT ?",
                (after, last),
            )
        return [
            Post(
                row["id"], row["parent"], row["first"], row["author"], bool(row["is_bot"]), row["text"], row["created"]
            )
            for row in reversed(rows)
        ]

    def _page(self, database: Database, before: int) -> list[sqlite3.Row]:
        """Posts that name the bot or reply to it, newest first."""
        return database.rows(
            "SELECT posts.id, coalesce(posts.thread, posts.id) AS thread, posts.author, posts.is_bot, posts.text, "
            "posts.created, parents.author AS parent_author FROM posts "
            "LEFT JOIN posts AS parents ON parents.id = posts.parent "
            "WHERE posts.id < ? AND posts.author != ? AND (posts.text LIKE ? ESCAPE '!' OR parents.author = ?) "
            "ORDER BY posts.id DESC LIMIT ?",
            (before, self._handle, f"%@{self._handle.replace('_', '!_')}%", self._handle, PAGE),
        )

    def _profile(self, database: Database) -> str:
        rows = database.rows("SELECT text FROM profiles WHERE author = ? ORDER BY id DESC LIMIT 1", (self._handle,))
        return str(rows[0]["text"]) if rows else ""

    def _open(self) -> Database:
        found = SCHEMA.find(self._path)
        if found is None:
            found = Database.make(self._path)
            SCHEMA.begin(found, lambda _: None)
        return found
