"""A .docx with text put into its paragraphs, everything else in the file left as it is.

Knows which place comes after a character, not why something goes there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from io import BytesIO
from typing import TYPE_CHECKING, Any

from verbosify.essay.docx_reading import Atom, Element, W, atoms, docx_parts, open_docx

if TYPE_CHECKING:
    from docx.document import Document

GENERATED_STYLE = "Generated"
_GENERATED_COLOUR = "1F4E79"  # dark blue, 8.5:1 against white
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_NOTE_MARKS = frozenset(W + name for name in ("footnoteReference", "endnoteReference", "commentReference"))
_ENDINGS = frozenset(W + name for name in ("bookmarkEnd", "commentRangeEnd", "permEnd", "moveToRangeEnd", "proofErr"))
_DIVISIBLE = frozenset(W + name for name in ("hyperlink", "ins", "moveTo", "smartTag", "bdo", "dir"))
# What an inserted run takes over from the one it follows, in the order the schema wants.
_KEPT_PROPERTIES = ("rFonts", "sz", "szCs", "rtl", "cs", "lang")


def xml_text(text: str) -> str:
    """`text` without the characters that XML cannot hold."""
    return _NOT_XML.sub("", text)


def generated_style(document: Document) -> Any:
    """The character style for generated text, which is added if the document has none: bold and blue."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import RGBColor

    name = GENERATED_STYLE
    for style in document.styles:
        if style.name == name and style.type == WD_STYLE_TYPE.CHARACTER:
            return style
    while name in document.styles:  # a paragraph style of that name is somebody else's
        name += " text"
    style = document.styles.add_style(name, WD_STYLE_TYPE.CHARACTER)
    style.font.bold = True
    style.font.color.rgb = RGBColor.from_string(_GENERATED_COLOUR)
    return style


def edit_docx(source: bytes, name: str, insertions: Sequence[tuple[int, int, str]], note: str = "") -> bytes:
    """The document with `insertions`: (number of the block, offset in its text, text to put there).

    Each becomes a run of the character style Generated, in the font of the run before it, after the note and
    comment marks that follow that offset. `note` becomes the last paragraph.
    """
    document = open_docx(source, name)
    parts = list(docx_parts(document))
    style = generated_style(document).style_id if insertions else ""
    for block, offset, text in sorted(insertions, reverse=True):  # from the end, so that offsets stay true
        part = parts[block]
        _insert(part.element, offset + part.lead, xml_text(text), style)
    if note:
        document.add_paragraph(xml_text(note))
    saved = BytesIO()
    document.save(saved)
    return saved.getvalue()


def _insert(paragraph: Element, offset: int, text: str, style: str) -> None:
    before = next(atom for atom in reversed(atoms(paragraph)) if atom.start < offset)
    if before.element is not before.run:
        _split_run(before, offset - before.start)
    _place_after(paragraph, before.run).addnext(_run(text, style, before.run))


def _split_run(atom: Atom, length: int) -> None:
    """Move what follows the first `length` characters of `atom`, and the note marks there, into a run of its own."""
    run, last = atom.run, atom.element
    rest = run.makeelement(run.tag, dict(run.attrib))
    if length < len(atom.text):
        remainder = last.makeelement(last.tag, {_XML_SPACE: "preserve"})
        remainder.text, last.text = last.text[length:], last.text[:length]
        last.set(_XML_SPACE, "preserve")
        rest.append(remainder)
    else:
        while (following := last.getnext()) is not None and following.tag in _NOTE_MARKS:
            last = following
    for following in list(last.itersiblings()):
        rest.append(following)
    if len(rest):
        properties = run.find(W + "rPr")
        if properties is not None:
            rest.insert(0, deepcopy(properties))
        run.addnext(rest)


def _place_after(paragraph: Element, element: Element) -> Element:
    """The element to insert after: past endings and note marks, and out of links and tracked insertions."""
    while True:
        following = element.getnext()
        parent = element.getparent()
        if following is not None and _is_ending(following):
            element = following
        elif parent is paragraph or (following is not None and parent.tag not in _DIVISIBLE):
            return element
        else:
            if following is not None:
                rest = parent.makeelement(parent.tag, dict(parent.attrib))
                rest.extend(list(element.itersiblings()))
                parent.addnext(rest)
            element = parent


def _is_ending(element: Element) -> bool:
    """Whether nothing can be seen of `element` but a note mark, and nothing begins with it."""
    if element.tag in _ENDINGS:
        return True
    return element.tag == W + "r" and all(
        child.tag in _NOTE_MARKS or child.tag == W + "rPr" or child.get(W + "fldCharType") == "end" for child in element
    )


def _run(text: str, style: str, model: Element) -> Element:
    """A run of `text` in a character style, with the font, size and language of the run `model`."""
    run = model.makeelement(W + "r")
    properties = run.makeelement(W + "rPr")
    properties.append(properties.makeelement(W + "rStyle", {W + "val": style}))
    for name in _KEPT_PROPERTIES:
        kept = model.find(f"{W}rPr/{W}{name}")
        if kept is not None:
            properties.append(deepcopy(kept))
    words = run.makeelement(W + "t", {_XML_SPACE: "preserve"})
    words.text = text
    run.extend([properties, words])
    return run
