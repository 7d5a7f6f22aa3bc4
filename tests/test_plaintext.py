"""Blocks of plain text files."""

from __future__ import annotations

import time

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


PARAGRAPH = "The ferry leaves at nine. Nobody talks, and most of its passengers sleep until the harbour is in sight."
OTHER = "It comes back at noon. Everyone is awake by then, and the quay smells of fish and diesel, as it has for years."


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("blank", ["", "\n"])
def test_after_a_title_each_line_may_be_a_paragraph(blank: str, line_break: str) -> None:
    text = f"On Ferries\n{blank}{PARAGRAPH}\n{OTHER}\n{PARAGRAPH}\n".replace("\n", line_break)

    assert kinds(text) == [("heading", "On Ferries")] + [("paragraph", line) for line in (PARAGRAPH, OTHER, PARAGRAPH)]


def test_short_paragraphs_a_line_each_after_a_title() -> None:
    assert kinds("On Ferries\n\nWe left at nine.\nIt was cold.\nWe came back.")[1:] == [
        ("paragraph", "We left at nine."),
        ("paragraph", "It was cold."),
        ("paragraph", "We came back."),
    ]


def test_headings_may_stand_right_above_their_paragraphs() -> None:
    text = (
        f"Tom Marsh\nMrs. Adler\n12 March 2024\nOn Ferries\n{PARAGRAPH}\nPart two\n{OTHER}\nThe End of It\n{PARAGRAPH}"
    )

    assert [kind[0] for kind, _ in kinds(text)] == list("hhhhphphp")
    assert kinds("On Ferries\nThe ferry leaves at nine, and most\nof us sleep until the\nharbour. Nobody talks.")[
        0
    ] == (
        "heading",
        "On Ferries",
    )


def test_sentences_a_line_each_are_one_paragraph_between_blank_lines() -> None:
    text = "On Ferries\n\nWe left at nine.\nIt was cold.\n\nWe came back.\nIt was late."

    assert kinds(text)[1:] == [
        ("paragraph", "We left at nine.\nIt was cold."),
        ("paragraph", "We came back.\nIt was late."),
    ]


def test_a_wrapped_line_that_happens_to_end_a_sentence_ends_no_paragraph() -> None:
    first = "The ferry leaves at nine, and the people who live there sleep for hours.\nNobody wakes."
    second = "It comes back at noon, when all of the people who live there are at work\nand so on."

    assert kinds(f"{first}\n\n{second}") == [("paragraph", first), ("paragraph", second)]


def test_an_indented_line_begins_a_paragraph() -> None:
    text = "   The ferry leaves at nine, and most\nof us sleep until the\nharbour.\n   It comes back at noon, when all of\nus wake."

    assert [words.split()[0] for _, words in kinds(text)] == ["The", "It"]


@pytest.mark.parametrize(
    "items",
    [
        "- bread\n- milk", "* bread\n* milk", "•bread\n•milk", "◦ bread", "1. bread\n2. milk", "1) bread\n2) milk", "(1) bread",
        "a. bread\nb. milk", "A. Bread\nB. Milk", "a) bread\nb) milk", "i. bread\nii. milk", "I. Bread\nII. Milk\nIII. Cheese",
        "iv) bread", "1.1 Bread\n1.2 Milk", "1.Bread\n2.Milk", "-bread\n-milk", "– bread\n– milk", "— bread\n— milk",
        "[ ] bread\n[x] milk", "☐ bread", "✓ bread", "> bread\n> milk", "| bread | milk |", "o\tbread\no\tmilk",
        "- bread, which was old and hard and had been\nin the shop since the week before\n- milk",
        "1) bread, which was old\n   and hard\n2) milk", "a. bread\n   and butter\nb. milk",
    ],
)  # fmt: skip
@pytest.mark.parametrize("blank", ["", "\n"])
def test_a_list_is_verbatim_and_its_lead_in_is_not(items: str, blank: str) -> None:
    text = f"We went to the shop at nine. We bought:\n{blank}{items}\n{blank}Then we left. It was late."

    assert kinds(text) == [
        ("paragraph", "We went to the shop at nine. We bought:"),
        ("verbatim", items),
        ("paragraph", "Then we left. It was late."),
    ]


def test_speech_with_dashes_is_prose() -> None:
    assert [kind for kind, _ in kinds("– Is it far?\n– It is not far.\n\nThen we left.")] == ["paragraph"] * 3


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


@pytest.mark.parametrize(
    "heading", ["References:", "Reference", "WORKS CITED", "Sources :", "Literatur:", "Bibliography"]
)
@pytest.mark.parametrize("blank", ["", "\n"])
def test_sources_may_stand_right_under_their_heading(heading: str, blank: str) -> None:
    text = f"{PARAGRAPH}\n\n{heading}\n{blank}Adler, R. Boats. 1999.\n{blank}Oduya, T. Tides."

    assert [kind for kind, _ in kinds(text)][:2] == ["paragraph", "heading"]
    assert {kind for kind, _ in kinds(text)[2:]} == {"verbatim"}


def test_the_first_source_may_follow_a_label() -> None:
    text = f"{PARAGRAPH}\n\nWorks Cited: Adler, R. Boats.\nOduya, T. Tides."

    assert {kind for kind, _ in kinds(text)[1:]} == {"verbatim"}


def test_a_rule_under_a_heading_is_no_part_of_it() -> None:
    assert kinds(f"On Ferries\n==========\n\n{PARAGRAPH}")[:2] == [
        ("heading", "On Ferries"),
        ("verbatim", "=========="),
    ]


def test_reading_takes_time_in_proportion() -> None:
    def seconds(count: int) -> float:
        started = time.process_time()
        plain_text_blocks("a. bread\n- milk\nWe left\n\nAt nine.\n" * count)
        return time.process_time() - started

    seconds(10)

    assert seconds(8_000) < 64 * seconds(500) + 0.5  # 16 times the text; by the square it would be 256


def test_nothing_is_prose_after_references() -> None:
    text = "The ferry leaves at nine.\n\nReferences\n\nSmith, A. A Book.\n\nShort title\n\nJones, B. A page."

    assert [kind for kind, _ in kinds(text)] == ["paragraph", "heading", "verbatim", "verbatim", "verbatim"]


@pytest.mark.parametrize("separator", ["\u2029", "\u2028\u2028", "\v\v", "\x85\x85"])
def test_paragraphs_may_stand_between_the_separators_of_unicode(separator: str) -> None:
    assert kinds(f"First one. And more.{separator}Second one. And more.") == [
        ("paragraph", "First one. And more."),
        ("paragraph", "Second one. And more."),
    ]


def test_paragraphs_a_line_each_may_happen_to_be_as_long() -> None:
    lines = [
        "Nobody talks. The ferry leaves at nine in the evening.",
        "It comes back. Most of its passengers then sleep.",
    ]

    assert kinds("\n".join(["On Ferries", *lines, *lines])) == [
        ("heading", "On Ferries"),
        *(("paragraph", line) for line in [*lines, *lines]),
    ]
