"""The parts of a text: paragraphs to work on, headings, and verbatim blocks to leave alone. Knows no file format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

BlockKind = Literal["paragraph", "heading", "verbatim"]


@dataclass(frozen=True, slots=True)
class Block:
    """One block of an essay: `text[start:end]` without the blank lines around it.

    Attributes:
        kind: `paragraph` is prose, to be split into sentences; `verbatim` (lists, quotations, tables, code,
            references) and `heading` are never touched.
        start: offset of its first character in the essay's text.
        end: offset after its last.
        level: of a heading, 1 for the highest; 0 for all else.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0


_SOURCES_HEADING = re.compile(
    r"\W*(?:\d+(?:\.\d+)*\.?\s+)?"
    r"(?:references|reference list|bibliography|(?:selected )?sources|works (?:cited|consulted)|literature|citations"
    r"|(?:foot|end)?notes|further reading"
    r"|literatur(?:verzeichnis)?|quellen(?:verzeichnis)?|bibliogra(?:phie|fía|fia)|références|referencias)"
    r"\W*",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"\[\^?\w+\](?::|\s|$)")
_CLOSED = re.compile(r"""[.!?…。！？:;,،؛؟।][\s"'”’»›)\]）」』*_]*$""")
HEADING_LENGTH = 80  # characters; what is longer is not taken for a heading that nothing but its look tells


def plain_words(text: str) -> int:
    """How many words: pieces between white space that hold at least one letter or digit."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def is_sources_heading(text: str) -> bool:
    """Whether a heading of these words opens a list of sources or notes, which is not prose."""
    return _SOURCES_HEADING.fullmatch(text.strip()) is not None


def looks_like_heading(text: str) -> bool:
    """Whether text in a format without headings reads as one: a short line that no punctuation closes."""
    text = text.strip()
    short = 0 < len(text) <= HEADING_LENGTH and "\n" not in text and "\r" not in text
    return short and plain_words(text) > 0 and "://" not in text and _CLOSED.search(text) is None


def lines(text: str) -> list[tuple[int, int]]:
    """Each line's start and end in `text`, its line break (LF, CRLF or CR) left out."""
    found = []
    start = 0
    for match in re.finditer(r"\r\n|\r|\n", text):
        found.append((start, match.start()))
        start = match.end()
    return [*found, (start, len(text))]


def without_sources(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """`blocks` with the paragraphs that are lists of sources made verbatim.

    That is everything under a heading such as References or Notes, until a heading as high or higher, and
    every paragraph that begins with a mark like `[1]`.
    """
    result = []
    section = 0  # level of the heading whose sources we are in, 0 for none
    for block in blocks:
        words = text[block.start : block.end]
        if block.kind == "heading" and (section == 0 or block.level <= section):
            section = block.level if is_sources_heading(words) else 0
        in_sources = section > 0 or _SOURCE.match(words) is not None
        result.append(replace(block, kind="verbatim") if block.kind == "paragraph" and in_sources else block)
    return tuple(result)
