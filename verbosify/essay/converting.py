"""One essay format in the words of another: anything as plain text, anything as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from verbosify.essay.blocks import Block, lines
from verbosify.essay.docx_reading import Role, docx_parts, open_docx
from verbosify.essay.markdown import escape_markdown
from verbosify.essay.plain_writing import plain_text_of_markdown
from verbosify.essay.reading import Essay

_BULLETED = re.compile(r"(\s*)(?:[-*+•‣◦▪]|(\d{1,9}[.)]))\s+(.*)", re.DOTALL)


def as_plain_text(essay: Essay) -> str:
    """The text of `essay` to be read: without Markdown's markup, front matter and comments, its notes at the end.

    Lists and quotations of a .docx get hyphens and indentation, by which a reader can tell them.
    """
    if essay.format == "docx":
        return _joined(essay, _plain_docx_block)
    if essay.format == "txt":
        return essay.text
    return plain_text_of_markdown(essay.text)


def as_markdown(essay: Essay) -> str:
    """`essay` in Markdown: headings, lists, quotations and tables as such; what else would read as markup, escaped."""
    if essay.format == "md":
        return essay.text
    if essay.format == "txt":
        return "\n\n".join(_plain_block(block, essay.text[block.start : block.end]) for block in essay.blocks) + "\n"
    return _joined(essay, _docx_block)


def _joined(essay: Essay, written: Callable[[Role, Block, str], str]) -> str:
    """The blocks of a .docx as `written`, with blank lines between them, but for the items of a list."""
    pieces: list[str] = []
    before: Role | None = None
    for part, block in zip(docx_parts(open_docx(essay.source, essay.name)), essay.blocks, strict=True):
        if before is not None:
            pieces.append("\n" if before == part.role == "list" else "\n\n")
        pieces.append(written(part.role, block, essay.text[block.start : block.end]))
        before = part.role
    return "".join(pieces) + "\n"


def _plain_docx_block(role: Role, _block: Block, source: str) -> str:
    if role == "list":
        return "- " + source.replace("\n", "\n  ")
    return "    " + source.replace("\n", "\n    ") if role == "quote" else source


def _plain_block(block: Block, source: str) -> str:
    if block.kind == "heading":
        return _heading(block, source)
    if block.kind == "paragraph":
        return "\n".join(map(escape_markdown, _lines(source)))
    if _BULLETED.match(source):
        return "\n".join(map(_list_line, _lines(source)))
    if source[:1].isspace():
        return _quotation(source)
    return "\\\n".join(map(escape_markdown, _lines(source)))


def _docx_block(role: Role, block: Block, source: str) -> str:
    if block.kind == "heading":
        return _heading(block, source)
    if role == "list":
        return "- " + _broken(source).replace("\n", "\n  ")
    if role == "quote":
        return _quotation(source)
    if role == "table":
        rows = [[escape_markdown(cell) for cell in row.split(" | ")] for row in source.split("\n")]
        width = max(map(len, rows))
        padded = [row + [""] * (width - len(row)) for row in rows]
        padded.insert(1, ["---"] * width)
        return "\n".join(f"| {' | '.join(row)} |" for row in padded)
    return _broken(source)


def _lines(source: str) -> Iterator[str]:
    return (source[start:end] for start, end in lines(source))


def _heading(block: Block, source: str) -> str:
    return f"{'#' * min(block.level, 6)} {escape_markdown(source)}"


def _broken(source: str) -> str:
    """Lines of a paragraph, each kept on a line of its own."""
    return "\\\n".join(filter(None, map(escape_markdown, _lines(source))))


def _quotation(source: str) -> str:
    return "> " + _broken(source).replace("\n", "\n> ")


def _list_line(line: str) -> str:
    match = _BULLETED.fullmatch(line)
    if match is None:
        return "  " + escape_markdown(line)
    indent, number, words = match.groups()
    return f"{indent}{number or '-'} {escape_markdown(words)}"
