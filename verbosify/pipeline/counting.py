"""How long a post is, as each platform counts: the limits are in these units and no others. Knows texts alone.

Bluesky counts user-perceived characters (graphemes) and bytes; Mastodon graphemes, each address as 23 and a name on
another server without that server; X weighs code points, each address as 23 and each emoji as 2
(`twitter-text`, configuration 3).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import regex

from verbosify.words import perceived_characters

LINK_LENGTH = 23
_LINK = regex.compile(r"\b(?:https?://[^\s<>\"]+|(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}(?:/[^\s<>\"]*)?)", regex.IGNORECASE)
_REMOTE_NAME = regex.compile(r"(?<![\w/])(@\w+(?:[\w.-]*\w)?)@[\p{L}\p{N}.-]+[\p{L}\p{N}]")
_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{Emoji}\uFE0F|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3")
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that weigh one; all others weigh two."""


def graphemes(text: str) -> int:
    """User-perceived characters: a flag, a family and a letter with its accents are one each."""
    return len(perceived_characters(text))


def mastodon_length(text: str) -> int:
    """As Mastodon counts."""
    return graphemes(_REMOTE_NAME.sub(r"\1", regex.sub(r"https?://[^\s<>\"]+", "x" * LINK_LENGTH, text)))


def x_length(text: str) -> int:
    """As X counts. What may be an address is counted as one, so this is never too little."""
    text = unicodedata.normalize("NFC", text)
    links = _LINK.findall(text)
    return LINK_LENGTH * len(links) + sum(map(_weight, perceived_characters(_LINK.sub("", text))))


UNITS: dict[str, Callable[[str], int]] = {
    "characters": len,
    "graphemes": graphemes,
    "mastodon": mastodon_length,
    "x": x_length,
}
"""The ways to count, by name."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a post may be at most: `most` of the `unit`, a key of `UNITS`, and `most_bytes` of UTF-8 (0: any)."""

    most: int
    unit: str
    most_bytes: int = 0

    def count(self, text: str) -> int:
        return UNITS[self.unit](text)

    def fits(self, text: str) -> bool:
        return self.count(text) <= self.most and not 0 < self.most_bytes < len(text.encode())


def _weight(grapheme: str) -> int:
    if _EMOJI.search(grapheme):
        return 2
    return sum(1 if any(low <= ord(character) <= high for low, high in _LIGHT) else 2 for character in grapheme)
