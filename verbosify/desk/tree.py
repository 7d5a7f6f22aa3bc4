"""Texts as chains of changes: what changed between two, and what a change makes of one. Knows no record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from rapidfuzz.distance import LCSseq


class Change(NamedTuple):
    """`inserted` stands in place of the characters from `start` up to `end`."""

    start: int
    end: int
    inserted: str


def change_between(before: str, after: str) -> Change | None:
    """The shortest one stretch that makes `after` of `before`; None if they are the same."""
    if before == after:
        return None
    start = _alike(before, after)
    most = min(len(before), len(after)) - start
    behind = _alike(before[::-1][:most], after[::-1][:most])
    return Change(start, len(before) - behind, after[start : len(after) - behind])


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many characters, or words, both begin with, found by halves: comparing slices is quicker than characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def changed(text: str, change: Change) -> str:
    """What a change makes of a text."""
    return text[: change.start] + change.inserted + text[change.end :]


class Origin(NamedTuple):
    """A stretch of a text, by the step that brought it, and where in that step's text it begins."""

    start: int
    end: int
    step: int
    offset: int


def origins(changes: Sequence[Change]) -> list[Origin]:
    """Where each stretch of the text comes from that these changes make one after another, from an empty one."""
    text: list[Origin] = []
    for step, change in enumerate(changes):
        made = [*within(text, 0, change.start)]
        if change.inserted:
            made.append(Origin(change.start, change.start + len(change.inserted), step, 0))
        shift = change.start + len(change.inserted) - change.end
        made += [piece._replace(start=piece.start + shift, end=piece.end + shift) for piece in within(text, change.end)]
        text = made
    return text


def within(text: Sequence[Origin], start: int, end: int | None = None) -> Iterator[Origin]:
    """The pieces of a stretch, or of all from `start` on."""
    for piece in text:
        first, last = max(piece.start, start), piece.end if end is None else min(piece.end, end)
        if first < last:
            yield Origin(first, last, piece.step, piece.offset + first - piece.start)


Side = Literal["same", "a", "b"]
SIDES: tuple[Side, ...] = ("same", "a", "b")
MOST_WORDS = 10_000
"""Of what differs; more than that is told as a whole: finding what is shared takes the product of both in bits."""
_WORDS = re.compile(r"\s*\S+|\s+")


def compared(a: str, b: str) -> list[tuple[Side, str]]:
    """What two texts share and what only one of them has, word by word, in reading order."""
    ours, theirs = _WORDS.findall(a), _WORDS.findall(b)
    before = _alike(ours, theirs)
    most = min(len(ours), len(theirs)) - before
    behind = _alike(ours[::-1][:most], theirs[::-1][:most])
    shared, ending = ours[:before], ours[len(ours) - behind :]
    ours, theirs = ours[before : len(ours) - behind], theirs[before : len(theirs) - behind]
    parts: list[tuple[Side, Sequence[str]]] = [("same", shared)]
    if max(len(ours), len(theirs)) > MOST_WORDS:
        parts += [("a", ours), ("b", theirs)]
    else:
        for step in LCSseq.opcodes(ours, theirs):
            if step.tag == "equal":
                parts.append(("same", ours[step.src_start : step.src_end]))
            else:
                parts += [
                    ("a", ours[step.src_start : step.src_end]),
                    ("b", theirs[step.dest_start : step.dest_end]),
                ]
    parts.append(("same", ending))
    told: list[tuple[Side, str]] = []
    for _, stretch in groupby(parts, key=lambda part: part[0] == "same"):
        some = list(stretch)
        for side in SIDES:  # what is missing comes before what is new
            text = "".join(word for kind, words in some if kind == side for word in words)
            told += [(side, text)] if text else []
    return told
