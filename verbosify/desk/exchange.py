"""A draft as one JSON file, and back: its tree, what is said about it, and all that the model was asked and said in it.

Importing one makes the same tree with ids of its own. Runs in the store's thread; knows the record alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter

from verbosify.desk.rows import DeskBatch, DeskOverfit, DraftRow, Event, Mark, Node, Question
from verbosify.desk.store import Store
from verbosify.errors import DeskError, RecordError
from verbosify.files import file_name
from verbosify.record.checking import read_values, refused
from verbosify.record.database import Value
from verbosify.record.export import export_lines
from verbosify.record.fields import NO_MORE, Text, Whole, from_columns, said, to_columns, values_of
from verbosify.record.generations import Generation
from verbosify.version import version_of_verbosify

_CALLED = "The tree"
Row = TypeVar("Row")
Rows = Annotated[list[Annotated[Row, Whole()]], Field(max_length=1_000_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What a file holds; every id is the one it had where it was exported."""

    __pydantic_config__ = NO_MORE

    format: Annotated[Literal["verbosify desk draft"], said("what this file is")]
    version: Annotated[Literal[1], said("of this form")]
    software: Annotated[Text, said("what wrote it")]
    draft: Annotated[DraftRow, Whole()]
    nodes: Rows[Node]
    events: Rows[Event]
    marks: Rows[Mark]
    overfits: Rows[DeskOverfit]
    questions: Rows[Question]
    batches: Rows[DeskBatch]
    generations: Rows[Generation]


@cache
def _adapter() -> TypeAdapter[Tree]:
    return TypeAdapter(Annotated[Tree, Whole()])


_BATCHES = (
    "SELECT * FROM batches WHERE question IN (SELECT id FROM questions WHERE draft = ?) OR id IN "
    "(SELECT batch FROM generations WHERE id IN (SELECT generation FROM nodes WHERE draft = ?)) ORDER BY id"
)


def tree_of(store: Store, draft: int) -> Tree:
    """All of a draft, as it is at one moment."""

    def rows(kind: type[Row], sql: str) -> list[Row]:
        return [from_columns(kind, row) for row in store.database.rows(sql, [draft] * sql.count("?"))]

    with store.database.snapshot():
        batches = rows(DeskBatch, _BATCHES)
        generations = [
            from_columns(Generation, row)
            for batch in batches
            for row in store.database.rows('SELECT * FROM generations WHERE batch = ? ORDER BY "index"', (batch.id,))
        ]
        return Tree(
            format="verbosify desk draft",
            version=1,
            software=version_of_verbosify(),
            draft=store.row(draft),
            nodes=rows(Node, "SELECT * FROM nodes WHERE draft = ? ORDER BY id"),
            events=rows(Event, "SELECT * FROM events WHERE draft = ? ORDER BY id"),
            marks=rows(Mark, "SELECT * FROM marks WHERE draft = ? ORDER BY id"),
            overfits=rows(DeskOverfit, "SELECT * FROM overfits WHERE draft = ? ORDER BY id"),
            questions=rows(Question, "SELECT * FROM questions WHERE draft = ? ORDER BY id"),
            batches=batches,
            generations=generations,
        )


def export_tree(store: Store, draft: int) -> dict[str, str]:
    """A draft's file: what it is called, and its text; the same draft always makes the same."""
    tree = tree_of(store, draft)

    def told(value: Any) -> Any:
        return [values_of(row) for row in value] if isinstance(value, list) else value

    parts = [(field.name, told(getattr(tree, field.name))) for field in fields(Tree)]
    parts[3] = ("draft", values_of(tree.draft))
    name = store.marked("name", draft, default="") or f"Draft {draft}"
    return {"filename": f"{file_name(name, empty='draft')}.json", "text": "".join(export_lines(parts))}


def import_tree(store: Store, text: str) -> int:
    """A new draft of a file's text; its id. `DeskError`, naming the place, if it is none; then nothing is written."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DeskError(f"The tree is no JSON: {str(error)[:80]}.") from error
    tree = read_values(_adapter(), data, _CALLED, DeskError)
    with store.database.writing():
        return _Filling(store, tree).fill()


class _Filling:
    """Rows of a file, put into a record with ids of its own."""

    def __init__(self, store: Store, tree: Tree) -> None:
        self._database = store.database
        self._store = store
        self._tree = tree
        self._ids: dict[str, dict[int, int]] = {}

    def fill(self) -> int:
        tree = self._tree
        alone = replace(tree.draft, id=0, parent_draft=None, parent_node=None)
        draft = self._database.insert("drafts", to_columns(alone))
        mine: dict[str, Value] = {"draft": draft}
        self._add("overfits", tree.overfits, mine)
        # Nodes name generations, these batches, these questions, and questions nodes: each node and what was asked
        # there come in the order in which they were made.
        answers: dict[int | None, list[DeskBatch]] = {}
        for batch in tree.batches:
            answers.setdefault(batch.question, []).append(batch)
        said: dict[int, list[Generation]] = {}
        for generation in tree.generations:
            said.setdefault(generation.batch, []).append(generation)
        asked: dict[int, list[Question]] = {}
        for question in tree.questions:
            asked.setdefault(question.node, []).append(question)
        self._answer(answers.pop(None, []), said)
        for node in tree.nodes:
            more = self._of("parent", "nodes", node.parent) | self._of("generation", "generations", node.generation)
            self._add("nodes", [node], mine | more)
            for question in asked.pop(node.id, []):
                more = self._of("node", "nodes", question.node) | self._of("overfit", "overfits", question.overfit)
                self._add("questions", [question], mine | more)
                self._answer(answers.pop(question.id, []), said)
        if asked or answers or said:
            raise refused(_CALLED, "$", "what was asked or said belongs to no node of it", DeskError)
        for event in tree.events:
            more = self._of("node", "nodes", event.node) | self._of("target", "events", event.target)
            self._add("events", [event], mine | more)
        for mark in tree.marks:
            value = mark.value
            if mark.key == "weights" and isinstance(value.get("is"), dict):
                held = value["is"]
                value = {"is": {**held, "overfit": self._id("overfits", held.get("overfit"))}}
            self._add("marks", [replace(mark, value=value)], {**mine, **self._of("node", "nodes", mark.node)})
        self._check(draft)
        return draft

    def _answer(self, batches: list[DeskBatch], said: dict[int, list[Generation]]) -> None:
        for batch in batches:
            more = self._of("question", "questions", batch.question) | self._of("overfit", "overfits", batch.overfit)
            self._add("batches", [batch], more)
            for generation in said.pop(batch.id, []):
                more = self._of("batch", "batches", generation.batch)
                self._add("generations", [generation], more | {"parent": None})

    def _of(self, column: str, table: str, old: int | None) -> dict[str, Value]:
        return {column: None if old is None else self._id(table, old)}

    def _id(self, table: str, old: Any) -> int:
        new = self._ids.get(table, {}).get(old)
        if new is None:
            raise refused(_CALLED, f"$.{table}", f"{old} is named, and there is none before it", DeskError)
        return new

    def _add(self, table: str, rows: list[Any], more: Mapping[str, Value]) -> None:
        for row in rows:
            if row.id in self._ids.setdefault(table, {}):
                raise refused(_CALLED, f"$.{table}", f"{row.id} is there twice", DeskError)
            self._ids[table][row.id] = self._database.insert(table, {**to_columns(row), **more, "id": None})

    def _check(self, draft: int) -> None:
        """The draft stands somewhere, and every node replaces a stretch that its parent's text has."""
        try:
            self._store.stands_at(draft)
        except RecordError as error:
            raise refused(_CALLED, "$.events", str(error), DeskError) from error
        lengths: dict[int, int] = {}
        for node in self._store.nodes(draft):
            length = lengths.get(node.parent or 0, 0)
            if node.end > length:
                raise refused(_CALLED, "$.nodes", f"a node replaces characters up to {node.end} of {length}", DeskError)
            lengths[node.id] = length - (node.end - node.start) + len(node.inserted)
