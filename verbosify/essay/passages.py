"""Sentences of an essay, and the rolling passages made of them. Knows nothing of models.

A passage is `size` consecutive sentences of one paragraph; the next one starts `stride` sentences later.
What is generated from it goes into its gap, right after its last sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from verbosify.errors import EssayError, SettingsError
from verbosify.essay.adornments import CITATION, SUPERSCRIPT
from verbosify.essay.inline import Inline, Segment
from verbosify.essay.language import guess_language, is_unspaced
from verbosify.essay.reading import Essay, essay_inlines
from verbosify.essay.sentences import DEFAULT_SPLITTER, Span, spans_between, splitter_named

ShortParagraphs = Literal["keep", "skip"]

_LINE_BREAKS = re.compile(r"[\n\r]+")
# A raised number is a note after punctuation or a whole word, but a power after a unit or a variable: 40 m², x².
_NOTE = re.compile(rf"\s?{CITATION}|\^\[[^\[\]]*\]|(?:(?<=[^\w\s])|(?<=[^\W\d_]{{3}})){SUPERSCRIPT}+(?!\w)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence.

    Attributes:
        block: number of its paragraph among `Essay.blocks`.
        start: offset of its first character in `Essay.text`, markup included.
        end: offset after its last character: closing quotes, markup and citation marks included.
        text: as a model shall read it: without markup, on one line, and without the marks of notes and
            citations, which a model would learn to invent.
    """

    block: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class EssayPassage:
    """Consecutive sentences of one paragraph.

    Attributes:
        index: its number among the essay's passages, from 0.
        block: number of its paragraph among `Essay.blocks`.
        first: number of its first sentence in the paragraph, from 0.
        last: number of its last sentence, included.
        start: offset of its first character in `Essay.text`.
        end: offset after its last.
        text: the sentences' texts, joined by a space (by nothing in a script that sets none).
        gap: the offset in `Essay.text` where what continues it goes: right after its last sentence.
    """

    index: int
    block: int
    first: int
    last: int
    start: int
    end: int
    text: str
    gap: int


def essay_sentences(essay: Essay, splitter: str = DEFAULT_SPLITTER) -> list[list[Sentence]]:
    """The sentences of every paragraph of `essay`, a list for each, in order.

    A paragraph without a letter or digit outside its citation marks has none. `SettingsError` if there is
    no such splitter.
    """
    paragraphs = []
    read = list(essay_paragraphs(essay))
    language = guess_language("\n".join(inline.plain for _, inline in read))
    split = splitter_named(splitter)
    for block, inline in read:
        ends = [inline.source_end(end) for _, end in split(inline.plain, language)]
        paragraphs.append(sentences_ending_at(essay, block, inline, ends))
    return paragraphs


def sentences_ending_at(essay: Essay, block: int, inline: Inline, ends: Iterable[int]) -> list[Sentence]:
    """A paragraph cut at `ends`, offsets into its source. A cut that would leave no words on one side is not made."""
    base = essay.blocks[block].start
    source = essay.text[base : essay.blocks[block].end]
    sentences: list[Sentence] = []
    for start, end in spans_between(source, ends):
        text = _as_read(inline.between(start, end))
        if sentences and (not _has_words(text) or not _has_words(sentences[-1].text)):
            start = sentences.pop().start - base  # noqa: PLW2901 - the wordless part joins its neighbour
            text = _as_read(inline.between(start, end))
        sentences.append(Sentence(block, base + start, base + end, text))
    return sentences if any(_has_words(sentence.text) for sentence in sentences) else []


def essay_passages(
    sentences: Iterable[Sequence[Sentence]], size: int = 3, stride: int = 1, short: ShortParagraphs = "keep"
) -> list[EssayPassage]:
    """Rolling passages over the sentences of each paragraph.

    The last sentence of a paragraph is always in a passage: with a stride above 1 the last passage may start
    sooner than `stride` sentences after the one before. A paragraph of fewer than `size` sentences is one
    passage of what it has, or none if `short` is `skip`.

    Raises:
        SettingsError: `size` or `stride` is below 1, or `short` is neither `keep` nor `skip`.
        EssayError: there is no passage at all.
    """
    for name, value in (("size", size), ("stride", stride)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise SettingsError(f"{name} is {value!r}: it must be a whole number of at least 1.")
    if short not in ("keep", "skip"):
        raise SettingsError(f"short is {short!r}: it must be keep or skip.")
    passages: list[EssayPassage] = []
    for paragraph in sentences:
        for first, last in _windows(len(paragraph), size, stride, short):
            passages.append(_passage(len(passages), first, paragraph[first : last + 1]))
    if not passages:
        fewer = f" of {size} sentences" if short == "skip" else ""
        raise EssayError(f"There is no paragraph{fewer} in the essay to make a passage of: write more prose.")
    return passages


def essay_paragraphs(essay: Essay) -> Iterable[tuple[int, Inline]]:
    """Each paragraph of `essay`: its number among the blocks, and how it reads."""
    numbers = (number for number, block in enumerate(essay.blocks) if block.kind == "paragraph")
    return zip(numbers, essay_inlines(essay), strict=True)


def _windows(count: int, size: int, stride: int, short: ShortParagraphs) -> list[Span]:
    """First and last sentence of each passage in a paragraph of `count` sentences."""
    if count < size:
        return [(0, count - 1)] if count and short == "keep" else []
    firsts = list(range(0, count - size + 1, stride))
    if firsts[-1] != count - size:
        firsts.append(count - size)
    return [(first, first + size - 1) for first in firsts]


def _passage(index: int, first: int, window: Sequence[Sentence]) -> EssayPassage:
    joint = "" if is_unspaced(window[0].text) else " "
    start, end = window[0].start, window[-1].end
    text = joint.join(sentence.text for sentence in window)
    return EssayPassage(index, window[0].block, first, first + len(window) - 1, start, end, text, end)


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _as_read(pieces: Sequence[Segment]) -> str:
    """Pieces as a model shall read them: on one line, notes and citation marks left out."""
    plain = "".join(piece.text for piece in pieces)
    code: set[int] = set()
    position = 0
    for piece in pieces:
        if piece.kind == "code":
            code.update(range(position, position + len(piece.text)))
        position += len(piece.text)
    kept = _NOTE.sub(lambda mark: mark[0] if mark.end() - 1 in code else "", plain)
    lines = (line.strip(" \t") for line in _LINE_BREAKS.split(kept))
    return " ".join(line for line in lines if line).strip()
