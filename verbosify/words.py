"""The words of a text: where they are and how many, its runs of n words. Knows no language, only characters.

In scripts written without spaces (Chinese, Japanese, Thai, Khmer and others) every character counts as a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""The characters of scripts written without spaces, as in a class of a regular expression: Thai and Lao, Burmese,
Khmer, kana, Han."""
CHARACTERS_A_WORD = 1.6
"""Characters of such a script that say about as much as a word of English: between Chinese's 1.5 and Japanese's 2."""

_ONE_SPELLING = str.maketrans({"’": "'", "‘": "'", "‐": "-", "‑": "-"})
_CHARACTER = re.compile(f"[{UNSPACED}]")


def plain_words(text: str) -> int:
    """How many words: pieces between white space that hold a letter or digit; of unspaced scripts, each character."""
    if text.isascii():
        return sum(any(map(str.isalnum, word)) for word in text.split())
    characters = sum(map(str.isalnum, _CHARACTER.findall(text)))
    return characters + sum(any(map(str.isalnum, word)) for word in _CHARACTER.sub(" ", text).split())


def is_written_without_spaces(text: str) -> bool:
    """Whether most of the letters and digits of `text` are of unspaced scripts."""
    return 2 * len(_CHARACTER.findall(text)) > sum(map(str.isalnum, text))


def in_characters(words: int, text: str) -> int:
    """As many words of English as `words`, counted as `text` is: in characters if it is written without spaces."""
    return round(words * CHARACTERS_A_WORD) if is_written_without_spaces(text) else words


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
