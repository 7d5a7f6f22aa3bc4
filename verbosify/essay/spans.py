"""Characters and how they are set: what the writers of every format pass on to each other. Knows no format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

Marks = frozenset[str]
"""How characters are set: bold, italic, strike, code, raised, lowered, generated; `soft`, of a line break, says that
it is one of the file and not of the text; `picture`, that they describe one, whose file the link names."""
PLAIN: Marks = frozenset()

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters that are set alike.

    Attributes:
        text: the characters; a line break within a paragraph is a newline.
        marks: how they are set.
        link: the address that they lead to, or nothing.
        note: the number of the note whose mark stands here, from 1, and no characters; or else 0.
        again: that note had a mark before this one.
    """

    text: str
    marks: Marks = PLAIN
    link: str = ""
    note: int = 0
    again: bool = False


def words_of(spans: Iterable[Span], note_mark: Callable[[int], str]) -> str:
    """The characters alone: addresses in brackets after their words, the marks of notes as `note_mark` writes them."""
    written = []
    for link, linked in groupby(spans, key=lambda span: span.link):
        words = "".join(note_mark(span.note) if span.note else _characters(span) for span in linked)
        tail = words[len(words.rstrip()) :]
        written.append(words.rstrip() + address_after(words, link) + tail)
    return "".join(written)


def address_after(words: str, link: str) -> str:
    """The address of a link in brackets, to follow its words; nothing if they say it themselves."""
    said = words.strip().removesuffix("/")
    return f" ({link})" if link and said not in (link.removesuffix("/"), link.removeprefix("mailto:")) else ""


def _characters(span: Span) -> str:
    raised = "raised" in span.marks and span.text.isascii() and span.text.isdigit()
    return span.text.translate(SUPERSCRIPTS) if raised else span.text
