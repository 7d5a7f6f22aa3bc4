"""Bytes to characters, for whatever room; what they mean to an essay is in `test_essay_decoding`."""

from __future__ import annotations

import pytest

from verbosify.errors import TextError
from verbosify.text_decoding import decoded_text, of_another_kind

ACCEPTED = "a corpus ends in .txt or .csv"
SUFFIXES = (".txt", ".csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_tells_the_encoding_and_is_left_out(encoding: str) -> None:
    text = "id;Text\r\n1;Grüße 終わり\r\n"

    assert decoded_text(text.encode(encoding), "tweets.csv", ACCEPTED, SUFFIXES) == (text, ())


def test_a_guess_is_told() -> None:
    text, notices = decoded_text("Die Fähre – über dem Hafen.".encode("cp1252"), "e.txt", ACCEPTED, SUFFIXES)

    assert text == "Die Fähre – über dem Hafen."
    assert len(notices) == 1
    assert notices[0].startswith("e.txt is not UTF-8: it is read as Windows-1252, which is a guess.")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_named(encoding: str) -> None:
    with pytest.raises(TextError, match=r"^e\.txt seems to be UTF-16 without the mark .*: save it again as UTF-8\.$"):
        decoded_text("We row. “It rains.”".encode(encoding), "e.txt", ACCEPTED, SUFFIXES)


def test_what_may_be_given_instead_depends_on_who_asks() -> None:
    with pytest.raises(TextError, match=rf"^e\.txt is not a text file \(byte 1 is zero\): {ACCEPTED}\.$"):
        decoded_text(b"a\0b", "e.txt", ACCEPTED, SUFFIXES)
    with pytest.raises(TextError, match=r"not plain text but RTF: open it, and save its text as \.txt or \.csv\.$"):
        decoded_text(rb"{\rtf1}", "e.txt", ACCEPTED, SUFFIXES)
    word = "a Word document (.docx)"
    assert of_another_kind("e.txt", word, SUFFIXES).endswith(": open it, and save its text as .txt or .csv.")
    assert of_another_kind("e.txt", word, (".docx", ".txt")).endswith(": give it a name that ends in .docx.")
