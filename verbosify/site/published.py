"""What of a record may be published: all that makes it again, but none of the writer's private notes.

Notes are left out when an essay is read, but a record of an earlier verbosify has them in its text; and the file of a
Word document holds its comments, its deleted words and who wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verbosify.essay.notes import without_notes, without_notes_in_place
from verbosify.piece.export import job_of

Values = Mapping[str, Any]


def published(piece: Values) -> Values:
    """`piece`, the content of a piece.json, without what its writer wrote for themselves.

    A Word document's file is left out: the text is there, and the samples with all that made them. Notes in the text
    become spaces, since offsets count in it; sentences and passages lose theirs. The fingerprint is that of what is
    left.
    """
    essay = piece["essay"]
    if essay["source_base64"] is not None:
        piece = {**piece, "essay": {**essay, "source_base64": None}}
    markdown = essay["format"] == "md"
    text = without_notes_in_place(essay["text"], markdown=markdown) if essay["format"] != "docx" else essay["text"]
    if text == essay["text"]:
        return piece
    blocks = [
        {**block, "sentences": [_said(sentence, markdown=markdown) for sentence in block["sentences"]]}
        for block in essay["blocks"]
    ]
    passages = [_said(passage, markdown=markdown) for passage in piece["passages"]]
    left = {**piece, "essay": {**piece["essay"], "text": text, "blocks": blocks}, "passages": passages}
    return {**left, "fingerprint": job_of(left).fingerprint}


def _said(row: Values, *, markdown: bool) -> Values:
    said, _ = without_notes(row["text"], markdown=markdown)
    return row if said == row["text"] else {**row, "text": said.strip()}
