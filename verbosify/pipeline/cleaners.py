"""Stages that change an answer: cut it, strip it, mend it. Each knows the text it is handed, and little else."""

from __future__ import annotations

import html
import re

from verbosify.measures.ending import FINAL_MARKS, ends_sentence
from verbosify.measures.looping import loop_start, rough_sentences
from verbosify.pipeline.context import Context
from verbosify.pipeline.registry import cleaner
from verbosify.pipeline.template import in_one_line
from verbosify.words import find_words, in_characters, perceived_characters

QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "„": "“", "«": "»", "»": "«", "`": "`"}
_LINK = re.compile(r"(?i)\b(?:https?://|www\.|(?:t|pic\.twitter)\.co?m?/)\S*")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\([nrt\"'/\\])")
_SPECIAL = re.compile(r"<\|[^<>|\s]{1,40}\|>")
_ESCAPED = {"n": "\n", "r": "\n", "t": " "}


@cleaner
def trim(text: str, _context: Context) -> str:
    """Leave out white space at both ends."""
    return text.strip()


@cleaner
def one_line(text: str, _context: Context) -> str:
    """Make a space of every run of white space and controls."""
    return in_one_line(text)


@cleaner
def first_line(text: str, _context: Context) -> str:
    """Keep the first line that is not blank."""
    return next((line for line in text.splitlines() if line.strip()), "")


@cleaner
def first_paragraph(text: str, _context: Context) -> str:
    """Keep what comes before the first blank line."""
    return re.split(r"\n[^\S\n]*\n", text.lstrip("\n"), maxsplit=1)[0]


@cleaner
def after_last(text: str, _context: Context, *, marker: str) -> str:
    """Keep what comes after the last `marker`; all if there is none."""
    return text.rpartition(marker)[2] if marker else text


@cleaner
def before(text: str, _context: Context, *, marker: str) -> str:
    """Keep what comes before the first `marker`; all if there is none."""
    return text.partition(marker)[0] if marker else text


@cleaner
def cut_characters(text: str, _context: Context, *, most: int) -> str:
    """Keep the first `most` user-perceived characters."""
    if len(text) <= most:  # a character is one code point or more
        return text
    return "".join(perceived_characters(text)[: max(most, 0)])


@cleaner
def back_to(text: str, _context: Context, *, marks: str = ".,?!\n") -> str:
    """Go back to the last of the `marks`, which stays; unless there is none after the first character."""
    last = max((text.rfind(mark) for mark in marks), default=-1)
    return text[: last + 1] if last > 0 else text


@cleaner
def whole_sentences(text: str, _context: Context, *, marks: str = "", otherwise: str = "keep") -> str:
    """Go back to where a sentence ends, closing quotes and brackets included.

    Sentences end with one of `marks`, by default those of any script. `otherwise`, if none ends: `keep` the text, cut
    it to whole words (`word`), or leave nothing (`drop`).
    """
    if ends_sentence(text) and (not marks or text.rstrip()[-1:] in marks):
        return text
    ends = set(marks) or FINAL_MARKS
    for place in range(len(text) - 1, 0, -1):
        if text[place] in ends and _is_end(text, place):
            closing = place + 1
            while closing < len(text) and text[closing] in "\"'”’)]»":
                closing += 1
            return text[:closing]
    if otherwise == "drop":
        return ""
    return text.rstrip().rpartition(" ")[0] or text if otherwise == "word" else text


def _is_end(text: str, place: int) -> bool:
    """Whether a mark ends a sentence: no full stop in a number, in initials or within a word."""
    following = text[place + 1 : place + 2]
    if following.isalnum():
        return ord(text[place]) > 0x2000  # marks of scripts that write no space
    last = re.search(r"\w*\Z", text[:place])
    return text[place] != "." or last is None or not (len(last[0]) == 1 and last[0].isupper())


@cleaner
def unquote(text: str, _context: Context) -> str:
    """Leave out quotes around the whole; and one that is opened and never closed, or closed and never opened."""
    text = text.strip()
    while len(text) > 1 and QUOTES.get(text[0]) == text[-1] and text[-1] not in text[1:-1]:
        text = text[1:-1].strip()
    for quote in '"“”':
        if text.startswith(quote) and '"' not in text[1:] and "”" not in text[1:]:
            text = text[1:].lstrip()
        elif text.endswith(quote) and '"' not in text[:-1] and "“" not in text[:-1]:
            text = text[:-1].rstrip()
    return text


@cleaner
def drop_leading(text: str, _context: Context, *, start: str) -> str:
    """Leave out one `start` at the beginning, if it is there."""
    return text.removeprefix(start)


@cleaner
def unescape(text: str, _context: Context) -> str:
    r"""Read what is written as `\u2019`, `\n` or `&amp;`; entities as often as they are nested, up to three times."""
    text = _ESCAPE.sub(lambda m: _character(m[1]) if m[1] else _ESCAPED.get(m[2], m[2]), text)
    for _ in range(3):
        text, before = html.unescape(text), text
        if text == before:
            break
    return text


def _character(code: str) -> str:
    character = chr(int(code, 16))
    return "" if "\ud800" <= character <= "\udfff" or not (character.isprintable() or character == "\n") else character


@cleaner
def drop_links(text: str, _context: Context) -> str:
    """Leave out web addresses, several in a row too, and the spaces they leave."""
    return re.sub(r"[^\S\n]{2,}", " ", _LINK.sub("", text)).strip() if _LINK.search(text) else text


@cleaner
def drop_markers(text: str, _context: Context) -> str:
    """Leave out the markers of a corpus, such as `<|startoftext|>`; what follows an end of text goes with it."""
    return _SPECIAL.sub("", text.partition("<|endoftext|>")[0])


@cleaner
def replace(text: str, _context: Context, *, old: str, new: str) -> str:
    """Put `new` for every `old`."""
    return text.replace(old, new) if old else text


@cleaner
def before_repetition(text: str, _context: Context, *, words: int = 6) -> str:
    """Keep what comes before a sentence, or so many `words` in a row, is said again."""
    found = find_words(text)
    sentences = rough_sentences(text)
    start = loop_start([word.text for word in found], sentences, in_characters(words, text))
    return text if start is None else text[: found[start].start].rstrip()
