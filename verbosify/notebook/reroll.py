"""With which settings to draw the next samples of a passage: those last used, and what the artist's rule advises."""

from __future__ import annotations

from typing import Any

from verbosify.errors import SettingsError
from verbosify.models.settings import SamplingSettings
from verbosify.piece import Batch, Passage, Piece
from verbosify.workflow.visit import Judge, advice_for

FIELDS = ("n", "length", "temperature", "top_k", "top_p")
"""The settings that one chooses in the curator."""


def sampling_settings(values: dict[str, Any]) -> SamplingSettings:
    """Settings from their values by name; `SettingsError` for a name or a value that will not do."""
    try:
        return SamplingSettings.from_dict(values)
    except TypeError as error:
        raise SettingsError(f"These are not settings to sample with ({error}): check their names.") from error


def settings_here(piece: Piece, gap: int) -> dict[str, Any]:
    """The fields as last used at a passage, or else as the piece began; as many samples as it began with."""
    usual, last = piece.job.options.get("settings"), _last_batch(piece, gap)
    usual = SamplingSettings().to_dict() | (usual if isinstance(usual, dict) else {})
    values = sampling_settings(usual | (last.settings if last else {}) | {"n": usual["n"]})
    return {name: getattr(values, name) for name in FIELDS}


def advice_here(piece: Piece, passage: Passage, prose: str) -> dict[str, Any]:
    """The artist's rule for the samples last drawn at a passage: `text` to read, `settings` to change, and `why`.

    `prose` is the essay's, which tells what a sample may say.
    """
    advice, last = advice_for(piece, passage, Judge.of(prose, 0.0)), _last_batch(piece, passage.index)
    if advice is None or last is None:
        return {"text": "There are no samples here yet: draw some.", "settings": {}, "why": ""}
    advised = {name: getattr(advice.settings, name) for name in ("temperature", "top_k")}
    if all(last.settings.get(name) == value for name, value in advised.items()):
        text = "No fault stands out: draw again with the same settings if you want more."
        return {"text": text, "settings": {}, "why": ""}
    what, _, remedy = advice.reason.rpartition(": ")
    return {"text": f"{what}: try {remedy}.", "settings": advised, "why": advice.reason}


def _last_batch(piece: Piece, gap: int) -> Batch | None:
    """The last batch of an overfit at a passage."""
    return next((batch for batch in reversed(piece.batches(gap)) if batch.overfit is not None), None)
