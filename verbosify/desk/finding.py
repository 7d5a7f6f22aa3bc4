"""The drafts that a search finds, by their names, tags and all that was tried in them. Knows the record alone."""

from __future__ import annotations

import re
from typing import Any

from verbosify.desk.store import Store

EXCERPT = 160
FOUND_MOST = 5
Values = dict[str, Any]


def drafts(store: Store, values: Values) -> Values:
    """The drafts that a search finds, and all tags there are."""
    query, wanted = values.get("query", "").strip().casefold(), set(values.get("tags", ()))
    told, tags = [], set[str]()
    for draft in store.draft_ids():
        said = said_of(store, draft)
        tags |= set(said["tags"])
        if said["archived"] != values.get("archived", False) or not wanted <= set(said["tags"]):
            continue
        found = _found(store, draft, query) if query else []
        if query and not found and query not in said["name"].casefold():
            continue
        told.append({**_summary(store, draft, said), "found": found})
    return {"drafts": told, "tags": sorted(tags)}


def about(store: Store, draft: int, said: Values) -> Values:
    """What is told of a draft wherever it is told of: what is said of it, where it comes from, its times and model."""
    row = store.row(draft)
    return {
        "id": draft,
        **said,
        "parent": {"draft": row.parent_draft, "node": row.parent_node} if row.parent_draft else None,
        "created": row.created,
        "changed": store.changed(draft),
        "model": store.marked("model", draft),
    }


def _summary(store: Store, draft: int, said: Values) -> Values:
    text = store.text_of(store.stands_at(draft))
    return {
        **about(store, draft, said),
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


def said_of(store: Store, draft: int) -> Values:
    return {
        "name": store.marked("name", draft, default=""),
        "tags": store.marked("tags", draft, default=[]),
        "archived": store.marked("archived", draft, default=False),
    }
