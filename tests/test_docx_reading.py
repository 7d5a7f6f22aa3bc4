"""What is read from a .docx."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from docx import Document

from tests.docx_samples import add_xml, of_xml, run, saved, with_everything
from verbosify.errors import EssayError
from verbosify.essay import docx_reading
from verbosify.essay.docx_reading import docx_parts, open_docx
from verbosify.essay.reading import essay_from_bytes


def text_of(*paragraphs: str) -> str:
    return essay_from_bytes(of_xml(*paragraphs), "essay.docx").text


def roles(source: bytes) -> list[str]:
    return [part.role for part in docx_parts(open_docx(source, "essay.docx"))]


def test_each_kind_of_block_is_told_apart() -> None:
    essay = essay_from_bytes(with_everything(), "essay.docx")

    assert [(block.kind, block.level, essay.text[block.start : block.end]) for block in essay.blocks] == [
        ("heading", 1, "On rafts"),
        ("heading", 1, "First part"),
        ("paragraph", 0, "One is “here”. Two really is there. Three is a link. Four is near."),
        ("verbatim", 0, "A list item. Not prose."),
        ("verbatim", 0, "a | b\nc | d|e"),
        ("verbatim", 0, "Quoted. Not ours."),
        ("verbatim", 0, "Figure 1. A raft."),
        ("paragraph", 0, "Five.\nSix is after a soft break. Seven."),
        ("heading", 1, "References"),
        ("verbatim", 0, "Smith, A. A Book."),
    ]
    assert essay.title == "On rafts"


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        (run("a") + "<w:r><w:tab/><w:t>b</w:t><w:cr/><w:t>c</w:t></w:r>", "a\tb\nc"),
        ('<w:r><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t><w:softHyphen/><w:t>c</w:t><w:br w:type="page"/></w:r>', "a\u2011b\u00adc"),
        (run("x = 10") + run("6", '<w:vertAlign w:val="superscript"/>') + run(" th", '<w:vertAlign w:val="superscript"/>'), "x = 10⁶ th"),
        (f'<w:smartTag w:element="x">{run("in")}</w:smartTag> <w:fldSimple w:instr="X">{run("side")}</w:fldSimple>', "inside"),
        (f'<w:sdt><w:sdtContent>{run("a control")}</w:sdtContent></w:sdt>', ""),
        (run("E = ") + "<m:oMath><m:r><m:t>mc</m:t></m:r><m:r><m:t>²</m:t></m:r></m:oMath>" + run("."), "E = mc²."),
        ('<w:r><w:instrText>HYPERLINK "x"</w:instrText></w:r>' + run("shown"), "shown"),
        (f'<w:moveFrom w:id="1" w:author="A">{run("gone")}</w:moveFrom><w:moveTo w:id="2" w:author="A">{run("here")}</w:moveTo>', "here"),
        ("<w:r><w:t/></w:r>" + run("  a  "), "a"),
    ],
)  # fmt: skip
def test_a_paragraph_reads_as_a_reader_sees_it(xml: str, text: str) -> None:
    inside_control = xml.startswith("<w:sdt>")

    assert text_of(f"<w:p>{xml}</w:p>", run("End.")) == ("a control" if inside_control else text) + "\n\nEnd."


def test_what_stands_in_a_content_control_is_left_alone() -> None:
    document = Document()
    add_xml(document, f"<w:sdt><w:sdtContent><w:p>{run('Contents. 1. 2.')}</w:p></w:sdtContent></w:sdt>")
    document.add_paragraph("Prose.")

    assert roles(saved(document)) == ["other", "prose"]


def test_styles_are_known_by_what_they_are_based_on() -> None:
    document = Document()
    for name, base in (
        ("My heading", "Heading 2"),
        ("My list", "List Number"),
        ("My code", "Normal"),
        ("Prose", "Normal"),
    ):
        document.styles.add_style(name, 1).base_style = document.styles[base]
        document.add_paragraph("Words. More words.", style=name)
    document.styles["Prose"].base_style = document.styles["Prose"]  # a circle, as broken files have it

    assert roles(saved(document)) == ["heading", "list", "other", "prose"]


@pytest.mark.parametrize(
    ("properties", "role"),
    [
        ('<w:numPr><w:ilvl w:val="0"/><w:numId w:val="3"/></w:numPr>', "list"),
        ('<w:numPr><w:numId w:val="0"/></w:numPr>', "prose"),
        ('<w:outlineLvl w:val="1"/>', "heading"),
        ('<w:outlineLvl w:val="9"/>', "prose"),
        ('<w:pStyle w:val="NoSuchStyle"/>', "prose"),
        ('<w:pStyle w:val="Title"/>', "heading"),
        ('<w:pStyle w:val="Subtitle"/>', "heading"),
    ],
)
def test_a_paragraph_may_say_itself_what_it_is(properties: str, role: str) -> None:
    assert roles(of_xml(f"<w:pPr>{properties}</w:pPr>{run('Words. More words.')}")) == [role]


def test_a_short_bold_line_is_a_heading_in_a_file_without_styles() -> None:
    bold, not_bold = "<w:b/>", '<w:b w:val="0"/>'

    assert roles(of_xml(run("The raft", bold) + run("  "))) == ["heading"]
    assert roles(of_xml(run("The raft", bold) + run(" sank", not_bold))) == ["prose"]
    assert roles(of_xml(run("The raft sank.", bold))) == ["prose"]


def test_a_document_without_a_default_style_is_prose() -> None:
    document = Document()
    document.add_paragraph("Words. More words.")
    for style in document.styles.element.xpath("w:style[@w:default='1']"):
        style.attrib.pop("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}default")
        for name in style.xpath("w:name"):
            style.remove(name)

    assert roles(saved(document)) == ["prose"]


NO_BODY = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'


def rewritten(source: bytes, **members: bytes) -> bytes:
    """The same zip with some members' contents exchanged or added."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, members.pop(name, old.read(name)))
        for name, content in members.items():
            new.writestr(name, content)
    return result.getvalue()


def test_external_entities_are_never_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    source = of_xml(run("Before ENTITY after."))
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        xml = archive.read("word/document.xml").decode()
    declaration = f'<!DOCTYPE w [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY y "laugh">]>'
    xml = xml.replace("?>", "?>" + declaration, 1).replace("ENTITY after", "&x;&y; after")

    essay = essay_from_bytes(rewritten(source, **{"word/document.xml": xml.encode()}), "essay.docx")

    assert "secret" not in essay.text
    assert essay.text.startswith("Before")


@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_XML_BYTES", 4_000_000), ("MAX_UNPACKED_BYTES", 9_000_000), ("MAX_PARTS", 5)]
)
def test_what_would_unpack_to_far_too_much_is_refused(limit: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = {"word/media/zeros.xml": bytes(5_000_000), "word/media/zeros.bin": bytes(9_000_000)}
    source = rewritten(of_xml(run("Words.")), **zeros)
    assert len(source) < 100_000
    assert essay_from_bytes(source, "bomb.docx").text == "Words."
    monkeypatch.setattr(docx_reading, limit, value)

    with pytest.raises(EssayError, match="far more than an essay needs"):
        essay_from_bytes(source, "bomb.docx")


def test_a_size_that_lies_does_not_unpack_further() -> None:
    source = rewritten(of_xml(run("Words.")), **{"word/document.xml": b"<w>" + b" " * 50_000_000 + b"</w>"})
    honest = (50_000_007).to_bytes(4, "little")

    with pytest.raises(EssayError, match=r"bomb\.docx is"):
        essay_from_bytes(source.replace(honest, (2_000).to_bytes(4, "little")), "bomb.docx")


@pytest.mark.parametrize("content", [b"<not xml", b"<w/>", b"", NO_BODY])
def test_a_broken_document_part_is_refused(content: bytes) -> None:
    with pytest.raises(EssayError, match=r"essay\.docx is not a Word document"):
        essay_from_bytes(rewritten(of_xml(run("Words.")), **{"word/document.xml": content}), "essay.docx")


def test_a_document_with_a_password_is_refused() -> None:
    source = bytearray(of_xml(run("Words.")))
    with zipfile.ZipFile(io.BytesIO(bytes(source))) as archive:
        headers = [member.header_offset for member in archive.infolist()]
    for header in headers:
        source[header + 6] |= 1
    position = -1
    while (position := source.find(b"PK\x01\x02", position + 1)) != -1:
        source[position + 8] |= 1

    with pytest.raises(EssayError, match=r"locked or damaged: save it again as \.docx, without a password"):
        essay_from_bytes(bytes(source), "essay.docx")
