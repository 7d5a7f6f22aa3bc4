"""The exercises of the lesson on overfitting, each with a check that tries the answer on the model itself.

A check returns one sentence, which begins with "Right" or "Not yet" and says what was found. See `classroom/`.
"""

from __future__ import annotations

import math

from verbosify.measures.copying import copied_share
from verbosify.measures.looping import sequence_repetition
from verbosify.measures.thresholds import THRESHOLDS
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings, TuningRecipe
from verbosify.models.training.windows import training_windows
from verbosify.words import find_words, word_texts

SURPRISING = 5
"""How many of the least expected words are an answer to the first exercise."""
LEARNED = 0.5
"""By how much a gentle step must lower the loss of its passage, in nats a token."""


def check_surprise(model: LanguageModel, passage: str, word: str) -> str:
    """Which word of the passage surprises the model most? One of the five least expected will do."""
    asked, expected = word_texts(word), _expected(model, passage)
    if len(asked) != 1 or asked[0] not in expected:
        return f"Not yet: {word!r} is not one word of the passage after its first."
    rank = 1 + sorted(expected, key=lambda each: expected[each]).index(asked[0])
    if rank <= SURPRISING:
        return f"Right: of {len(expected)} words it is number {rank} from the least expected."
    return f"Not yet: {rank - 1} words are expected less. Look for the palest tint."


def _expected(model: LanguageModel, passage: str) -> dict[str, float]:
    """The log-probability of each word at its least likely place: that of the token in which it begins.

    The first word of the passage follows nothing, and has none.
    """
    tokens, begins = model.encode(passage), {}
    place = len(model.decode(tokens[:1]))
    for score in model.score(passage):
        end = place + len(score.text)
        begins.update(dict.fromkeys(range(place, end), score.log_probability))
        place = end
    found: dict[str, float] = {}
    for word in find_words(passage):
        if word.start in begins:
            found[word.text] = min(found.get(word.text, 0.0), begins[word.start])
    return found


def check_copies(model: LanguageModel, passage: str, copies: float) -> str:
    """How many times does the passage stand in the window of recipe `classic`? Within half a copy will do."""
    window = training_windows(passage, TuningRecipe(), model.encode, model.card.context)[0]
    right = len(window) / len(model.encode(passage))
    if abs(copies - right) <= 0.5:
        return f"Right: {len(window):,} tokens are {right:.1f} copies."
    return f"Not yet: divide the {len(window):,} tokens of the window by the tokens of the passage."


def check_undone(model: LanguageModel, passage: str, loss: float) -> str:
    """What is the loss of the passage after the block of an overfit has ended? Within 0.05 nats a token will do."""
    scores = model.score(passage)
    right = -sum(score.log_probability for score in scores) / len(scores)
    if math.isclose(loss, right, abs_tol=0.05):
        return f"Right: it is {right:.2f} again. The model has forgotten, bit for bit."
    return "Not yet: which weights does the model have when the block has ended?"


def check_gentle(model: LanguageModel, passage: str, recipe: TuningRecipe, settings: SamplingSettings) -> str:
    """Find a recipe by which the model learns the passage, and recites it in none of the samples of `settings`."""
    with model.overfit(passage, recipe) as overfit:
        gained = overfit.loss_before - overfit.loss_after
        texts = [sample.text for sample in model.sample(passage, settings)]
    if gained < LEARNED:
        return f"Not yet: the loss fell by {gained:.2f} nats a token only, and should by {LEARNED}. A larger step?"
    copied = sum(_is_copied(text, passage) for text in texts)
    if copied:
        return f"Not yet: the loss fell by {gained:.2f}, but {copied} of {len(texts)} samples recite. A gentler step?"
    return f"Right: the loss fell by {gained:.2f} nats a token, and none of {len(texts)} samples recites."


def check_loop(model: LanguageModel, passage: str, settings: SamplingSettings) -> str:
    """Find settings by which the fresh model says the same thing again and again, in at least half of its samples."""
    texts = [sample.text for sample in model.sample(passage, settings)]
    looped = sum((sequence_repetition(word_texts(text)) or 0) > THRESHOLDS.repetition for text in texts)
    if 2 * looped >= len(texts):
        return f"Right: {looped} of {len(texts)} samples go round in circles."
    return f"Not yet: {looped} of {len(texts)} samples do. What makes the likeliest token likelier still?"


def _is_copied(text: str, passage: str) -> bool:
    return (copied_share(word_texts(text), word_texts(passage)) or 0) > THRESHOLDS.copied_share
