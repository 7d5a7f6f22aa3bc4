"""A new .docx from Markdown: headings, lists, quotations, tables, code, emphasis. Knows no essay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Any

from verbosify.essay.docx_editing import generated_style, xml_text
from verbosify.essay.markdown import NUMBER_LABEL, markdown_parser, without_front_matter

if TYPE_CHECKING:
    from docx.document import Document
    from markdown_it.tree import SyntaxTreeNode

_CODE_STYLE = "Code"
_CODE_FONT = "Courier New"
_DEEPEST_LIST = 3  # Word's template has styles for so many levels
_MARKS = {"em": "italic", "strong": "bold", "s": "strike"}

Marks = frozenset[str]
"""How characters are set: bold, italic, strike, code, raised, generated."""
Span = tuple[str, Marks]


@dataclass(frozen=True, slots=True)
class _Target:
    """The document being built, which characters enclose generated text in the Markdown, and that text's style."""

    document: Document
    brackets: tuple[str, str]
    generated: Any


def build_docx(text: str, brackets: tuple[str, str], title: str) -> bytes:
    """A Word document of the Markdown `text`.

    What stands between the two characters `brackets` gets the character style Generated. Links become their
    words and their address; HTML is dropped, but for line breaks and raised text.
    """
    from docx import api
    from docx.enum.style import WD_STYLE_TYPE
    from markdown_it.tree import SyntaxTreeNode

    document = api.Document()
    document.core_properties.title = xml_text(title)[:255]
    document.core_properties.author = ""
    document.core_properties.comments = ""
    document.styles.add_style(_CODE_STYLE, WD_STYLE_TYPE.PARAGRAPH).font.name = _CODE_FONT
    target = _Target(document, brackets, generated_style(document))
    for node in SyntaxTreeNode(markdown_parser().parse(without_front_matter(text))).children:
        _add_block(target, node)
    saved = BytesIO()
    document.save(saved)
    return saved.getvalue()


def _add_block(target: _Target, node: SyntaxTreeNode, style: str | None = None, depth: int = 0) -> None:
    match node.type:
        case "heading":
            _add_spans(target, target.document.add_heading(level=int(node.tag[1:])), node)
        case "paragraph":
            _add_spans(target, target.document.add_paragraph(style=style), node)
        case "bullet_list" | "ordered_list":
            _add_list(target, node, min(depth + 1, _DEEPEST_LIST))
        case "blockquote":
            for child in node.children:
                _add_block(target, child, "Quote", depth)
        case "fence" | "code_block":
            target.document.add_paragraph(xml_text(node.content.rstrip("\n")), style=_CODE_STYLE)
        case "table":
            _add_table(target, node)
        case "hr":
            from docx.enum.text import WD_ALIGN_PARAGRAPH

            target.document.add_paragraph("* * *").alignment = WD_ALIGN_PARAGRAPH.CENTER


def _add_list(target: _Target, node: SyntaxTreeNode, depth: int) -> None:
    level = f" {depth}" if depth > 1 else ""
    ordered = node.type == "ordered_list"
    style = ("List Number" if ordered else "List Bullet") + level
    number = _new_numbering(target.document, style, int(node.attrs.get("start", 1))) if ordered else None
    for item in node.children:
        for position, child in enumerate(item.children):
            if position > 0 or child.type != "paragraph":
                _add_block(target, child, f"List Continue{level}", depth)
                continue
            paragraph = target.document.add_paragraph(style=style)
            _add_spans(target, paragraph, child)
            if number is not None:
                properties: Any = paragraph._p.get_or_add_pPr().get_or_add_numPr()
                properties.get_or_add_ilvl().val = 0
                properties.get_or_add_numId().val = number


def _new_numbering(document: Document, style: str, start: int) -> int:
    """A numbering like that of the list style, which begins anew at `start`: its id."""
    numbering = document.part.numbering_part.element
    like: Any = document.styles[style].element.pPr.numPr.numId.val
    new = numbering.add_num(numbering.num_having_numId(like).abstractNumId.val)
    new.add_lvlOverride(ilvl=0).add_startOverride(start)
    return int(new.numId)


def _add_table(target: _Target, node: SyntaxTreeNode) -> None:
    rows = [row for section in node.children for row in section.children]
    table = target.document.add_table(len(rows), len(rows[0].children), style="Table Grid")
    for row, cells in zip(rows, table.rows, strict=True):
        for source, cell in zip(row.children, cells.cells, strict=True):
            _add_spans(target, cell.paragraphs[0], source, frozenset({"bold"} if source.type == "th" else ()))


def _add_spans(target: _Target, paragraph: Any, node: SyntaxTreeNode, marks: Marks = frozenset()) -> None:
    told_apart = _told_apart(_spans(node, marks), target.brackets)
    for names, spans in groupby(told_apart, key=lambda span: span[1]):
        run = paragraph.add_run(xml_text("".join(text for text, _ in spans)))
        if "generated" in names:
            run.style = target.generated
        run.bold = True if "bold" in names else None
        run.italic = True if "italic" in names else None
        run.font.strike = True if "strike" in names else None
        run.font.superscript = True if "raised" in names else None
        if "code" in names:
            run.font.name = _CODE_FONT


def _spans(node: SyntaxTreeNode, marks: Marks) -> Iterator[Span]:
    """The characters under a node, in order."""
    raised = marks
    for child in node.children:
        match child.type:
            case "text" | "code_inline":
                yield child.content, raised | ({"code"} if child.type == "code_inline" else set())
            case "softbreak":
                yield " ", raised
            case "hardbreak":
                yield "\n", raised
            case "image":
                yield f"[{''.join(text for text, _ in _spans(child, raised))}]", raised
            case "html_inline":
                tag = child.content.lower()
                if tag.startswith("<br"):
                    yield "\n", raised
                elif tag in ("<sup>", "</sup>"):
                    raised = marks | ({"raised"} if tag == "<sup>" else set())
            case "link":
                words = list(_spans(child, raised))
                noted = NUMBER_LABEL.fullmatch("".join(text for text, _ in words))
                yield from [("[", raised), *words, ("]", raised)] if noted else words
                address = str(child.attrs["href"])
                if child.markup != "autolink" and not address.startswith("#"):
                    yield f" ({address})", raised
            case _:
                yield from _spans(child, raised | {_MARKS[child.type]} if child.type in _MARKS else raised)


def _told_apart(spans: Iterator[Span], brackets: tuple[str, str]) -> Iterator[Span]:
    """The same characters without `brackets`, those between them marked as generated."""
    generated = False
    for text, marks in spans:
        for piece in re.split(f"([{brackets[0]}{brackets[1]}])", text):
            if piece in brackets:
                generated = piece == brackets[0]
            elif piece:
                yield piece, marks | ({"generated"} if generated else set())
