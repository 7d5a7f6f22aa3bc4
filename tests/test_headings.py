"""Headings told by looks, and the header of a text."""

from __future__ import annotations

import pytest

from verbosify.essay.headings import header_length, looks_like_heading, looks_like_title
from verbosify.essay.reading import essay_from_text

PROSE = "The ferry leaves at nine. Nobody talks, and most of its passengers sleep until the harbour is in sight."
MLA = ["Tom Marsh", "Mrs. Adler", "English 101", "12 March 2024", "On Ferries"]


@pytest.mark.parametrize(
    "title", ["What is a ferry?", "Stop the boats!", "**Who Owns the Sea?**", "On Ferries", "船会做梦吗？"]
)
def test_a_title_may_ask(title: str) -> None:
    assert looks_like_title(title)


@pytest.mark.parametrize(
    "line", ["“Is it far?”", "– Is it far?", "It is far.", "Is it? It is!", "Is it so that we " + "really " * 10 + "left?", ""]
)  # fmt: skip
def test_speech_and_long_questions_are_no_titles(line: str) -> None:
    assert not looks_like_title(line)
    assert not looks_like_heading("What is a ferry?")


@pytest.mark.parametrize(
    "header",
    [
        MLA,
        ["On Ferries"],
        ["On Ferries", "by Tom Marsh"],
        ["Name: Tom Marsh.", "Date: 3.4.2024.", "Teacher: Dr. Adler", "On Ferries"],
        ["Ruth Adler, Ph.D.", "Oct. 12, 2024", "March 12th, 2024.", "Monday, 12 March 2024", "On Ferries"],
        ["Tom Marsh\nMrs. Adler\nEnglish 101\n12 March", "On Ferries"],
        ["Tom Marsh", "12.03.2024", "What is a ferry?"],
        ["What is a ferry?"],
        ["Tom Marsh", "Who Owns the Sea?"],
        ["Lena Vogt", "Klasse: 10b", "12. März 2024", "Über Fähren"],
        ["Nombre: Ana Ruiz", "12 de marzo de 2024", "¿Qué es un barco?"],
        ["Dear Ruth,"],
        ["王小明", "2024年3月12日", "论船"],
    ],
)
def test_the_header_is_the_short_lines_at_the_top(header: list[str]) -> None:
    assert header_length([*header, PROSE, "Then it comes back"]) == len(header)


@pytest.mark.parametrize(
    "texts",
    [
        [PROSE],
        ["The ferry left.", PROSE],
        ["It was far.", "We slept", PROSE],
        ["“Is it far?”", PROSE],
        ["Have you ever wondered why ships do not sink?", PROSE],
        ["The ferry leaves at nine, and most\nof its passengers sleep until the\nharbour", PROSE],
        ["We bought:", PROSE],
        ["I remember the date: it was cold, and we left the house at nine.", PROSE],
        ["Who was it?", "“It is I,” said Ruth. She sat down."],
        ["Short line", "Another one"],
        [],
        ["A line of verse"] * 13 + [PROSE],
    ],
)
def test_a_first_paragraph_is_no_header(texts: list[str]) -> None:
    assert header_length(texts) == 0


def test_a_first_paragraph_that_asks_stays_one_after_a_title() -> None:
    assert header_length(["On Ferries", "Have you ever seen a ferry?", PROSE]) == 1


@pytest.mark.parametrize("name", ["essay.md", "essay.txt"])
@pytest.mark.parametrize(
    ("header", "title"),
    [
        (MLA, "On Ferries"),
        (["On Ferries", "by Tom Marsh", "12 March 2024"], "On Ferries"),
        (["On Ferries", "Tom Marsh", "12 March 2024"], "On Ferries"),
        (["Tom Marsh", "English 101", "World War 2"], "World War 2"),
        (["On Ferries", "By Ruth Adler", "March 2024", "Introduction"], "On Ferries"),
    ],
)
def test_a_header_is_headings_with_the_title_on_top(name: str, header: list[str], title: str) -> None:
    essay = essay_from_text("\n\n".join([*header, PROSE]), name)

    assert [block.kind for block in essay.blocks] == ["heading"] * len(header) + ["paragraph"]
    assert essay.title == title


def test_a_header_in_one_paragraph_is_one_heading() -> None:
    essay = essay_from_text("Tom Marsh\nMrs. Adler\n12 March 2024\nOn Ferries\n\n" + PROSE)

    assert [block.kind for block in essay.blocks] == ["heading", "paragraph"]
    assert essay.title == "On Ferries"


def test_a_marked_heading_is_the_title_whatever_stands_around_it() -> None:
    essay = essay_from_text("Tom Marsh\n\n# On Ferries\n\nMrs. Adler\n\n" + PROSE)

    assert [(block.kind, block.level) for block in essay.blocks] == [
        ("heading", 2),
        ("heading", 1),
        ("heading", 2),
        ("paragraph", 0),
    ]
    assert essay.title == "On Ferries"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"{PROSE}\n\nWorks Cited\n\nAdler, R. Boats.", "Essay"),
        (f"Notes\n\n{PROSE}", "Notes"),
        (f"Teacher: Dr. Adler\nSubject: English\n\n{PROSE}", "Essay"),
        (f"Title: On Ferries\nAuthor: Tom Marsh\nDate: 2024\n\n{PROSE}", "On Ferries"),
        (f"Tom Marsh, Klasse 9b\n\n3. Mai 2024\n\nÜber Fähren\n\n{PROSE}", "Über Fähren"),
        (f"Tom Marsh\tEnglish 9\t3 May\n\nOn Ferries\n\n{PROSE}", "On Ferries"),
        (f"Mrs Adler\n\n{PROSE}", "Mrs Adler"),
        (f"Summer 1999\n\n{PROSE}", "Summer 1999"),
        (f"Topic: On Ferries\n\n{PROSE}", "Topic: On Ferries"),
        (f"• bread\n\n• milk\n\n{PROSE}", "Essay"),
    ],
)
@pytest.mark.parametrize("name", ["essay.md", "essay.txt"])
def test_a_title_is_neither_who_wrote_nor_a_list_of_sources(text: str, title: str, name: str) -> None:
    assert essay_from_text(text, name).title == title
