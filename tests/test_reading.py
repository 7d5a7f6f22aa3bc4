"""Reading essays from files, bytes and text."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import EssayError
from verbosify.essay import reading
from verbosify.essay.notes import without_notes
from verbosify.essay.reading import Essay, essay_from_bytes, essay_from_text, read_essay
from verbosify.essay.writing import essay_bytes
from verbosify.words import plain_words


def parts(essay: Essay) -> list[tuple[str, str]]:
    return [(block.kind, essay.text[block.start : block.end]) for block in essay.blocks]


def a_docx(*paragraphs: str) -> bytes:
    document = Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything, so tests of permissions run as somebody who may not."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


TRICKY = "# Title\r\n\r\n“Curly” quotes,\u00a0a space that holds.\r\nΤέλος. 終わり。 👩‍🚀 e\u0301\r\r# End\n"


@pytest.mark.parametrize("name", ["essay.md", "essay.txt", "ESSAY.MD", "essay.markdown", "essay.text"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_text_file_comes_back_byte_for_byte(name: str, bom: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(bom + TRICKY.encode())

    essay = read_essay(str(path))

    assert essay.name == name
    assert essay.text == TRICKY
    assert essay.source == essay_bytes(essay) == bom + TRICKY.encode()


@given(
    st.text().filter(lambda text: text.strip() and "\0" not in text and text.encode("utf-8", "ignore").decode() == text)
)
def test_any_text_comes_back_byte_for_byte(text: str) -> None:
    for name in ("essay.md", "essay.txt"):
        if not text.removeprefix("\ufeff").strip() or without_notes(text, markdown=name.endswith("md"))[0] != text:
            continue
        essay = essay_from_text(text, name)

        assert essay_bytes(essay) == text.encode()
        assert essay.text == text.removeprefix("\ufeff")


@given(st.text(alphabet="ab .\n\r\t#*-_[]()`>|1\u2028\x0b", min_size=1).filter(str.strip))
def test_blocks_are_in_order_and_hold_every_word(text: str) -> None:
    for name in ("essay.md", "essay.txt"):
        essay = essay_from_text(text, name)
        outside, position = "", 0
        for block in essay.blocks:
            assert position <= block.start < block.end <= len(text)
            assert essay.text[block.start : block.end].strip()
            outside += essay.text[position : block.start]
            position = block.end
        assert not (outside + essay.text[position:]).strip()


def test_the_title_is_the_first_heading_or_else_the_file_name() -> None:
    assert essay_from_text("Text.\n\n## On *rovers* and [rocks](x) #\n\nMore.").title == "On rovers and rocks"
    assert essay_from_text("Under\nlined\n=====\n\nText.").title == "Under lined"
    assert essay_from_text("# \\#1\n\nText.").title == "#1"
    assert essay_from_text("# C#\n\nText.").title == "C#"
    assert essay_from_text("Just text here.", "my_first-essay.txt").title == "My first essay"
    assert essay_from_text("Just text here.", "__.txt").title == "__.txt"


def test_words_are_those_of_the_paragraphs_alone() -> None:
    essay = essay_from_text("# One two\n\nThree *four* — [five](http://six.example/seven).\n\n> eight\n\n- nine\n")

    assert essay.words == 3
    assert plain_words("it's — … 3.5 km! ¿qué? 😀") == 4
    assert [block.kind for block in essay.paragraphs] == ["paragraph"]


def test_everything_under_references_is_verbatim_until_a_heading_as_high() -> None:
    essay = essay_from_text(
        "# Essay\n\nProse one.\n\n## References\n\nSmith, A. A Book.\n\n### Online\n\nJones, B. A page.\n\n## After\n\nProse two.\n"
    )

    assert [text for kind, text in parts(essay) if kind == "paragraph"] == ["Prose one.", "Prose two."]


@pytest.mark.parametrize(
    "heading", ["Bibliography", "5. Sources", "**Works cited**", "Notes:", "Further Reading", "Literatur", "Notes\n---"]
)
def test_headings_of_source_lists_are_known_by_their_words(heading: str) -> None:
    source = heading if "\n" in heading else f"## {heading}"
    essay = essay_from_text(f"Prose here.\n\n{source}\n\nNot prose.\n")

    assert [text for kind, text in parts(essay) if kind == "paragraph"] == ["Prose here."]


def test_a_heading_that_only_mentions_notes_opens_no_source_list() -> None:
    essay = essay_from_text("# Notes on a river\n\nProse here.\n")

    assert parts(essay)[1][0] == "paragraph"


@pytest.mark.parametrize("line", ["[1] Smith, A. A Book. Press, 1999.", "[^1]: A note.", "[12]: https://example.org"])
@pytest.mark.parametrize("name", ["essay.md", "essay.txt"])
def test_a_paragraph_that_begins_with_a_mark_is_a_source(line: str, name: str) -> None:
    essay = essay_from_text(f"Prose here.\n\n{line}\n", name)

    assert parts(essay) == [("paragraph", "Prose here."), ("verbatim", line)]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EssayError, match=r"no file .*gone\.md: check its name"):
        read_essay(tmp_path / "gone.md")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EssayError, match="is a folder: name a file in it"):
        read_essay(tmp_path)


def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.md"
    path.write_text("Text.")
    path.chmod(0)
    for folder in (tmp_path, *tmp_path.parents):
        if os.geteuid() == 0 and folder.stat().st_uid == 0 and len(folder.parts) > 2:
            folder.chmod(0o755)

    with as_nobody(), pytest.raises(EssayError, match="may not be read: give yourself permission"):
        read_essay(path)


@pytest.mark.parametrize("path", ["a\0b.md", "x" * 300 + ".md", "folder.md/essay.md"])
def test_a_path_that_cannot_be_is_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / "folder.md").write_text("a file")

    with pytest.raises(EssayError, match=r"cannot be read \(.+\): check the file|no file"):
        read_essay(tmp_path / path)


def test_a_binary_file_is_refused() -> None:
    with pytest.raises(EssayError, match=r"photo\.txt is not a text file \(byte 4 is zero\)"):
        essay_from_bytes(b"\x89PNG\0\0", "photo.txt")


@pytest.mark.parametrize("source", [b"", b" \r\n\t\n", b"\xef\xbb\xbf", "\u00a0".encode()])
@pytest.mark.parametrize("name", ["empty.md", "empty.txt"])
def test_an_empty_file_is_refused(source: bytes, name: str) -> None:
    with pytest.raises(EssayError, match=rf"{name} is empty: write at least one sentence"):
        essay_from_bytes(source, name)


def test_an_empty_docx_is_refused() -> None:
    with pytest.raises(EssayError, match=r"empty\.docx is empty"):
        essay_from_bytes(a_docx("", "  "), "empty.docx")


@pytest.mark.parametrize(("name", "kind"), [("essay.pdf", "of the kind '.pdf'"), ("essay", "without a suffix")])
def test_another_suffix_is_refused_with_those_accepted(name: str, kind: str) -> None:
    with pytest.raises(EssayError, match=rf"{name} is a file {kind}: an essay ends in \.md, \.txt or \.docx"):
        essay_from_bytes(b"Text.", name)


def test_a_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1024 * 1024)
    path = tmp_path / "long.md"
    path.write_bytes(b"Word. " * 400_000)

    with pytest.raises(EssayError, match=r"long\.md holds 2 MB: an essay may hold 1 MB, so split it"):
        read_essay(path)
    with pytest.raises(EssayError, match="so split it"):
        essay_from_bytes(path.read_bytes(), "long.md")


def test_text_in_another_encoding_is_written_as_utf_8() -> None:
    essay = essay_from_bytes("Café. Thé.".encode("utf-16"), "wide.txt")

    assert essay_bytes(essay) == "Café. Thé.".encode()
    assert essay.source == "Café. Thé.".encode("utf-16")


def test_half_a_character_is_refused() -> None:
    with pytest.raises(EssayError, match=r"essay\.md holds half a character at 2: remove it"):
        essay_from_text("ab\ud800")


def test_a_docx_cannot_be_made_from_text() -> None:
    with pytest.raises(EssayError, match=r"name it \.md or \.txt"):
        essay_from_text("Text.", "essay.docx")


def test_a_docx_is_read_in_document_order() -> None:
    essay = essay_from_bytes(a_docx("First one. “Second” one.", "", "Third one."), "folder/letter.docx")

    assert essay.name == "letter.docx"
    assert essay.text == "First one. “Second” one.\n\nThird one."
    assert parts(essay) == [("paragraph", "First one. “Second” one."), ("paragraph", "Third one.")]


def zipped(**members: bytes) -> bytes:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return saved.getvalue()


@pytest.mark.parametrize(
    "source",
    [b"just text", zipped(), zipped(**{"readme.txt": b"hello"}), b"PK\x03\x04", a_docx("Text.")[:2000]],
    ids=["text", "empty zip", "other zip", "zip's head", "half a docx"],
)
def test_what_is_not_a_word_document_is_refused(source: bytes) -> None:
    with pytest.raises(EssayError, match=r"letter\.docx is not a Word document: save it again"):
        essay_from_bytes(source, "letter.docx")
