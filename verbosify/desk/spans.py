"""Where the tokens of a text stand in it, in characters. Knows tokens and bytes, and no draft."""

from __future__ import annotations

from typing import NamedTuple

from verbosify.errors import ModelError
from verbosify.models.host import HostedModel


class Placed(NamedTuple):
    """A token, and the characters it spells; of a character that several spell, the first has it."""

    token_id: int
    start: int
    end: int


def tokens_of(model: HostedModel, text: str) -> list[Placed]:
    """All tokens of a text, in order, each with its place."""
    spelling, token_ids = model.spelling(), model.encode(text)
    pieces = [spelling.of(token) for token in token_ids]
    if b"".join(pieces) != text.encode():  # a tokenizer that changes the text: as near as decoding tells
        pieces = [model.decode([token]).encode() for token in token_ids]
    starts = _starts(text)
    placed, at = [], 0
    for token, piece in zip(token_ids, pieces, strict=True):
        until = min(at + len(piece), len(starts) - 1)
        placed.append(Placed(token, starts[min(at, len(starts) - 1)], starts[until]))
        at = until
    return placed


def token_at(model: HostedModel, text: str, start: int) -> Placed:
    """The token that begins at that character; `ModelError` if none does."""
    for token in tokens_of(model, text):
        if token.start == start and token.end > start:
            return token
    raise ModelError(f"No token begins at character {start}: name the start of one that the tints tell.")


def _starts(text: str) -> list[int]:
    """For every byte of the text in UTF-8, and its end, the number of characters that have begun before it."""
    starts: list[int] = []
    for number, character in enumerate(text):
        starts += [number, *([number + 1] * (len(character.encode()) - 1))]
    return [*starts, len(text)]
