"""How many words a text has: the one notion of it. Knows no language, only characters.

In scripts written without spaces (Chinese, Japanese, Thai, Khmer and others) every character counts as a word.
"""

from __future__ import annotations

import re

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""The characters of scripts written without spaces, as in a class of a regular expression: Thai and Lao, Burmese,
Khmer, kana, Han."""
CHARACTERS_A_WORD = 1.6
"""Characters of such a script that say about as much as a word of English: between Chinese's 1.5 and Japanese's 2."""

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
