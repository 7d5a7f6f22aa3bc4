"""Where in the studied texts a model continues: the same places in every study. Knows essays, no models.

A place is a gap after which the text goes on in the same paragraph or not. Its passage of size three is one of those
that `verbosify run` visits; longer ones may begin in the paragraph before, so that every place has all sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from verbosify.errors import SettingsError
from verbosify.essay import essay_sentences, read_essay

TEXTS = ("rovers", "lengths", "lichen", "lamp", "lemons", "letter", "notice", "puncture")
"""An article with citations, a memoir, an essay, a story, a recipe, a letter, rules, instructions."""
LARGEST = 6
"""Sentences of the longest passage."""
USUAL = 3
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Place:
    """The place after sentence `number` of a text, counted from 0 over all its paragraphs.

    Attributes:
        sentences: the `LARGEST` ones up to the place, in order.
    """

    text: str
    number: int
    sentences: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.text}-{self.number:02}"

    def passage(self, size: int = USUAL) -> str:
        """The last `size` sentences; `SettingsError` unless there are as many."""
        if not 1 <= size <= len(self.sentences):
            raise SettingsError(f"A passage of {size} sentences is asked for: choose 1 to {len(self.sentences)}.")
        return " ".join(self.sentences[-size:])


def texts_folder() -> Path:
    """Where the studied texts lie: in the package, or beside it in a clone."""
    packed = _HERE / "texts"
    return packed if packed.is_dir() else _HERE.parent.parent / "essays"


@cache
def paragraphs_of(text: str) -> tuple[tuple[str, ...], ...]:
    """The sentences of a text, paragraph by paragraph; `SettingsError` if there is no such text."""
    path = texts_folder() / f"{text}.md"
    if not path.is_file():
        raise SettingsError(f"There is no text {text!r} to study: choose among {', '.join(TEXTS)}.")
    paragraphs = essay_sentences(read_essay(path))
    return tuple(tuple(sentence.text for sentence in paragraph) for paragraph in paragraphs if paragraph)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, one after another, as `Place.number` counts them."""
    return [sentence for paragraph in paragraphs_of(text) for sentence in paragraph]


@cache
def prose_of(text: str) -> str:
    """A text as it is trained on: its paragraphs, an empty line between them."""
    return "\n\n".join(" ".join(paragraph) for paragraph in paragraphs_of(text))


@cache
def corpus() -> str:
    """A corpus of one subject, which is none of the texts': prose of the Python language reference (see `data/`)."""
    return (_HERE / "data" / "python-reference.txt").read_text(encoding="utf-8")


def places_in(text: str, count: int) -> list[Place]:
    """`count` places of a text, as far apart as can be; fewer where the text is too short.

    Before each stand `USUAL` sentences of its own paragraph, and `LARGEST` of the text.
    """
    sentences, possible = [], []
    for paragraph in paragraphs_of(text):
        for number, sentence in enumerate(paragraph, 1):
            sentences.append(sentence)
            if number >= USUAL and len(sentences) >= LARGEST:
                possible.append(len(sentences) - 1)
    chosen = {possible[(2 * index + 1) * len(possible) // (2 * count)] for index in range(count)} if possible else set()
    return [Place(text, number, tuple(sentences[number - LARGEST + 1 : number + 1])) for number in sorted(chosen)]
