"""The artist's rule for the next ten samples, from what the last ten were like.

After the notes of the art project "Verbosified Space Rovers" (2019): ten samples usually, forty at most; copied or
blank ones ask for more freedom, samples off the topic for less.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from verbosify.models.settings import SamplingSettings

FREER_TOP_K, STRICTER_TOP_K = 80, 15
TEMPERATURE_STEP, COOLEST, WARMEST = 0.1, 0.7, 1.0

IN_CASE = "in case"
"""How the reason begins for settings that are tried at once with those before them."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Settings for the next batch, and the reason in one clause."""

    settings: SamplingSettings
    reason: str


def portfolio(settings: SamplingSettings) -> list[Advice]:
    """Settings for batches that are drawn at once, before any is seen: as they are, and where the rule may lead."""
    found = [Advice(settings, "the first samples")]
    if not 0 < settings.top_k <= STRICTER_TOP_K:
        found.append(Advice(replace(settings, top_k=STRICTER_TOP_K), f"{IN_CASE} many stray: top-k {STRICTER_TOP_K}"))
    cooler = max(round(settings.temperature - TEMPERATURE_STEP, 2), COOLEST)
    if cooler < settings.temperature:
        found.append(Advice(replace(settings, temperature=cooler), f"{IN_CASE} many stray: temperature {cooler}"))
    if 0 < settings.top_k < FREER_TOP_K:
        found.append(Advice(replace(settings, top_k=FREER_TOP_K), f"{IN_CASE} many copy: top-k {FREER_TOP_K}"))
    return found


def advise(settings: SamplingSettings, *, total: int, stuck: int, lost: int) -> Advice:
    """What to try next.

    Args:
        settings: those of the last batch; the seed is left to the caller.
        total: its samples.
        stuck: how many of them copied, looped or said nothing.
        lost: how many strayed from the passage.
    """
    half = max(total / 2, 1)
    if stuck >= half and stuck >= lost:
        what = f"{stuck} of {total} copied, looped or blank"
        if 0 < settings.top_k < FREER_TOP_K:
            return Advice(replace(settings, top_k=FREER_TOP_K), f"{what}: top-k {FREER_TOP_K}")
        warmer = min(round(settings.temperature + TEMPERATURE_STEP, 2), WARMEST)
        if warmer > settings.temperature:
            return Advice(replace(settings, temperature=warmer), f"{what}: temperature {warmer}")
    elif lost >= half:
        what = f"{lost} of {total} off the topic"
        if not 0 < settings.top_k <= STRICTER_TOP_K:
            return Advice(replace(settings, top_k=STRICTER_TOP_K), f"{what}: top-k {STRICTER_TOP_K}")
        cooler = max(round(settings.temperature - TEMPERATURE_STEP, 2), COOLEST)
        if cooler < settings.temperature:
            return Advice(replace(settings, temperature=cooler), f"{what}: temperature {cooler}")
    return Advice(settings, "too few fit to print: the same settings again")
