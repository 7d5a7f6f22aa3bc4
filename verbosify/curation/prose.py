"""What does not belong in an essay's prose, told sentence by sentence. Knows text only, and no grammar book.

Rules are few and each has a name, which is kept as the reason a sentence was turned down. Those of English are in
`english.py`; those here hold in every language that writes sentences with marks at their ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from verbosify.curation import english
from verbosify.essay.adornments import german_quotes_turned
from verbosify.essay.language import NAMES, guess_language
from verbosify.words import in_characters, is_garbled, is_written_without_spaces, ngrams, word_texts

WORDS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
FEWEST_WORDS, MOST_WORDS = 5, 45

FIGURES = 8
"""So many words to a number are too few, if there are several numbers."""
TOO_ALIKE = 0.5
"""Two sentences that share this part of their longer words (Jaccard) say the same thing."""

_LIST = re.compile(
    r"^\s*(?:(?:[-*•–—·・]|\(?\d{1,3}[.)]|\(?[^\W\d_][.)]|[ivx]+[.)])\s|(?:\d{1,3}|[一二三四五六七八九十]{1,3})、)"
)
_MARKUP = re.compile(r"[*_`~|<>{}#\\]|\[|\]|https?:|www\.|&\w+;|={2,}")
_CLOSING = re.compile(
    r"(?:[.!?…。！？｡؟۔।॥]|(?<=[\u0370-\u03ff\u1f00-\u1fff]);)(?:[\u00a0\u202f ]?»|[”“\"’‘'»«›‹)）」』】])*$"
)
_OPENING = "“\"‘'«(„‚”»›‹¿¡「『《（【\u00a0\u202f "
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*%?")
_INNER_WORD = re.compile(r"(?<=[\w.,;:'’”\"] )[^\W\d_][\w'’.-]+")
_PART = re.compile(r"[^\W_]+")
_CLAUSE = re.compile(r"[,;:.!?…—–]+\s+")


@dataclass(frozen=True, slots=True)
class Voice:
    """What an essay allows itself: who speaks, to whom, and whether it asks. Judged from all of its prose.

    Attributes:
        language: its language, as `guess_language` has it. All the others but the next are told in English alone.
        capitals_are_names: whether a word written large within a sentence is a name: not in German, nor in a script
            without capitals.
    """

    first_person: bool
    first_plural: bool
    second_person: bool
    questions: bool
    language: str = "en"
    capitals_are_names: bool = True

    @classmethod
    def of(cls, prose: str) -> Voice:
        return cls(
            first_person=bool(english.FIRST_PERSON.search(prose)),
            first_plural=bool(english.FIRST_PLURAL.search(prose)),
            second_person=bool(english.SECOND_PERSON.search(prose)),
            questions="?" in prose,
            language=(language := guess_language(prose)),
            capitals_are_names=language != "de" and any(map(str.isupper, prose)),
        )

    @property
    def is_english(self) -> bool:
        return self.language == "en"

    @property
    def unjudged(self) -> str | None:
        """One sentence on what the curator cannot judge in the essay's language; None in English."""
        if self.is_english:
            return None
        name = NAMES.get(self.language)
        written = f"The essay is in {name}" if name else "The language of the essay cannot be told"
        names = "" if self.capitals_are_names else ", made-up names"
        return (
            f"{written}, so what only rules of English tell is not judged (who speaks to whom, questions, chat, turns "
            f"against what was said, headings, doubled words, numbers in words{names}), and closeness is told by a "
            "model of English."
        )


@dataclass(frozen=True, slots=True)
class Mentions:
    """What an essay's prose says, read once, so that a sentence is judged in the same time however long the essay is.

    Attributes:
        sentences: the key of each sentence.
        words: runs of letters and digits, in lower case.
    """

    sentences: frozenset[str]
    words: frozenset[str]

    @classmethod
    def of(cls, prose: str) -> Mentions:
        from verbosify.essay.sentences import split_sentences

        return cls(
            sentences=frozenset(sentence_key(prose[start:end]) for start, end in split_sentences(prose)),
            words=frozenset(_PART.findall(prose.lower())),
        )


def sentence_key(sentence: str) -> str:
    """What makes two sentences the same: their words, whatever the case and punctuation."""
    return " ".join(word_texts(sentence))


def unfit(sentence: str, voice: Voice) -> str | None:
    """Why `sentence` cannot stand in an essay of that `voice`, in a few words; None if it can.

    What only English tells is asked of English alone.
    """
    words = word_texts(sentence)
    tests: tuple[tuple[str, object], ...] = (
        ("too short", len(words) < in_characters(FEWEST_WORDS, sentence)),
        ("too long", len(words) > in_characters(MOST_WORDS, sentence)),
        ("line break", "\n" in sentence),
        ("broken character", is_garbled(sentence)),
        ("list marker", _LIST.match(sentence)),
        ("markup", _MARKUP.search(sentence)),
        ("unfinished", not _CLOSING.search(sentence)),
        ("no beginning", not _begins(sentence)),
        ("heading", voice.is_english and english.is_heading(WORDS.findall(sentence))),
        ("chat", voice.is_english and english.is_chat(sentence)),
        ("unbalanced", not balanced(sentence)),
    )
    return next((reason for reason, failed in tests if failed), None)


def blemishes(sentence: str, voice: Voice) -> frozenset[str]:
    """What a good writer would rarely let stand, and sometimes does, so that it has a price: see `choosing.PRICES`."""
    tests: tuple[tuple[str, object], ...] = (
        ("circular", is_circular(word_texts(sentence), in_characters(3, sentence))),
        ("figures", is_mostly_figures(sentence)),
        *(_english_tests(sentence, voice) if voice.is_english else ()),
    )
    return frozenset(reason for reason, holds in tests if holds)


def _english_tests(sentence: str, voice: Voice) -> tuple[tuple[str, object], ...]:
    return (
        ("speaks about the text", english.speaks_about_text(sentence)),
        ("question", "?" in sentence and not voice.questions),
        ("first person", english.FIRST_PERSON.search(sentence) and not voice.first_person),
        ("first person plural", english.FIRST_PLURAL.search(sentence) and not voice.first_plural),
        ("addresses the reader", english.SECOND_PERSON.search(sentence) and not voice.second_person),
        ("stammer", english.stammers(sentence)),
    )


def inventions(sentence: str, mentions: Mentions, passage: str, voice: Voice) -> list[str]:
    """Facts made up: numbers that the passage does not mention, and names that the essay does not.

    A year from elsewhere in the essay says something new where it does not belong; a name may come again. In English
    numbers are told in words too, and by what they count, and names at the sentence's beginning. Names are not told
    where capitals tell none.
    """
    found = [number for number in _NUMBER.findall(sentence) if _plain(number) not in _numbers(passage, voice)]
    words = _PART.findall(sentence)
    if voice.is_english:
        spelt = english.numbers_in_words(word.lower() for word in words)
        found += sorted(spelt - _numbers(passage, voice))
        found += english.counts_another_thing(sentence, passage)
        if words and english.may_open_as_a_name(words[0]) and words[0].lower() not in mentions.words:
            found.append(words[0])
    return found + [
        word.rstrip(".'’-")
        for word in (_INNER_WORD.findall(sentence) if voice.capitals_are_names else ())
        if any(part[0].isupper() and part != "I" and part.lower() not in mentions.words for part in _PART.findall(word))
    ]


@lru_cache(maxsize=64)
def _numbers(passage: str, voice: Voice) -> frozenset[str]:
    """The numbers of a passage, as digits."""
    written = {_plain(number) for number in _NUMBER.findall(passage)}
    spelt = english.numbers_in_words(_PART.findall(passage.lower())) if voice.is_english else set()
    return frozenset(written | spelt)


def _plain(number: str) -> str:
    return number.removesuffix("%")


_OPENERS = {
    ")": "(", "]": "[", "”": "“„", "»": "«", "›": "‹", "）": "（", "」": "「", "』": "『", "》": "《", "】": "【",
}  # fmt: skip
_OPEN = frozenset("".join(_OPENERS.values()))


def balanced(sentence: str) -> bool:
    """Whether brackets and double quotation marks come in pairs, in order: “…”, „…“, «…», »…«, ”…”, 「…」 and so on."""
    sentence = german_quotes_turned(sentence)
    # Swedish and Finnish quote with ”…” and »…»: what is never opened must come in twos.
    alone = {mark for mark in "”»" if not any(opener in sentence for opener in _OPENERS[mark])}
    if any(sentence.count(mark) % 2 for mark in ('"', *alone)):
        return False
    stack: list[str] = []
    for mark in sentence:
        if mark == "“" and stack[-1:] == ["„"]:
            stack.pop()
        elif mark in _OPEN:
            stack.append(mark)
        elif mark in _OPENERS and mark not in alone and (not stack or stack.pop() not in _OPENERS[mark]):
            return False
    return not stack


def is_circular(words: Sequence[str], run: int = 3) -> bool:
    """Whether a sentence says its own words over again: a third of its longer words, or `run` in a row."""
    lowered = [word.lower() for word in words]
    content = [word for word in lowered if len(word) > 3]
    if len(content) >= 4 and len(set(content)) <= 0.65 * len(content):
        return True
    runs = list(ngrams(lowered, run))
    return len(set(runs)) < len(runs)


def is_mostly_figures(sentence: str) -> bool:
    """Whether a word in eight or more is a number in digits, and not just one."""
    figures = len(_NUMBER.findall(sentence))
    return figures > 1 and figures * FIGURES >= len(WORDS.findall(sentence))


def content_of(sentence: str) -> frozenset[str]:
    """What a sentence speaks of: its longer words, or where characters are words, each two in a row."""
    words = sentence.split()
    if is_written_without_spaces(sentence):
        return frozenset(map("".join, pairwise(words)))
    return frozenset(word for word in words if len(word) > 3)


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of words overlap so much that they say the same."""
    together = len(one | other)
    return together > 0 and len(one & other) / together > TOO_ALIKE


def clauses_open_alike(text: str) -> bool:
    """Whether two clauses or sentences of `text` begin with the same two words, as in "I was tired, I was late"."""
    openings = [tuple(words[:2]) for clause in _CLAUSE.split(text) if len(words := word_texts(clause)) > 2]
    return len(set(openings)) < len(openings)


def _begins(sentence: str) -> bool:
    """Whether its first letter or digit, behind an opening quotation mark or bracket, is one to begin with."""
    first = sentence.lstrip(_OPENING)[:1]
    return first.isalnum() and not first.islower()
