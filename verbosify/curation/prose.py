"""What does not belong in an essay's prose, told sentence by sentence. Knows text only, and no grammar book.

Rules are few and each has a name, which is kept as the reason a sentence was turned down. Those of English are in
`english.py`; those here hold in every language that writes sentences with marks at their ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from verbosify.curation import english
from verbosify.essay.adornments import german_quotes_turned
from verbosify.essay.language import NAMES, guess_language
from verbosify.words import in_characters, ngrams, word_texts

WORDS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
FEWEST_WORDS, MOST_WORDS = 5, 45

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
            f"against what was said, headings, doubled words{names}), and closeness is told by a model of English."
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
    """Why `sentence` cannot stand in an essay of that `voice`, in a few words; None if it can.

    What only English tells is asked of English alone.
    """
    words = word_texts(sentence)
    tests: tuple[tuple[str, object], ...] = (
        ("too short", len(words) < in_characters(FEWEST_WORDS, sentence)),
        ("too long", len(words) > in_characters(MOST_WORDS, sentence)),
        ("line break", "\n" in sentence),
        ("list marker", _LIST.match(sentence)),
        ("markup", _MARKUP.search(sentence)),
        ("unfinished", not _CLOSING.search(sentence)),
        ("no beginning", not _begins(sentence)),
        *(_english_tests(sentence, voice) if voice.is_english else ()),
        ("unbalanced", not balanced(sentence)),
        ("circular", is_circular(words, in_characters(3, sentence))),
    )
    return next((reason for reason, failed in tests if failed), None)


def _english_tests(sentence: str, voice: Voice) -> tuple[tuple[str, object], ...]:
    return (
        ("heading", english.is_heading(WORDS.findall(sentence))),
        ("chat", english.is_chat(sentence)),
        ("speaks about the text", english.speaks_about_text(sentence)),
        ("question", "?" in sentence and not voice.questions),
        ("first person", english.FIRST_PERSON.search(sentence) and not voice.first_person),
        ("first person plural", english.FIRST_PLURAL.search(sentence) and not voice.first_plural),
        ("addresses the reader", english.SECOND_PERSON.search(sentence) and not voice.second_person),
        ("stammer", english.stammers(sentence)),
    )


def inventions(sentence: str, mentions: Mentions, *, names: bool = True) -> list[str]:
    """Numbers, and names inside the sentence unless not `names`, that the essay does not mention: facts made up."""
    numbers = [number for number in _NUMBER.findall(sentence) if _plain(number) not in mentions.numbers]
    named = [
        word.rstrip(".'’-")
        for word in (_INNER_WORD.findall(sentence) if names else ())
        if any(part[0].isupper() and part != "I" and part.lower() not in mentions.words for part in _PART.findall(word))
    ]
    return numbers + named


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


def _begins(sentence: str) -> bool:
    """Whether its first letter or digit, behind an opening quotation mark or bracket, is one to begin with."""
    first = sentence.lstrip(_OPENING)[:1]
    return first.isalnum() and not first.islower()
