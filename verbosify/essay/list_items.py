"""Which lines of a plain text begin an item of a list, told by their marks and by their neighbours."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SURE = re.compile(
    r"\s*(?:[-*+][ \t]|[•‣◦▪·●○■□⁃∙▸►➢➤➔✓✔☐☑☒]|o\t|\[[ xX]\][ \t]|>|\|.*\|\s*$"
    r"|\d{1,3}(?:[.)]|\.\))[ \t]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})\)[ \t])"
)
_ORDERED = re.compile(  # which may as well begin a sentence: `A. Adler`, `3.5 metres`
    r"\s*(?:(?P<roman>[ivxIVX]{1,5})[.)]|(?P<letter>[A-Za-z])[.)]|(?P<dotted>\d{1,2}(?:\.\d{1,2})+)\.?)[ \t]"
    r"|\s*(?P<number>\d{1,3})[.)](?=[^\W\d_])"
)
_DASHED = re.compile(r"\s*(?P<mark>[–—]|[-*](?=\w))\s*\S")  # or speech, or an emphasis
_ENDED = re.compile(r"""[.!?…。！？]["'”’»›)\]）」』*]*\s*$""")
_DATE = re.compile(r"\s*\d{1,2}\. [^\W\d_]{3,12}\.? \d{4}\s*$")  # 3. Mai 2024
_FARTHEST = 6  # lines between two items
_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi")


def item_lines(lines: Sequence[str]) -> list[bool]:
    """Whether each line begins an item.

    A bullet, a number or a letter in brackets is enough. A letter, a Roman or a dotted number with a full stop needs
    another that follows or goes before it; a dash, a neighbour with one, and that neither ends a sentence, since that
    is how speech is set.
    """
    found = [_SURE.match(line) is not None and _DATE.match(line) is None for line in lines]
    before, at = set[tuple[str, int]](), -_FARTHEST
    for number, line in enumerate(lines):
        if candidates := _ordered(line):
            near = number - at <= _FARTHEST
            follows = any((kind, value - 1) in before or kind == "dotted" for kind, value in candidates)
            if near and follows and {kind for kind, _ in candidates} & {kind for kind, _ in before}:
                found[number] = found[at] = True
            before, at = candidates, number
    marks = [match["mark"] if (match := _DASHED.match(line)) and not _ENDED.search(line) else "" for line in lines]
    for number in range(len(lines) - 1):
        if marks[number] and marks[number] == marks[number + 1]:
            found[number] = found[number + 1] = True
    return found


def _ordered(line: str) -> set[tuple[str, int]]:
    """The kinds of number that a line may begin with, and their values: `i.` is a Roman number or a letter."""
    match = _ORDERED.match(line)
    if match is None:
        return set()
    if match["number"]:
        return {("number", int(match["number"]))}
    if match["dotted"]:
        return {("dotted", 0)}
    mark = match["roman"] or match["letter"]
    case = "upper" if mark.isupper() else "lower"
    found = {(f"{case} letter", ord(mark))} if len(mark) == 1 else set()
    return found | ({(f"{case} roman", _ROMAN.index(mark.lower()))} if mark.lower() in _ROMAN else set())
