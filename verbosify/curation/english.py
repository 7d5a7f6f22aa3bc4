"""The rules of English prose: who speaks, chat, what is said about the text, turns, leanings, headings, stammer.

They hold in no other language, and are asked of English alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

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


def _words(text: str) -> list[str]:
    return text.split()


_NUMBERS = (
    {
        word: str(number)
        for number, word in enumerate(
            _words(
                "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
                "seventeen eighteen nineteen twenty"
            ),
            2,
        )
    }
    | {word: str(10 * tens) for tens, word in enumerate(_words("thirty forty fifty sixty seventy eighty ninety"), 3)}
    | {word: str(n) for n, word in enumerate(_words("third fourth fifth sixth seventh eighth ninth tenth"), 3)}
    | {"dozen": "12", "hundred": "100", "thousand": "1000", "million": "10^6", "billion": "10^9"}
)
# How sentences of any subject begin: a word written large there that is none of these may be a name.
_OPENERS = frozenset(
    _words("""
        a about above according across add after afterwards again ahead all almost along already also although always
        among an and another any anyone anything apart are around as ask at away back be because before behind being
        below beneath beside besides between beyond big blue both but by call can careful children close cold come
        could cut day days did do does down during each early either else enough even eventually every everybody
        everyone everything everywhere except far fear few finally find first for forget from further get give given
        go good great had half hard has have he hence her here hers high him his hold how however i if imagine in
        indeed inside instead into is it its just keep knowing last late later least leave less let life light like
        little long look looking lots made make making many maybe meanwhile men might mine more most mostly mother
        much must my name near nearby nearly neither never nevertheless new next night no nobody none nor not nothing
        now nowhere of off often old on once one only open or other others otherwise our out outside over part people
        perhaps place plenty put quite rather read red right same second see set several shall she short should side
        similarly simply since slow small so some somebody someone something sometimes somewhere soon start step still
        stop such sure take tell than that the their theirs them then there therefore these they thing things think
        this those though thought through thus time times to today together tomorrow tonight too toward towards try
        turn under unless unlike until up upon us use used usually very wait want was watch water way we well were
        what whatever when whenever where wherever whether which while white who whoever whole whose why will with
        within without women wonder words work would yes yesterday yet young your
    """)
)
_ORDINARY_ENDS = ("ly", "ing", "ings", "ists", "ions", "ion", "ments", "ment", "ness", "ities", "ity", "ed")


_COUNTED = re.compile(
    rf"(?:(?<![\d.,:-])(?P<digits>\d+(?:[.,:]\d+)*)|\b(?P<spelt>{'|'.join(_NUMBERS)}))\b%?"
    r"(?=(?:[ -](?P<word>[a-z]{2,}))?)"
)
_UNCOUNTED = _words("""
    after always and as at before but by does else for from had has have if in is it its less like more of on or
    perhaps so than that the then this to unless was were when where which who with
""")
_PLURALS = frozenset(["children", "feet", "men", "people", "teeth", "women"])
_ALIKE, _YEAR = 4, 4
"""Letters by which two words are the same, as `metre` and `metres` are; digits of a year."""


def numbers_in_words(words: Iterable[str]) -> set[str]:
    """The numbers above one that are spelt out among `words`, in lower case, each part by itself, as digits."""
    return {found for word in words if (found := _NUMBERS.get(word) or _NUMBERS.get(word.removesuffix("s")))}


def counted(text: str) -> Iterator[tuple[str, str]]:
    """Every number above one, as digits, and the word right after it, in lower case; "" if that is none of a thing.

    So `five times` is 5 and times, and `22 of them` is 22 alone.
    """
    for match in _COUNTED.finditer(text.lower()):
        word = match["word"] or ""
        yield match["digits"] or _NUMBERS[match["spelt"]], "" if word in _UNCOUNTED else word


def counts_another_thing(text: str, passage: str) -> list[str]:
    """What `text` counts by a number that is another thing's in the passage: `18 months`, after `18 February`.

    Only plurals are looked at, and no years.
    """
    told = _counted_by(passage)
    return [
        f"{number} {word}"
        for number, word in counted(text)
        if (word.endswith("s") or word in _PLURALS)
        and len(number) != _YEAR
        and (words := told.get(number))
        and not words & {word[:_ALIKE], ""}
    ]


@lru_cache(maxsize=64)
def _counted_by(passage: str) -> dict[str, set[str]]:
    """The beginnings of the words that each number of a passage counts."""
    found: dict[str, set[str]] = {}
    for number, word in counted(passage):
        found.setdefault(number, set()).add(word[:_ALIKE])
    return found


def may_open_as_a_name(word: str) -> bool:
    """Whether a word that begins a sentence is none that sentences of any subject begin with."""
    lowered = word.lower()
    ordinary = lowered in _OPENERS or lowered.endswith(_ORDINARY_ENDS) or numbers_in_words([lowered])
    return word[:1].isupper() and not ordinary


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
