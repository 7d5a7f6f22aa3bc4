"""The verbs that need no model: drafts, their text and tree, what is said about them. Knows the record alone.

Every function takes the store and a request's checked values, and returns plain values. All run in the store's thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from verbosify.desk.failures import Failure, invalid, missing
from verbosify.desk.rows import DeskOverfit, Node, Question
from verbosify.desk.steering import DEFAULT_SETTINGS, DEFAULTS, PRESETS, with_changes
from verbosify.desk.store import Store
from verbosify.desk.tree import Change, compared
from verbosify.files import file_name
from verbosify.models.settings import TuningRecipe
from verbosify.record.fields import values_of

EXCERPT = 160
FOUND_MOST = 5
Values = dict[str, Any]


def draft_of(store: Store, draft: int, running: Collection[int] = ()) -> Values:
    """A draft as it is told; `running` are questions that are being answered."""
    row, line = store.row(draft), store.line(draft)
    node = store.stands_at(draft, line)
    return {
        "id": draft,
        **_said_of(store, draft),
        "parent": {"draft": row.parent_draft, "node": row.parent_node} if row.parent_draft else None,
        "created": row.created,
        "changed": store.changed(draft),
        "model": store.marked("model", draft),
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


def _said_of(store: Store, draft: int) -> Values:
    return {
        "name": store.marked("name", draft, default=""),
        "tags": store.marked("tags", draft, default=[]),
        "archived": store.marked("archived", draft, default=False),
    }


def _question(question: Question) -> Values:
    settings = question.steering["settings"]
    about = {name: getattr(question, name) for name in ("id", "node", "at", "created")}
    return about | {"n": settings["n"], "length": settings["length"]}


def steering_of(store: Store, draft: int) -> Values:
    """What steers a draft; fields that are newer than what is recorded are at their defaults."""
    steering: Values = {**DEFAULTS, **store.marked("steering", draft, default={})}
    return {**steering, "settings": {**DEFAULT_SETTINGS, **steering["settings"]}}


def weights_told(store: Store, draft: int) -> Values:
    """The weights that are in force."""
    held = store.marked("weights", draft)
    if held is None:
        return {"kind": "fresh"}
    overfit = overfit_told(store.said.overfit(held["overfit"]))
    overfit["overfit"] = overfit.pop("id")
    return {"kind": "overfit", **overfit, "strength": held["strength"]}


def overfit_told(overfit: DeskOverfit) -> Values:
    """An overfit as it is told."""
    names = ("id", "text", "loss_before", "loss_after", "window_tokens", "seconds", "created", "recipe")
    told = {name: getattr(overfit, name) for name in names}
    return told | {"strength": overfit.recipe.get("strength", 1.0)}


def weights_meant(store: Store, draft: int, which: Any = None) -> tuple[int, float] | None:
    """The overfit that is meant and its strength; None for the fresh weights, `which` None for those in force."""
    if which == "fresh":
        return None
    if which is None:
        held = store.marked("weights", draft)
        return None if held is None else (held["overfit"], held["strength"])
    overfit = store.said.overfit(which["overfit"])
    if overfit.draft != draft:
        raise missing(f"overfit {overfit.id} in draft {draft}")
    return overfit.id, which.get("strength", 1.0)


def weights_for_model(store: Store, meant: tuple[int, float] | None) -> Values | None:
    """Weights as the model's process takes them."""
    if meant is None:
        return None
    overfit = store.said.overfit(meant[0])
    recipe = {name: value for name, value in overfit.recipe.items() if name != "strength"}
    return {"text": overfit.text, "recipe": TuningRecipe.from_dict({**recipe, "strength": meant[1]}).to_dict()}


# Drafts


def drafts(store: Store, values: Values) -> Values:
    """The drafts that a search finds, and all tags there are."""
    query, wanted = values.get("query", "").strip().casefold(), set(values.get("tags", ()))
    told, tags = [], set[str]()
    for draft in store.draft_ids():
        said = _said_of(store, draft)
        tags |= set(said["tags"])
        if said["archived"] != values.get("archived", False) or not wanted <= set(said["tags"]):
            continue
        found = _found(store, draft, query) if query else []
        if query and not found and query not in said["name"].casefold():
            continue
        told.append({**_summary(store, draft, said), "found": found})
    return {"drafts": told, "tags": sorted(tags)}


def _summary(store: Store, draft: int, said: Values) -> Values:
    row, text = store.row(draft), store.text_of(store.stands_at(draft))
    return {
        "id": draft,
        **said,
        "parent": {"draft": row.parent_draft, "node": row.parent_node} if row.parent_draft else None,
        "created": row.created,
        "changed": store.changed(draft),
        "model": store.marked("model", draft),
        "excerpt": " ".join(text[: 4 * EXCERPT].split())[:EXCERPT],
        "length": len(text),
        "nodes": store.database.number("SELECT count(*) FROM nodes WHERE draft = ?", (draft,)),
    }


def _found(store: Store, draft: int, query: str) -> list[Values]:
    """Where a draft's present text, and then its nodes, newest first, hold what is looked for."""
    here = store.stands_at(draft)
    found = [(here, store.text_of(here))] if query in store.text_of(here).casefold() else []
    for node in reversed(store.nodes(draft)):
        if len(found) >= FOUND_MOST:
            break
        if node.id != here and query in node.inserted.casefold():
            found.append((node.id, node.inserted))
    names = store.marks_of_nodes(draft)
    found += [
        (node, said["name"])
        for node, said in names.items()
        if query in said.get("name", "").casefold() and node not in dict(found)
    ]
    return [{"node": node, "snippet": _snippet(text, query)} for node, text in found[:FOUND_MOST]]


def _snippet(text: str, query: str) -> str:
    match = re.search(re.escape(query), text, re.IGNORECASE)
    start = max((match.start() if match else 0) - 40, 0)
    return " ".join(text[start : start + EXCERPT].split())


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


def weigh(store: Store, values: Values) -> None:
    """Have other weights in force."""
    draft, overfit = values["draft"], values["overfit"]
    with store.steering(draft, values["steering_revision"]):
        if overfit is None:
            store.mark("weights", None, draft)
            return
        made = store.said.overfit(overfit)
        if made.draft != draft:
            raise missing(f"overfit {overfit} in draft {draft}")
        if made.of_model != store.marked("model", draft):
            raise Failure(422, "refused", f"That overfit is of {made.of_model}: switch to that model first.")
        strength = values.get("strength", 1.0)
        weights_for_model(store, (overfit, strength))  # a recipe of several steps has no strength but 1
        store.mark("weights", {"overfit": overfit, "strength": strength}, draft)


def overfits(store: Store, values: Values) -> Values:
    """The overfits of a draft."""
    store.row(values["draft"])
    return {"overfits": [overfit_told(each) for each in store.said.overfits(values["draft"])]}


def presets(store: Store, _: Values) -> Values:
    """Settings under a name: those that come with the desk, and one's own."""
    own = store.marked("presets", default={})
    built_in = [
        {"name": name, "settings": {**DEFAULT_SETTINGS, **settings}, "built_in": True}
        for name, settings in PRESETS.items()
    ]
    return {
        "presets": [
            *built_in,
            *({"name": name, "settings": {**DEFAULT_SETTINGS, **own[name]}, "built_in": False} for name in sorted(own)),
        ]
    }


def save_preset(store: Store, values: Values) -> Values:
    """Keep settings under a name."""
    _require_own(values["name"])
    settings = with_changes(DEFAULTS, {"settings": values.get("settings", {})})["settings"]
    with store.database.writing():
        own = store.marked("presets", default={})
        if len(own) >= 200:
            raise invalid("There are 200 presets already: delete one first.")
        store.mark("presets", {**own, values["name"]: settings})
    return presets(store, {})


def delete_preset(store: Store, values: Values) -> Values:
    """Forget settings."""
    _require_own(values["name"])
    with store.database.writing():
        own = dict(store.marked("presets", default={}))
        if own.pop(values["name"], None) is None:
            raise missing(f"preset {values['name']}")
        store.mark("presets", own)
    return presets(store, {})


def _require_own(name: str) -> None:
    if name in PRESETS:
        raise invalid(f"The preset {name} comes with the desk: choose another name.")


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
    "presets": presets,
    "save_preset": save_preset,
    "delete_preset": delete_preset,
}
"""Verbs that are answered with something else."""
