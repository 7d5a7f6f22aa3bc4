"""Where the words of a text are, and its runs of n words. Knows no language, only characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from verbosify.words import UNSPACED

_ONE_SPELLING = str.maketrans({"’": "'", "‘": "'", "‐": "-", "‑": "-"})


class Word(NamedTuple):
    """A word as it is compared (`text`), and where it stands: `source[start:end]`, in characters."""

    text: str
    start: int
    end: int


def find_words(source: str) -> list[Word]:
    """The words of `source`, in order; linear in its length.

    A word is a run of letters and digits with the combining marks they carry, and may hold single
    apostrophes or hyphens inside ("don't", "well-kept"). In scripts written without spaces every
    character is a word of its own. Words are compared case-folded and composed (NFC), with one
    spelling for each of the apostrophe and the hyphen.
    """
    return [Word(_fold(match.group()), match.start(), match.end()) for match in _pattern(source).finditer(source)]


def word_texts(source: str) -> list[str]:
    """The words of `source` as they are compared."""
    return [word.text for word in find_words(source)]


def ngrams(words: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    """Every run of `n` >= 1 consecutive words, in order."""
    return zip(*(words[start:] for start in range(n)), strict=False)


def _pattern(source: str) -> re.Pattern[str]:
    # `re` has no class for combining marks, so those the text holds are named; the pattern itself is cached by `re`.
    found = "".join(sorted(character for character in set(source) if unicodedata.category(character)[0] == "M"))
    marks = f"[{found}]*" if found else ""
    letters = rf"(?:[^\W_{UNSPACED}]{marks})+"
    return re.compile(rf"{letters}(?:['’‘\-‐‑]{letters})*|(?![\W_])[{UNSPACED}]{marks}")


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFC", word.translate(_ONE_SPELLING).casefold())
