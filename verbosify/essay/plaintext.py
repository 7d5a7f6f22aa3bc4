"""The blocks of a plain text file, told by blank lines and by looks alone. Knows no markup."""

from __future__ import annotations

import re
from dataclasses import replace

from verbosify.essay.blocks import Block, lines
from verbosify.essay.headings import looks_like_heading, with_header
from verbosify.essay.sources import is_sources_heading

_BULLET = re.compile(r"\s*(?:[-*+•‣◦▪>]|\|.*\||\d{1,3}[.)]|\(?(?:\d{1,3}|[a-z])\))\s")
_INDENTED = re.compile(r" {2,}|\t")
_CLOSED_LINE = re.compile(r"""[.!?…。！？:;][\s"'”’»›)\]）」』]*$""")
_Lines = list[tuple[int, int]]


def plain_text_blocks(text: str) -> list[Block]:
    """Blocks of `text`, in order.

    Paragraphs stand between blank lines. In a file without any, each line is a paragraph, unless most lines
    break off before a sentence ends: then it is one paragraph, hard-wrapped. A short single line that no
    punctuation closes is a heading (level 1), unless nothing follows it. Bulleted and numbered lines are
    verbatim, and so are indented ones, unless indenting is how this file begins its paragraphs. After a
    heading such as References nothing is prose any more: nothing shows where such a list would end.
    """
    groups = _groups(text)
    indented = [all(_INDENTED.match(text, start) for start, _ in group) for group in groups]
    indent_is_style = sum(indented) * 2 > len(groups)
    blocks: list[Block] = []
    sources = False
    for number, group in enumerate(groups):
        start, end = group[0][0], group[-1][1]
        if sources or _BULLET.match(text, start) or (indented[number] and not indent_is_style):
            blocks.append(Block("verbatim", start, end))
            continue
        start, end = _trimmed(text, start, end)
        words = text[start:end]
        if blocks and is_sources_heading(words):
            blocks.append(Block("heading", start, end, level=1))
            sources = True
        else:
            blocks.append(Block("paragraph", start, end))
    titled = with_header(text, blocks)
    return [_as_heading(text, block) if block is not blocks[-1] else block for block in titled]


def _groups(text: str) -> list[_Lines]:
    """Runs of lines that belong to one block each."""
    groups: list[_Lines] = [[]]
    for start, end in lines(text):
        if text[start:end].strip():
            groups[-1].append((start, end))
        elif groups[-1]:
            groups.append([])
    groups = [group for group in groups if group]
    if len(groups) != 1:
        return groups
    only = groups[0]
    broken_off = sum(_CLOSED_LINE.search(text[start:end]) is None for start, end in only[:-1])
    if broken_off * 2 > len(only) - 1:
        return groups
    return [[line] for line in only]


def _as_heading(text: str, block: Block) -> Block:
    looks = block.kind == "paragraph" and looks_like_heading(text[block.start : block.end])
    return replace(block, kind="heading", level=1) if looks else block


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
