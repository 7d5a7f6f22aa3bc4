"""Stages that refuse an answer, for a reason that fits after "it", as in `it is blank`. Each knows text, no model."""

from __future__ import annotations

from functools import lru_cache

from verbosify.measures.copying import copied_share, longest_copied_run
from verbosify.measures.ending import ends_sentence
from verbosify.measures.looping import repeats, rough_sentences, sequence_repetition
from verbosify.measures.thresholds import THRESHOLDS
from verbosify.pipeline.context import Context
from verbosify.pipeline.registry import refusal
from verbosify.pipeline.wording import Words
from verbosify.words import in_characters, is_garbled, plain_words, word_texts


@refusal
def blank(text: str, _context: Context) -> str | None:
    """Refuse what has neither a letter nor a digit."""
    return None if any(map(str.isalnum, text)) else "is blank"


@refusal(early=True)
def garbled(text: str, _context: Context) -> str | None:
    """Refuse what holds half a character, a control, or anything else that nobody can read."""
    return "holds a broken character" if is_garbled(text) else None


@refusal(early=True)
def forbidden_words(text: str, _context: Context, *, words: list[str]) -> str | None:
    """Refuse what holds one of the `words`, however it is spelt: see `wording.Words`."""
    return "holds a word that is not wanted" if _words(tuple(words)).found(text) else None


@lru_cache(maxsize=16)
def _words(words: tuple[str, ...]) -> Words:
    return Words(words)


@refusal
def fewer_words(text: str, _context: Context, *, least: int) -> str | None:
    """Refuse what has fewer words than `least`."""
    return "is too short" if plain_words(text) < in_characters(least, text) else None


@refusal(early=True)
def more_words(text: str, _context: Context, *, most: int) -> str | None:
    """Refuse what has more words than `most`."""
    return "is too long" if plain_words(text) > in_characters(most, text) else None


@refusal
def unfinished(text: str, _context: Context) -> str | None:
    """Refuse what ends inside a sentence."""
    return None if ends_sentence(text) else "ends inside a sentence"


@refusal
def looped(text: str, _context: Context, *, most: float = THRESHOLDS.repetition) -> str | None:
    """Refuse what says a sentence again, or of whose runs of four words more than a share `most` were said before."""
    words = word_texts(text)
    sentences = rough_sentences(text)
    repetition = sequence_repetition(words, in_characters(4, text)) or 0
    return "says the same again" if repetition > most or repeats(s for s in sentences if len(s) > 1) else None


@refusal
def copied(text: str, context: Context, *, words: int = THRESHOLDS.copied_words, share: float = 0.2) -> str | None:
    """Refuse what has so many `words` in a row from the prompt, or more than a `share` of its runs of five.

    What was given, and the answer's opening, may be said again.
    """
    own = context.prompt
    for given in (context.opening, *context.inputs.values()):
        own = own.replace(given, "\n") if given.strip() else own
    said = word_texts(text.removeprefix(context.opening))
    prompt = word_texts(own)
    if longest_copied_run(said, prompt)[1] >= in_characters(words, text):
        return "copies the prompt"
    return "copies the prompt" if (copied_share(said, prompt, in_characters(5, text)) or 0) > share else None


@refusal(early=True)
def has(text: str, _context: Context, *, texts: list[str]) -> str | None:
    """Refuse what holds one of the `texts`, in any case."""
    folded = text.casefold()
    found = next((each for each in texts if each.casefold() in folded), None)
    return None if found is None else f"holds {found!r}"


@refusal
def lacks(text: str, _context: Context, *, texts: list[str]) -> str | None:
    """Refuse what holds none of the `texts`, in any case."""
    folded = text.casefold()
    return None if any(each.casefold() in folded for each in texts) else f"has none of {', '.join(texts)}"


@refusal
def unnamed(text: str, context: Context, *, input: str) -> str | None:  # noqa: A002  # as a pipeline writes it
    """Refuse what does not hold the `input` of that name, in any case."""
    return None if context.inputs.get(input, "").casefold() in text.casefold() else f"does not name its {input}"
