from __future__ import annotations

import pytest

from verbosify.models.training.cells import is_data, is_heading, is_short

DATA = [
    *(
        "1",
        "-3",
        "1,204",
        "12.50",
        "3,5",
        "1e-5",
        "12 %",
        "€ 12,50",
        "USD 12.50",
        "12 kg",
        "5 min",
        "(030) 12345",
    ),
    *("2020-01-02", "2020-01-02T10:00:00Z", "01/02/2020 10:00", "2.1.2020", "10:30 AM", "January 2, 2020", "Jan 2020"),
    *(
        "Mon Jan 02 10:00:00 +0000 2020",
        "2 de enero de 2020",
        "12 janvier 2020 à 10h30",
        "1. März 2021",
        "2020年1月3日",
    ),
    *("https://example.org/a?b=c", "www.example.org", "example.org/a", "anna@example.org", "@anna", "mailto:a@b.org"),
    *("https://example.org/a, https://example.org/b", "9f1c2d3e-1111-2222-3333-444455556666", "tw_12345", "A-001"),
    *("deadbeef01", "192.168.0.1", "img/cat_01.png", "user12", "true", "NULL", "n/a", "0" * 1000, " 7 "),
]
PROSE = [
    *("Hello", "Hello there", "In 1912 the ferry sank.", "We paid 12 euros for 3 plums.", "3 gulls", "Chapter 1"),
    *(
        "“Ja“, sagte er.",
        "你好",
        "我有3只猫。",
        "今日は3時に起きた",
        "Паром в 9 часов",
        "😂😂",
        "!",
        "l’été 1912",
        "No, thanks.",
    ),
    *(
        "May I come in?",
        "Mary had 2 little lambs and 3 geese",
        "and/or",
        "tl;dr",
        "O'Neill",
        "x" * 1000,
        "see p. 5 of the book",
    ),
]


@pytest.mark.parametrize("cell", DATA)
def test_numbers_dates_addresses_and_ids_are_data(cell: str) -> None:
    assert is_data(cell)


@pytest.mark.parametrize("cell", PROSE)
def test_words_are_none(cell: str) -> None:
    assert not is_data(cell)


@pytest.mark.parametrize(
    "cell", ["@" * 300_000, "1" * 300_000 + " a", "a." * 150_000, "- " * 150_000, "\u00e9" * 300_000]
)
def test_a_monstrous_cell_is_told_at_once(cell: str) -> None:
    assert not is_data(cell)
    assert not is_heading(cell)
    assert not is_short(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "text",
        "Tweet",
        " ID ",
        "tweet_text",
        "TweetText",
        "full text",
        "user-name",
        "text_1",
        "Inhalt",
        "文本",
        "título",
    ],
)
def test_what_columns_are_called_is_a_heading(cell: str) -> None:
    assert is_heading(cell)


@pytest.mark.parametrize(
    "cell", ["", "Anna", "My message", "No comment", "A text about the sea", "The text.", "Text!", "Hello", "context"]
)
def test_other_words_are_none(cell: str) -> None:
    assert not is_heading(cell)
