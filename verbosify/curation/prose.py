"""What does not belong in an essay's prose, told sentence by sentence. Knows text only, and no grammar book.

Rules are few and each has a name, which is kept as the reason a sentence was turned down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from verbosify.measures.words import word_texts

WORDS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
FEWEST_WORDS, MOST_WORDS = 5, 45

_LIST = re.compile(r"^\s*(?:[-*•–—·]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|[ivx]+[.)])\s")
_MARKUP = re.compile(r"[*_`~|<>{}#\\]|\[|\]|https?:|www\.|&\w+;|={2,}")
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
_FIRST_PERSON = re.compile(r"(?<!\.)\bI\b|\b[Mm](?:e|y|yself)\b")
_FIRST_PLURAL = re.compile(r"\b(?:[Ww]e|[Uu]s|[Oo]urs?|[Oo]urselves)\b")
_SECOND_PERSON = re.compile(r"\b(?:you|yours?|yourself|yourselves)\b", re.IGNORECASE)
_REVERSAL = re.compile(
    r"^(?:but|however|actually|on the contrary|in fact|yet|nevertheless|although this|contrary to|in reality)\b",
    re.IGNORECASE,
)
_LEANING = re.compile(
    r"^(?:it|its|he|him|his|she|her|they|them|their|this|that|these|those|one|another|the other|some|both|and|or|so|"
    r"then|also|instead|therefore|thus|hence|because|such|similarly|likewise|again|there)\b",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"[.!?…][”\"’'»)]*$")
_STAMMER = re.compile(r"\b(\w+)\s+\1\b", re.IGNORECASE)
_STAMMER_ALLOWED = frozenset(("that", "had"))
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*%?")
_INNER_WORD = re.compile(r"(?<=[\w.,;:'’”\"] )[^\W\d_][\w'’.-]+")
_PART = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Voice:
    """What an essay allows itself: who speaks, to whom, and whether it asks. Judged from all of its prose."""

    first_person: bool
    first_plural: bool
    second_person: bool
    questions: bool

    @classmethod
    def of(cls, prose: str) -> Voice:
        return cls(
            first_person=bool(_FIRST_PERSON.search(prose)),
            first_plural=bool(_FIRST_PLURAL.search(prose)),
            second_person=bool(_SECOND_PERSON.search(prose)),
            questions="?" in prose,
        )


@dataclass(frozen=True, slots=True)
class Mentions:
    """What an essay's prose says, read once, so that a sentence is judged in the same time however long the essay is.

    Attributes:
        sentences: the key of each sentence.
        words: runs of letters and digits, in lower case.
        numbers: as written, without a percent sign.
    """

    sentences: frozenset[str]
    words: frozenset[str]
    numbers: frozenset[str]

    @classmethod
    def of(cls, prose: str) -> Mentions:
        from verbosify.essay.sentences import split_sentences

        return cls(
            sentences=frozenset(sentence_key(prose[start:end]) for start, end in split_sentences(prose)),
            words=frozenset(_PART.findall(prose.lower())),
            numbers=frozenset(_plain(number) for number in _NUMBER.findall(prose)),
        )


def sentence_key(sentence: str) -> str:
    """What makes two sentences the same: their words, whatever the case and punctuation."""
    return " ".join(word_texts(sentence))


def unfit(sentence: str, voice: Voice) -> str | None:
    """Why `sentence` cannot stand in an essay of that `voice`, in a few words; None if it can."""
    words = WORDS.findall(sentence)
    tests: tuple[tuple[str, object], ...] = (
        ("too short", len(words) < FEWEST_WORDS),
        ("too long", len(words) > MOST_WORDS),
        ("line break", "\n" in sentence),
        ("list marker", _LIST.match(sentence)),
        ("markup", _MARKUP.search(sentence)),
        ("unfinished", not _CLOSING.search(sentence)),
        ("no beginning", not _begins(sentence)),
        ("heading", _is_heading(words)),
        ("chat", _CHAT.match(sentence)),
        ("speaks about the text", _ABOUT_TEXT.search(sentence)),
        ("question", "?" in sentence and not voice.questions),
        ("first person", _FIRST_PERSON.search(sentence) and not voice.first_person),
        ("first person plural", _FIRST_PLURAL.search(sentence) and not voice.first_plural),
        ("addresses the reader", _SECOND_PERSON.search(sentence) and not voice.second_person),
        ("unbalanced", not balanced(sentence)),
        ("stammer", any(word.lower() not in _STAMMER_ALLOWED for word in _STAMMER.findall(sentence))),
        ("circular", is_circular(words)),
    )
    return next((reason for reason, failed in tests if failed), None)


def is_reversal(sentence: str) -> bool:
    """Whether the sentence opens by turning against what came before it."""
    return bool(_REVERSAL.match(sentence))


def leans(sentence: str) -> bool:
    """Whether the sentence opens with a word that points back to one before it."""
    return bool(_LEANING.match(sentence)) or is_reversal(sentence)


def inventions(sentence: str, mentions: Mentions) -> list[str]:
    """Numbers, and names inside the sentence, that the essay does not mention: facts made up."""
    numbers = [number for number in _NUMBER.findall(sentence) if _plain(number) not in mentions.numbers]
    names = [
        word.rstrip(".'’-")
        for word in _INNER_WORD.findall(sentence)
        if any(part[0].isupper() and part != "I" and part.lower() not in mentions.words for part in _PART.findall(word))
    ]
    return numbers + names


def _plain(number: str) -> str:
    return number.removesuffix("%")


def balanced(sentence: str) -> bool:
    """Whether brackets and double quotation marks come in pairs, in order."""
    if sentence.count('"') % 2:
        return False
    pairs = {")": "(", "]": "[", "”": "“", "»": "«"}
    stack: list[str] = []
    for mark in sentence:
        if mark in pairs.values():
            stack.append(mark)
        elif mark in pairs and (not stack or stack.pop() != pairs[mark]):
            return False
    return not stack


def is_circular(words: list[str]) -> bool:
    """Whether a sentence says its own words over again: a third of its longer words, or three in a row."""
    lowered = [word.lower() for word in words]
    content = [word for word in lowered if len(word) > 3]
    if len(content) >= 4 and len(set(content)) <= 0.65 * len(content):
        return True
    runs = list(zip(lowered, lowered[1:], lowered[2:], strict=False))
    return len(set(runs)) < len(runs)


def _begins(sentence: str) -> bool:
    """Whether its first letter or digit, behind an opening quotation mark or bracket, is one to begin with."""
    first = sentence.lstrip("“\"‘'«(")[:1]
    return first.isalnum() and not first.islower()


def _is_heading(words: list[str]) -> bool:
    """Title Case Throughout, or CAPITALS."""
    long = [word for word in words if len(word) > 3 and word[0].isalpha()]
    return len(long) >= 4 and sum(word[0].isupper() for word in long) > 0.7 * len(long)
