"""Blocks of plain text files."""

from __future__ import annotations

import pytest

from verbosify.essay.headings import looks_like_heading
from verbosify.essay.plaintext import plain_text_blocks


def kinds(text: str) -> list[tuple[str, str]]:
    return [(block.kind, text[block.start : block.end]) for block in plain_text_blocks(text)]


def test_paragraphs_stand_between_blank_lines() -> None:
    text = "\n\nFirst one, which is\nhard-wrapped.\n \t\nSecond one.\r\n\r\n\r\nThird one.\n"

    assert kinds(text) == [
        ("paragraph", "First one, which is\nhard-wrapped."),
        ("paragraph", "Second one."),
        ("paragraph", "Third one."),
    ]


def test_without_blank_lines_each_line_is_a_paragraph() -> None:
    assert kinds("First one. And more.\nSecond one.\nThird") == [
        ("paragraph", "First one. And more."),
        ("paragraph", "Second one."),
        ("paragraph", "Third"),
    ]


def test_lines_that_mostly_break_off_are_one_wrapped_paragraph() -> None:
    text = "The ferry leaves at nine, and most\nof its passengers sleep until the\nharbour. Nobody talks.\nThe end."

    assert kinds(text) == [("paragraph", text)]


def test_a_short_line_without_closing_punctuation_is_a_heading() -> None:
    text = "On Ferries\n\nThe ferry leaves at nine.\n\nPart two\n\nIt comes back."

    assert [kind for kind, _ in kinds(text)] == ["heading", "paragraph", "heading", "paragraph"]


@pytest.mark.parametrize(
    "text", ["It ends.", "Does it?”", "x" * 81, "***", "", "Two\nlines", "See https://example.org", "So:"]
)
def test_what_is_closed_long_or_wordless_is_no_heading(text: str) -> None:
    assert not looks_like_heading(text)


def test_the_last_line_heads_nothing() -> None:
    assert kinds("The ferry leaves at nine.\n\nA. Passenger") == [
        ("paragraph", "The ferry leaves at nine."),
        ("paragraph", "A. Passenger"),
    ]


@pytest.mark.parametrize(
    "line", ["- bread", "• bread", "* bread", "1. bread", "12) bread", "b) bread", "(3) bread", "> bread"]
)
def test_bulleted_lines_are_verbatim(line: str) -> None:
    assert kinds(f"We bought:\n\n{line}\n{line}\n\nThen we left.")[1][0] == "verbatim"


@pytest.mark.parametrize(
    "line", ["J. G. Ballard drove badly.", "1984 was a year.", "– Yes, she said.", "3.5 metres is a lot."]
)
def test_a_sentence_that_begins_like_a_list_is_none(line: str) -> None:
    assert kinds(f"{line}\n\nThen we left.")[0] == ("paragraph", line)


def test_indented_lines_are_verbatim() -> None:
    text = "He quoted this:\n\n    Rose is a rose,\n    is a rose.\n\nThen he left.\n\nSo did we."

    assert [kind for kind, _ in kinds(text)] == ["paragraph", "verbatim", "paragraph", "paragraph"]


def test_indenting_may_be_how_paragraphs_begin() -> None:
    text = "Part one\n\n\tThe ferry leaves at nine.\n\n\tNobody talks.\n\n\tIt comes back."

    assert [kind for kind, _ in kinds(text)] == ["heading", "paragraph", "paragraph", "paragraph"]
    assert kinds("  First line indented,\nthe next ones not.\n\nMore.")[0][0] == "paragraph"
    assert kinds("　　机器不会做梦。\n\n　　它只是重复。")[0] == ("paragraph", "机器不会做梦。")


def test_nothing_is_prose_after_references() -> None:
    text = "The ferry leaves at nine.\n\nReferences\n\nSmith, A. A Book.\n\nShort title\n\nJones, B. A page."

    assert [kind for kind, _ in kinds(text)] == ["paragraph", "heading", "verbatim", "verbatim", "verbatim"]
