"""What a .docx is as a file: opened, translated, or refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from docx import Document

from tests.docx_samples import of_xml, rewritten, run, saved, strict, with_everything
from verbosify.errors import EssayError
from verbosify.essay import docx_package
from verbosify.essay.docx_package import open_docx
from verbosify.essay.passages import essay_passages, essay_sentences
from verbosify.essay.reading import essay_from_bytes
from verbosify.essay.writing import essay_bytes, weave

NO_BODY = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'


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
    monkeypatch.setattr(docx_package, limit, value)

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


@pytest.mark.parametrize("content", [b"<styles/>", NO_BODY])
def test_styles_that_are_none_are_refused_before_anything_is_written(content: bytes) -> None:
    with pytest.raises(EssayError, match=r"essay\.docx is not a Word document"):
        essay_from_bytes(rewritten(of_xml(run("Words.")), **{"word/styles.xml": content}), "essay.docx")


def test_a_part_that_cannot_be_unpacked_is_refused() -> None:
    source = bytearray(of_xml(run("Words. " * 400)))
    with zipfile.ZipFile(io.BytesIO(bytes(source))) as archive:
        part = archive.getinfo("word/document.xml")
    begin = part.header_offset + 30 + len(part.filename.encode())
    source[begin : begin + 40] = b"\xff" * 40

    with pytest.raises(EssayError, match=r"locked or damaged|not a Word document"):
        essay_from_bytes(bytes(source), "essay.docx")


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


@pytest.mark.parametrize(
    "source", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), b"{\\rtf1 Words.}", b"<html>Words.</html>"]
)
def test_a_file_of_another_kind_is_refused_with_the_kind_to_choose(source: bytes) -> None:
    with pytest.raises(EssayError, match=r"save it again as “Word Document \(\.docx\)”"):
        essay_from_bytes(source, "essay.docx")


def test_the_strict_dialect_reads_as_the_usual_one() -> None:
    essay = essay_from_bytes(strict(with_everything()), "essay.docx")

    usual = essay_from_bytes(with_everything(), "essay.docx")
    assert (essay.text, essay.blocks) == (usual.text, usual.blocks)


def test_a_strict_document_written_back_opens_everywhere() -> None:
    essay = essay_from_bytes(strict(with_everything()), "essay.docx")
    gaps = [passage.gap for passage in essay_passages(essay_sentences(essay))]

    result = essay_bytes(essay, dict.fromkeys(gaps, "A pick."), note="A note.")

    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert not any(b"purl.oclc.org" in archive.read(name) for name in archive.namelist())
        assert b"conformance" not in archive.read("word/document.xml")
    assert "near. A pick." in "".join(Document(io.BytesIO(result)).element.body.itertext())
    assert essay_from_bytes(result, "essay.docx").text == weave(essay, dict.fromkeys(gaps, "A pick.")) + "\n\nA note."


def test_words_about_the_strict_dialect_are_not_translated() -> None:
    words = 'Its name is "http://purl.oclc.org/ooxml/wordprocessingml/main" and xmlns:w="http://purl.oclc.org/ooxml/x".'
    source = of_xml(run("Words."))
    with zipfile.ZipFile(io.BytesIO(strict(source))) as archive:
        xml = archive.read("word/document.xml").replace(b"Words.", words.encode())

    essay = essay_from_bytes(rewritten(strict(source), **{"word/document.xml": xml}), "essay.docx")

    assert essay.text == words


def test_a_link_in_a_strict_document_keeps_its_address() -> None:
    document = Document()
    document.add_paragraph("Words.")
    address = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    document.part.relate_to(
        address, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink", True
    )

    opened = open_docx(strict(saved(document)), "essay.docx")

    assert address in [relation.target_ref for relation in opened.part.rels.values() if relation.is_external]
