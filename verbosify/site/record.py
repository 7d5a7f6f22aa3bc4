"""A piece.json as the pages need it: checked, indexed, its numbers put into words. Knows nothing of HTML.

Everything here is derived from the record alone. What the record says of a model's output is told as it is; what it
does not say is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from verbosify.errors import PieceError
from verbosify.files import DEVICES
from verbosify.piece import Pick, PieceValues, Sample
from verbosify.piece.reading_state import hands
from verbosify.site.published import published
from verbosify.words import plain_words

Values = Mapping[str, Any]

SPARSE = "sparse"
_ORDER = ("fluffy", "strange")
_NOTES = {
    "fluffy": "close to the essay",
    "strange": "far from the essay",
    SPARSE: "the essay alone",
}
_RESERVED = frozenset(("index", "made", "piece", "card")) | DEVICES


@dataclass(frozen=True, slots=True)
class Reading:
    """One complete choice of picks.

    Attributes:
        name: as the record has it.
        page: the stem of its page's and its text's file name.
        note: what is particular about it, in a few words; may be empty.
        picks: by gap, in the order of the essay.
        words: how many words the picks have, counted between white space.
        curators: who had a hand in it as it stands, each with `built-in` or `person`.
    """

    name: str
    page: str
    note: str
    picks: Mapping[int, Sequence[Pick]]
    words: int
    curators: tuple[tuple[str, str], ...]

    @property
    def is_by_a_person(self) -> bool:
        return any(kind == "person" for _, kind in self.curators)

    @property
    def label(self) -> str:
        return self.name[:1].upper() + self.name[1:]


class Record:
    """One piece, with its rows by id."""

    def __init__(self, piece: PieceValues) -> None:
        """Take the values of a piece; `PieceError` if they do not hold together."""
        self.piece = piece
        self.title = piece.title
        self.text = piece.essay.text
        self.format = piece.essay.format
        self.blocks: Sequence[Values] = piece.essay.blocks
        self.passages = {row.index: row for row in piece.passages}
        self.overfits = {row.id: row for row in piece.overfits}
        self.batches = {row.id: row for row in piece.batches}
        self.samples = {row.id: row for row in piece.samples}
        self.scores = {row.sample: row for row in piece.scores}
        widest = sorted(piece.opinions, key=lambda row: row.end - row.start)
        self.opinions = {row.sample: row for row in widest}
        """Of each sample that on its widest stretch."""
        self._check_places()
        self._check_ids()

    @classmethod
    def checked(cls, piece: PieceValues | Values) -> Record:
        """Take a piece, or what a piece.json holds, from anywhere; `PieceError` if this version cannot read it."""
        from verbosify.piece.checking import check

        return cls(published(check(piece)))

    def _check_places(self) -> None:
        end = 0
        for number, block in enumerate(self.blocks):
            if not end <= block["start"] <= block["end"] <= len(self.text):
                raise _wrong(f"essay.blocks[{number}]", "it does not follow the block before it in the essay's text")
            end = block["end"]
        for number, row in enumerate(self.piece.passages):
            if row.block >= len(self.blocks):
                raise _wrong(f"passages[{number}]", f"there is no block {row.block}")
            block = self.blocks[row.block]
            if not block["start"] <= row.gap <= block["end"]:
                raise _wrong(f"passages[{number}]", "its gap is not in its block")

    def _check_ids(self) -> None:
        for batch in self.batches.values():
            if batch.passage not in self.passages or batch.overfit not in {None, *self.overfits}:
                raise _wrong(f"batch {batch.id}", "its passage or its overfit is not in the record")
        for sample in self.samples.values():
            if sample.batch not in self.batches:
                raise _wrong(f"sample {sample.id}", f"there is no batch {sample.batch}")
        for row in self.scores.values():
            said = self.samples.get(row.sample)
            if said is None or "".join(row.tokens) != said.text:
                raise _wrong(f"the scores of sample {row.sample}", "the tokens do not join to the sample's text")
            if not len(row.tokens) == len(row.base) == len(row.overfitted):
                raise _wrong(f"the scores of sample {row.sample}", "there are not two probabilities for each token")
        for name, reading in self.piece.readings.items():
            for gap, picks in reading.gaps.items():
                if int(gap) not in self.passages or not all(map(self._is_stretch, picks)):
                    raise _wrong(f"readings.{name}.gaps.{gap}", "a pick is no stretch of a sample")

    def _is_stretch(self, pick: Pick) -> bool:
        sample = self.samples.get(pick.sample)
        return sample is not None and pick.start <= pick.end <= len(sample.text)

    @cached_property
    def gaps(self) -> list[int]:
        """The passages' indices in the order of their gaps in the text."""
        return sorted(self.passages, key=lambda index: (self.passages[index].gap, index))

    @cached_property
    def readings(self) -> list[Reading]:
        """Fluffy, strange, others as they come, sparse last."""
        made = self.piece.readings
        names = [name for name in _ORDER if name in made]
        names += [name for name in made if name not in (*_ORDER, SPARSE)]
        taken = set(_RESERVED)
        found = []
        for name in [*names, SPARSE]:
            gaps = made[name].gaps if name in made else {}
            picks = {int(gap): tuple(row) for gap, row in gaps.items() if row}
            found.append(
                Reading(
                    name=name,
                    page=_file_stem(name, taken),
                    note=_NOTES.get(name, ""),
                    picks={gap: picks[gap] for gap in self.gaps if gap in picks},
                    words=sum(plain_words(pick.text) for row in picks.values() for pick in row),
                    curators=tuple(hands(self.piece.picks, name)),
                )
            )
        return found

    @cached_property
    def first_reading(self) -> Reading:
        """The one a visitor sees first: a person's who has come at least halfway, else the first with words.

        One that people chose alone goes before one in which they changed what the built-in curator had chosen.
        """
        halfway = [r for r in self.readings if r.is_by_a_person and 2 * len(r.picks) >= len(self.gaps)]
        finished = sorted(halfway, key=lambda reading: "built-in" in dict(reading.curators).values())
        return next(chain(finished, (reading for reading in self.readings if reading.words)), self.readings[-1])

    def samples_at(self, gap: int) -> list[Sample]:
        """The samples that may stand at a gap, in the order they were made; controls from the fresh base may not."""
        return self._by_passage.get(gap, [])

    @cached_property
    def _by_passage(self) -> dict[int, list[Sample]]:
        found: dict[int, list[Sample]] = {}
        for sample in sorted(self.samples.values(), key=lambda row: row.id):
            batch = self.batches[sample.batch]
            if batch.overfit is not None:
                found.setdefault(batch.passage, []).append(sample)
        return found

    def chosen(self, reading: Reading) -> Iterator[tuple[int, Pick]]:
        """Every pick of a reading with its gap, in the order of the essay."""
        for gap, picks in reading.picks.items():
            for pick in picks:
                yield gap, pick


def _wrong(place: str, reason: str) -> PieceError:
    return PieceError(f"piece.json is wrong at {place}: {reason}; export the piece again.")


def _file_stem(name: str, taken: set[str]) -> str:
    """A file name without its suffix for a reading of any name, none given twice."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-") or "reading"
    unique, number = stem, 2
    while unique in taken:
        unique, number = f"{stem}-{number}", number + 1
    taken.add(unique)
    return unique
