"""A split comes back from whatever a shell or an editor saved it in; the essay tells what was lost."""

from __future__ import annotations

import pytest

from verbosify.errors import EssayError
from verbosify.essay.correcting import format_sentences, parse_sentences
from verbosify.essay.passages import essay_sentences
from verbosify.essay.reading import essay_from_text
from verbosify.essay.recoding import decode_sentences

ESSAY = essay_from_text(
    "# Türme\n\nDer Käfer “schläft” – tief… Er träumt von Ελλάδα 🐞🐞? und ? mehr. Zażółć → gut.\n\n漢字も。 Ende.",
    "türme.md",
)
SENTENCES = essay_sentences(ESSAY)
WRITTEN = format_sentences(ESSAY, SENTENCES)


def comes_back(source: bytes) -> bool:
    return parse_sentences(decode_sentences(source, ESSAY), ESSAY) == SENTENCES


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_of_unicode_is_read(encoding: str, line_break: str) -> None:
    assert comes_back(WRITTEN.replace("\n", line_break).encode(encoding))


@pytest.mark.parametrize(
    "encoding",
    ["ascii", "cp1252", "cp1250", "iso8859-1", "cp437", "cp850", "cp866", "mac-roman", "cp932", "gbk", "big5"],
)
def test_what_an_encoding_lacks_is_put_back(encoding: str) -> None:
    assert comes_back(WRITTEN.replace("\n", "\r\n").encode(encoding, "replace"))


def test_windows_loses_an_emoji_twice_and_an_accent_alone() -> None:
    assert comes_back(WRITTEN.replace("🐞", "??").replace("ż", "z").encode("cp1252", "replace"))


@pytest.mark.parametrize("saved", ["utf-16", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("console", ["cp437", "cp850"])
@pytest.mark.parametrize("written", ["utf-8", "cp1252"])
def test_what_powershell_takes_for_text_of_the_console_is_undone(written: str, console: str, saved: str) -> None:
    taken = WRITTEN.encode(written, "replace").decode(console).replace("\n", "\r\n")

    assert comes_back(taken.encode(saved))


def test_sentences_joined_and_split_by_hand_stay_so() -> None:
    corrected = WRITTEN.replace("gut.\n", "gut.\n").replace("tief…\nEr", "tief… Er")

    found = parse_sentences(decode_sentences(corrected.encode("cp1252", "replace"), ESSAY), ESSAY)

    assert [len(paragraph) for paragraph in found] == [len(SENTENCES[0]) - 1, len(SENTENCES[1])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_changed_word_is_told_with_its_line_in_any_encoding(encoding: str) -> None:
    source = WRITTEN.replace("träumt", "schläft").encode(encoding, "replace")

    with pytest.raises(EssayError, match=r"Line 2 differs from türme.md: it has “Er schläft von"):
        parse_sentences(decode_sentences(source, ESSAY), ESSAY)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(EssayError, match=r"The sentences of türme.md are not text"):
        decode_sentences(b"\x7fELF\2\1\1\0\0\0", ESSAY)


def test_nothing_is_an_empty_split() -> None:
    assert decode_sentences(b"", ESSAY) == ""
