"""The characters of a .docx as a reader sees them, and which XML element each comes from. Knows no roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from verbosify.essay.docx_styles import Element, Styles, W, is_on, own_property, property_of

BREAK = "\n"
"""What a line break reads as; a page or column break reads as two."""

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_BOX = W + "txbxContent"
_CONTAINERS = frozenset(
    W + name
    for name in ("hyperlink", "ins", "moveTo", "smartTag", "sdt", "sdtContent", "fldSimple", "customXml", "bdo", "dir")
)
_WRAPPERS = frozenset(W + name for name in ("sdtContent", "customXml", "ins", "moveTo"))
_GONE = frozenset(W + name for name in ("del", "moveFrom"))
_CHARACTERS = {
    W + "tab": "\t", W + "ptab": "\t", W + "cr": BREAK, W + "noBreakHyphen": "\u2011", W + "softHyphen": "\u00ad",
}  # fmt: skip
_BREAKS = {None: BREAK, "textWrapping": BREAK, "page": BREAK * 2, "column": BREAK * 2}
_ONE_LINE = str.maketrans("\n\r\t", "   ")  # in the words of a run these are plain white space
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Atom:
    """Characters that come from one element: a `w:t`, a tab, a line break, a word with furigana, a formula.

    Attributes:
        start: their offset in the text of a paragraph or part.
        text: the characters.
        element: where they come from; a `w:t` alone can be cut.
        run: the `w:r` around it (the element itself, where there is none).
    """

    start: int
    text: str
    element: Element
    run: Element


def atoms(paragraph: Element, styles: Styles) -> list[Atom]:
    """The characters of a `w:p`: insertions are there; deletions, hidden runs and placeholders are not.

    Raised digits become superscript characters, so that a note's number can be told from a year's.
    """
    return joined(
        Atom(0, text, element, run) for text, element, run in _leaves(paragraph, styles.of_paragraph(paragraph), styles)
    )


def joined(pieces: Iterable[Atom]) -> list[Atom]:
    """Atoms in a row, each starting where the one before ends."""
    found = []
    position = 0
    for atom in pieces:
        found.append(replace(atom, start=position))
        position += len(atom.text)
    return found


def text_of(pieces: Iterable[Atom]) -> str:
    """The characters of atoms in a row."""
    return "".join(atom.text for atom in pieces)


def blocks_in(parent: Element) -> Iterator[tuple[Element, bool]]:
    """Each `w:p` and `w:tbl` of a body, a cell or a text box, content controls opened, placeholders left out.

    With it, whether it stands in a table of contents or a list of sources that Word made.
    """
    return _blocks(parent, made=False)


def _blocks(parent: Element, *, made: bool) -> Iterator[tuple[Element, bool]]:
    for child in parent:
        if child.tag in (W + "p", W + "tbl"):
            yield child, made
        elif child.tag == W + "sdt":
            if not _is_placeholder(child):
                yield from _blocks(child, made=made or _is_made(child))
        elif child.tag in _WRAPPERS:
            yield from _blocks(child, made=made)
        elif child.tag == _ALTERNATIVES:
            yield from _blocks(_branch(child), made=made)


def text_boxes(element: Element, styles: Styles) -> Iterator[Element]:
    """Each `w:txbxContent` anchored in a `w:p` or `w:tbl` that a reader sees, once."""
    if next(element.iter(_BOX), None) is not None:
        style = styles.of_paragraph(element) if element.tag == W + "p" else None
        yield from _boxes(element, style, styles)


def _boxes(parent: Element, style: str | None, styles: Styles) -> Iterator[Element]:
    for child in parent:
        if child.tag == _BOX:
            yield child
        elif child.tag == _ALTERNATIVES:
            yield from _boxes(_branch(child), style, styles)
        elif child.tag == W + "p":
            yield from _boxes(child, styles.of_paragraph(child), styles)
        elif child.tag not in _GONE and not (child.tag == W + "r" and styles.hides(child, style)):
            yield from _boxes(child, style, styles)


def table_rows(table: Element) -> list[list[Element]]:
    """The cells of each row of a `w:tbl`, in content controls too; hidden and deleted rows are not there."""
    return [list(_opened(row, W + "tc")) for row in _opened(table, W + "tr") if not _is_gone(row)]


def paragraphs_in(parent: Element) -> Iterator[Element]:
    """The paragraphs of a cell or a text box, those of tables in it too."""
    if any(map(_is_placeholder, parent.iterancestors(W + "sdt"))):
        return
    for element, _ in blocks_in(parent):
        if element.tag == W + "p":
            yield element
        else:
            for row in table_rows(element):
                for cell in row:
                    yield from paragraphs_in(cell)


def _opened(parent: Element, tag: str) -> Iterator[Element]:
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS or child.tag == W + "sdt":
            yield from _opened(child, tag)


def _is_gone(row: Element) -> bool:
    marks = (row.find(f"{W}trPr/{W}{name}") for name in ("hidden", "del"))
    return any(mark is not None and is_on(mark) for mark in marks)


def _leaves(parent: Element, style: str | None, styles: Styles) -> Iterator[tuple[str, Element, Element]]:
    """Text, its element and its run, in order, of what has text."""
    for child in parent:
        if child.tag == W + "r":
            if not styles.hides(child, style):
                for leaf in child:
                    if text := _text(leaf, child, style, styles):
                        yield text, leaf, child
        elif child.tag == W + "sdt" and _is_placeholder(child):
            continue
        elif child.tag in _CONTAINERS:
            yield from _leaves(child, style, styles)
        elif text := _whole_text(child, style, styles):
            yield text, child, child


def _text(leaf: Element, run: Element, style: str | None, styles: Styles) -> str:
    """What a child of a run reads as."""
    if leaf.tag == W + "t":
        text = (leaf.text or "").translate(_ONE_LINE)
        if not text.strip().isdigit() or (place := own_property(run, "vertAlign")) is None:
            return text
        return text.translate(_SUPERSCRIPTS) if place.get(W + "val") == "superscript" else text
    if leaf.tag == W + "br":
        return _BREAKS.get(leaf.get(W + "type"), "")
    if leaf.tag == W + "ruby":
        return "".join(_joined_text(base, style, styles) for base in leaf.iterchildren(W + "rubyBase"))
    if leaf.tag == _ALTERNATIVES:  # of an emoji, say
        return "".join(_text(each, run, style, styles) for each in _branch(leaf))
    return _CHARACTERS.get(leaf.tag, "")


def _whole_text(element: Element, style: str | None, styles: Styles) -> str:
    """What an element between runs reads as that is never cut."""
    if element.tag in (_MATH + "oMath", _MATH + "oMathPara"):
        return "".join(symbol.text or "" for symbol in element.iter(_MATH + "t")).translate(_ONE_LINE)
    return _joined_text(_branch(element), style, styles) if element.tag == _ALTERNATIVES else ""


def _joined_text(parent: Element, style: str | None, styles: Styles) -> str:
    return "".join(text for text, _, _ in _leaves(parent, style, styles))


def _branch(alternatives: Element) -> Element:
    """The first branch of an `mc:AlternateContent` that has words, so that none are read twice; or no elements."""
    return next((branch for branch in alternatives if next(branch.iter(W + "t", _MATH + "t"), None) is not None), ())


def _is_placeholder(control: Element) -> bool:
    """Whether a content control shows what it wants written, and nothing is."""
    shown = control.find(f"{W}sdtPr/{W}showingPlcHdr")
    return shown is not None and is_on(shown)


def _is_made(control: Element) -> bool:
    properties = control.find(W + "sdtPr")
    if properties is None:
        return False
    gallery = (property_of(properties, "docPartObj/docPartGallery") or "").lower()
    return "table of" in gallery or "bibliograph" in gallery or properties.find(W + "bibliography") is not None
