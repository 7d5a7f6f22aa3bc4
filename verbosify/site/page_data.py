"""What the page's script needs to know, as compact JSON: every gap's offers, and where each came from.

The keys are short since there may be tens of thousands of samples; `assets/js/piece.js` is their other end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from verbosify.piece import Batch, Opinion, Sample, Scores
from verbosify.site import labels
from verbosify.site.offers import Gap, Offer
from verbosify.site.record import Record
from verbosify.site.shape import Words
from verbosify.words import plain_words

Values = Mapping[str, Any]

SHOWN_SAMPLES = 16
"""Samples of a gap that the page carries: what was chosen, then the closest, then what the measures set aside."""
_LEFT_OUT: dict[str, Any] = {"u": [], "w": []}
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FINENESS = 16  # levels count sqrt(-log10 p) in sixteenths: 36 of them reach from 1 down to 0.00002, fine near 1


def page_data(record: Record, gaps: Sequence[Gap], pages: Mapping[str, str], words: Words) -> dict[str, Any]:
    """All of it; `pages` are the files of the readings by their names, `words` how the essay's own words lie."""
    batches: dict[int, int] = {}
    rows = []
    for gap in gaps:
        candidates = record.samples_at(gap.index)
        carried = _carried(candidates, gap, record.opinions)
        samples = [
            _sample(record, sample, offer, batches) | _said(offer) if number in carried else _LEFT_OUT
            for number, (sample, offer) in enumerate(zip(candidates, gap.offers, strict=False))
        ]
        extras = [_said(offer) | {"n": offer.samples, "e": int(offer.edited)} for offer in gap.offers[len(samples) :]]
        left_out = {"o": len(samples) - len(carried)} if len(carried) < len(samples) else {}
        rows.append({"p": gap.index, "s": samples} | ({"x": extras} if extras else {}) | left_out)
    return {
        "id": record.piece.fingerprint[:16],
        "title": record.title,
        "model": record.piece.model["name"],
        "words": words.all,
        "between": words.between,
        "ends": words.ends,
        "readings": [
            {
                "name": reading.page,
                "label": reading.label,
                "page": pages[reading.name],
                "by": labels.curator_words(reading),
                "gaps": [
                    [number, standing.offer, standing.first, standing.end]
                    for number, gap in enumerate(gaps)
                    if (standing := gap.readings.get(reading.name))
                ],
            }
            for reading in record.readings
        ],
        "measures": labels.MEASURES,
        "batches": [_batch(record, record.batches[batch]) for batch in batches],
        "gaps": rows,
    }


def _carried(candidates: Sequence[Sample], gap: Gap, opinions: Mapping[int, Opinion]) -> set[int]:
    """Which of a gap's samples the page carries, by their numbers; all that a reading chose are among them."""
    chosen = {number for standing in gap.readings.values() for number in gap.offers[standing.offer].samples}

    def rank(number: int) -> tuple[bool, bool, float, int]:
        measures = candidates[number].measures
        set_aside = bool(_visible_badges(measures, gap.offers[number], opinions.get(candidates[number].id)))
        return number not in chosen, set_aside, -(measures.get("similarity") or 0.0), number

    return {*chosen, *sorted(range(len(candidates)), key=rank)[:SHOWN_SAMPLES]}


def _visible_badges(measures: Values, offer: Offer, opinion: Opinion | None) -> list[str]:
    """A sample's badges; what was cut off is no reproach if there is a whole sentence before it."""
    return [badge for badge in labels.badges(measures, opinion) if not (badge == "cut off" and offer.tail)]


def _said(offer: Offer) -> dict[str, Any]:
    said: dict[str, Any] = {"u": list(offer.units), "w": [plain_words(unit) for unit in offer.units]}
    return said | ({"t": offer.tail} if offer.tail else {})


def _sample(record: Record, sample: Sample, offer: Offer, batches: dict[int, int]) -> dict[str, Any]:
    measures, opinion = sample.measures, record.opinions.get(sample.id)
    row: dict[str, Any] = {
        "i": sample.id,
        "b": batches.setdefault(sample.batch, len(batches)),
        "r": sample.index + 1,
    }
    if badges := _visible_badges(measures, offer, opinion):
        row["f"] = badges
    if measures:
        row["m"] = labels.measure_values(measures, opinion)
    if measures.get("similarity") is not None:
        row["c"] = round(measures["similarity"], 2)
    if sample.id in record.scores:
        row["k"] = _scores(record.scores[sample.id])
    return row


def _batch(record: Record, batch: Batch) -> list[tuple[str, str]]:
    overfit = record.overfits[batch.overfit or 0]
    return [
        ("model", batch.model["name"]),
        *labels.overfit_facts(overfit),
        *labels.settings_facts(batch.settings),
        ("batch", labels.batch_words(batch)),
    ]


def _scores(scores: Scores) -> dict[str, Any]:
    """Tokens by their length in UTF-16 units, and both probabilities as one digit each."""
    return {
        "n": [len(token.encode("utf-16-le")) // 2 for token in scores.tokens],
        "b": "".join(map(_level, scores.base)),
        "o": "".join(map(_level, scores.overfitted)),
    }


def _level(probability: float) -> str:
    if probability <= 0:
        return _DIGITS[-1]
    level = round(math.sqrt(-math.log10(min(probability, 1))) * _FINENESS)
    return _DIGITS[min(level, len(_DIGITS) - 1)]
