"""Plain text from Markdown, laid out as it was written, to be read: no markup, notes at the end. Knows no essay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from verbosify.essay.html_words import html_paragraphs
from verbosify.essay.markdown_tree import is_shown, markdown_tree, spans_of
from verbosify.essay.spans import Span, words_of

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_NUMBER_MARK = re.compile(r"\[\d+(?:\s?[,–-]\s?\d+)*\]")
Lines = list[str]


def plain_text_of_markdown(text: str) -> str:
    """`text` as one would read it: links followed by their addresses, pictures by their descriptions in brackets.

    Lists, quotations, code and tables keep their marks. Notes follow the text, each after its mark.
    """
    tree = markdown_tree(text)
    writer = _Writer(note_marks(text))
    lines = writer.blocks(tree.blocks)
    for number, note in enumerate(tree.notes, 1):
        lines += ["", *noted(writer.note_mark(number), writer.blocks(note))]
    line_break = "\r\n" if "\r\n" in text else "\n"
    return line_break.join(lines).strip("\r\n") + line_break


def note_marks(text: str) -> Callable[[int], str]:
    """How the marks of notes are written: `[1]`, or `[a]` if the text has marks such as `[1]` for something else."""
    if not _NUMBER_MARK.search(text):
        return lambda number: f"[{number}]"
    return lambda number: f"[{_letters(number)}]"


def noted(mark: str, lines: Sequence[str]) -> Lines:
    """The lines of a note, its mark before the first and the others indented."""
    first, *others = lines or [""]
    return [f"{mark} {first}".rstrip(), *(f"    {line}".rstrip() for line in others)]


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


class _Writer:
    """Lines of blocks; `note_mark` writes the mark of a note."""

    def __init__(self, note_mark: Callable[[int], str]) -> None:
        self.note_mark = note_mark

    def blocks(self, nodes: Iterable[SyntaxTreeNode], *, tight: bool = False) -> Lines:
        """The lines of blocks, a blank line before each but the first, unless they are `tight`."""
        lines: Lines = []
        for node in nodes:
            block = self._block(node) if is_shown(node) else []
            lines += [*([""] if lines and block and not tight else []), *block]
        return lines

    def _block(self, node: SyntaxTreeNode) -> Lines:
        lines: Lines = node.content.splitlines() if node.token else []
        match node.type:
            case "paragraph" | "definition":
                lines = self._words(spans_of(node)).splitlines()
            case "heading":
                lines = [" ".join(self._words(spans_of(node)).split())]
            case "bullet_list" | "ordered_list":
                lines = self._list(node)
            case "blockquote":
                lines = [f"> {line}".rstrip() for line in self.blocks(node.children)]
            case "fence":
                lines = [node.markup + node.info, *lines, node.markup]
            case "code_block":
                lines = [f"    {line}".rstrip() for line in lines]
            case "table":
                lines = self._table(node)
            case "html_block":
                paragraphs = [self._words(spans).splitlines() for spans in html_paragraphs(node.content)]
                lines = [line for paragraph in paragraphs for line in ("", *paragraph)][1:]
            case "footnote_reference":
                lines = noted(f"[{node.meta['label']}]", self.blocks(node.children))
            case "hr":
                lines = ["* * *"]
        return lines

    def _list(self, node: SyntaxTreeNode) -> Lines:
        lines: Lines = []
        tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
        for item in node.children:
            mark = f"{item.info}{item.markup} "
            first, *others = self.blocks(item.children, tight=tight) or [""]
            lines += [] if tight or not lines else [""]
            lines += [f"{mark}{first}".rstrip(), *(f"{' ' * len(mark)}{line}".rstrip() for line in others)]
        return lines

    def _table(self, node: SyntaxTreeNode) -> Lines:
        rows = [
            [self._words(spans_of(cell)).replace("\n", " / ") for cell in row.children]
            for section in node.children
            for row in section.children
        ]
        rows.insert(1, ["---"] * len(rows[0]))
        return [f"| {' | '.join(row)} |" for row in rows]

    def _words(self, spans: Iterable[Span]) -> str:
        return words_of(spans, self.note_mark)
