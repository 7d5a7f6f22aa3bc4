"""The column of a table that holds the text: which it is, what was guessed on the way, and why it may not be it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from verbosify.errors import CorpusError
from verbosify.models.training.tables import DATA_SHARE, DELIMITERS, SAMPLE, Table, column, data_share, read_table

MOST_NAMED = 12
LONGEST_NAME = 40
LEAST_LABELS, LABEL_SHARE = 20, 0.1
"""Labels repeat: there are many of them, and few that differ."""


def column_texts(text: str, name: str, wanted: str | int | None, on_notice: Callable[[str], None]) -> list[str]:
    """The cells of one column of the table that `text` spells, those left out that are blank.

    Args:
        text: the whole content of a file.
        name: of the file, for the messages.
        wanted: the column, by its name or its number from 0; None is the first, which then must hold text.
        on_notice: called with each sentence about what was guessed.

    Raises:
        CorpusError: there is no such column, or nothing to be read in it.
    """
    return [cell for _, cell in numbered_cells(text, name, wanted, on_notice) if cell.strip()]


def numbered_cells(
    text: str, name: str, wanted: str | int | None, on_notice: Callable[[str], None]
) -> list[tuple[int, str]]:
    """The same, each with the number of its row's last line in the file, from 1; blank cells and blank lines too."""
    table = read_table(text)
    if isinstance(wanted, str):
        table = _with_heading(table, wanted)
    number = 0 if wanted is None else _number_of(table, name, wanted)
    cells = _cells(table, number)
    if wanted is None and (data_share(cells) >= DATA_SHARE or _are_labels(table, cells)):
        raise CorpusError(_about_data(table, name))
    written = sum(1 for cell in cells if cell.strip())
    if not written and table.rows:
        raise CorpusError(f"{name} holds nothing in {_called(table, number)}: choose another column of {_list(table)}.")
    for notice in _notices(table, name, number, len(cells) - written) if written else ():
        on_notice(notice)
    return list(_numbered(table, cells))


def _numbered(table: Table, cells: Sequence[str]) -> Iterator[tuple[int, str]]:
    before = table.heading.line if table.heading is not None else 0
    for row, cell in zip(table.rows, cells, strict=True):
        first = row.line - sum(field.count("\n") for field in row.fields)
        yield from ((line, "") for line in range(before + 1, first))
        yield row.line, cell
        before = row.line


def _cells(table: Table, number: int) -> list[str]:
    """The cells of a column. What is over in a row belongs to it if it is the last, or if all the others hold data."""
    rows = [row.fields for row in table.rows]
    even = [row for row in rows[:SAMPLE] if len(row) <= table.width]
    others = (column(even, other) for other in range(table.width) if other != number)
    if number < table.width - 1 and not all(data_share(cells) >= DATA_SHARE for cells in others):
        return column(rows, number)
    ends = (number + 1 + max(0, len(row) - table.width) for row in rows)
    return [table.delimiter.join(row[number:end]) for row, end in zip(rows, ends, strict=True)]


def _with_heading(table: Table, wanted: str) -> Table:
    """The table; its first row is a heading, whatever it looked like, if the column is called by what stands there."""
    if table.heading is None and table.rows and any(_same(wanted, field) for field in table.rows[0].fields):
        return Table(table.rows[0], table.rows[1:], len(table.rows[0].fields), table.delimiter)
    return table


def _number_of(table: Table, name: str, wanted: str | int) -> int:
    if isinstance(wanted, int) and not isinstance(wanted, bool) and 0 <= wanted < table.width:
        return wanted
    names = table.heading.fields if table.heading is not None else []
    if isinstance(wanted, str):
        exact = [number for number, own in enumerate(names) if own == wanted]
        alike = [number for number, own in enumerate(names) if _same(wanted, own)]
        if exact or alike:
            return (exact or alike)[0]
    raise CorpusError(f"{name} has no column {wanted!r}: choose one of {_list(table)}.")


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _are_labels(table: Table, cells: Sequence[str]) -> bool:
    """Whether the cells are a few words over and over, and another column has sentences."""
    some = [cell for cell in cells[:SAMPLE] if cell.strip()]
    few = len(some) >= LEAST_LABELS and len(set(some)) <= LABEL_SHARE * len(some)
    rows = [row.fields for row in table.rows[:SAMPLE]]
    return few and max(map(_words, some)) <= 2 and any(map(_are_sentences, _columns(rows, table.width)))


def _are_sentences(cells: Sequence[str]) -> bool:
    written = [_words(cell) for cell in cells if cell.strip()]
    return bool(written) and median(written) > 2


def _words(cell: str) -> int:
    return len(cell.split())


def _columns(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    return [column(rows, number) for number in range(width)]


def _about_data(table: Table, name: str) -> str:
    columns = _columns([row.fields for row in table.rows[:SAMPLE]], table.width)
    what = "numbers, dates, addresses, ids or labels and no text"
    letters = [sum(map(len, cells)) if data_share(cells) < DATA_SHARE else 0 for cells in columns]
    if not any(letters):
        where = " in all its columns" if table.width > 1 else ""
        return f"{name} holds {what}{where}: name another file, or read it all the same with column=0."
    likely = letters.index(max(letters))
    names = table.heading.fields if table.heading is not None else []
    chosen = names[likely] if likely < len(names) and names[likely].strip() else likely
    begins = "" if names else f", which begins with {_short(next(filter(str.strip, columns[likely])))}"
    return (
        f"{name} holds {what} in {_called(table, 0)}, which would be read: choose one of {_list(table)}, as in "
        f"column={_short(chosen)}{begins}."
    )


def _notices(table: Table, name: str, number: int, blank: int) -> list[str]:
    notices = []
    delimited = DELIMITERS.get(table.delimiter, repr(table.delimiter))
    if table.width > 1:
        notices.append(
            f"{name}: {_called(table, number)} is read, of {_list(table)}, with {delimited} between them; column= "
            f"chooses another{'' if table.heading is not None else ', and there is no heading'}."
        )
    else:
        notices.append(f"{name}: {_called(table, 0)} is read, the only one; each row is a text, its commas included.")
    if table.heading is not None:
        row = " | ".join(field.strip() for field in table.heading.fields if field.strip())
        notices.append(
            f"{name}: the first row, {_short(row)}, is taken for a heading and not read; if it is text, put a row of "
            "names above it."
        )
    if blank:
        notices.append(f"{name}: {_rows(blank)} without anything in that column left out.")
    longer = [row for row in table.rows if len(row.fields) > table.width]
    if longer and table.width > 1:
        notices.append(
            f"{name}: {_rows(len(longer))} longer than the others, the first in line {longer[0].line}: text with "
            f"{delimited} in it must stand in quotes."
        )
    return notices


def _rows(count: int) -> str:
    return f"{count:,} rows are" if count > 1 else "1 row is"


def _called(table: Table, number: int) -> str:
    names = table.heading.fields if table.heading is not None else []
    if number < len(names) and names[number].strip():
        return f"the column {_short(names[number])}"
    return f"column {number}"


def _list(table: Table) -> str:
    """The columns by what they may be chosen by."""
    names = table.heading.fields if table.heading is not None else []
    words = [_short(name) if name.strip() else str(number) for number, name in enumerate(names)]
    if not names:
        return f"0 to {table.width - 1}" if table.width > 1 else "0"
    more = [f"{len(words) - MOST_NAMED} more"] if len(words) > MOST_NAMED else []
    words = words[:MOST_NAMED] + more
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _short(name: object) -> str:
    if not isinstance(name, str):
        return repr(name)
    return repr(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…")
