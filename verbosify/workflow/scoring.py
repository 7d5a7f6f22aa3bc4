"""How likely the tokens of what was chosen were, before and after overfitting: what a page is tinted by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from verbosify.models.protocol import LanguageModel, OnProgress
from verbosify.models.settings import TuningRecipe
from verbosify.piece import Piece, Sample, Scores
from verbosify.workflow.options import recorded_model_name
from verbosify.workflow.replay import recorded_model

HALF_A_CHARACTER = "\N{REPLACEMENT CHARACTER}"
"""What a decoder says of a token that holds some of a character's bytes."""
DIGITS = 4
"""Significant digits of a probability that are recorded."""


def score_picks(
    piece: Piece, model: LanguageModel | str | Path | None = None, *, on_progress: OnProgress = lambda *_: None
) -> tuple[int, int]:
    """Score every sample that stands in a reading and was not scored yet; returns how many were, of how many.

    Each passage is overfitted once more, as recorded. A sample is left out if it is too long for the model together
    with its passage, or if no whole tokens spell it after the passage. Each is recorded when it is scored.

    Args:
        model: where the weights are now, or a model that has them; by default what the piece was made with.
        on_progress: called with what is being done, how many samples are scored, and how many there are.

    Raises:
        PieceError: the record does not say where the model was, or tells no recipe that can be followed.
        ModelError: the model is not available, or its weights are not those of the record.
    """
    known = {scores.sample for scores in piece.scores()}
    standing = {pick.sample for name in piece.readings() for picks in piece.picks(name).values() for pick in picks}
    wanted = [piece.sample(sample) for sample in sorted(standing - known)]
    if not wanted:
        return 0, 0
    place = recorded_model_name(piece.job.options) if model is None else model
    scored = done = 0
    with recorded_model(place, piece.job.model) as here:
        for samples in _by_overfit(piece, wanted):
            scored += _score_together(piece, here, samples)
            done += len(samples)
            on_progress("scoring", done, len(wanted))
    return scored, len(wanted)


def _by_overfit(piece: Piece, samples: Sequence[Sample]) -> list[list[Sample]]:
    """The samples, those of one passage and overfit together."""
    batches = {batch.id: batch for batch in piece.batches()}
    visits: dict[tuple[int, int | None], list[Sample]] = {}
    for sample in samples:
        batch = batches[sample.batch]
        visits.setdefault((batch.passage, batch.overfit), []).append(sample)
    return list(visits.values())


def _score_together(piece: Piece, model: LanguageModel, samples: Sequence[Sample]) -> int:
    """Record the scores of samples of one passage and overfit; returns how many could be scored."""
    batch = next(batch for batch in piece.batches() if batch.id == samples[0].batch)
    text = next(passage.text for passage in piece.passages() if passage.index == batch.passage)
    before = [_token_scores(model, text, sample.text) for sample in samples]
    recipe = None if batch.overfit is None else TuningRecipe.from_dict(piece.overfit(batch.overfit).recipe)
    with nullcontext() if recipe is None else model.overfit(text, recipe):  # without one the base itself said it
        after = [_token_scores(model, text, sample.text) for sample in samples]
    rows = [
        Scores(
            sample=sample.id,
            tokens=[token for token, _ in base],
            base=[probability for _, probability in base],
            overfitted=[probability for _, probability in overfitted],
        )
        for sample, base, overfitted in zip(samples, before, after, strict=True)
        if base
    ]
    for row in rows:
        piece.add_scores(row)
    return len(rows)


def _token_scores(model: LanguageModel, passage: str, text: str) -> list[tuple[str, float]]:
    """The tokens that spell `text` after the passage, each with its probability; none if no whole tokens spell it.

    Where several tokens spell one character they are one here, as likely as all of them together.
    """
    token_ids = model.encode(passage + text)
    if not text or len(token_ids) > model.card.context:
        return []
    places = range(len(token_ids) - 1, 0, -1)
    start = next((place for place in places if len(model.decode(token_ids[place:])) >= len(text)), 0)
    if start == 0 or model.decode(token_ids[start:]) != text:
        return []
    found, spelling, likelihood = [], [], 0.0
    for score in model.score(passage + text)[start - 1 :]:
        spelling.append(score.token_id)
        likelihood += score.log_probability
        token = model.decode(spelling)
        if HALF_A_CHARACTER not in token:
            found.append((token, float(f"{math.exp(likelihood):.{DIGITS}g}")))
            spelling, likelihood = [], 0.0
    return found if "".join(token for token, _ in found) == text else []
