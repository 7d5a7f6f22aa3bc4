"""A piece, as the writing desk is lent it: its gaps to begin from, and a place for what was written. Knows no desk.

What is picked is a sample of the piece's own: what the model said, with its prompt and settings. Where a person had a
hand in the text, the pick is marked as edited, as one that was edited in the curator is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

from verbosify.errors import PieceError
from verbosify.essay.sentences import split_sentences
from verbosify.measures import measure_sample
from verbosify.piece import Overfit, Pick, Piece, Sample, write_export
from verbosify.workflow.visit import BY_HAND

REASON = f"{BY_HAND}: written at the desk"


class Written(Protocol):
    """A stretch of a draft: see `verbosify.desk.lending.Written`."""

    @property
    def text(self) -> str: ...
    @property
    def said(self) -> Sequence[dict[str, Any]]: ...
    @property
    def whole(self) -> bool: ...


def require_piece(folder: Path) -> None:
    """`PieceError` if there is no piece in that folder."""
    Piece.open(folder).close()


class PieceOfDesk:
    """An open piece; use it in one thread."""

    def __init__(self, folder: Path, curator: str) -> None:
        self._piece = Piece.open(folder)
        self._curator = curator

    @property
    def title(self) -> str:
        return self._piece.job.title

    def close(self) -> None:
        """Let go of the piece."""
        self._piece.close()

    def gaps(self) -> list[dict[str, Any]]:
        """Every gap: its number, the passage before it, and what one's own reading has there."""
        picked = self._piece.picks("own") if "own" in self._piece.readings() else {}
        return [
            {
                "gap": passage.index,
                "passage": passage.text,
                "picked": [pick.text for pick in picked.get(passage.index, ())],
            }
            for passage in self._piece.passages()
        ]

    def readings(self) -> list[str]:
        """The names of the readings, one's own among them."""
        return sorted({*self._piece.readings(), "own"})

    def pick(self, gap: int, reading: str, written: Written) -> str:
        """Put what was written behind what stands at a gap of a reading; one sentence of what was done."""
        passage = next((each for each in self._piece.passages() if each.index == gap), None)
        if passage is None:
            raise PieceError(f"There is no gap {gap}: name the index of one of the piece's passages.")
        if not written.said:
            raise PieceError("Nothing of this was said by the model: what you write yourself belongs into the essay.")
        said = max(written.said, key=lambda each: each["end"] - each["start"])
        overfit = said["overfit"]
        text, start, end = said["text"], said["start"], said["end"]
        with self._piece.database.writing():
            batch = self._piece.add_batch(
                gap,
                [_sample(passage.text, said)],
                settings=said["settings"],
                overfit=None if overfit is None else _overfit(overfit),
                seconds=said["seconds"],
                model=said["model"],
                reason=REASON,
                prompt=said["prompt"],
            )
            sample = next(each for each in self._piece.samples(gap) if each.batch == batch.id)
            edited = not written.whole or text[start:end] != written.text
            pick = Pick(sample.id, start, end, written.text.strip() if edited else text[start:end], edited)
            standing = self._piece.picks(reading).get(gap, ()) if reading in self._piece.readings() else ()
            self._piece.pick(reading, gap, [*standing, pick], curator=self._curator, reason="written at the desk")
        write_export(self._piece)
        return f"Picked for gap {gap} of the reading “{reading}”: `verbosify site` shows it there."


def _sample(passage: str, said: dict[str, Any]) -> Sample:
    text = said["text"]
    sentences = [text[start:end] for start, end in split_sentences(text)]
    measured = measure_sample(passage, text, sentences, None, ())
    return Sample(index=0, token_ids=said["token_ids"], text=text, finish=said["finish"], measures=measured.to_dict())


def _overfit(report: dict[str, Any]) -> Overfit:
    names = {field.name for field in fields(Overfit)} - {"id", "created", "passage"}
    return Overfit(**{name: value for name, value in report.items() if name in names})
