"""How the characters of a .docx are set: emphasis, links, notes and pictures, paragraph by paragraph.

Which characters there are it has from `docx_text`; it knows no format that they may be written in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verbosify.essay.docx_reading import Part
from verbosify.essay.docx_styles import Element, Styles, W, property_of
from verbosify.essay.docx_text import atoms, blocks_in, paragraphs_in, table_rows
from verbosify.essay.spans import PLAIN, Marks, Span

if TYPE_CHECKING:
    from docx.document import Document

Paragraphs = list[list[Span]]

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_EMBEDDED = "{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_DRAWINGS = frozenset((W + "drawing", W + "pict", _ALTERNATIVES))
_NOTES = {W + "footnoteReference": "footnotes", W + "endnoteReference": "endnotes"}
_LEFT_OUT = frozenset(W + name for name in ("del", "moveFrom", "pPr", "sdtPr", "sdtEndPr", "txbxContent"))
_SWITCHES = {"b": "bold", "i": "italic", "strike": "strike", "dstrike": "strike"}
_RAISED = {"superscript": "raised", "subscript": "lowered"}
_CODE_FONT = re.compile(r"courier|consolas|menlo|monaco|\bmono(?:space)?\b", re.IGNORECASE)
_CODE_STYLE = re.compile(r"code|verbatim|preformatted", re.IGNORECASE)
_HYPERLINK = re.compile(r'\s*HYPERLINK\s+(?:"([^"]*)"|([^\s\\"]\S*))', re.IGNORECASE)
_REFUSED = re.compile(r"\s*(?:javascript|vbscript|file|data):|#|\Z", re.IGNORECASE)  # by readers of Markdown too


@dataclass(slots=True)
class _Field:
    """A field of Word's: its instruction, whether what it shows has begun, and where that links to, if anywhere."""

    address: str
    instruction: str = ""
    shown: bool = False

    def show(self) -> None:
        """What follows is shown; a field without an address has that of the one around it."""
        self.shown = True
        found = _HYPERLINK.match(self.instruction)
        address = (found[1] or found[2] or "").replace("\\\\", "\\") if found else ""
        self.address = _address(address) or self.address


@dataclass(slots=True)
class RichPart:
    """A part of a .docx with its looks.

    Attributes:
        part: the part.
        paragraphs: its characters; of a text box, those of each paragraph.
        rows: of a table, the paragraphs of each cell of each row.
    """

    part: Part
    paragraphs: Paragraphs
    rows: list[list[Paragraphs]]


@dataclass(frozen=True, slots=True)
class RichDocument:
    """A .docx with its looks.

    Attributes:
        parts: its parts.
        pictures: the descriptions of pictures that stand alone, by the number of the part before which they do.
        notes: the paragraphs of each note, in the order in which they are referred to: note `n` is `notes[n - 1]`.
    """

    parts: list[RichPart]
    pictures: dict[int, list[Span]]
    notes: list[Paragraphs]


def rich_document(document: Document, parts: Sequence[Part]) -> RichDocument:
    """The `parts` of a document with their looks. Foot- and endnotes are one list."""
    reader = _Reader(document)
    found = [RichPart(part, [[]] if part.atoms else [], []) for part in parts]
    owners = {atom.element: number for number, part in enumerate(parts) for atom in part.atoms}
    texts = {atom.element: atom.text for part in parts for atom in part.atoms}
    walked: set[Element] = set()
    for number, part in enumerate(parts):
        if part.element.tag == W + "tbl":
            found[number].rows = [[reader.paragraphs_in(cell) for cell in row] for row in table_rows(part.element)]
        elif not part.atoms:
            found[number].paragraphs = reader.paragraphs_in(part.element)
        for paragraph in dict.fromkeys(next(atom.element.iterancestors(W + "p")) for atom in part.atoms):
            if paragraph not in walked:  # all the parts that it was cut into
                walked.add(paragraph)
                owner = number
                for element, span in reader.leaves(paragraph, texts):
                    owner = owners.get(element, owner)
                    found[owner].paragraphs[0].append(span)
    return RichDocument(found, _pictures_alone(document, parts, reader), reader.notes)


def _pictures_alone(document: Document, parts: Sequence[Part], reader: _Reader) -> dict[int, list[Span]]:
    known: dict[Element, int] = {}
    for number, part in enumerate(parts):
        known.setdefault(part.element, number)
    alone: dict[int, list[Span]] = {}
    waiting: list[Span] = []
    for element, _ in blocks_in(document.element.body):
        if element in known:
            if waiting:
                alone[known[element]] = waiting
            waiting = []
        else:
            waiting += reader.pictures(element)
    return alone | ({len(parts): waiting} if waiting else {})


class _Reader:
    """Where in a document one has got; `notes` are those referred to so far."""

    def __init__(self, document: Document) -> None:
        self.notes: list[Paragraphs] = []
        self._styles = Styles(document)
        self._part: Any = document.part  # whose relations hold the addresses: a note's are its own part's
        related = [rel for rel in document.part.rels.values() if not rel.is_external]
        self._note_parts = {rel.reltype.rpartition("/")[2]: rel.target_part for rel in related}
        self._note_elements: dict[str, dict[str | None, Element]] = {}
        self._numbers: dict[tuple[str, str | None], int] = {}
        self._fields: list[_Field] = []

    def paragraphs_in(self, parent: Element) -> Paragraphs:
        """Each paragraph in a cell, a text box or a note."""
        found = []
        for paragraph in paragraphs_in(parent):
            texts = {atom.element: atom.text for atom in atoms(paragraph, self._styles)}
            found.append([span for _, span in self.leaves(paragraph, texts)])
        return found

    def leaves(self, paragraph: Element, texts: Mapping[Element, str]) -> Iterator[tuple[Element, Span]]:
        """The spans of a `w:p` and the element each comes from, given the characters of those that have any."""
        self._fields = []
        yield from self._within(paragraph, self._styles.of_paragraph(paragraph), texts, "")

    def _within(
        self, parent: Element, style: str | None, texts: Mapping[Element, str], link: str
    ) -> Iterator[tuple[Element, Span]]:
        for child in parent:
            if child.tag == W + "r":
                yield from self._run(child, style, texts, link)
            elif child in texts:
                yield child, Span(texts[child], PLAIN, link or self._field_address())
            elif child.tag == W + "hyperlink":
                yield from self._within(child, style, texts, self._address_of(child) or link)
            elif child.tag == W + "fldSimple":
                field = _Field(link, child.get(W + "instr") or "")
                field.show()
                yield from self._within(child, style, texts, field.address)
            elif isinstance(child.tag, str) and child.tag not in _LEFT_OUT and not child.tag.startswith(_MATH):
                yield from self._within(child, style, texts, link)

    def _run(
        self, run: Element, style: str | None, texts: Mapping[Element, str], link: str
    ) -> Iterator[tuple[Element, Span]]:
        hidden = self._styles.hides(run, style)
        marks = self._marks(run)
        for leaf in run:
            if leaf.tag == W + "fldChar":
                self._turn_field(leaf.get(W + "fldCharType"))
            elif leaf.tag == W + "instrText" and self._fields and not self._fields[-1].shown:
                self._fields[-1].instruction += leaf.text or ""
            elif hidden:
                continue
            elif leaf in texts:
                yield leaf, Span(texts[leaf], marks, link or self._field_address())
            elif leaf.tag in _NOTES:
                if note := self._note(_NOTES[leaf.tag], leaf.get(W + "id")):
                    yield leaf, note
            elif leaf.tag in _DRAWINGS:
                for picture in self.pictures(leaf):
                    yield leaf, picture

    def _turn_field(self, kind: str | None) -> None:
        if kind == "begin":
            self._fields.append(_Field(self._field_address()))
        elif kind == "separate" and self._fields:
            self._fields[-1].show()
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _field_address(self) -> str:
        return self._fields[-1].address if self._fields else ""

    def _address_of(self, hyperlink: Element) -> str:
        """The address of a `w:hyperlink`; of a link within the document, nothing."""
        relation = self._part.rels.get(hyperlink.get(_R + "id"))
        if relation is None or not relation.is_external:
            return ""
        place = hyperlink.get(W + "anchor")
        return _address(f"{relation.target_ref}#{place}" if place else relation.target_ref)

    def _note(self, kind: str, identifier: str | None) -> Span | None:
        """The mark of a note that has words; its paragraphs are read when it is met first."""
        key = (kind, identifier)
        if key in self._numbers:
            return Span("", PLAIN, "", self._numbers[key], again=True)
        part = self._note_parts.get(kind)
        if part is None or part is self._part or self._part in self._note_parts.values():
            return None
        if kind not in self._note_elements:
            self._note_elements[kind] = _notes_in(part.blob)
        element = self._note_elements[kind].get(identifier)
        if element is None:
            return None
        around, self._part = (self._part, self._fields), part
        paragraphs = [spans for spans in self.paragraphs_in(element) if any(span.text.strip() for span in spans)]
        self._part, self._fields = around
        if not paragraphs:
            return None
        self.notes.append(paragraphs)
        self._numbers[key] = len(self.notes)
        return Span("", PLAIN, "", len(self.notes))

    def _marks(self, run: Element) -> Marks:
        """How a run is set by itself or by a style of its own, and not by its paragraph."""
        marks = {mark for name, mark in _SWITCHES.items() if self._styles.switches(run, name)}
        raised = _RAISED.get(property_of(run, "rPr/vertAlign") or "")
        fonts = run.find(f"{W}rPr/{W}rFonts")
        coded = _CODE_FONT.search((fonts.get(W + "ascii") or "") if fonts is not None else "")
        if coded or _CODE_STYLE.search(property_of(run, "rPr/rStyle") or ""):
            marks.add("code")
        return frozenset(marks | {raised} if raised else marks)

    def pictures(self, element: Element) -> Iterator[Span]:
        """The description of each picture in an element, and as its link the name of its file."""
        for properties in element.iter(_PICTURE):
            words = " ".join((properties.get("descr") or properties.get("title") or "").split())
            if words:
                blip = next(properties.getparent().iter(_EMBEDDED), None)
                relation = self._part.rels.get(blip.get(_R + "embed")) if blip is not None else None
                name = relation.target_ref.rpartition("/")[2] if relation is not None else ""
                yield Span(words, frozenset({"picture"}), name)


def _notes_in(source: bytes) -> dict[str | None, Element]:
    from docx.oxml.parser import parse_xml

    try:
        return {note.get(W + "id"): note for note in parse_xml(source)}
    except SyntaxError:  # no XML; Word shows the text without its notes
        return {}


def _address(link: str) -> str:
    return "" if _REFUSED.match(link) else link.strip()
