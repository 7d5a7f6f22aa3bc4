"""The parts of a text: paragraphs to work on, headings, and verbatim blocks to leave alone. Knows no file format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_BREAKS = re.compile(r"\r\n|\r|\n")

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


def lines(text: str, breaks: re.Pattern[str] = _BREAKS) -> list[tuple[int, int]]:
    """Each line's start and end in `text`, its line break (LF, CRLF or CR, if no others are told) left out."""
    found = []
    start = 0
    for match in breaks.finditer(text):
        found.append((start, match.start()))
        start = match.end()
    return [*found, (start, len(text))]
