"""What stands side by side: where a piece has a pick and the essay goes on. Knows records, and no page.

A writer's next words are as many sentences as come nearest to the machine's length, so that length does not tell which
is which. Nothing is corrected in either.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from verbosify.errors import PieceError
from verbosify.site.record import Reading, Record
from verbosify.words import plain_words

_MARKS = re.compile(r"\[\^?\w{1,4}\]|\*{1,3}|`|(?<!\w)_|_(?!\w)")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row of three columns.

    Attributes:
        key: what tells it from all others, for a page to remember a guess by.
        model: which one wrote `machine`.
        curators: who chose that; nobody has edited it.
        machine_first: whether the machine stands first where a visitor is to guess; by chance, and always the same.
    """

    key: str
    title: str
    prompt: str
    writer: str
    machine: str
    model: str
    curators: tuple[str, ...]
    machine_first: bool


def compare(record: Record, reading: str | None = None) -> list[Comparison]:
    """The rows that one piece gives, in the order of its essay: of a reading, or of the first that has words.

    Where nothing is picked, where somebody changed what the machine said, or where the paragraph ends, there is no row.
    Raises `PieceError` if there is no such reading.
    """
    chosen = _reading(record, reading)
    curators = tuple(name for name, _ in chosen.curators)
    return [
        Comparison(
            key=_sum(record.title, gap, machine),
            title=record.title,
            prompt=record.passages[gap].text,
            writer=writer,
            machine=machine,
            model=str(record.batches[record.samples[sample].batch].model["name"]),
            curators=curators,
            machine_first=int(_sum("order", record.title, gap, machine)[0], 16) % 2 == 0,
        )
        for gap, sample, machine in _picked(record, chosen)
        if (writer := _following(record, gap, plain_words(machine)))
    ]


def _reading(record: Record, name: str | None) -> Reading:
    if name is None:
        return record.first_reading
    for reading in record.readings:
        if reading.name == name:
            return reading
    known = ", ".join(reading.name for reading in record.readings)
    raise PieceError(f"{record.title} has no reading {name!r}: choose one of {known}.")


def _picked(record: Record, reading: Reading) -> Iterator[tuple[int, int, str]]:
    """The first pick of each gap that is as the machine said it, but for a final full stop."""
    for gap, picks in reading.picks.items():
        pick = picks[0]
        said = record.samples[pick.sample].text[pick.start : pick.end].strip()
        if pick.text.strip() in (said, f"{said}."):
            yield gap, pick.sample, pick.text.strip()


def _following(record: Record, gap: int, words: int) -> str:
    """The sentences after a gap in its paragraph, as many as come nearest to so many words; "" if there are none."""
    place = record.passages[gap]
    block = record.blocks[place.block]
    following = [sentence for sentence in block["sentences"] if sentence["start"] >= place.gap]
    best, least = "", None
    for end in range(1, len(following) + 1):
        text = _MARKS.sub("", " ".join(record.text[following[0]["start"] : following[end - 1]["end"]].split()))
        distance = abs(plain_words(text) - words)
        if least is not None and distance >= least:
            break
        best, least = text, distance
    return best


def _sum(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]
