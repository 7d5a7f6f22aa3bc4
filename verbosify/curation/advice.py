"""The artist's rule for the next ten samples, from what the last ten were like.

After the notes of the art project "Verbosified Space Rovers" (2019): ten samples usually, forty at most; copied or
blank ones ask for more freedom, samples off the topic for less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from verbosify.models.protocol import SamplingSettings

MOST_SAMPLES = 40
FREER_TOP_K, STRICTER_TOP_K = 80, 15
WARMER, WARMEST = 0.1, 1.0


@dataclass(frozen=True, slots=True)
class Advice:
    """Settings for the next batch, and the reason in one clause."""

    settings: SamplingSettings
    reason: str


def advise(settings: SamplingSettings, badges: Sequence[Sequence[str]]) -> Advice:
    """What to try next.

    Args:
        settings: those of the last batch; the seed is left to the caller.
        badges: for each of its samples, the names of the measures that flagged it.
    """
    total = len(badges)
    stuck = sum(any(badge in found for badge in ("copied", "blank", "looped")) for found in badges)
    lost = sum("drifted" in found for found in badges)
    if 2 * stuck >= total and stuck >= lost:
        if settings.top_k and settings.top_k < FREER_TOP_K:
            return Advice(
                replace(settings, top_k=FREER_TOP_K), f"{stuck} of {total} copied, looped or blank: top-k {FREER_TOP_K}"
            )
        warmer = round(min(settings.temperature + WARMER, WARMEST), 2)
        if warmer > settings.temperature:
            return Advice(
                replace(settings, temperature=warmer), f"{stuck} of {total} copied, looped or blank: temperature {warmer}"
            )
    elif 2 * lost >= total and (not settings.top_k or settings.top_k > STRICTER_TOP_K):
        return Advice(replace(settings, top_k=STRICTER_TOP_K), f"{lost} of {total} off topic: top-k {STRICTER_TOP_K}")
    return Advice(settings, "too few fit to print: the same settings again")
