"""Tables in text files (CSV and its kin): what separates their fields, which quotes count, whether there is a heading.

Knows the characters of a file, and nothing of what its columns are for.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import NamedTuple

from verbosify.models.training.cells import is_data, is_heading, is_short, shape

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SAMPLE = 1000
"""Rows by which a table is judged."""
DATA_SHARE = 0.8
"""A column holds data if so much of what is in it does."""
EVEN_SHARE, LEAST_EVEN_SHARE = 0.6, 0.3
"""Rows that have the same number of fields, where a delimiter delimits; where it does so between headings, too."""
PROSE_WORDS = 5
MOST_COLUMNS = 1000
"""More than this is no table: nobody could choose."""
_LONGEST_FIELD = 2**31 - 1
_SIGNS = '",;|\t\n '
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\n', re.IGNORECASE)  # as spreadsheets write above a table


class Row(NamedTuple):
    """One row: the number of its last line in the file, from 1, and its fields."""

    line: int
    fields: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table, without its blank rows.

    Attributes:
        heading: the names of the columns, if the first row holds them.
        rows: all others; a ragged row has fewer or more fields than `width`.
        width: how many columns there are, >= 1.
        delimiter: a key of `DELIMITERS`, another character if the file names it, or nothing where there is one column.
    """

    heading: Row | None
    rows: list[Row]
    width: int
    delimiter: str


class _Dialect(NamedTuple):
    """How to read a file.

    Its delimiter, if any; whether quotes count; whether they were all as they should be; whether spaces around the
    fields are none of theirs.
    """

    delimiter: str
    quoted: bool
    strict: bool = False
    spaced: bool = False


def read_table(text: str) -> Table:
    """The table that `text`, the whole content of a file, spells; of no rows if it is blank."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    named = _SEPARATOR_LINE.match(text)
    if named:
        text = "\n" + text[named.end() :]
    with _fields_of_any_size():
        rows, dialect = _parse(text, named[1] if named else None)
    if not rows or not has_heading([row.fields for row in rows[: SAMPLE + 1]]):
        return Table(None, rows, _evenness([row.fields for row in rows])[0], dialect.delimiter)
    heading, rest = rows[0], rows[1:]
    width, _ = _evenness([row.fields for row in rest])
    if width == len(heading.fields) + 1 and data_share(column([row.fields for row in rest[:SAMPLE]], 0)) >= DATA_SHARE:
        heading = Row(heading.line, ["", *heading.fields])  # row numbers without a name, as R writes them
    return Table(heading, rest, len(heading.fields), dialect.delimiter)


def data_share(cells: Sequence[str]) -> float:
    """Which share of the cells that are not blank hold data, 0 to 1; 0 if all are blank."""
    written = [cell for cell in cells[:SAMPLE] if cell.strip()]
    return sum(map(is_data, written)) / len(written) if written else 0.0


def column(rows: Sequence[Sequence[str]], number: int) -> list[str]:
    """The cells of that column, from 0; blank ones for rows that are too short."""
    return [row[number] if number < len(row) else "" for row in rows]


def has_heading(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns. In doubt it does not: then nothing of the text is lost."""
    columns = [
        _Column(name.strip(), [cell for cell in column(rows[1:], number) if cell.strip()])
        for number, name in enumerate(rows[0])
    ]
    return not _are_no_names(columns) and (
        any(one.name and one.is_data for one in columns)
        or (all(is_short(one.name) for one in columns) and _are_like_names(columns))
    )


class _Column(NamedTuple):
    """A column: its first cell, which may be its name, and the others that are not blank."""

    name: str
    cells: list[str]

    @property
    def is_data(self) -> bool:
        return data_share(self.cells) >= DATA_SHARE

    @property
    def words(self) -> list[int]:
        return [len(cell.split()) for cell in self.cells]


def _are_no_names(columns: Sequence[_Column]) -> bool:
    """Whether the first cells cannot be names: one is data, two are the same, or text has none above it."""
    names = [one.name.casefold() for one in columns if one.name]
    nameless = any(one.cells and not one.name and not one.is_data for one in columns)  # unlike row numbers
    return any(map(_is_datum, columns)) or len(set(names)) < len(names) or nameless


def _is_datum(one: _Column) -> bool:
    """Whether the first cell is data as well, and no name with a number (`text_1`) above data of another shape."""
    if not one.name or not is_data(one.name):
        return False
    numbered = re.fullmatch(r"[^\W\d_][^\W\d]*[ -]?\d{1,3}", one.name) is not None
    return not numbered or shape(one.name) in {shape(cell) for cell in one.cells[:SAMPLE]}


def _are_like_names(columns: Sequence[_Column]) -> bool:
    """Whether the first cells, all of them short, are such words as columns go by, or stand above longer text."""
    if any(is_heading(one.name) for one in columns):
        return True
    if len(columns) == 1:
        name, words = columns[0].name, columns[0].words
        return bool(re.fullmatch(r"[a-z][a-z0-9_]*", name)) and bool(words) and min(words) >= PROSE_WORDS
    return any(one.cells and median(one.words) >= PROSE_WORDS for one in columns)


def _parse(text: str, delimiter: str | None) -> tuple[list[Row], _Dialect]:
    """All rows, and how they were read: as the first ones ask for it or, if others contradict, as all do."""
    for limit in (SAMPLE, None):
        dialect = _find_dialect(text, delimiter, limit)
        try:
            return list(_rows(text, dialect)), dialect
        except csv.Error:  # a quote out of place, beyond the sample
            continue
    return list(_rows(text, dialect._replace(strict=False))), dialect


def _find_dialect(text: str, delimiter: str | None, limit: int | None) -> _Dialect:
    """The delimiter by which most rows have the same number of fields; none where none does."""
    if delimiter is not None:
        return _with_quotes(text, delimiter, limit)
    best, score = None, (0.0, 0.0, 0, 0)
    for order, candidate in enumerate(DELIMITERS):
        if candidate not in text:
            continue
        dialect = _with_quotes(text, candidate, limit)
        rows = _some_rows(text, dialect, limit)
        if not rows or not 2 <= len(rows[0]) <= MOST_COLUMNS:
            continue
        width, share = _evenness(rows)
        spaced = _spaced_share(rows)
        headed = all(map(is_short, rows[0])) and any(map(is_heading, rows[0]))
        if share <= (LEAST_EVEN_SHARE if headed else EVEN_SHARE):
            continue
        if spaced == 1 and not headed and _is_prose(rows, candidate):
            continue
        if best is None or (share, -spaced, width, -order) > score:
            best, score = dialect._replace(spaced=spaced == 1), (share, -spaced, width, -order)
    return best or _with_quotes(text, "", limit)


def _with_quotes(text: str, delimiter: str, limit: int | None) -> _Dialect:
    """Whether quotes enclose fields there, or are characters as any other."""
    try:
        for _ in islice(_rows(text, _Dialect(delimiter, quoted=True, strict=True)), limit):
            pass
    except csv.Error:
        plain, loose = _Dialect(delimiter, quoted=False), _Dialect(delimiter, quoted=True)
        if not delimiter:
            return plain
        rows = _some_rows(text, plain, limit)
        opened = [field for row in rows for field in row if field.startswith('"')]
        enclosed = sum(field.endswith('"') and len(field) > 1 for field in opened)
        share, other = _evenness(_some_rows(text, loose, limit))[1], _evenness(rows)[1]
        return loose if (share, enclosed) > (other, len(opened) / 2) else plain
    return _Dialect(delimiter, quoted=True, strict=True)


def _some_rows(text: str, dialect: _Dialect, limit: int | None) -> list[list[str]]:
    return [row.fields for row in islice(_rows(text, dialect._replace(strict=False)), limit)]


def _rows(text: str, dialect: _Dialect) -> Iterator[Row]:
    """The rows that are not blank. Raises `csv.Error` for a quote out of place if the dialect is strict."""
    delimiter = dialect.delimiter or next(sign for sign in map(chr, range(0xE000, 0xF8FF)) if sign not in text)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
        skipinitialspace=bool(dialect.delimiter) and f'{dialect.delimiter} "' in text,
        strict=dialect.strict,
    )
    for fields in reader:
        if any(map(str.strip, fields)) and (dialect.delimiter or fields[0].strip(_SIGNS)):
            yield Row(reader.line_num, [field.strip() for field in fields] if dialect.spaced else fields)


def _evenness(rows: Sequence[Sequence[str]]) -> tuple[int, float]:
    """The commonest number of fields, and which share of the rows have it."""
    if not rows:
        return 1, 0.0
    width, count = Counter(map(len, rows)).most_common(1)[0]
    return width, count / len(rows)


def _spaced_share(rows: Sequence[Sequence[str]]) -> float:
    """Which share of the fields behind a delimiter begin with a space, as words behind a comma do."""
    fields = [field for row in rows for field in row[1:]]
    return sum(field.startswith(" ") for field in fields) / len(fields) if fields else 0.0


def _is_prose(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Whether lines that all have their commas in common are sentences all the same: nothing in them is data."""
    return delimiter in ",;" and all(data_share(column(rows, n)) < DATA_SHARE for n in range(len(rows[0])))


@contextmanager
def _fields_of_any_size() -> Iterator[None]:
    before = csv.field_size_limit(_LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)
