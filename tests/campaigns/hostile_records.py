"""Hostile records: piece.json and piece.db of a real shape, with values in them that nobody would write."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from tests.browser.making import harbour, piece
from tests.campaigns.hostile_texts import FRAGMENTS, flipped, hostile_text

VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", " ", "x",
    "../../pwned", "\0", "\ud800", [], {}, [[]], [None], {"": None}, {"__proto__": {"pwned": 1}},
]  # fmt: skip


def hostile_record(rng: random.Random, size: int) -> Any:
    """The content of a piece.json: text of the worst kind everywhere, or values of another kind somewhere."""
    made = harbour() if rng.random() < 0.7 else _of_hostile_text(rng, size)
    made = copy.deepcopy(made)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 5])):
        holder, key = _somewhere(rng, made)
        match rng.randrange(4):
            case 0:
                holder[key] = copy.deepcopy(rng.choice(VALUES))
            case 1:
                holder[key] = rng.choice(FRAGMENTS)
            case 2 if isinstance(holder, dict):
                del holder[key]
            case _ if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case _:
                holder[rng.choice(FRAGMENTS)] = copy.deepcopy(rng.choice(VALUES))
    return made


def hostile_json(rng: random.Random, size: int) -> bytes:
    """A piece.json as bytes, which need not even be JSON."""
    content = json.dumps(hostile_record(rng, size)).encode()
    if rng.random() < 0.1:
        content = flipped(rng, content)
    if rng.random() < 0.02:
        content = b"[" * 100_000 if rng.random() < 0.5 else b'{"a":' * 100_000
    return content


def _of_hostile_text(rng: random.Random, size: int) -> dict[str, Any]:
    """A piece whose words, names and reasons are all hostile."""

    def words() -> str:
        return hostile_text(rng, min(size, 400)).replace("\0", "") or "x"

    blocks = [["A " + words() for _ in range(rng.randrange(1, 5))] if rng.random() < 0.7 else words() for _ in range(4)]
    blocks.append(["One. ", "Two.", "Three."])
    made = piece(
        blocks,
        lambda _: [words() for _ in range(3)],
        title=words(),
        choose={rng.choice(["fluffy", words()[:80]]): lambda _: [(0, None)]},
    )
    made["model"] = made["model"] | {"name": words(), "licence": words()}
    for event in made["picks"]:
        event["curator"], event["curator_kind"], event["reason"] = words()[:80], "person", words()
    return made


def _somewhere(rng: random.Random, value: Any) -> tuple[Any, Any]:
    """A random place in nested values: what holds it, and its key there."""
    holder, key = value, rng.choice(list(value))
    while isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.85:
        holder = holder[key]
        key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    return holder, key
