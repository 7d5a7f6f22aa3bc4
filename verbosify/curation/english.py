"""The rules of English prose: who speaks, chat, what is said about the text, turns, leanings, headings, stammer.

They hold in no other language, and are asked of English alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_CHAT = re.compile(
    r"^(?:sure|certainly|of course|here(?:'s| is| are)|sorry|i apologi[sz]e|as an ai|let(?:'s| us| me)|note|please|"
    r"question|answer|example|explanation|solution|conclusion|summary|step|chapter|figure|table|abstract|title|hint|"
    r"option|source|references?|ok(?:ay)?|hi|hello|thank|for example, if you|(?:true|false|yes|no)(?=[,.:;!]))\b",
    re.IGNORECASE,
)
_ABOUT_TEXT = re.compile(
    r"\b(?:this|the|following|above|below|given|next|previous|first|second|last|final)\s+"
    r"(?:[\w-]+\s)?(?:passages?|sentences?|paragraphs?|texts?|essays?|article|story|statement|question|answer|prompt|"
    r"excerpt|author|narrator|writer|reader|phrase|option|correct)\b|\bauthor\b|\bparaphras|\bsummari[sz]e",
    re.IGNORECASE,
)
# Not A.I., nor the US, nor a coal mine.
FIRST_PERSON = re.compile(r"(?<!\.)\bI\b|\b[Mm](?:e|y|yself)\b")
FIRST_PLURAL = re.compile(r"\b(?:[Ww]e|[Uu]s|[Oo]urs?|[Oo]urselves)\b")
SECOND_PERSON = re.compile(r"\b(?:you|yours?|yourself|yourselves)\b", re.IGNORECASE)
_REVERSAL = re.compile(
    r"^(?:but|however|actually|on the contrary|in fact|yet|nevertheless|although this|contrary to|in reality)\b",
    re.IGNORECASE,
)
_LEANING = re.compile(
    r"^(?:it|its|he|him|his|she|her|they|them|their|this|that|these|those|one|another|the other|some|both|and|or|so|"
    r"then|also|instead|therefore|thus|hence|because|such|similarly|likewise|again|there)\b",
    re.IGNORECASE,
)
_STAMMER = re.compile(r"\b(\w+)\s+\1\b", re.IGNORECASE)
_STAMMER_ALLOWED = frozenset(("that", "had"))


def is_chat(sentence: str) -> bool:
    """Whether the sentence opens as an assistant's answer, or as a label, does."""
    return _CHAT.match(sentence) is not None


def speaks_about_text(sentence: str) -> bool:
    """Whether the sentence is about the passage it stands in."""
    return _ABOUT_TEXT.search(sentence) is not None


def is_reversal(sentence: str) -> bool:
    """Whether the sentence opens by turning against what came before it."""
    return _REVERSAL.match(sentence) is not None


def leans(sentence: str) -> bool:
    """Whether the sentence opens with a word that points back to one before it."""
    return _LEANING.match(sentence) is not None or is_reversal(sentence)


def stammers(sentence: str) -> bool:
    """Whether the sentence says a word twice in a row."""
    return any(word.lower() not in _STAMMER_ALLOWED for word in _STAMMER.findall(sentence))


def is_heading(words: Sequence[str]) -> bool:
    """Title Case Throughout, or CAPITALS."""
    long = [word for word in words if len(word) > 3 and word[0].isalpha()]
    return len(long) >= 4 and sum(word[0].isupper() for word in long) > 0.7 * len(long)
