"""A piece as long as a book, in a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.pieces import OPTIONS, make_job, make_overfit, make_samples
from verbosify.piece import Passage, Piece


def make_long_piece(folder: Path, *, passages: int, samples: int, **sample: Any) -> Piece:
    """A piece of one paragraph with so many passages, each with a batch of so many samples like `sample`."""
    sentences: list[dict[str, Any]] = []
    text = ""
    for number in range(passages + 2):
        start = len(text)
        text += f"This is sentence {number} of an essay without an end. "
        sentences.append({"start": start, "end": len(text) - 1, "text": text[start:-1]})
    block = {"kind": "paragraph", "start": 0, "end": len(text), "level": None, "sentences": sentences}
    rows = [
        Passage(
            index=index,
            block=0,
            first=index,
            last=index + 2,
            start=sentences[index]["start"],
            end=sentences[index + 2]["end"],
            text=text[sentences[index]["start"] : sentences[index + 2]["end"]],
            gap=sentences[index + 2]["end"],
        )
        for index in range(passages)
    ]
    piece = Piece.open_or_create(folder, make_job(essay_text=text, essay_blocks=[block]), rows)
    for index in range(passages):
        piece.add_batch(
            index, make_samples(samples, **sample), settings=OPTIONS["settings"], overfit=make_overfit(), seconds=1
        )
    return piece
