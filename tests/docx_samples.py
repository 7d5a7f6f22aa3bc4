"""Word documents for tests, built with python-docx and, where it has no words for a thing, raw XML."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from docx import Document
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
SHAPES = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:w16se="http://schemas.microsoft.com/office/word/2015/wordml/symex" '
    'xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"'
)

FOOTNOTES = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:footnotes {W}><w:footnote w:id="2"><w:p><w:r><w:t>A note of the writer's.</w:t></w:r></w:p></w:footnote></w:footnotes>
"""


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def control(content: str, properties: str = "") -> str:
    """A content control."""
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


PLACEHOLDER = "<w:showingPlcHdr/>"
CONTENTS = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/><w:docPartUnique/></w:docPartObj>'


def drawn_box(content: str) -> str:
    """A run with a text box, as Word draws it today."""
    return (
        '<w:r><w:drawing><wp:inline><a:graphic><a:graphicData uri="x"><wps:wsp><wps:txbx>'
        f"<w:txbxContent>{content}</w:txbxContent>"
        "</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def vml_box(content: str) -> str:
    """A run with a text box, as Word drew it before 2010."""
    return f"<w:r><w:pict><v:shape><v:textbox><w:txbxContent>{content}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"


def either_box(content: str) -> str:
    """A run with a text box twice: for programs of today, and for those of before."""
    choice, fallback = (box(content).removeprefix("<w:r>").removesuffix("</w:r>") for box in (drawn_box, vml_box))
    return (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps">{choice}</mc:Choice>'
        f"<mc:Fallback>{fallback}</mc:Fallback></mc:AlternateContent></w:r>"
    )


def drop_cap(letter: str) -> str:
    """The paragraph that Word makes of a drop cap, before the one it begins."""
    frame = '<w:framePr w:dropCap="drop" w:lines="3" w:wrap="around" w:vAnchor="text" w:hAnchor="text"/>'
    return f"<w:p><w:pPr><w:keepNext/>{frame}</w:pPr>{run(letter)}</w:p>"


def ruby(base: str, reading: str) -> str:
    """A run with a word and, above it, how it is read."""
    return f"<w:r><w:ruby><w:rubyPr/><w:rt>{run(reading)}</w:rt><w:rubyBase>{run(base)}</w:rubyBase></w:ruby></w:r>"


def add_xml(document: Any, content: str) -> Any:
    """Append the block `content`, or a paragraph of that content, given as XML."""
    inline = not re.match("<w:(p|tbl)\\b", content) and not re.match("<w:(sdt|customXml)\\b.*<w:(p|tbl)\\b", content)
    block = f"<w:p>{content}</w:p>" if inline else content
    opening, _, rest = block.partition(">")
    element = parse_xml(f"{opening} {W} {R} {M} {SHAPES}>{rest}")
    document.element.body.insert(len(document.element.body) - 1, element)
    return element


def saved(document: Any) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def of_xml(*paragraphs: str) -> bytes:
    """A document of paragraphs given as XML."""
    document = Document()
    for paragraph in paragraphs:
        add_xml(document, paragraph)
    return saved(document)


STRICT = {
    "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties": "http://purl.oclc.org/ooxml/officeDocument/extendedProperties",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/extended-properties": "http://purl.oclc.org/ooxml/officeDocument/relationships/extendedProperties",
    "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties": "http://purl.oclc.org/ooxml/officeDocument/customProperties",
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "http://purl.oclc.org/ooxml/wordprocessingml/main",
    "http://schemas.openxmlformats.org/drawingml/2006/": "http://purl.oclc.org/ooxml/drawingml/",
    "http://schemas.openxmlformats.org/officeDocument/2006/": "http://purl.oclc.org/ooxml/officeDocument/",
}


def strict(source: bytes) -> bytes:
    """The same document in the Strict dialect, as Word's “Strict Open XML Document” has it."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith((".xml", ".rels")):
                for transitional, purl in STRICT.items():
                    content = content.replace(transitional.encode(), purl.encode())
                content = content.replace(b"<w:document ", b'<w:document w:conformance="strict" ')
            new.writestr(name, content)
    return result.getvalue()


def rewritten(source: bytes, **members: bytes) -> bytes:
    """The same zip with some members' contents exchanged or added."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, members.pop(name, old.read(name)))
        for name, content in members.items():
            new.writestr(name, content)
    return result.getvalue()


def with_everything() -> bytes:
    """Headings, a list, a table, a quotation, a caption, a picture of a footnote, tracked changes, a link."""
    document = Document()
    document.add_heading("On rafts", level=0)
    document.add_heading("First part", level=1)
    add_xml(
        document,
        run("One is “here”.")
        + '<w:r><w:footnoteReference w:id="2"/></w:r>'
        + run(" Two ", "<w:i/>")
        + f'<w:ins w:id="7" w:author="A">{run("really ")}</w:ins>'
        + '<w:del w:id="8" w:author="A"><w:r><w:delText>never </w:delText></w:r></w:del>'
        + run("is there. Three is a ")
        + f'<w:hyperlink w:anchor="x">{run("link. Four is")}</w:hyperlink>'
        + run(" near."),
    )
    document.add_paragraph("A list item. Not prose.", style="List Bullet")
    table = document.add_table(2, 2)
    for row, words in zip(table.rows, (("a", "b"), ("c", "d|e")), strict=True):
        for cell, word in zip(row.cells, words, strict=True):
            cell.text = word
    document.add_paragraph("Quoted. Not ours.", style="Quote")
    document.add_paragraph("Figure 1. A raft.", style="Caption")
    document.add_paragraph("Five.\nSix is after a soft break. Seven.")
    document.add_heading("References", level=1)
    document.add_paragraph("Smith, A. A Book.")
    part = Part(PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, FOOTNOTES.encode(), document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    return saved(document)
