"""Whether a text holds certain words, however they are written. Knows a list of words, and not why they are on it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from verbosify.errors import SettingsError
from verbosify.files import os_errors_as

_LOOKS = str.maketrans(
    {
        **dict(zip("0134578@$!|", "oieastbasil", strict=True)),
        **dict(zip("асеорхуіјԁԛѕ", "aceopxyijdqs", strict=True)),
        **dict(zip("αεικνορτυχ", "aeiknoptux", strict=True)),
    }
)
"""What is written in place of a letter that looks like it: figures and signs, Cyrillic, Greek."""
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


def plain_spelling(text: str) -> str:
    """`text` as it is compared: compatibility forms unfolded (NFKD), no accents, nothing that is not seen, no case."""
    unfolded = unicodedata.normalize("NFKD", _UNSEEN.sub("", text))
    return "".join(c for c in unfolded if not unicodedata.combining(c)).casefold()


def read_words(files: Iterable[Path]) -> tuple[str, ...]:
    """The words and phrases in files: one a line, `#` begins a remark. `SettingsError` for one that cannot be read."""
    words: dict[str, None] = {}
    for file in files:
        with os_errors_as(SettingsError, file, "check the path of the list of forbidden words"):
            content = file.read_bytes()
        try:
            lines = content.decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise SettingsError(f"{file} is not UTF-8: save it so.") from None
        words |= dict.fromkeys(word for line in lines if (word := line.partition("#")[0].strip()))
    return tuple(words)


class Words:
    """A list of words and phrases, looked for as whole words.

    A word is found in any case and with or without accents, with figures or letters of other scripts that look like its
    own, and with its letters apart (`b a d`, `b.a.d`) if it has three or more. `class` is not found in `classic`.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(dict.fromkeys(filter(None, (" ".join(plain_spelling(word).split()) for word in words))))

    def found(self, text: str) -> str | None:
        """The word of the list that stands first in `text`; None if there is none."""
        if not self.words:
            return None
        plain = plain_spelling(text)
        for spelling in (plain, plain.translate(_LOOKS)):
            if match := self._pattern.search(spelling):
                letters = "".join(filter(str.isalnum, match[0]))
                return next((word for word in self.words if "".join(filter(str.isalnum, word)) == letters), match[0])
        return None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(
            rf"(?<![^\W_])(?:{'|'.join(map(_spelt, sorted(self.words, key=len, reverse=True)))})(?![^\W_])"
        )


def _spelt(word: str) -> str:
    """A pattern for a word, its letters together or all apart; for a phrase, with anything but letters between."""
    parts = [re.escape(part) for part in word.split()]
    together = r"[\W_]+".join(parts)
    if len(parts) == 1 and len(word) >= 3 and word.isalnum():
        return together + "|" + r"[\W_]".join(map(re.escape, word))
    return together
