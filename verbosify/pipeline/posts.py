"""Stages for what is to be posted where others live: length as the place counts, no names called, no line repeated."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from verbosify.errors import SettingsError
from verbosify.measures.thresholds import THRESHOLDS
from verbosify.models.training.corpus import END, START, read_corpus
from verbosify.pipeline.context import Context
from verbosify.pipeline.registry import cleaner, refusal
from verbosify.words import ngrams, word_texts

_CALLED = re.compile(r"[@＠](?=\w)")
_RUN = THRESHOLDS.copied_words
"""Words in a row that one does not say again by chance."""
_SHARE = 0.5


@cleaner
def fit_post(text: str, _context: Context, *, most: int, unit: str = "graphemes") -> str:
    """Keep what a post of `most` units can hold: whole sentences, or else whole words, and never one word alone."""
    from verbosify.pipeline.counting import UNITS, Limit
    from verbosify.pipeline.fitting import fit

    if unit not in UNITS:
        raise SettingsError(f"There is no unit {unit!r} to count a post in: choose one of {', '.join(UNITS)}.")
    return fit(text, Limit(most, unit).fits)


@cleaner
def drop_mentions(text: str, _context: Context) -> str:
    """Call nobody: take the sign away from handles, and leave the name."""
    return _CALLED.sub("", text)


@refusal
def line_of(text: str, context: Context, *, corpus: str, column: str = "") -> str | None:
    """Refuse what is a line of the texts in `corpus`, or mostly made of runs of words that stand there."""
    words = tuple(word_texts(text))
    asked = {run for value in context.inputs.values() for run in ngrams(tuple(word_texts(value)), _RUN)}
    lines, runs = _index(corpus, column)
    if words in lines:
        return "is a line of the corpus"
    own = [run for run in ngrams(words, _RUN) if run not in asked]
    if own and sum(run in runs for run in own) > _SHARE * len(own):
        return "repeats the corpus"
    return None


@lru_cache(maxsize=4)
def _index(corpus: str, column: str) -> tuple[frozenset[tuple[str, ...]], frozenset[tuple[str, ...]]]:
    """The lines and sentences' ends of a corpus as words, and all its runs of words."""
    wanted = int(column) if column.isdecimal() else column or None
    chunks = read_corpus(Path(corpus), column=wanted, on_notice=lambda _: None)
    texts = [text for chunk in chunks for text in re.split(f"{re.escape(START)}|{re.escape(END)}|\n", chunk)]
    lines = [tuple(word_texts(text)) for text in texts if text.strip()]
    return frozenset(lines), frozenset(run for line in lines for run in ngrams(line, _RUN))
