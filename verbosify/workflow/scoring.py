"""How likely the tokens of what was chosen were, before and after overfitting: what a page is tinted by."""

from __future__ import annotations

import math
from pathlib import Path

from verbosify.errors import ModelError
from verbosify.models.download import Progress
from verbosify.models.protocol import LanguageModel, TokenScore, TuningRecipe
from verbosify.piece import Piece, Sample, Scores
from verbosify.workflow.replay import load_as_recorded

DIGITS = 4
"""Significant digits of a probability that are recorded."""


def score_picks(
    piece: Piece, model: LanguageModel | str | Path | None = None, *, on_progress: Progress = lambda *_: None
) -> int:
    """Score every sample that stands in a reading and was not scored yet; returns how many were.

    Each passage is overfitted once more, as recorded. A sample that the model would now spell with other tokens at its
    seams is left out. Every sample is recorded when it is scored.

    Args:
        model: where the weights are now, or a model that has them; by default what the piece was made with.
        on_progress: called with what is being done, how many samples are scored, and how many there are.

    Raises:
        ModelError: the model is not to be had, or its weights are not those of the record.
    """
    known = {scores.sample for scores in piece.scores()}
    standing = {pick.sample for name in piece.readings() for picks in piece.picks(name).values() for pick in picks}
    wanted = [piece.sample(sample) for sample in sorted(standing - known)]
    if not wanted:
        return 0
    if model is None or isinstance(model, str | Path):
        model = load_as_recorded(model or str(piece.job.options["model"]), piece.job.model)
    if model.card.weights_sha256 != piece.job.model["weights_sha256"]:
        raise ModelError(f"The weights of {model.card.name} here are not those of the record: fetch that version.")
    batches = {batch.id: batch for batch in piece.batches()}
    texts = {passage.index: passage.text for passage in piece.passages()}
    by_overfit: dict[int, list[Sample]] = {}
    for sample in wanted:
        by_overfit.setdefault(batches[sample.batch].overfit or 0, []).append(sample)
    done = scored = 0
    for number, samples in by_overfit.items():
        text = texts[batches[samples[0].batch].passage]
        before = [_token_scores(model, text, sample) for sample in samples]
        if number == 0:
            after = before  # the base model itself said it
        else:
            with model.overfit(text, TuningRecipe.from_dict(piece.overfit(number).recipe)):
                after = [_token_scores(model, text, sample) for sample in samples]
        for sample, base, overfitted in zip(samples, before, after, strict=True):
            if base and overfitted:
                piece.add_scores(_row(sample, base, overfitted))
                scored += 1
        done += len(samples)
        on_progress("scoring", done, len(wanted))
    return scored


def _token_scores(model: LanguageModel, passage: str, sample: Sample) -> list[TokenScore]:
    """Of the sample's own tokens, after the passage; none if no run of whole tokens spells just the sample."""
    scores = model.score(passage + sample.text) if sample.text else []
    length = 0
    for place in range(len(scores) - 1, -1, -1):
        length += len(scores[place].text)
        if length >= len(sample.text):
            own = scores[place:]
            return own if "".join(score.text for score in own) == sample.text else []
    return []


def _row(sample: Sample, base: list[TokenScore], overfitted: list[TokenScore]) -> Scores:
    before, after = (
        [float(f"{math.exp(score.log_probability):.{DIGITS}g}") for score in scores] for scores in (base, overfitted)
    )
    return Scores(sample=sample.id, tokens=[score.text for score in base], base=before, overfitted=after)
