"""Sentence boundaries corrected by hand."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.test_passages import ESSAY, markdown_texts
from verbosify.errors import EssayError
from verbosify.essay.correcting import format_sentences, parse_sentences
from verbosify.essay.passages import essay_sentences
from verbosify.essay.reading import essay_from_text

WRITTEN = """One is here.
Two is there.
Three is *lost.*[1]
Four is [found.](http://example.org)

Only one.

Five.
Six.
Seven.
"""


def test_the_file_holds_a_sentence_a_line() -> None:
    assert format_sentences(ESSAY, essay_sentences(ESSAY)) == WRITTEN


def test_reading_the_file_back_changes_nothing() -> None:
    assert parse_sentences(WRITTEN, ESSAY) == essay_sentences(ESSAY)
    assert parse_sentences("\ufeff\n" + WRITTEN.replace("\n", "\r\n"), ESSAY) == essay_sentences(ESSAY)


@given(markdown_texts)
def test_any_essay_survives_the_round(text: str) -> None:
    try:
        essay = essay_from_text(text)
    except EssayError:
        return
    sentences = essay_sentences(essay)

    assert parse_sentences(format_sentences(essay, sentences), essay) == sentences


def test_lines_may_be_joined_and_split() -> None:
    corrected = WRITTEN.replace("here.\nTwo", "here.   Two").replace("Three is *lost", "Three\nis *lost")

    first = parse_sentences(corrected, ESSAY)[0]

    assert [sentence.text for sentence in first] == [
        "One is here. Two is there.",
        "Three",
        "is lost.",
        "Four is found.",
    ]


def test_a_line_of_marks_alone_joins_its_neighbour() -> None:
    essay = essay_from_text("One here. [2] Two there.[3]")

    (sentences,) = parse_sentences("One here.\n[2]\nTwo there.\n[3]\n", essay)

    assert [sentence.text for sentence in sentences] == ["One here.", "Two there."]
    assert [essay.text[s.start : s.end] for s in sentences] == ["One here. [2]", "Two there.[3]"]
    assert [s.text for s in parse_sentences("“\nOne.\n", essay_from_text("“One."))[0]] == ["“One."]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "Two is",
            "Two was",
            "Line 2 differs from essay.md: it has “Two was there.” where the essay has “Two is there.",
        ),
        ("Two is there.\n", "", "Line 2 differs"),
        ("Seven.", "Seven. Eight.", "Line 10 differs .* has “Seven."),
        ("Seven.", "Seven.\nEight.", "Line 11 differs .* where the essay has “the end of the paragraph”"),
        ("Two is there.\n", "Two is there.\n\n", "ends on line 2 lacks words that essay.md has: “Three is"),
        ("\n\nOnly", "\nOnly", "Line 5 differs"),
        (
            "\n\nFive.\nSix.\nSeven.\n",
            "\n",
            "end after line 6, but essay.md has another paragraph: “Five. Six. Seven.”",
        ),
        ("Seven.\n", "Seven.\n\nEight.\n", "Line 12 is not in essay.md: take “Eight.” out"),
    ],
)
def test_changed_words_are_refused_with_the_line(old: str, new: str, message: str) -> None:
    with pytest.raises(EssayError, match=message):
        parse_sentences(WRITTEN.replace(old, new), ESSAY)
