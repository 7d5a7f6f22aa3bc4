"""The verbs that need no model: drafts, their text and tree, what is said about them. Knows the record alone.

Every function takes the store and a request's checked values, and returns plain values. All run in the store's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from verbosify.desk import presets
from verbosify.desk.failures import invalid
from verbosify.desk.finding import about, drafts, said_of
from verbosify.desk.rows import Node, Question
from verbosify.desk.steering import DEFAULT_SETTINGS, DEFAULTS, with_changes
from verbosify.desk.store import Store
from verbosify.desk.tree import Change, compared
from verbosify.desk.weighing import overfits, weigh, weights_told
from verbosify.files import file_name
from verbosify.record.fields import values_of

Values = dict[str, Any]


def draft_of(store: Store, draft: int, running: Collection[int] = ()) -> Values:
    """A draft as it is told; `running` are questions that are being answered."""
    line = store.line(draft)
    node = store.stands_at(draft, line)
    return {
        **about(store, draft, said_of(store, draft)),
        "revision": store.revision(draft),
        "steering_revision": store.steering_revision(draft),
        "node": node,
        "text": store.text_of(node),
        "can_undo": len(line.done) > 1,
        "can_redo": bool(line.undone),
        "steering": steering_of(store, draft),
        "weights": weights_told(store, draft),
        "interrupted": [_question(each) for each in store.said.unanswered(draft) if each.id not in running],
    }


def _question(question: Question) -> Values:
    settings = question.steering["settings"]
    about = {name: getattr(question, name) for name in ("id", "node", "at", "created")}
    return about | {"n": settings["n"], "length": settings["length"]}


def steering_of(store: Store, draft: int) -> Values:
    """What steers a draft; fields that are newer than what is recorded are at their defaults."""
    steering: Values = {**DEFAULTS, **store.marked("steering", draft, default={})}
    return {**steering, "settings": {**DEFAULT_SETTINGS, **steering["settings"]}}


# Drafts


def create(store: Store, values: Values, model: str) -> int:
    """A new draft; its id."""
    with store.database.writing():
        draft = store.create(values.get("text", ""))
        store.mark("model", model, draft)
        if values.get("name"):
            store.mark("name", values["name"], draft)
        return draft


def clone(store: Store, values: Values) -> int:
    """A child of a draft, which begins with the text of one of its nodes, and is steered likewise; its id."""
    parent, node = values["draft"], values["node"]
    with store.database.writing():
        store.node(parent, node)
        draft = store.create(store.text_of(node), parent=(parent, node))
        store.mark("model", store.marked("model", parent), draft)
        store.mark("steering", steering_of(store, parent), draft)
        if tags := store.marked("tags", parent):
            store.mark("tags", tags, draft)
        name = store.marked("name", parent, default="")
        store.mark("name", f"{name or f'Draft {parent}'} (from {node})"[:200], draft)
        return draft


def rename(store: Store, values: Values) -> None:
    _mark_draft(store, values, "name", values["name"])


def tag(store: Store, values: Values) -> None:
    _mark_draft(store, values, "tags", sorted(set(values["tags"])))


def archive(store: Store, values: Values) -> None:
    _mark_draft(store, values, "archived", values["archived"])


def _mark_draft(store: Store, values: Values, key: str, value: Any) -> None:
    with store.database.writing():
        store.row(values["draft"])
        store.mark(key, value, values["draft"])


# Text and tree


def save(store: Store, values: Values) -> None:
    """Keep what a person has typed: a node, where the text is another."""
    draft = values["draft"]
    with store.moving(draft, values["revision"], values["text"]):
        store.go(draft, store.add_typed(draft, store.stands_at(draft), values["text"]))


def branch(store: Store, values: Values) -> Values:
    """Put a text into the tree beside what is there; the draft stays where it stands."""
    draft = values["draft"]
    with store.database.writing():
        node = store.add_typed(draft, values["parent"], values["text"])
    return node_of(store, draft, node)


def undo(store: Store, values: Values) -> None:
    with store.moving(values["draft"], values["revision"]):
        store.step(values["draft"], "undone", values.get("steps", 1))


def redo(store: Store, values: Values) -> None:
    with store.moving(values["draft"], values["revision"]):
        store.step(values["draft"], "redone", values.get("steps", 1))


def go(store: Store, values: Values) -> None:
    with store.moving(values["draft"], values["revision"]):
        store.go(values["draft"], values["node"])


def tree(store: Store, values: Values) -> Values:
    """The nodes of a draft."""
    draft = values["draft"]
    store.row(draft)
    marks, sources = store.marks_of_nodes(draft), store.said.sources(draft)
    nodes = [_node(node, marks.get(node.id, {}), sources) for node in store.nodes(draft, values.get("since", 0))]
    return {"nodes": nodes, "node": store.stands_at(draft), "revision": store.revision(draft)}


def node_of(store: Store, draft: int, node: int) -> Values:
    """A node as it is told."""
    return _node(store.node(draft, node), store.marks_of_nodes(draft).get(node, {}), store.said.sources(draft))


def _node(node: Node, marks: Values, sources: dict[int, tuple[str, bool]]) -> Values:
    told = values_of(node)
    del told["draft"]
    finish, overfitted = sources.get(node.generation or 0, (None, None))
    return {
        **told,
        "finish": finish,
        "weights": None if overfitted is None else "overfit" if overfitted else "fresh",
        "name": marks.get("name", ""),
        "bookmarked": marks.get("bookmarked", False),
        "pinned": marks.get("pinned", False),
    }


def text(store: Store, values: Values) -> Values:
    """The whole text of a node."""
    store.node(values["draft"], values["node"])
    return {"text": store.text_of(values["node"])}


def mark(store: Store, values: Values) -> Values:
    """Name, bookmark or pin a node."""
    draft, node = values["draft"], values["node"]
    with store.database.writing():
        store.node(draft, node)
        for key in ("name", "bookmarked", "pinned"):
            if key in values:
                store.mark(key, values[key], draft, node)
    return node_of(store, draft, node)


def compare(store: Store, values: Values) -> Values:
    """Two nodes' texts, and what they share."""
    draft = values["draft"]
    texts = [store.text_of(store.node(draft, values[side]).id) for side in ("a", "b")]
    parts = [{"kind": kind, "text": part} for kind, part in compared(*texts)]
    return {"a": texts[0], "b": texts[1], "parts": parts}


def export_text(store: Store, values: Values) -> Values:
    """A branch as text."""
    draft = values["draft"]
    node = values.get("node") or store.stands_at(draft)
    store.node(draft, node)
    name = store.marked("name", draft, default="") or f"Draft {draft}"
    return {"filename": f"{file_name(name, empty='draft')}.txt", "text": store.text_of(node)}


def accept(store: Store, values: Values) -> None:
    """Go to a continuation, or to a part of it, which becomes a node of its own."""
    draft, end = values["draft"], values.get("end")
    with store.moving(draft, values["revision"]):
        node = store.node(draft, values["node"])
        if node.parent is None or node.kind not in ("continuation", "taken", "swap"):
            raise invalid(f"Node {node.id} holds no words of the model's: accept a continuation.")
        if end is None or end == len(node.inserted):
            store.go(draft, node.id)
            return
        if not 0 < end < len(node.inserted):
            raise invalid(f"The continuation has {len(node.inserted)} characters: {end} of them cannot be kept.")
        change = Change(node.start, node.end, node.inserted[:end])
        part = store.add_node(draft, node.parent, node.kind, change, node.generation, end)
        store.go(draft, part)


# What steers


def steer(store: Store, values: Values) -> None:
    """Change some of what steers a draft."""
    with store.steering(values["draft"], values["steering_revision"]):
        changed = with_changes(steering_of(store, values["draft"]), values["steering"])
        store.mark("steering", changed, values["draft"])


ABOUT_A_DRAFT: dict[str, Callable[[Store, Values], None]] = {
    "rename": rename,
    "tag": tag,
    "archive": archive,
    "save": save,
    "undo": undo,
    "redo": redo,
    "go": go,
    "accept": accept,
    "steer": steer,
    "weigh": weigh,
}
"""Verbs that change a draft and are answered with it."""

PLAIN: dict[str, Callable[[Store, Values], Values]] = {
    "drafts": drafts,
    "branch": branch,
    "tree": tree,
    "text": text,
    "mark": mark,
    "compare": compare,
    "export_text": export_text,
    "overfits": overfits,
    **presets.CALLS,
}
"""Verbs that are answered with something else."""
