"""The column that is read: which it is, and what is told of it."""

from __future__ import annotations

import pytest

from verbosify.errors import CorpusError
from verbosify.models.training.columns import column_texts

IDS = "id;date;tweet\n1;2020-01-01;Hello, world\n2;2020-01-02;Good bye, moon\n"


def read(text: str, column: str | int | None = None) -> tuple[list[str], list[str]]:
    told: list[str] = []
    return column_texts(text, "t.csv", column, told.append), told


def refused(text: str, column: str | int | None = None) -> str:
    told: list[str] = []
    with pytest.raises(CorpusError) as error:
        column_texts(text, "t.csv", column, told.append)
    assert told == []
    return str(error.value)


HEADING = "t.csv: the first row, '{}', is taken for a heading and not read; if it is text, put a row of names above it."

# What is told


def test_the_first_column_is_read_and_named() -> None:
    assert read("tweet,date\nHello there,2020-01-01\nGood bye,2020-01-02\n") == (
        ["Hello there", "Good bye"],
        [
            "t.csv: the column 'tweet' is read, of 'tweet' and 'date', with commas between them; column= chooses another.",
            HEADING.format("tweet | date"),
        ],
    )


def test_without_a_heading_columns_go_by_their_numbers() -> None:
    assert read("I went to the harbour.\tpos\nThe gulls were loud.\tneg\n") == (
        ["I went to the harbour.", "The gulls were loud."],
        [
            "t.csv: column 0 is read, of 0 to 1, with tabs between them; column= chooses another, and there is no heading."
        ],
    )


def test_of_a_single_column_it_is_told_that_it_is_one() -> None:
    assert read("Hello, world.\nGood bye.\n") == (
        ["Hello, world.", "Good bye."],
        ["t.csv: column 0 is read, the only one; each row is a text, its commas included."],
    )


def test_rows_without_anything_there_are_left_out_and_counted() -> None:
    texts, told = read("id,text\n1,Hello there\n2,\n3\n4,  \n5,Bye\n", "text")

    assert texts == ["Hello there", "Bye"]
    assert told[-1] == "t.csv: 3 rows are without anything in that column left out."


def test_text_with_commas_that_is_not_in_quotes_is_read_whole_where_it_can_only_be_that_columns() -> None:
    last, told = read("id,text\n1,Hello, there\n2,Bye\n3,Good\n4,Well\n", "text")
    first, _ = read("text,likes\nHello, there,1\nBye,2\nGood,3\nWell,4\n")

    assert last == first == ["Hello, there", "Bye", "Good", "Well"]
    assert told[-1] == (
        "t.csv: 1 row is longer than the others, the first in line 2: text with commas in it must stand in quotes."
    )


def test_a_great_heading_is_told_in_short() -> None:
    names = [f"column number {number} of them all" for number in range(40)]
    rows = [",".join(["Hello"] + ["1"] * 39), ",".join(["Bye"] + ["2"] * 39)]

    _, told = read("\n".join([",".join(names), *rows]))

    assert all(len(notice) < 700 for notice in told)
    assert "and 28 more" in told[0]


# What is refused


@pytest.mark.parametrize(
    "first",
    [
        ("1", "2"),
        ("2020-01-01", "2020-01-02"),
        ("Mon Jan 02 10:00:00 +0000 2020", "Tue Jan 03 10:00:00 +0000 2020"),
        ("2. März 2020", "3. März 2020"),
        ("https://example.org/1", "https://example.org/2"),
        ("anna@example.org", "bob@example.org"),
        ("9f1c2d3e-1111-2222-3333-444455556666", "9f1c2d3e-1111-2222-3333-444455556667"),
        ("tw_001", "tw_002"),
        ("@anna", "@bob"),
        ("12.50", "3.20"),
        ("true", "false"),
    ],
)
def test_a_first_column_of_data_is_refused_with_the_columns_there_are(first: tuple[str, str]) -> None:
    rows = "".join(f"{cell};Hello there, my friend\n" for cell in first)

    assert refused(f"what;words\n{rows}") == (
        "t.csv holds numbers, dates, addresses, ids or labels and no text in the column 'what', which would be read: "
        "choose one of 'what' and 'words', as in column='words'."
    )
    assert refused(rows).endswith(
        "in column 0, which would be read: choose one of 0 to 1, as in column=1, which begins with "
        "'Hello there, my friend'."
    )


def test_a_first_column_of_labels_is_refused() -> None:
    rows = "pos,I liked the ferry very much\nneg,The gulls were far too loud\n" * 15

    assert refused(f"label,text\n{rows}").endswith("choose one of 'label' and 'text', as in column='text'.")


def test_words_over_and_over_beside_numbers_are_text() -> None:
    assert len(read("word,count\n" + "ferry,1\ngull,2\n" * 15)[0]) == 30


def test_a_table_of_nothing_but_data_is_refused() -> None:
    assert refused("1\n2\n3\n") == (
        "t.csv holds numbers, dates, addresses, ids or labels and no text: name another file, or read it all the same "
        "with column=0."
    )
    assert "and no text in all its columns: name another" in refused("a,b\n1,2\n3,4\n")


def test_a_few_numbers_among_texts_do_no_harm() -> None:
    assert len(read("text,label\n1,a\nHello there,b\nGood bye,c\nWell,d\nGood,e\n")[0]) == 5


def test_a_column_that_is_chosen_is_read_whatever_is_in_it() -> None:
    for column in (0, "id", " ID "):
        assert read(IDS, column)[0] == ["1", "2"]
    for column in (2, "tweet", "Tweet"):
        assert read(IDS, column)[0] == ["Hello, world", "Good bye, moon"]


@pytest.mark.parametrize("column", ["text", "", "3", 3, -1, True, 10**30])
def test_a_column_that_there_is_not_is_refused(column: str | int) -> None:
    assert refused(IDS, column) == f"t.csv has no column {column!r}: choose one of 'id', 'date' and 'tweet'."


def test_a_name_in_the_first_row_makes_it_a_heading() -> None:
    text = "Anna;Berta\nHello;Bye\n"

    assert read(text)[0] == ["Anna", "Hello"]
    assert read(text, "Berta")[0] == ["Bye"]
    assert refused(text, "Cleo") == "t.csv has no column 'Cleo': choose one of 0 to 1."


def test_an_empty_column_is_refused() -> None:
    assert refused("text,label\n,a\n,b\n") == (
        "t.csv holds nothing in the column 'text': choose another column of 'text' and 'label'."
    )


@pytest.mark.parametrize("text", ["", "\n\n", "text,label\n"])
def test_an_empty_table_has_no_texts_and_nothing_is_told(text: str) -> None:
    assert read(text) == ([], [])
