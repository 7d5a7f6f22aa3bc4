"""Stages that measure an answer; larger is better. Some ask the model that gave it, overfitted if it then was."""

from __future__ import annotations

from verbosify.measures.looping import sequence_repetition
from verbosify.pipeline.context import Context
from verbosify.pipeline.registry import measure
from verbosify.words import in_characters, plain_words, word_texts


@measure
def likelihood(text: str, context: Context) -> float:
    """How likely the model finds it: mean log-probability of a token, in nats, <= 0."""
    return context.likelihood(text)


@measure
def about(text: str, context: Context, *, input: str, instead: str = "it") -> float:  # noqa: A002
    """How much likelier it is with the `input` of that name than with another text `instead`, in nats a token."""
    return context.likelihood(text) - context.likelihood(text, **{input: instead})


@measure
def words(text: str, _context: Context, *, enough: int = 1_000_000) -> float:
    """How many words it has, no more than `enough` counted."""
    return min(plain_words(text), enough)


@measure
def variety(text: str, _context: Context) -> float:
    """The share of its runs of three words that it had not said before, 0 to 1."""
    return 1 - (sequence_repetition(word_texts(text), in_characters(3, text)) or 0)
