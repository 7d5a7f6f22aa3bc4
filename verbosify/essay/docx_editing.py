"""A .docx with text put into its paragraphs, everything else in the file left as it is.

Knows which place comes after a character, not why something goes there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from copy import deepcopy
from io import BytesIO
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

from verbosify.essay.docx_package import open_docx
from verbosify.essay.docx_reading import Part, docx_parts
from verbosify.essay.docx_styles import Element, Styles, W, own_properties, own_property
from verbosify.essay.docx_text import Atom

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
_KEPT_PROPERTIES = ("rFonts", "vanish", "sz", "szCs", "rtl", "cs", "lang")


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
    parts = docx_parts(document)
    style = generated_style(document).style_id if insertions else ""
    styles = Styles(document)
    of_parts = groupby(sorted(insertions, key=lambda each: each[:2]), key=lambda each: each[0])
    for number, inserted in reversed([(number, list(inserted)) for number, inserted in of_parts]):
        part = parts[number]
        _insert(part, [(offset + part.lead, xml_text(text)) for _, offset, text in inserted], style, styles)
    if note:
        document.add_paragraph(xml_text(note))
    saved = BytesIO()
    document.save(saved)
    return saved.getvalue()


def _insert(part: Part, insertions: Sequence[tuple[int, str]], style: str, styles: Styles) -> None:
    """Put texts at offsets of a part's text, in order; from its end, so that what comes before stays whole."""
    paragraph_style = styles.of_paragraph(part.element)
    starts = [atom.start for atom in part.atoms]
    of_atoms = groupby(insertions, key=lambda each: bisect_left(starts, each[0]) - 1)
    for number, inserted in reversed([(number, list(inserted)) for number, inserted in of_atoms]):
        atom = part.atoms[number]
        ends = _divided(atom, sorted({offset - atom.start for offset, _ in inserted}))
        for offset, text in reversed(inserted):
            run = _run(text, style, atom.run)
            _place_after(ends[offset - atom.start]).addnext(run)
            if styles.hides(run, paragraph_style):
                _show(run)
            _release(run)


def _divided(atom: Atom, offsets: Sequence[int]) -> dict[int, Element]:
    """The runs that end at `offsets` (in order, from 1) of an atom, its run divided there.

    Note marks that follow stay with the words before them. What is not a `w:t` is not cut: whatever the offset,
    its run ends after it.
    """
    run, element = atom.run, atom.element
    if element is run:
        return dict.fromkeys(offsets, run)
    following = list(element.itersiblings())
    ends = dict.fromkeys(offsets, run)
    last = run
    if element.tag == W + "t":
        text = element.text or ""
        _set_words(element, text[: offsets[0]])
        for start, end in pairwise(offsets):
            last = ends[end] = _run_after(last, [_set_words(element.makeelement(element.tag), text[start:end])])
        if rest := text[offsets[-1] :]:
            following.insert(0, _set_words(element.makeelement(element.tag), rest))
    while following and following[0].tag in _NOTE_MARKS:
        last.append(following.pop(0))
    if following:
        _run_after(last, following)
    return ends


def _set_words(element: Element, words: str) -> Element:
    element.text = words
    element.set(_XML_SPACE, "preserve")
    return element


def _run_after(run: Element, content: Sequence[Element]) -> Element:
    """A run of `content` after a run and in its looks."""
    new = run.makeelement(run.tag, dict(run.attrib))
    properties = own_properties(run)
    if properties is not None:
        new.append(deepcopy(properties))
    new.extend(content)
    run.addnext(new)
    return new


def _place_after(element: Element) -> Element:
    """The element to insert after: past endings and note marks, and out of links and tracked insertions."""
    while True:
        following = element.getnext()
        parent = element.getparent()
        if following is not None and _is_ending(following):
            element = following
        elif parent.tag == W + "p" or (following is not None and parent.tag not in _DIVISIBLE):
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
        kept = own_property(model, name)
        if kept is not None:
            properties.append(deepcopy(kept))
    run.extend([properties, _set_words(run.makeelement(W + "t"), text)])
    return run


def _show(run: Element) -> None:
    """Say of an inserted run that it is not hidden, where a style would hide it."""
    properties = run[0]
    place = 2 if len(properties) > 1 and properties[1].tag == W + "rFonts" else 1
    properties.insert(place, properties.makeelement(W + "vanish", {W + "val": "0"}))


def _release(run: Element) -> None:
    """Free the content controls around a run from what would overwrite it, or allow it no looks of its own."""
    for control in run.iterancestors(W + "sdt"):
        for binding in control.findall(f"{W}sdtPr/*"):
            if binding.tag == W + "text" or binding.tag.endswith("}dataBinding"):
                binding.getparent().remove(binding)
