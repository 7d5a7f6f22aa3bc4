"""What of a record may be published: all that makes it again, but none of the writer's private notes.

Notes are left out when an essay is read, but a record of an earlier verbosify has them in its text; and the file of a
Word document holds its comments, its deleted words and who wrote it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from verbosify.essay.notes import without_notes, without_notes_in_place
from verbosify.piece.export import fingerprints, job_of
from verbosify.piece.values import PieceValues


def published(piece: PieceValues) -> PieceValues:
    """`piece` without what its writer wrote for themselves.

    A Word document's file is left out: the text is there, and the samples with all that made them. Notes in the text
    become spaces, since offsets count in it; sentences and passages lose theirs. The fingerprint is that of what is
    left.
    """
    essay = piece.essay
    if essay.source_base64 is not None:
        piece = replace(piece, essay=replace(essay, source_base64=None))
    markdown = essay.format == "md"
    text = without_notes_in_place(essay.text, markdown=markdown) if essay.format != "docx" else essay.text
    if text == essay.text:
        return piece
    blocks = [
        {**block, "sentences": [_said(sentence, markdown=markdown) for sentence in block["sentences"]]}
        for block in essay.blocks
    ]
    passages = [replace(row, text=_without(row.text, markdown=markdown)) for row in piece.passages]
    left = replace(piece, essay=replace(piece.essay, text=text, blocks=blocks), passages=passages)
    before = fingerprints(job_of(piece), piece.passages)
    number = before.index(piece.fingerprint) if piece.fingerprint in before else 0
    return replace(left, fingerprint=fingerprints(job_of(left), passages)[number])


def _said(sentence: dict[str, Any], *, markdown: bool) -> dict[str, Any]:
    return sentence | {"text": _without(sentence["text"], markdown=markdown)}


def _without(text: str, *, markdown: bool) -> str:
    said, _ = without_notes(text, markdown=markdown)
    return text if said == text else said.strip()
