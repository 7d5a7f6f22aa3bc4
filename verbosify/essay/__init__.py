"""The essay's room: text in, sentences and passages, text out. Knows nothing of models.

Heavy libraries are imported by the functions that use them.
"""

from __future__ import annotations

from verbosify.essay.blocks import Block, BlockKind
from verbosify.essay.correcting import format_sentences, parse_sentences
from verbosify.essay.passages import (
    EssayPassage,
    Sentence,
    essay_passages,
    essay_sentences,
)
from verbosify.essay.reading import Essay, essay_from_bytes, essay_from_text, read_essay
from verbosify.essay.sentences import DEFAULT_SPLITTER, SPLITTERS, split_sentences
from verbosify.essay.writing import essay_bytes, weave, write_essay

__all__ = [
    "DEFAULT_SPLITTER",
    "SPLITTERS",
    "Block",
    "BlockKind",
    "Essay",
    "EssayPassage",
    "Sentence",
    "essay_bytes",
    "essay_from_bytes",
    "essay_from_text",
    "essay_passages",
    "essay_sentences",
    "format_sentences",
    "parse_sentences",
    "read_essay",
    "split_sentences",
    "weave",
    "write_essay",
]
