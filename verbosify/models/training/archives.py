"""Archives of somebody's posts to training text: what is theirs is kept, as they wrote it, and all else is counted.

Knows tables and characters, not models. Reposts and replies go; links go, however many follow one another; entities of
HTML are decoded, and the markers that part texts from one another in training are taken out of the texts.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from verbosify.errors import CorpusError, OutputError
from verbosify.files import os_errors_as, whole_file
from verbosify.models.protocol import Notify
from verbosify.models.training.columns import numbered_cells
from verbosify.models.training.corpus import END, START, TABLES, read_file
from verbosify.streams import say

LONG = 280
"""Characters beyond which no site took a post in one piece: such a row is kept, and counted."""
_REPOST = re.compile(r"RT\b(?=[\s:@]|$)")
_REPLY = re.compile(r"\.?@\w+(?:\.\w+)*")
_LINK = re.compile(r"(?:\b[a-z][a-z+.-]*://|\bwww\.|\bpic\.twitter\.com/|\bt\.co/)\S*", re.IGNORECASE)
_MARKER = re.compile("|".join(map(re.escape, (START, END))))
_ENTITY_DEPTH = 3  # `&amp;amp;` is found in archives of archives


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The texts of an archive, and what became of its rows.

    Attributes:
        texts: in order, none of them blank, no two alike.
        rows: all of the archive's, the heading left out.
        blank: the lines, from 1, of rows that were blank, or of which links alone were the text.
        links: links that were taken out of texts that stay.
        entities: texts that stay and had entities of HTML in them.
        long: texts that stay and have more than `LONG` characters.
    """

    texts: tuple[str, ...]
    rows: int
    reposts: int
    replies: int
    duplicates: int
    blank: tuple[int, ...]
    links: int
    entities: int
    long: int


def clean_archive(source: Path, *, column: str | int | None = None, on_notice: Notify = say) -> Cleaned:
    """Read the archive, a .csv or .tsv file, and clean it.

    Args:
        column: the one that holds the posts, by its name or its number from 0; by default the first.
        on_notice: called with each sentence about what was guessed.

    Raises:
        CorpusError: it is no table, has no such column, or nothing is left of it.
    """
    if source.suffix.lower() not in TABLES:
        raise CorpusError(f"{source} is no table: an archive to clean ends in .csv or .tsv.")
    if not source.is_file():
        raise CorpusError(f"There is no file {source} to clean: check its name.")
    cells = numbered_cells(read_file(source, on_notice), str(source), column, on_notice)
    cleaned = clean_rows(cells)
    if not cleaned.texts:
        raise CorpusError(f"Nothing is left of {source}: all its rows are blank, reposts or replies.")
    return cleaned


def clean_rows(rows: Iterable[tuple[int, str]]) -> Cleaned:
    """The same of rows, each a line's number and a post."""
    texts: dict[str, None] = {}
    blank = []
    count = reposts = replies = duplicates = links = entities = long = 0
    for line, cell in rows:
        count += 1
        text, had_entities = _decoded(cell)
        text = _MARKER.sub(" ", text).strip()
        if _REPOST.match(text):
            reposts += 1
            continue
        if _REPLY.match(text):
            replies += 1
            continue
        text, taken = _LINK.subn("", text)
        text = "\n".join(" ".join(part.split()) for part in text.splitlines() if part.strip())
        if not text:
            blank.append(line)
        elif text in texts:
            duplicates += 1
        else:
            texts[text] = None
            links += taken
            entities += had_entities
            long += len(text) > LONG
    return Cleaned(tuple(texts), count, reposts, replies, duplicates, tuple(blank), links, entities, long)


def write_texts(texts: Iterable[str], path: Path) -> None:
    """Write texts as a table of one column, `text`, as `read_corpus` and gpt-2-simple take it; whole or not at all."""
    with os_errors_as(OutputError, path, "choose another place, or make room", cannot="written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            lines = io.StringIO(newline="")
            writer = csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerow(["text"])
            writer.writerows([text] for text in texts)
            file.write(lines.getvalue().encode())


def _decoded(text: str) -> tuple[str, bool]:
    """The text with its entities decoded, those that were encoded twice too; and whether there were any."""
    first = text
    for _ in range(_ENTITY_DEPTH):
        decoded = html.unescape(text)
        if decoded == text:
            break
        text = decoded
    return text, text != first
