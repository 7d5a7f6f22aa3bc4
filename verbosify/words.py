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
_IN_NUMBERS = r"(?<=\d)[.,](?=\d)"
_IN_INITIALS = r"(?<=(?<![^\W_])[^\W\d_])\.(?=[^\W\d_](?![^\W_]))"
_CITATIONS = r"[^\w\s\[]{0,3}(?:\[\d{1,3}\])+"
_ADDRESS = rf"(?i:https?|ftp)://[^\s<>\"“”«»{UNSPACED}]*[^\W_{UNSPACED}]"
_NO_CHARACTER = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffd-\uffff]")
"""Controls but white space, halves of surrogate pairs, private use, and what stands for bytes that spell nothing."""


def is_garbled(text: str) -> bool:
    """Whether something in `text` is no character to be read: a model may spell half of one, and a control."""
    return _NO_CHARACTER.search(text) is not None


def plain_words(text: str) -> int:
    """How many words `text` has, as `find_words` finds them."""
    return sum(1 for _ in _pattern(text).finditer(text))


def perceived_characters(text: str) -> list[str]:
    """The user-perceived characters of `text`, in order: extended grapheme clusters (Unicode TR 29)."""
    import regex

    found: list[str] = regex.findall(r"\X", text)
    return found


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
    apostrophes or hyphens inside ("don't", "well-kept"), points and commas between digits ("3.14",
    "1,000") and points between single letters ("A.I."). A web address is one word, and the number of a
    citation mark right after a word none ("so.[1]"). In scripts written without spaces every character
    is a word of its own. Words are compared case-folded and composed (NFC), with one spelling for each of
    the apostrophe and the hyphen.
    """
    return [Word(_fold(match[1]), *match.span(1)) for match in _pattern(source).finditer(source)]


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
    joints = rf"(?:['’‘\-‐‑]|{_IN_NUMBERS}|{_IN_INITIALS})"
    return re.compile(rf"({_ADDRESS}|{letters}(?:{joints}{letters})*|(?![\W_])[{UNSPACED}]{marks})(?:{_CITATIONS})?")


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFC", word.translate(_ONE_SPELLING).casefold())
