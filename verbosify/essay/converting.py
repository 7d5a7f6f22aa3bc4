"""One essay format in the words of another: anything as plain text, anything as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from verbosify.essay.blocks import Block, lines
from verbosify.essay.docx_converting import DocxInsertions, docx_as_markdown, docx_as_plain_text
from verbosify.essay.markdown import escape_markdown
from verbosify.essay.plain_writing import plain_text_of_markdown
from verbosify.essay.reading import Essay

_BULLETED = re.compile(r"(\s*)(?:[-*+•‣◦▪]|(\d{1,9}[.)]))\s+(.*)", re.DOTALL)


def as_plain_text(essay: Essay, insertions: DocxInsertions | None = None) -> str:
    """The text of `essay` to be read: without Markdown's markup, front matter and comments, its notes at the end.

    Lists and quotations of a .docx get hyphens and indentation, by which a reader can tell them.
    """
    if essay.format == "docx":
        return docx_as_plain_text(essay, insertions or {})
    if essay.format == "txt":
        return essay.text
    return plain_text_of_markdown(essay.text)


def as_markdown(essay: Essay, insertions: DocxInsertions | None = None) -> str:
    """`essay` in Markdown: headings, lists, quotations and tables as such; what else would read as markup, escaped."""
    if essay.format == "md":
        return essay.text
    if essay.format == "txt":
        return "\n\n".join(_plain_block(block, essay.text[block.start : block.end]) for block in essay.blocks) + "\n"
    return docx_as_markdown(essay, insertions or {})


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
