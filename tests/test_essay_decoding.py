"""Bytes to characters."""

from __future__ import annotations

import pytest

from verbosify.errors import EssayError
from verbosify.essay.decoding import decoded
from verbosify.essay.reading import essay_from_bytes

GERMAN = "Die Fähre legt um neun ab. „Ist es weit?“ fragte Ruth – über dem Hafen lag Nebel."
RUSSIAN = "Паром отходит в девять часов. Никто не разговаривает, и почти все спят до самой гавани."


@pytest.mark.parametrize("name", ["essay.md", "essay.txt"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str, name: str) -> None:
    essay = essay_from_bytes("Wir fuhren. 终わり 👩‍🚀\r\n".encode(encoding), name)

    assert essay.text == "Wir fuhren. 终わり 👩‍🚀\r\n"
    assert essay.notices == ()


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_utf_16_is_read_in_both_orders(mark: bytes, encoding: str) -> None:
    assert decoded(mark + GERMAN.encode(encoding), "e.txt", markdown=False) == (GERMAN, ())


@pytest.mark.parametrize("source", [b"\xff\xfea\0b", b"\xff\xfe\0\xd8", b"\xfe\xff\xd8\0\0a", b"\xff\xfe\0\0a"])
def test_damaged_utf_16_is_refused(source: bytes) -> None:
    with pytest.raises(EssayError, match=r"e\.txt is damaged UTF-(16|32) \(see byte \d+\): save it again as UTF-8"):
        decoded(source, "e.txt", markdown=False)


@pytest.mark.parametrize(
    ("text", "encoding", "called"),
    [
        (GERMAN, "cp1252", "Windows-1252"),
        ("“Is it far?” Ruth asked – the café was shut…", "cp1252", "Windows-1252"),
        ("Où êtes-vous allés, à l’île ? Ça coûte 5 €.", "cp1252", "Windows-1252"),
        ("Café.", "latin-1", "Latin-1"),
        ("¿Está lejos? El niño comió en la bahía. ¡Qué día!", "latin-1", "Latin-1"),
        ("Não há ninguém. A canção é bonita.", "latin-1", "Latin-1"),
        (RUSSIAN, "cp1251", "cp1251"),
        ("Zażółć gęślą jaźń. Łódź płynie do Gdańska, a wśród mgły świeci światło.", "cp1250", "cp1250"),
        ("Die Fähre legt um neun ab, und über dem Hafen lag Nebel.", "cp850", "DOS code page 850"),
        (f"{GERMAN} {GERMAN}", "mac_roman", "Mac Roman"),
        ("渡轮九点出发。没有人说话，大多数乘客都睡着了。", "gb18030", "gb18030"),
    ],
)
def test_an_older_encoding_is_guessed_and_the_guess_told(text: str, encoding: str, called: str) -> None:
    essay = essay_from_bytes(text.encode(encoding), "old.txt")

    assert essay.text == text
    assert essay.notices == (
        f"old.txt is not UTF-8: it is read as {called}, which is a guess. If letters look wrong, save it again as UTF-8.",
    )


@pytest.mark.parametrize(
    ("source", "byte"),
    [
        ("Ça va très bien, à l’été. “Où?” ".encode() * 3 + b"\xe9.", 132),
        (b"\xef\xbb\xbfCaf\xe9.", 6),
    ],
)
def test_what_no_encoding_explains_is_refused_with_the_offending_byte(source: bytes, byte: int) -> None:
    with pytest.raises(EssayError, match=rf"old\.txt is not UTF-8 \(see byte {byte}\): save it again as UTF-8"):
        decoded(source, "old.txt", markdown=False)


@pytest.mark.parametrize("markdown", [True, False])
@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (rb"{\rtf1\ansi We left.\par}", "RTF"),
        (b"\n  <!DOCTYPE html>\n<p>We left.</p>", "HTML"),
        (b"<html lang='en'><body>We left.</body></html>", "HTML"),
        (b"<!-- saved from url=(0014)about:internet -->\n<html>", "HTML"),
        ("<!doctype HTML><p>Wé left.".encode("utf-16"), "HTML"),
        ("<HTML><p>Wé left.".encode("latin-1"), "HTML"),
        (b'<?xml version="1.0"?><w:wordDocument/>', "XML"),
        (b"%PDF-1.7 \0", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", r"an old Word document \(\.doc\)"),
        (b"PK\x03\x04\x14\0\x06\0\x08\0\0\0[Content_Types].xml", r"a Word document \(\.docx\)"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.text", r"an OpenDocument file"),
        (b"PK\x03\x04\0\0\0", "a zip archive"),
        (b"\\documentclass{article}\n\\begin{document}We left.", "LaTeX"),
        (b"MIME-Version: 1.0\nContent-Type: text/html\n\nWe left.", "a saved web page"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_to_do(source: bytes, kind: str, markdown: bool) -> None:
    with pytest.raises(
        EssayError, match=rf"^e\.txt is not plain text but {kind}.*: (open it, and save|give it|unpack)"
    ):
        decoded(source, "e.txt", markdown=markdown)


def test_html_without_a_head_is_refused_as_text_and_read_as_markdown() -> None:
    with pytest.raises(EssayError, match="not plain text but HTML"):
        decoded(b"<p>We left.</p>\n<p>It was late.</p>", "e.txt", markdown=False)
    assert decoded(b"<div align=center>We left.</div>\n\nIt was late.", "e.md", markdown=True)[1] == ()


@pytest.mark.parametrize(
    "text", ["<3 is a heart. We left.", "The tag <html> opens a page.", "A PDF- file.", "{rtf} is short."]
)
def test_prose_about_formats_is_prose(text: str) -> None:
    assert decoded(text.encode(), "e.txt", markdown=False) == (text, ())
