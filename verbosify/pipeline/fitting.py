"""What a model said, cut to what a post can hold: at the end of a sentence, else at the end of a word. Knows texts.

The bot of 2019 cut at the last word that ended in `.` or `!`, took no notice of `?`, and where there was none it posted
the first word and nothing else. Here one word alone is nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from verbosify.essay.sentences import split_sentences
from verbosify.measures.ending import ends_sentence
from verbosify.words import find_words, plain_words

LEAST_WORDS = 2


def fit(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning of `text` that `fits` and is whole: sentences, or else words; "" if that is one word.

    A sentence ends with `.`, `!`, `?` and their like. A text that fits is taken to its last sentence's end, too, for a
    model is as a rule stopped inside of one; where it has no end, it stays as it is.
    """
    text = text.strip()
    whole = ""
    for start, end in reversed(_spans(text)):
        kept = text[:end].rstrip()
        if ends_sentence(text[start:end]) and fits(kept):
            whole = kept
            break
    if not whole:
        whole = text if fits(text) else _to_a_word(text, fits)
    return whole if plain_words(whole) >= LEAST_WORDS else ""


def _to_a_word(text: str, fits: Callable[[str], bool]) -> str:
    kept = ""
    for word in find_words(text):
        longer = text[: word.end]
        if not fits(longer + "…"):
            break
        kept = longer
    return kept + "…" if kept else ""


def _spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences of the text stand, line by line."""
    spans, place = [], 0
    for line in text.splitlines(keepends=True):
        spans += [(place + start, place + end) for start, end in split_sentences(line)]
        place += len(line)
    return spans
