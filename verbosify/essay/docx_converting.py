"""A .docx as Markdown, or as plain text to read, with generated text put into its paragraphs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from verbosify.essay.docx_lists import Lists
from verbosify.essay.docx_package import open_docx
from verbosify.essay.docx_reading import docx_parts
from verbosify.essay.docx_spans import Paragraphs, RichPart, rich_document
from verbosify.essay.docx_styles import property_of
from verbosify.essay.markdown_writing import markdown_lines, note_mark
from verbosify.essay.plain_writing import note_marks, noted
from verbosify.essay.reading import Essay
from verbosify.essay.spans import Span, words_of

DocxInsertions = Mapping[int, Sequence[tuple[int, str]]]
"""Texts to insert by the number of a block, each with its offset in the block's text, in order."""
Lines = list[str]
Table = list[list[str]]

_CODE_STYLE = re.compile(r"code|preformatted", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a format is written: the lines of a paragraph, a cell's words, and what is around each kind of block."""

    paragraph: Callable[[Paragraphs], Lines]
    cell: Callable[[Paragraphs], str]
    heading: Callable[[str, int], str]
    quotation: Callable[[Lines], Lines]
    table: Callable[[Table], Lines]
    code: Callable[[Lines], Lines]
    note_mark: Callable[[int], str]


def docx_as_markdown(essay: Essay, insertions: DocxInsertions) -> str:
    """The essay in Markdown: its emphasis, links, notes, nested lists, tables and code; its pictures by description."""

    def paragraph(paragraphs: Paragraphs) -> Lines:
        lines = [line for spans in paragraphs for line in markdown_lines(spans)]
        return [*(line + "\\" for line in lines[:-1]), *lines[-1:]]

    def table(rows: Table) -> Lines:
        return [f"| {' | '.join(row)} |" for row in (rows[0], ["---"] * len(rows[0]), *rows[1:])]

    form = _Form(
        paragraph,
        cell=lambda paragraphs: "<br>".join(line for spans in paragraphs for line in markdown_lines(spans, cell=True)),
        heading=lambda words, level: f"{'#' * min(level, 6)} {words}",
        quotation=lambda lines: [f"> {line}" for line in lines],
        table=table,
        code=_fenced,
        note_mark=lambda number: f"{note_mark(number)}:",
    )
    return _written(essay, insertions, form)


def docx_as_plain_text(essay: Essay, insertions: DocxInsertions) -> str:
    """The essay as text to read: addresses in brackets after their links, notes after the text, lists with signs."""
    mark = note_marks(essay.text)

    def paragraph(paragraphs: Paragraphs) -> Lines:
        return [line for spans in paragraphs for line in words_of(_described(spans), mark).strip().split("\n")]

    form = _Form(
        paragraph,
        cell=lambda paragraphs: " / ".join(line.strip() for line in paragraph(paragraphs) if line.strip()),
        heading=lambda words, _: words,
        quotation=lambda lines: [f"    {line}" for line in lines],
        table=lambda rows: [" | ".join(row) for row in rows],
        code=lambda lines: [f"    {line}".rstrip() for line in lines],
        note_mark=mark,
    )
    return _written(essay, insertions, form)


def _written(essay: Essay, insertions: DocxInsertions, form: _Form) -> str:
    document = open_docx(essay.source, essay.name)
    rich = rich_document(document, docx_parts(document))
    lists = Lists(document)
    blocks: list[tuple[str, Lines]] = []
    for number, (part, block) in enumerate(zip(rich.parts, essay.blocks, strict=True)):
        blocks += [("", form.paragraph([[picture]])) for picture in rich.pictures.get(number, ())]
        if number in insertions:
            part.paragraphs = [_with_insertions(part, insertions[number])]
        blocks.append(_block(part, block.level if block.kind == "heading" else 0, lists, form))
    blocks += [("", form.paragraph([[picture]])) for picture in rich.pictures.get(len(rich.parts), ())]
    for number, paragraphs in enumerate(rich.notes, 1):
        note = _joined([("", form.paragraph([spans])) for spans in paragraphs], form)
        blocks.append(("", noted(form.note_mark(number), note)))
    return "\n".join(_joined(blocks, form)) + "\n"


def _block(rich: RichPart, level: int, lists: Lists, form: _Form) -> tuple[str, Lines]:
    """The lines of a block, and a kind if blocks of that kind belong together."""
    role = rich.part.role
    lines = form.paragraph(rich.paragraphs)
    if role == "list" and not level:
        item = lists.item(rich.part.element)
        first, *others = lines or [""]
        lines = [f"{item.first}{first}".rstrip(), *(f"{item.others}{line}" for line in others)]
        return "list", ["", *lines] if item.apart else lines
    lists.close()
    if level:
        words = " ".join(form.paragraph([_on_one_line(spans) for spans in rich.paragraphs]))
        return "", [form.heading(words, level)]
    if role == "quote":
        return "", form.quotation(lines)
    if role == "table":
        rows = [[form.cell(cell) for cell in row] for row in rich.rows]
        width = max(map(len, rows), default=0)
        return "", form.table([row + [""] * (width - len(row)) for row in rows])
    if role == "other" and _CODE_STYLE.search(property_of(rich.part.element, "pPr/pStyle") or ""):
        return "code", rich.part.text.split("\n")
    return "", lines


def _joined(blocks: Iterable[tuple[str, Lines]], form: _Form) -> Lines:
    """The lines of blocks, with blank lines between those that do not belong together."""
    joined: Lines = []
    for kind, alike in groupby(blocks, key=lambda block: block[0]):
        pieces = [lines for _, lines in alike if lines]
        if kind:
            lines = [line for piece in pieces for line in piece]
            pieces = [form.code(lines) if kind == "code" else lines]
        for piece in pieces:
            joined += ["", *piece] if joined else piece
    return joined


def _with_insertions(rich: RichPart, insertions: Sequence[tuple[int, str]]) -> list[Span]:
    """The characters of a paragraph with texts put in, each after the marks of notes that stand at its offset."""
    waiting = [(offset + rich.part.lead, Span(text)) for offset, text in insertions]
    spans: list[Span] = []
    position = 0
    for span in rich.paragraphs[0]:
        rest = span
        if not span.note and "picture" not in span.marks:
            while waiting and waiting[0][0] < position + len(rest.text):
                offset, inserted = waiting.pop(0)
                if before := rest.text[: offset - position]:
                    spans.append(replace(rest, text=before))
                spans.append(inserted)
                rest = replace(rest, text=rest.text[offset - position :])
                position = offset
            position += len(rest.text)
        spans.append(rest)
    return [*spans, *(inserted for _, inserted in waiting)]


def _on_one_line(spans: Sequence[Span]) -> list[Span]:
    """A heading's characters: its lines in one, and not bold, which a heading is anyway."""
    return [replace(span, text=span.text.replace("\n", " "), marks=span.marks - {"bold"}) for span in spans]


def _described(spans: Sequence[Span]) -> list[Span]:
    """The same with the descriptions of pictures in brackets."""
    return [Span(f"[{span.text}]") if "picture" in span.marks else span for span in spans]


def _fenced(lines: Lines) -> Lines:
    ticks = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, ticks + 1)
    return [fence, *lines, fence]
