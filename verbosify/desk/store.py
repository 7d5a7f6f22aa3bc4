"""The record of a desk: drafts, their trees and what is said about them. Knows no model and no server.

`FOLDER/desk.db` is the truth. Every method that writes has written when it returns; nothing written is ever changed.
Any number of processes may use one record at once; a store belongs to the thread that opened it.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from verbosify.desk.failures import Failure, missing
from verbosify.desk.migrations import SCHEMA
from verbosify.desk.rows import (
    DraftRow,
    Event,
    Mark,
    Node,
    NodeKind,
    plain,
)
from verbosify.desk.said import Said
from verbosify.desk.tree import Change, change_between, changed
from verbosify.errors import DeskError
from verbosify.record.acts import Line, replay
from verbosify.record.database import Database
from verbosify.record.fields import from_columns, now, to_columns

DATABASE_NAME = "desk.db"
STEERING = ("steering", "weights", "model")
"""What is said about a draft that steers the model: a revision of its own."""
KEPT_TEXTS = 256
"""Texts of nodes that are remembered."""

_WALK = """
WITH RECURSIVE path (id, parent, depth) AS (
    SELECT id, parent, 0 FROM nodes WHERE id = ?
    UNION ALL
    SELECT n.id, n.parent, depth + 1 FROM nodes n JOIN path ON n.id = path.parent
) SELECT nodes.* FROM nodes JOIN path USING (id) ORDER BY depth DESC"""
"""The nodes from one to the first of its draft, in the other order."""


class Store:
    """An open record of a desk.

    Raises (from every method): `Failure` for what is not there or has moved meanwhile; `DeskError` for a record that is
    damaged, locked or does not take what it is handed; `OutputError` when the disk is full or may not be written.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.database = database
        self.said = Said(database)
        self._texts: OrderedDict[int, str] = OrderedDict()

    @classmethod
    def open(cls, folder: str | Path) -> Store:
        """The record in `folder`, made if there is none, and brought up to date if an older verbosify made it."""
        folder = Path(folder)
        found = SCHEMA.find(folder / DATABASE_NAME)
        if found is None:
            found = Database.make(folder / DATABASE_NAME, DeskError)
            SCHEMA.begin(found, lambda _: None)
        return cls(folder, found)

    def close(self) -> None:
        self.database.close()

    # Drafts

    def draft_ids(self) -> list[int]:
        """All drafts, the one changed last first."""
        rows = self.database.rows(
            "SELECT id, max(created, coalesce((SELECT max(created) FROM events WHERE draft = drafts.id), ''), "
            "coalesce((SELECT max(created) FROM marks WHERE draft = drafts.id), '')) AS changed "
            "FROM drafts ORDER BY changed DESC, id DESC"
        )
        return [row[0] for row in rows]

    def row(self, draft: int) -> DraftRow:
        """A draft's own row."""
        found = self.database.rows("SELECT * FROM drafts WHERE id = ?", (draft,))
        if not found:
            raise missing(f"draft {draft}")
        return from_columns(DraftRow, found[0])

    def create(self, text: str = "", *, parent: tuple[int, int] | None = None) -> int:
        """A new draft that begins with a text, maybe as a child of another's node; its id."""
        with self.database.writing():
            row = DraftRow(
                parent_draft=parent[0] if parent else None, parent_node=parent[1] if parent else None, created=now()
            )
            draft = self.database.insert("drafts", to_columns(row))
            root = self._add(Node(draft=draft, kind="root", inserted=text))
            self._event(Event(draft=draft, action="went", node=root))
            return draft

    def revision(self, draft: int) -> int:
        """The draft's last event: another number whenever it stands elsewhere."""
        return self.database.number("SELECT coalesce(max(id), 0) FROM events WHERE draft = ?", (draft,))

    def steering_revision(self, draft: int) -> int:
        """The last mark that steers the model."""
        return self.database.number(
            "SELECT coalesce(max(id), 0) FROM marks WHERE draft = ? AND node IS NULL AND key IN (?, ?, ?)",
            (draft, *STEERING),
        )

    def changed(self, draft: int) -> str:
        """When something about the draft was last recorded."""
        rows = self.database.rows(
            "SELECT max(created) FROM (SELECT created FROM events WHERE draft = ? "
            "UNION ALL SELECT created FROM marks WHERE draft = ?)",
            (draft, draft),
        )
        return str(rows[0][0])

    @contextmanager
    def moving(self, draft: int, revision: int, yours: str | None = None) -> Iterator[None]:
        """Write to a draft that nobody has moved since `revision`; else a failure that holds the text not taken."""
        with self.database.writing():
            self.row(draft)
            if self.revision(draft) != revision:
                raise Failure(
                    409,
                    "conflict",
                    "This draft has changed elsewhere since: nothing was overwritten. Look at both texts.",
                    yours=yours,
                    draft=draft,
                )
            yield

    @contextmanager
    def steering(self, draft: int, revision: int) -> Iterator[None]:
        """Write what steers a draft, unless somebody has since `revision`."""
        with self.database.writing():
            self.row(draft)
            if self.steering_revision(draft) != revision:
                raise Failure(
                    409,
                    "conflict",
                    "The settings of this draft have changed elsewhere since: look at them and try again.",
                    yours=None,
                    draft=draft,
                )
            yield

    # Where a draft stands

    def line(self, draft: int) -> Line:
        """The acts of a draft: every time it went somewhere, done or undone."""
        rows = self.database.rows("SELECT id, action, target FROM events WHERE draft = ? ORDER BY id", (draft,))
        with self.database.decoding():
            events = ((row[0], row[0], str(draft), row[1], row[2]) for row in rows)
            lines = replay(events)
        if not lines:
            raise missing(f"draft {draft}")
        return lines[str(draft)]

    def stands_at(self, draft: int, line: Line | None = None) -> int:
        """The node where the draft stands."""
        act = (line or self.line(draft)).done[-1][0]
        return self.database.number("SELECT node FROM events WHERE id = ?", (act,))

    def go(self, draft: int, node: int) -> None:
        """Stand at a node from now on. Call it inside `moving`."""
        self.node(draft, node)
        if node != self.stands_at(draft):
            self._event(Event(draft=draft, action="went", node=node))

    def step(self, draft: int, action: str, steps: int) -> int:
        """Undo, or redo, up to so many acts; how many there were. Call it inside `moving`."""
        for taken in range(steps):
            line = self.line(draft)
            if action == "undone" and len(line.done) < 2:  # the first is where the draft began
                return taken
            following = line.next(action)
            if following is None:
                return taken
            self._event(Event(draft=draft, action="undone" if action == "undone" else "redone", target=following[0]))
        return steps

    def _event(self, event: Event) -> None:
        self.database.insert("events", to_columns(replace(event, created=now())))

    # Nodes

    def node(self, draft: int, node: int) -> Node:
        """A node of a draft."""
        found = self.database.rows("SELECT * FROM nodes WHERE id = ? AND draft = ?", (node, draft))
        if not found:
            raise missing(f"node {node} in draft {draft}")
        return from_columns(Node, found[0])

    def nodes(self, draft: int, since: int = 0) -> list[Node]:
        """The nodes of a draft in the order they were made, from after `since`, and those marked after that time."""
        rows = self.database.rows(
            "SELECT * FROM nodes WHERE draft = ? AND (id > ? OR id IN (SELECT node FROM marks WHERE draft = ? AND "
            "created >= (SELECT created FROM nodes WHERE id = ?))) ORDER BY id",
            (draft, since, draft, since),
        )
        return [from_columns(Node, row) for row in rows]

    def text_of(self, node: int) -> str:
        """A node's text."""
        if node in self._texts:
            self._texts.move_to_end(node)
            return self._texts[node]
        path = self._way(node)
        text, known = "", max((at for at, each in enumerate(path) if each.id in self._texts), default=-1)
        if known >= 0:
            text = self._texts[path[known].id]
        for each in path[known + 1 :]:
            text = changed(text, Change(each.start, each.end, each.inserted))
        self._texts[node] = text
        if len(self._texts) > KEPT_TEXTS:
            self._texts.popitem(last=False)
        return text

    def _way(self, node: int) -> list[Node]:
        """The nodes to this one from the first of its draft, or from its parent, if that one's text is known."""
        rows = self.database.rows(
            "SELECT * FROM nodes WHERE id = ? OR id = (SELECT parent FROM nodes WHERE id = ?)", (node,) * 2
        )
        near = sorted((from_columns(Node, row) for row in rows), key=lambda each: each.id)
        return near if near and near[0].id in self._texts else self.path(node)

    def path(self, node: int) -> list[Node]:
        """The nodes from a draft's first to this one."""
        rows = self.database.rows(_WALK, (node,))
        return [from_columns(Node, row) for row in rows]

    def _add(self, node: Node) -> int:
        return self.database.insert("nodes", to_columns(replace(node, created=now())))

    def add_node(
        self,
        draft: int,
        parent: int,
        kind: NodeKind,
        change: Change,
        generation: int | None = None,
        kept: int | None = None,
    ) -> int:
        """A node beside what is there; its id. Call it inside `writing()`."""
        length = len(self.text_of(parent))
        if not 0 <= change.start <= change.end <= length:
            raise Failure(
                400,
                "invalid",
                f"Characters {change.start} to {change.end} are no stretch of a text of {length}: check the offsets.",
            )
        start, end, inserted = change.start, change.end, change.inserted
        place = Node(draft=draft, parent=parent, kind=kind, start=start, end=end, inserted=inserted)
        return self._add(replace(place, generation=generation, kept=kept))

    def add_typed(self, draft: int, parent: int, text: str) -> int:
        """What a person made of a node's text, as a node; the same node if nothing has changed."""
        self.node(draft, parent)
        change = change_between(self.text_of(parent), text)
        if change is None:
            return parent
        return self.add_node(draft, parent, "edit" if change.end > change.start else "typed", change)

    # What is said about them

    def mark(self, key: str, value: Any, draft: int | None = None, node: int | None = None) -> None:
        """Say something about the desk, a draft or a node. Call it inside `writing()`."""
        row = Mark(draft=draft, node=node, key=key, value=plain(value), created=now())
        self.database.insert("marks", to_columns(row))

    def marked(self, key: str, draft: int | None = None, node: int | None = None, default: Any = None) -> Any:
        """What was said last."""
        rows = self.database.rows(
            "SELECT value FROM marks WHERE key = ? AND draft IS ? AND node IS ? ORDER BY id DESC LIMIT 1",
            (key, draft, node),
        )
        with self.database.decoding():
            return json.loads(rows[0][0])["is"] if rows else default

    def marks_of_nodes(self, draft: int) -> dict[int, dict[str, Any]]:
        """What was said last about each node of a draft, by key."""
        rows = self.database.rows(
            "SELECT node, key, value FROM marks WHERE draft = ? AND node IS NOT NULL ORDER BY id", (draft,)
        )
        found: dict[int, dict[str, Any]] = {}
        with self.database.decoding():
            for node, key, value in rows:
                found.setdefault(node, {})[key] = json.loads(value)["is"]
        return found
