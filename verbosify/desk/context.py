"""What the model will see: a text's end, a note some lines back, and memory before it, token by token.

The share rule: of what the context leaves besides the new tokens, `share` is the text's and the rest the memory's; of
1,024 with 40 to come and a share of 0.75 that is 738 and 246 tokens. The oldest of the memory is dropped, what the
memory does not use goes to the text, and the text keeps its end. Knows tokens, and no engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from verbosify.models.rows import BROKEN

Kind = Literal["memory", "entry", "text", "note"]


class Tokenizer(Protocol):
    """What turns texts into tokens and back."""

    def encode(self, text: str) -> list[int]: ...
    def decode(self, token_ids: Sequence[int]) -> str: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of what the model will see, and where it comes from."""

    kind: Kind
    token_ids: tuple[int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """What the model will see, in order.

    Attributes:
        room: tokens at most: `context`, `length` (new ones), `text` and `memory` by the share rule.
        dropped: tokens of the text and of the memory that found no room.
    """

    parts: tuple[Part, ...]
    room: dict[str, int]
    dropped: dict[str, int]

    @property
    def token_ids(self) -> list[int]:
        return [token for part in self.parts for token in part.token_ids]

    def told(self) -> dict[str, Any]:
        """As plain values."""
        parts = [{"kind": part.kind, "text": part.text, "tokens": len(part.token_ids)} for part in self.parts]
        return {"parts": parts, "tokens": len(self.token_ids), "room": self.room, "dropped": self.dropped}


def build(text: str, steering: dict[str, Any], model: Tokenizer, longest: int) -> Context:
    """The context for going on after `text`.

    Args:
        steering: as `desk.steering` has it.
        longest: tokens that the model reads at most.
    """
    context, length = min(steering["context"], longest), steering["settings"]["length"]
    budget = max(context - length, 1)
    for_text = min(max(round(budget * steering["share"]), 1), budget)
    for_memory = budget - for_text
    before, after = _around_note(text, steering)
    note = _note(steering, before)
    pieces = {kind: model.encode(piece) if piece else [] for kind, piece in (("b", before), ("n", note), ("a", after))}
    tail = [*pieces["b"], *pieces["a"]][-budget:]
    memory = list(_memory(steering, model.decode(tail), model.encode))
    whole_memory = sum(len(tokens) for _, tokens in memory)
    memory = _last(memory, for_memory)
    used = sum(len(tokens) for _, tokens in memory)
    left = budget - used
    noted = pieces["n"][: max(left - 1, 0)]  # a note is never dropped, as long as any text stands beside it
    room = left - len(noted)
    behind = pieces["a"][-room:] if room else []
    ahead = pieces["b"][-(room - len(behind)) :] if room > len(behind) else []
    if not ahead:
        behind = _whole(behind, model, cut=len(behind) < len(pieces["a"]))
    ahead = _whole(ahead, model, cut=len(ahead) < len(pieces["b"]))
    told: list[tuple[Kind, Sequence[int]]] = [*memory, ("text", ahead), ("note", noted), ("text", behind)]
    return Context(
        parts=tuple(Part(kind, tuple(ids), model.decode(ids)) for kind, ids in told if ids),
        room={"context": context, "length": length, "text": for_text, "memory": for_memory},
        dropped={
            "text": len(pieces["b"]) + len(pieces["a"]) - len(ahead) - len(behind),
            "memory": whole_memory - used,
        },
    )


def _around_note(text: str, steering: dict[str, Any]) -> tuple[str, str]:
    """The text before its last lines, as many as the note stands back, and these; all in one if there is no note."""
    if not steering["note"].strip():
        return "", text
    ends = [match.end() for match in re.finditer("\n", text.removesuffix("\n"))]
    back = steering["note_lines"]
    place = ends[-back] if len(ends) >= back else 0  # a text of fewer lines has it first
    return text[:place], text[place:]


def _note(steering: dict[str, Any], _before: str) -> str:
    note: str = steering["note"]
    if not note.strip():
        return ""
    return note if note.endswith("\n") else f"{note}\n"


def _memory(
    steering: dict[str, Any], read: str, encode: Callable[[str], list[int]]
) -> Iterator[tuple[Kind, list[int]]]:
    """Memory and the entries that are called for, each ended by a line break."""
    pieces: list[tuple[Kind, str]] = [("memory", steering["memory"])]
    pieces += [("entry", entry["text"]) for entry in steering["entries"] if _is_called(entry, read)]
    for kind, piece in pieces:
        if piece.strip():
            yield kind, encode(piece if piece.endswith("\n") else f"{piece}\n")


def _is_called(entry: dict[str, Any], read: str) -> bool:
    """Whether one of an entry's keywords stands in what is read, as a word of its own, in any case."""
    return entry["enabled"] and any(
        re.search(rf"(?<!\w){re.escape(key.strip())}(?!\w)", read, re.IGNORECASE)
        for key in entry["keys"]
        if key.strip()
    )


def _last(pieces: Sequence[tuple[Kind, list[int]]], most: int) -> list[tuple[Kind, list[int]]]:
    """As much of the end of all pieces as there is room for."""
    kept: list[tuple[Kind, list[int]]] = []
    for kind, tokens in reversed(pieces):
        end = tokens[-most:] if most else []
        most -= len(end)
        if end:
            kept.insert(0, (kind, end))
    return kept


def _whole(tokens: list[int], model: Tokenizer, *, cut: bool) -> list[int]:
    """Tokens without the end of a character whose beginning was cut off."""
    while cut and tokens and model.decode(tokens[:1]).startswith(BROKEN) and model.decode(tokens).startswith(BROKEN):
        tokens = tokens[1:]
    return tokens
