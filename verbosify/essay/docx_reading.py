"""What a .docx holds, in document order: its paragraphs, tables and text boxes, and what each is for.

Reads with python-docx and its XML, since its `paragraph.text` leaves out insertions that track changes.
Knows nothing of essays' other formats.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from verbosify.essay.blocks import Block, BlockKind
from verbosify.essay.docx_fields import listed_by_fields
from verbosify.essay.docx_package import open_docx
from verbosify.essay.docx_styles import Element, Role, Styles, W, own_property
from verbosify.essay.docx_text import (
    BREAK,
    Atom,
    atoms,
    blocks_in,
    joined,
    paragraphs_in,
    table_rows,
    text_boxes,
    text_of,
)
from verbosify.essay.headings import HEADING_LENGTH, looks_like_heading
from verbosify.essay.list_items import item_lines
from verbosify.words import plain_words

if TYPE_CHECKING:
    from docx.document import Document

__all__ = ["Part", "Role", "docx_parts", "open_docx", "read_docx"]

_PARAGRAPH_BREAK = re.compile(r"\n(?:(?:[^\S\n]|[\u200b\ufeff])*\n)+")
_QUESTION = re.compile(r"[?!:؟？！：][\s\"'”’»›)\]*_]*$")
_INNER_STOP = re.compile(r"[^\W\d_]{3}\.[\"'”’»)]*\s")


@dataclass(frozen=True, slots=True)
class Part:
    """One paragraph, table or text box that has text; half of a paragraph that two line breaks cut in two.

    Attributes:
        role: what it is for; `prose` alone is split into sentences.
        level: of a heading, from 1; else 0.
        text: all of it, white space at its ends included.
        element: its `w:p`, `w:tbl` or `w:txbxContent`.
        atoms: its characters; those of a paragraph that begins with a drop cap come from two of `w:p`. Empty for a
            table and a text box.
    """

    role: Role
    level: int
    text: str
    element: Element
    atoms: Sequence[Atom] = ()

    @property
    def lead(self) -> int:
        """How many characters of white space stand before its words."""
        return len(self.text) - len(self.text.lstrip())


def read_docx(source: bytes, name: str) -> tuple[str, list[Block]]:
    """The text of a .docx, blocks joined by blank lines, and the blocks.

    Raises:
        EssayError: the bytes are not a Word document, or would unpack to an unreasonable size.
    """
    texts: list[str] = []
    blocks: list[Block] = []
    position = 0
    for part in docx_parts(open_docx(source, name)):
        text = part.text.strip()
        kind: BlockKind = "paragraph" if part.role == "prose" else "heading" if part.role == "heading" else "verbatim"
        blocks.append(Block(kind, position, position + len(text), part.level))
        texts.append(text)
        position += len(text) + 2
    return "\n\n".join(texts), blocks


def docx_parts(document: Document) -> list[Part]:
    """All of the body that has text, in order; a text box comes after what it is anchored in."""
    styles = Styles(document)
    return _with_typed_lists([part for part in _parts(document.element.body, styles) if part.text.strip()])


def _with_typed_lists(parts: list[Part]) -> list[Part]:
    """`parts` with the items of lists whose marks were typed made `other`, unless that would leave no prose."""
    items = item_lines([part.text.split(BREAK, 1)[0].strip() if part.role == "prose" else "" for part in parts])
    if all(item for part, item in zip(parts, items, strict=True) if part.role == "prose"):
        return parts
    return [replace(part, role="other") if item else part for part, item in zip(parts, items, strict=True)]


def _parts(body: Element, styles: Styles) -> Iterator[Part]:
    for elements, made in _with_drop_caps(body):
        element = elements[-1]
        if element.tag == W + "tbl":
            yield Part("table", 0, _table_text(element, styles), element)
        else:
            found = joined(atom for each in elements for atom in atoms(each, styles))
            role, level = styles.role(element)
            if made and role != "heading":
                role = "other"
            if role == "prose":
                yield from _prose(found, element, styles)
            else:
                yield Part(role, level, text_of(found), element, found)
        for each in elements:
            for box in text_boxes(each, styles):
                yield Part("other", 0, _box_text(box, styles), box)


def _with_drop_caps(body: Element) -> Iterator[tuple[list[Element], bool]]:
    """Tables and paragraphs, a drop cap (which is a `w:p` of its own) together with the paragraph it begins."""
    capitals: list[Element] = []
    blocks = list(blocks_in(body))
    listed = listed_by_fields(element for element, _ in blocks if element.tag == W + "p")
    for element, in_list in blocks:
        made = in_list or element in listed
        if _is_drop_cap(element):
            capitals.append(element)
        elif capitals and element.tag == W + "tbl":
            yield capitals, made
            yield [element], made
            capitals = []
        elif next(element.iter(W + "t"), None) is None:  # an empty line between the two
            yield [element], made
        else:
            yield [*capitals, element], made
            capitals = []
    if capitals:
        yield capitals, False


def _is_drop_cap(element: Element) -> bool:
    frame = own_property(element, "framePr")
    return frame is not None and frame.get(W + "dropCap") in ("drop", "margin")


def _prose(found: Sequence[Atom], paragraph: Element, styles: Styles) -> Iterator[Part]:
    """A paragraph, cut where two line breaks, or the end of a page, stand for the end of one."""
    text = text_of(found)
    starts = [atom.start for atom in found]
    breaks = [match.span() for match in _PARAGRAPH_BREAK.finditer(text)]
    ends = [0, *(offset for span in breaks for offset in span), len(text)]
    for start, end in zip(ends[::2], ends[1::2], strict=True):
        piece = joined(found[bisect_left(starts, start) : bisect_left(starts, end)])
        role: Role = "heading" if _looks_like_heading(piece, paragraph, styles) else "prose"
        yield Part(role, 2 if role == "heading" else 0, text[start:end], paragraph, piece)


def _looks_like_heading(piece: Sequence[Atom], paragraph: Element, styles: Styles) -> bool:
    """Whether a short line stands out, as a heading does where nobody used a style; it may be a question."""
    text = text_of(piece).strip()
    if len(text) > HEADING_LENGTH or not plain_words(text):
        return False
    asked = _QUESTION.search(text)
    line = text[: asked.start()] if asked and not _INNER_STOP.search(text) else text
    return looks_like_heading(line) and (text.isupper() or _stands_out(piece, paragraph, styles))


def _stands_out(piece: Sequence[Atom], paragraph: Element, styles: Styles) -> bool:
    """Whether a line is in the middle of the page, or every word of it is set bold, larger or underlined by hand."""
    runs = {atom.run for atom in piece if atom.text.strip()}
    style = styles.of_paragraph(paragraph)
    return (
        styles.is_centred(paragraph)
        or all(styles.makes_bold(run, style) for run in runs)
        or all(styles.enlarges(run) for run in runs)
        or all((line := own_property(run, "u")) is not None and line.get(W + "val") != "none" for run in runs)
    )


def _box_text(box: Element, styles: Styles) -> str:
    lines = (text_of(atoms(paragraph, styles)).strip() for paragraph in paragraphs_in(box))
    return BREAK.join(filter(None, lines))


def _table_text(table: Element, styles: Styles) -> str:
    return "\n".join(" | ".join(_cell_text(cell, styles) for cell in row) for row in table_rows(table))


def _cell_text(cell: Element, styles: Styles) -> str:
    return " ".join(text_of(atoms(paragraph, styles)) for paragraph in paragraphs_in(cell)).strip()
