"""The blocks of a plain text file, told by blank lines, by how its lines break, and by looks alone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from verbosify.essay.blocks import Block, BlockKind, lines
from verbosify.essay.dialects import line_kinds
from verbosify.essay.headings import header_length, looks_like_heading, with_header
from verbosify.essay.list_items import item_lines
from verbosify.essay.sources import is_source, is_sources_heading, opens_sources
from verbosify.words import plain_words

_BREAKS = re.compile(r"\r\n|[\r\n\v\x85\u2028]|\u2029|(?<=\u2029)")  # the separator of paragraphs, an empty line too
_INDENTED = re.compile(r" {2,}|\t")
_CLOSED_LINE = re.compile(r"""[.!?…。！？:;][\s"'”’»›)\]）」』]*$""")
_SENTENCE_END = re.compile(r"""[.!?…]["'”’»›)\]]*\s+["'“„«(\[]*[^\W\d_a-zà-ÿ]|[。！？][^\s」』）]""")
_WIDEST = 120  # characters; nobody wraps lines that are longer
_NARROWEST = 40
_HEADING_SHARE = 0.6  # of the width of the lines below it, at most
_SENTENCES_A_LINE = 1.5  # at least, where lines are paragraphs; one a line is how some write their paragraphs

_Lines = list[int]
"""Numbers of lines that belong to one block."""


def plain_text_blocks(text: str) -> list[Block]:
    """Blocks of `text`, in order.

    Paragraphs stand between blank lines. Lines between them are a paragraph each, if they end as sentences do, there is
    nothing else in the file (or a line holds several sentences), and another word would have fitted; a line that is
    indented begins one. A short line that no punctuation closes is a heading (level 1), unless nothing follows it, and
    so are the lines of a header. Items of lists with the lines that belong to them, tables, indented lines (unless
    indenting is how this file begins its paragraphs) and what `dialects` knows are verbatim. After a heading such as
    References nothing is prose any more: nothing shows where such a list would end.
    """
    page = _Page(text)
    blocks: list[Block] = []
    sources = False
    parts = list(page.parts())
    for number, (kind, numbers) in enumerate(parts):
        start, end = page.spans[numbers[0]][0], page.spans[numbers[-1]][1]
        if sources or kind == "verbatim":
            blocks.append(Block("verbatim", start, end))
            continue
        start, end = _trimmed(text, start, end)
        words = text[start:end]
        prose = any(block.kind == "paragraph" for block in blocks)
        if opens_sources(words) and prose:
            sources = True
            blocks.append(Block("verbatim", start, end))
        elif is_sources_heading(words) and (prose or any(is_source(page.words(n)) for _, n in parts[number + 1 :][:1])):
            sources = True
            blocks.append(Block("heading", start, end, level=1))
        else:
            blocks.append(Block("paragraph", start, end))
    titled = with_header(text, blocks)
    return [_as_heading(text, block) if number + 1 < len(titled) else block for number, block in enumerate(titled)]


class _Page:
    """The lines of a text and what they look like."""

    def __init__(self, text: str) -> None:
        self.spans = lines(text, _BREAKS)
        self.lines = [text[start:end] for start, end in self.spans]
        kinds = line_kinds(text, self.lines)
        self._opaque = kinds.machine | kinds.apart | kinds.contained
        self._items = item_lines(self.lines)
        self._groups = list(self._between_blanks())
        wide = max((len(self.lines[n]) for group in self._groups if len(group) > 1 for n in group), default=0)
        self._width = wide if wide <= _WIDEST else 0  # that lines are wrapped at; 0 if they are not
        indented = sum(self._is_indented(group) for group in self._groups)
        self._indent_is_style = indented * 2 > len(self._groups)

    def words(self, numbers: _Lines) -> str:
        return "\n".join(self.lines[number] for number in numbers)

    def parts(self) -> Iterator[tuple[BlockKind, _Lines]]:
        """The blocks' lines: `verbatim`, or `paragraph` for all that is not."""
        runs = [(kind, run) for group in self._groups for kind, run in self._runs(group)]
        sole = sum(kind == "paragraph" and len(run) > 1 for kind, run in runs) == 1
        top = True
        for kind, run in runs:
            if kind == "verbatim" or (self._is_indented(run) and not self._indent_is_style):
                yield "verbatim", run
                continue
            heads = self._headings(run, top=top)
            for number in run[:heads]:
                yield "paragraph", [number]
            top = top and heads == len(run)
            for paragraph in self._paragraphs(run[heads:], sole=sole):
                yield "paragraph", paragraph

    def _between_blanks(self) -> Iterator[_Lines]:
        """Runs of lines without a blank one, or one of another kind, between them."""
        group: _Lines = []
        opaque = False
        for number, line in enumerate(self.lines):
            if group and (not line.strip() or opaque != (number in self._opaque)):
                yield group
                group = []
            if line.strip():
                opaque = number in self._opaque
                group.append(number)
        if group:
            yield group

    def _runs(self, group: _Lines) -> Iterator[tuple[BlockKind, _Lines]]:
        """A group cut where a list, a line without words or a heading of sources begins or ends."""
        if group[0] in self._opaque:
            yield "verbatim", group
            return
        run: _Lines = []
        kind: BlockKind = "paragraph"
        for number in group:
            line = self.lines[number]
            alone = is_sources_heading(line) and not line.lstrip()[:1].islower() and not line.rstrip().endswith(".")
            belongs = bool(run) and kind == "verbatim" and self._goes_on(run[-1], number)
            listed = self._items[number] or belongs or not plain_words(line)
            now: BlockKind = "verbatim" if listed else "paragraph"
            if run and (now != kind or alone or (len(run) == 1 and is_sources_heading(self.words(run)))):
                yield kind, run
                run = []
            kind = now
            run.append(number)
        yield kind, run

    def _goes_on(self, before: int, number: int) -> bool:
        """Whether a line goes on with the item of a list above it."""
        line = self.lines[number]
        if not plain_words(self.lines[before]):
            return False
        return line[:1].isspace() or line[:1].islower() or not self._had_room(before, number)

    def _had_room(self, before: int, number: int, width: int = 0) -> bool:
        """Whether the first word of a line would have fitted on the line before."""
        word = self.lines[number].split(maxsplit=1)[0]
        return len(self.lines[before].rstrip()) + 1 + len(word) <= (width or self._width or _WIDEST)

    def _is_indented(self, numbers: Sequence[int]) -> bool:
        return all(_INDENTED.match(self.lines[number]) for number in numbers)

    def _headings(self, run: _Lines, *, top: bool) -> int:
        """How many of a run's first lines are headings: the header at the top, elsewhere one."""
        said = [self.lines[number].strip() for number in run]
        if len(run) == 1:
            return 1
        lower = any(line[:1].islower() for line in said[1:])
        if top and not lower and header_length([*said, "."]) == len(said) and not _CLOSED_LINE.search(said[-1]):
            return len(run)
        width = max(map(len, said))
        count = header_length(said) if top else int(looks_like_heading(said[0]))
        for place in range(count):
            fits = self._had_room(run[place], run[place + 1], width)
            short = len(said[place]) <= _HEADING_SHARE * width and (top or width >= _NARROWEST)
            if not fits or not short or said[place + 1][:1].islower():
                return place
        return count

    def _paragraphs(self, run: _Lines, *, sole: bool) -> Iterator[_Lines]:
        if not run:
            return
        separate = self._are_paragraphs(run, sole=sole)
        indents = [_INDENTED.match(self.lines[number]) is not None for number in run]
        begun = 0
        for place in range(1, len(run)):
            if separate or (indents[place] and not indents[place - 1]):
                yield run[begun:place]
                begun = place
        yield run[begun:]

    def _are_paragraphs(self, run: _Lines, *, sole: bool) -> bool:
        """Whether each line is a paragraph of its own, rather than a piece of one."""
        broken_off = sum(_CLOSED_LINE.search(self.lines[number]) is None for number in run[:-1])
        if len(run) == 1 or broken_off * 2 > len(run) - 1:
            return False
        full = sum(not self._had_room(before, after) for before, after in itertools.pairwise(run))
        if broken_off and self._width >= _NARROWEST and len(run) > 2 and full * 2 > len(run) - 1:
            return False
        sentences = sum(len(_SENTENCE_END.findall(self.lines[number])) + 1 for number in run)
        return sole or sentences >= _SENTENCES_A_LINE * len(run)


def _as_heading(text: str, block: Block) -> Block:
    looks = block.kind == "paragraph" and looks_like_heading(text[block.start : block.end])
    return replace(block, kind="heading", level=1) if looks else block


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
