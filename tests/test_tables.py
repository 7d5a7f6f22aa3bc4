"""What separates the fields of a table, which quotes count, and whether there is a heading."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.models.training.tables import DELIMITERS, Table, has_heading, read_table


def fields(table: Table) -> list[list[str]]:
    return [row.fields for row in table.rows]


# Delimiters


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_the_delimiter_is_told_from_the_rows(delimiter: str, ending: str) -> None:
    lines = [["text", "label"], ["Hello there my friend", "a"], ["Bye", "b"], ["", ""], ["Well", "c"]]

    table = read_table(ending.join(delimiter.join(line) for line in lines) + ending)

    assert table.delimiter == delimiter
    assert table.heading is not None
    assert table.heading.fields == lines[0]
    assert fields(table) == [lines[1], lines[2], lines[4]]


@pytest.mark.parametrize(
    ("text", "delimiter", "row"),
    [
        ("text;n\nHello, world;1\nBye, moon, sun;2\n", ";", ["Hello, world", "1"]),
        ("1;3,5;Hello\n2;4,5;Bye\n", ";", ["1", "3,5", "Hello"]),
        ("Hello, world;3\nBye, moon;4\n", ";", ["Hello, world", "3"]),
        ("3;Hello, world\n4;Bye, moon\n", ";", ["3", "Hello, world"]),
        ("Hello, world\t3\nBye, moon\t4\n", "\t", ["Hello, world", "3"]),
        ("a | Hello, world | 3\nb | Bye, moon | 4\n", "|", ["a", "Hello, world", "3"]),
        ('1, "Hello, world"\n2, "Bye, moon"\n', ",", ["1", "Hello, world"]),
        ("sep=;\r\n1;Hello, world\r\n", ";", ["1", "Hello, world"]),
        ("sep=^\n1^Hello, world\n", "^", ["1", "Hello, world"]),
    ],
)
def test_other_signs_in_the_text_are_none(text: str, delimiter: str, row: list[str]) -> None:
    table = read_table(text)

    assert table.delimiter == delimiter
    assert fields(table)[0] == row


@pytest.mark.parametrize(
    "lines",
    [
        ["I went to the harbour, and back.", "The gulls were loud.", "We ate bread, plums, and figs."],
        ["Hello, world.", "Bye, moon."],
        ["The ferry; slow", "The gull; alone"],
        ['"Come," said Tom.', '"No," said Ruth, "never."', "They left."],
        ["Anna", "Bob", "Cleo"],
        ["你好，世界。", "再见，月亮。"],
    ],
)
def test_lines_of_prose_are_one_column_and_lose_nothing(lines: list[str]) -> None:
    table = read_table("\n".join(lines))

    assert (table.heading, table.width, table.delimiter) == (None, 1, "")
    assert fields(table) == [[line] for line in lines]


@given(
    st.sampled_from(sorted(DELIMITERS)),
    st.lists(st.lists(st.text("ab ,;\t|\"'\n1é", max_size=8), min_size=2, max_size=2), min_size=1, max_size=8),
)
def test_what_a_spreadsheet_writes_comes_back(delimiter: str, rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["text", "label"], *rows])

    table = read_table(file.getvalue())

    assert table.delimiter == delimiter
    assert fields(table) == [row for row in rows if any(field.strip() for field in row)]


@given(st.text(max_size=60) | st.text('ab,;|\t"\n\r ', max_size=60))
def test_any_text_is_some_table(text: str) -> None:
    table = read_table(text)

    assert table.width >= 1
    assert all(any(field.strip() for field in row.fields) for row in table.rows)


# Quotes


def test_quotes_enclose_commas_and_line_breaks() -> None:
    table = read_table('text,label\r\n"two\r\nlines, and a ""word""",a\r\nBye,b\r\n')

    assert fields(table) == [['two\nlines, and a "word"', "a"], ["Bye", "b"]]
    assert [row.line for row in table.rows] == [3, 4]


def test_quotes_that_enclose_nothing_are_ordinary_characters() -> None:
    table = read_table('text\tlabel\n"Hello" she said\ta\nBye "now"\tb\n')

    assert fields(table) == [['"Hello" she said', "a"], ['Bye "now"', "b"]]


def test_a_quote_that_is_never_closed_swallows_nothing() -> None:
    table = read_table('text,label\n"Hello there,a\nBye,b\nGood,c\n')

    assert fields(table) == [['"Hello there', "a"], ["Bye", "b"], ["Good", "c"]]


def test_a_quote_out_of_place_beyond_the_sample_changes_nothing_before_it() -> None:
    rows = [f"Hello there {number},a" for number in range(2000)]

    table = read_table("\n".join(["text,label", *rows, '"Broken,b', "Bye,c"]))

    assert len(table.rows) == 2002
    assert fields(table)[-3:] == [["Hello there 1999", "a"], ['"Broken', "b"], ["Bye", "c"]]


def test_one_quote_out_of_place_leaves_the_others_in_force() -> None:
    good = '"Hello, there",a\n"Bye",b\n' * 20

    table = read_table("text,label\n" + good + '"Broken" here,c\n')

    assert fields(table)[:2] == [["Hello, there", "a"], ["Bye", "b"]]


def test_a_field_may_be_of_any_size() -> None:
    limit = csv.field_size_limit()

    table = read_table('text,label\n"' + "word, " * 100_000 + '",a\nBye,b\n')

    assert len(fields(table)[0][0]) == 600_000
    assert csv.field_size_limit() == limit


# Headings


@pytest.mark.parametrize(
    "text",
    [
        "tweet,date\nHello,today\n",
        "text\nHello there\n",
        "id,text\n1,Hello there\n2,Bye\n",
        ",text\n0,Hello there\n1,Bye\n",
        "comment;rating\nGood;5\nBad;1\n",
        "when,what\n2020-01-01,We left\n2020-01-02,We stayed\n",
        'Timestamp,"What did you like best, and why?"\n2020/01/02 10:00,The gulls\n2020/01/03 10:00,The bread\n',
        "opening,hero\nIt was a dark and stormy night again,Tom\nThe ferry left at nine in the evening,Ruth\n",
        "haiku\nan old silent pond it is there\na frog jumps into the pond now\n",
        "TweetText\tUserName\nHello all\tanna\n",
        "text1,text2\nHello there,Bye\n",
        "c0,c1\n1,2\n3,4\n",
        "Inhalt;Datum\nHallo;1. März 2020\n",
        "文本\t标签\n你好\t正\n",
    ],
)
def test_a_first_row_of_names_is_a_heading(text: str) -> None:
    table = read_table(text)

    assert table.heading is not None
    assert len(table.rows) == text.count("\n") - 1


@pytest.mark.parametrize(
    "text",
    [
        "Hello there.\nBye.\n",
        "Anna\nBob\nCleo\n",
        "I went to the harbour.,pos\nThe gulls were loud.,neg\n",
        "1,Hello there\n2,Bye\n",
        "2020-01-01;Hello there my friend\n2020-01-02;Bye\n",
        "user12,Hello there\nanna7,Bye then\n",
        "https://a.org/1,Hello\nhttps://a.org/2,Bye\n",
        "Dawn\nThe sun rose over the harbour again.\nThe gulls were loud there.\n",
        "Anna,I went to the harbour and saw it\nBob,The gulls were loud that day\n",
        "review,I loved this ferry very much\ncomment,The gulls were loud that day\n",
        "Hund,dog\nKatze,cat\n",
        "你好\n再见\n",
    ],
)
def test_a_first_row_of_text_is_none_and_not_lost(text: str) -> None:
    table = read_table(text)

    assert table.heading is None
    assert len(table.rows) == text.count("\n")


def test_row_numbers_without_a_name_are_a_column() -> None:
    table = read_table("text,label\n1,Hello there,a\n2,Bye,b\n")

    assert table.heading is not None
    assert table.heading.fields == ["", "text", "label"]
    assert table.width == 3


def test_one_name_twice_names_nothing() -> None:
    assert not has_heading([["text", "text"], ["Hello", "Bye"]])


# Blank and ragged


@pytest.mark.parametrize("text", ["", "\n", "\r\n \r\n", ",,\n,,\n", "sep=;\n"])
def test_a_blank_file_has_no_rows(text: str) -> None:
    assert fields(read_table(text)) == []


def test_ragged_rows_stay_as_they_are_and_know_their_lines() -> None:
    table = read_table("text,label\nHello there\n\nBye,a\n,,\nWell, well,b\nGood,c\n")

    assert table.width == 2
    assert [(row.line, len(row.fields)) for row in table.rows] == [(2, 1), (4, 2), (6, 3), (7, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "," * 300_000 + "\n" + "a,b\n" * 2000,
        "," * 300_000 + "\n" + " ," * 300_000,
        '"' * 300_001,
        '"a",' * 100_000 + '"',
        "a|b;c,d\te\n" * 20_000,
        '"\n' * 100_001,
    ],
)
def test_a_monstrous_table_is_read_all_the_same(text: str) -> None:
    assert any("ferry" in row.fields[0] for row in read_table(text + "\nferry\n").rows)
