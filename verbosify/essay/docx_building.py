"""A new .docx from Markdown: headings, lists, quotations, tables, code, emphasis, links, notes. Knows no essay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import count, groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from verbosify.essay.docx_editing import generated_style, xml_text
from verbosify.essay.docx_notes import NOTE_STYLE, add_footnote, add_footnotes_part, add_note_mark
from verbosify.essay.html_words import html_paragraphs
from verbosify.essay.markdown_tree import is_shown, markdown_tree, spans_of
from verbosify.essay.spans import Marks, Span, address_after

if TYPE_CHECKING:
    from docx.document import Document
    from markdown_it.tree import SyntaxTreeNode

_CODE_STYLE = "Code"
_CODE_FONT = "Courier New"
_DEEPEST_LIST = 3  # Word's template has styles for so many levels
_LOOKS = {"bold": "bold", "italic": "italic", "strike": "strike", "raised": "superscript", "lowered": "subscript"}
_LINK_STYLE = "Hyperlink"
_LINK_COLOUR = "0563C1"  # Word's own for links, 6:1 against white
_LONGEST_ADDRESS = 2000  # characters; Word opens no file with a link much longer


@dataclass(frozen=True, slots=True)
class _Target:
    """The document being built, and the part of it (its footnotes are another).

    Attributes:
        brackets: the characters that enclose generated text in the Markdown.
        generated: the id of that text's style.
        styles: the ids of all styles by name; python-docx would go through all of them for each paragraph.
        numbers: ids of numberings that are not taken.
        addresses: the relation of the part to each address that it links to.
    """

    document: Document
    part: Any
    brackets: tuple[str, str]
    generated: str
    styles: Mapping[str, str]
    numbers: Iterator[int]
    addresses: dict[str, str]

    def paragraph(self, style: str | None = None) -> Any:
        """A new one at the end of the document."""
        paragraph = self.document.add_paragraph()
        if style is not None:
            paragraph._p.style = self.styles[style]
        return paragraph


def build_docx(text: str, brackets: tuple[str, str], title: str) -> bytes:
    """A Word document of the Markdown `text`.

    What stands between the two characters `brackets` gets the character style Generated. Notes become footnotes,
    and pictures their descriptions in brackets; of HTML the words are kept, and how they are set.
    """
    from docx import api
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import RGBColor

    document = api.Document()
    document.core_properties.title = xml_text(title)[:255]
    document.core_properties.author = ""
    document.core_properties.comments = ""
    document.styles.add_style(_CODE_STYLE, WD_STYLE_TYPE.PARAGRAPH).font.name = _CODE_FONT
    link_style = document.styles.add_style(_LINK_STYLE, WD_STYLE_TYPE.CHARACTER, builtin=True)
    link_style.font.underline = True
    link_style.font.color.rgb = RGBColor.from_string(_LINK_COLOUR)
    generated = generated_style(document).style_id
    numbers = count(1 + max(num.numId for num in document.part.numbering_part.element.num_lst))
    target = _Target(document, document.part, brackets, generated, _style_ids(document), numbers, {})
    tree = markdown_tree(text)
    for node in tree.blocks:
        _add_block(target, node)
    if tree.notes:
        part = add_footnotes_part(document)
        _add_notes(replace(target, part=part, styles=_style_ids(document), addresses={}), tree.notes)
    saved = BytesIO()
    document.save(saved)
    return saved.getvalue()


def _style_ids(document: Document) -> dict[str, str]:
    return {style.name: style.style_id for style in document.styles}


def _add_notes(target: _Target, notes: Iterable[Iterable[SyntaxTreeNode]]) -> None:
    """The footnotes, each built at the end of the document, from where it goes into its part."""
    body = target.document.element.body
    before = body[-2]  # the last of what refers to notes; after it come the properties of the section
    for number, blocks in enumerate(notes, 1):
        for node in blocks:
            _add_block(target, node, NOTE_STYLE)
        add_footnote(target.part, number, list(before.itersiblings())[:-1])


def _add_block(target: _Target, node: SyntaxTreeNode, style: str | None = None, depth: int = 0) -> None:
    if not is_shown(node):
        return
    match node.type:
        case "heading":
            _add_spans(target, target.paragraph(f"Heading {node.tag[1:]}"), spans_of(node))
        case "paragraph" | "definition":
            _add_paragraph(target, spans_of(node), style)
        case "html_block":
            for spans in html_paragraphs(node.content):
                _add_paragraph(target, spans, style)
        case "footnote_reference":
            _add_unused_note(target, node, style, depth)
        case "bullet_list" | "ordered_list":
            _add_list(target, node, min(depth + 1, _DEEPEST_LIST))
        case "blockquote":
            for child in node.children:
                _add_block(target, child, "Quote", depth)
        case "fence" | "code_block":
            target.paragraph(_CODE_STYLE).add_run(xml_text(node.content.rstrip("\n")))
        case "table":
            _add_table(target, node)
        case "hr":
            from docx.enum.text import WD_ALIGN_PARAGRAPH

            paragraph = target.paragraph()
            paragraph.add_run("* * *")
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _add_paragraph(target: _Target, spans: list[Span], style: str | None) -> None:
    if spans:  # a picture without a description leaves none
        _add_spans(target, target.paragraph(style), spans)


def _add_unused_note(target: _Target, node: SyntaxTreeNode, style: str | None, depth: int) -> None:
    """A definition that no mark refers to stays where it is, its label before its words."""
    label = Span(f"[{node.meta['label']}] ")
    first = node.children[0] if node.children else None
    if first is None or first.type != "paragraph":
        _add_paragraph(target, [label], style)
    for child in node.children:
        if child is first and child.type == "paragraph":
            _add_paragraph(target, [label, *spans_of(child)], style)
        else:
            _add_block(target, child, style, depth)


def _add_list(target: _Target, node: SyntaxTreeNode, depth: int) -> None:
    level = f" {depth}" if depth > 1 else ""
    ordered = node.type == "ordered_list"
    style = ("List Number" if ordered else "List Bullet") + level
    number = _new_numbering(target, style, int(node.attrs.get("start", 1))) if ordered else None
    for item in node.children:
        for position, child in enumerate(item.children):
            if position > 0 or child.type != "paragraph":
                _add_block(target, child, f"List Continue{level}", depth)
                continue
            paragraph = target.paragraph(style)
            _add_spans(target, paragraph, spans_of(child))
            if number is not None:
                properties: Any = paragraph._p.get_or_add_pPr().get_or_add_numPr()
                properties.get_or_add_ilvl().val = 0
                properties.get_or_add_numId().val = number


def _new_numbering(target: _Target, style: str, start: int) -> int:
    """A numbering like that of the list style, which begins anew at `start`: its id."""
    from docx.oxml.numbering import CT_Num

    numbering: Any = target.document.part.numbering_part.element
    like: Any = target.document.styles[style].element.pPr.numPr.numId.val
    abstract = numbering.num_having_numId(like).abstractNumId.val
    new = CT_Num.new(next(target.numbers), abstract)  # type: ignore[no-untyped-call]
    new.add_lvlOverride(ilvl=0).add_startOverride(start)
    numbering.append(new)
    return int(new.numId)


def _add_table(target: _Target, node: SyntaxTreeNode) -> None:
    rows = [row for section in node.children for row in section.children]
    table = target.document.add_table(len(rows), len(rows[0].children), style="Table Grid")
    for row, cells in zip(rows, table.rows, strict=True):
        for source, cell in zip(row.children, cells.cells, strict=True):
            marks = frozenset({"bold"} if source.type == "th" else ())
            _add_spans(target, cell.paragraphs[0], spans_of(source, marks))


def _add_spans(target: _Target, paragraph: Any, spans: Iterable[Span]) -> None:
    for link, linked in groupby(_told_apart(spans, target.brackets), key=lambda span: span.link):
        place = _hyperlink(target, link) if link else None
        made: list[Any] = []
        words = ""
        for (marks, number, again), alike in groupby(linked, key=lambda span: (span.marks, span.note, span.again)):
            if number:
                made.append(add_note_mark(paragraph, number, again=again))
                continue
            text = "".join(" " if "soft" in span.marks else span.text for span in alike)
            words += text
            run = paragraph.add_run()
            _add_text(run, xml_text(text))
            _set_looks(target, run, marks, linked=place is not None)
            made.append(run._r)
        if place is not None:
            place.extend(made)
            paragraph._p.append(place)
        elif link:
            paragraph.add_run(xml_text(address_after(words, link)))


def _add_text(run: Any, text: str) -> None:
    for piece in re.split(r"([\n\t])", text):
        if piece == "\n":
            run.add_break()
        elif piece == "\t":
            run.add_tab()
        elif piece:
            run.add_text(piece)


def _hyperlink(target: _Target, link: str) -> Any:
    """An element that makes what is put into it a link; None if Word would refuse the address."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    if not _is_address(link):
        return None
    if link not in target.addresses:  # python-docx would go through all of them each time
        target.addresses[link] = f"address{len(target.addresses) + 1}"
        target.part.rels.add_relationship(RELATIONSHIP_TYPE.HYPERLINK, link, target.addresses[link], is_external=True)
    return OxmlElement("w:hyperlink", {qn("r:id"): target.addresses[link]})


def _is_address(link: str) -> bool:
    """Whether Word opens a document that links to it."""
    try:
        port = urlsplit(link).port
    except ValueError:
        return False
    return len(link) <= _LONGEST_ADDRESS and port != 0 and link == xml_text(link)


def _set_looks(target: _Target, run: Any, marks: Marks, *, linked: bool) -> None:
    if linked or "generated" in marks:
        run._r.style = target.generated if "generated" in marks else target.styles[_LINK_STYLE]
    for mark, name in _LOOKS.items():
        if mark in marks and not (mark == "lowered" and "raised" in marks):
            setattr(run.font, name, True)
    if "code" in marks:
        run.font.name = _CODE_FONT


def _told_apart(spans: Iterable[Span], brackets: tuple[str, str]) -> Iterator[Span]:
    """The same characters without `brackets`, those between them marked as generated."""
    generated = False
    for span in spans:
        if span.note:
            yield span
        for piece in re.split(f"([{brackets[0]}{brackets[1]}])", span.text):
            if piece in brackets:
                generated = piece == brackets[0]
            elif piece:
                yield replace(span, text=piece, marks=span.marks | ({"generated"} if generated else set()))
