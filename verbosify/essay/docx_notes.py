"""Footnotes for a new .docx, which python-docx has no words for. Knows not what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docx.document import Document
    from docx.parts.story import StoryPart

NOTE_STYLE = "footnote text"
_MARK_STYLE = "footnote reference"
_MARK_STYLE_ID = "FootnoteReference"
_SEPARATORS = (("separator", -1), ("continuationSeparator", 0))


def add_footnotes_part(document: Document) -> StoryPart:
    """The part of a document that holds its footnotes, with the lines that Word draws above them; and their styles."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.parts.story import StoryPart
    from docx.shared import Pt

    text_style = document.styles.add_style(NOTE_STYLE, WD_STYLE_TYPE.PARAGRAPH, builtin=True)
    text_style.base_style = document.styles["Normal"]
    text_style.font.size = Pt(10)
    mark_style = document.styles.add_style(_MARK_STYLE, WD_STYLE_TYPE.CHARACTER, builtin=True)
    mark_style.element.set(_w("styleId"), _MARK_STYLE_ID)
    mark_style.font.superscript = True
    root = _element("footnotes")
    for kind, number in _SEPARATORS:
        root.append(_element("footnote", _element("p", _element("r", _element(kind))), type=kind, id=number))
    package: Any = document.part.package
    part = StoryPart(PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, root, package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    return part


def add_note_mark(paragraph: Any, number: int, *, again: bool) -> Any:
    """The mark of footnote `number` at the end of a paragraph; its number alone, if the note has a mark already."""
    if again:
        run = paragraph.add_run(str(number))
        run.font.superscript = True
        return run._r
    mark = _mark(_element("footnoteReference", id=number))
    paragraph._p.append(mark)
    return mark


def add_footnote(part: StoryPart, number: int, blocks: Sequence[Any]) -> None:
    """Footnote `number`, made of the elements of blocks, which leave the place they have had."""
    note = _element("footnote", *blocks, id=number)
    if not blocks or blocks[0].tag != _w("p"):
        note.insert(0, _element("p"))
    if note[-1].tag != _w("p"):  # as in a cell, the last element is a paragraph
        note.append(_element("p"))
    properties = note[0].find(_w("pPr"))
    space = _element("r", _element("t"))
    space[0].text = " "
    space[0].set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    place = 0 if properties is None else 1
    note[0].insert(place, _mark(_element("footnoteRef")))
    note[0].insert(place + 1, space)
    part.element.append(note)


def _mark(element: Any) -> Any:
    return _element("r", _element("rPr", _element("rStyle", val=_MARK_STYLE_ID)), element)


def _element(name: str, *children: Any, **attributes: object) -> Any:
    from docx.oxml.parser import OxmlElement

    element = OxmlElement(f"w:{name}", {_w(each): str(value) for each, value in attributes.items()})
    element.extend(children)
    return element


def _w(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{name}"))
