"""Word documents for tests, built with python-docx and, where it has no words for a thing, raw XML."""

from __future__ import annotations

import io
from typing import Any

from docx import Document
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'

FOOTNOTES = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:footnotes {W}><w:footnote w:id="2"><w:p><w:r><w:t>A note of the writer's.</w:t></w:r></w:p></w:footnote></w:footnotes>
"""


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def add_xml(document: Any, content: str) -> Any:
    """Append the block `content`, or a paragraph of that content, given as XML."""
    block = content if "<w:p>" in content else f"<w:p>{content}</w:p>"
    opening, _, rest = block.partition(">")
    element = parse_xml(f"{opening} {W} {R} {M}>{rest}")
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
