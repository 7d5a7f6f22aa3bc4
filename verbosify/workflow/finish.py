"""The built-in curator at work on a piece: its three readings, from what is recorded. Knows no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from verbosify.curation import Candidate, Choice, choose
from verbosify.piece import BUILT_IN, Pick, Piece
from verbosify.workflow.outputs import people
from verbosify.workflow.sampling import Judge, own_batches

FLUFFY_FLOOR = 0.3
STRANGE_RANGE = (0.05, 0.45)
"""Closeness of what may be read as *strange*: far from the passage, and yet not about nothing."""


def curate(piece: Piece, judge: Judge, *, words_before: int, target: float) -> dict[str, Choice]:
    """Let the built-in curator make the readings *fluffy*, *strange* and *sparse* from what is recorded.

    A reading in which a person has had a hand is left as it is, and so is one that would not change. Returns the
    choices that stand, by reading.
    """
    offered = offers(piece, judge, piece.finished_passages())
    low, high = STRANGE_RANGE
    kinds: dict[str, tuple[Mapping[int, Sequence[Candidate]], float, float]] = {
        "fluffy": (
            {gap: [c for c in found if c.is_plain and c.closeness >= FLUFFY_FLOOR] for gap, found in offered.items()},
            target,
            0.0,
        ),
        "strange": (
            {gap: [c for c in found if low <= c.closeness <= high] for gap, found in offered.items()},
            target,
            1.0,
        ),
        "sparse": ({}, 1.0, 0.0),
    }
    choices = {}
    for reading, (found, ratio, strange) in kinds.items():
        if people(piece, reading):
            continue
        choice = choose(found, words_before=words_before, target=ratio, strange=strange)
        choices[reading] = choice
        picks = {gap: (Pick(c.sample, c.start, c.end, c.text),) for gap, c in choice.picks.items()}
        if picks == piece.picks(reading):
            continue
        piece.choose_reading(
            reading,
            picks,
            curator=BUILT_IN,
            reasons={
                gap: f"{'farthest' if strange else 'closest'} that fits, of {len(found[gap])} candidates: "
                f"cosine {c.closeness:.2f}, {c.words} words"
                for gap, c in choice.picks.items()
            },
        )
    return choices


def offers(piece: Piece, judge: Judge, finished: set[int]) -> dict[int, list[Candidate]]:
    """What the overfitted samples of the `finished` passages offer, by gap; what a hand drew is for hands to pick."""
    own = {batch.id for batch in own_batches(piece)}
    return {
        passage.index: [
            candidate
            for sample in piece.samples(passage.index)
            if sample.batch in own
            for candidate in judge.candidates_of(sample, passage.text)
        ]
        for passage in piece.passages()
        if passage.index in finished
    }


def promise(found: Sequence[Candidate], share: float) -> int:
    """Words a gap may count on: of the candidate whose length is nearest to its share."""
    plain = [candidate.words for candidate in found if candidate.is_plain]
    return min(plain, key=lambda words: abs(words - share), default=0)
