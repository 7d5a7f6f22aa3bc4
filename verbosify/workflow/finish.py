"""What is made of a piece when its samples are drawn: readings, essays, the export. Knows no model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from time import perf_counter

from verbosify.curation import Candidate, Choice, choose
from verbosify.curation.candidates import LEAST_CLOSENESS
from verbosify.curation.choosing import FAR, TOLERANCE, Offers, worth
from verbosify.measures import Opinion
from verbosify.piece import BUILT_IN, Pick, Piece, write_export
from verbosify.piece.store import SKIPPED
from verbosify.workflow.options import Options
from verbosify.workflow.outputs import people, words_added, write_reading
from verbosify.workflow.plan import Plan
from verbosify.workflow.visit import Judge, own_batches

READINGS = ("fluffy", "strange")
"""What the built-in curator chooses and a run writes as essays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The result of a run. `words_after`, `ratio` and `picks` are those of the *fluffy* reading.

    `skipped` are passages that the model could not take in: too long for its context, or of a single token. `usable` is
    the share of samples in which a close reading finds something to take, 0 to 1; None without samples.
    """

    title: str
    words_before: int
    words_after: int
    ratio: float
    target: float
    target_met: bool
    passages: int
    gaps: int
    skipped: int
    samples: int
    picks: int
    closeness: dict[str, float | None]
    usable: float | None
    seconds: float
    model_seconds: float
    outputs: tuple[Path, ...]


def finish(
    piece: Piece, plan: Plan, judge: Judge, options: Options, *, started: float, model_seconds: float
) -> Summary:
    """Make the readings, write the essays and the export, and sum up. `started` is of `perf_counter`."""
    words_before = plan.essay.words
    gaps = len(piece.finished_passages())  # an earlier run with a higher limit may have visited more
    reached = round(words_before * gaps / len(plan.passages))
    offered = candidates_by_gap(piece, judge, piece.finished_passages())
    choices = curate(piece, offered, words_before=reached, target=options.target)
    texts = [path for name in READINGS for path in write_reading(piece, name, piece.folder)]
    added = words_added(piece, "fluffy")
    piece.note("finished", words_before=words_before, words_after=words_before + added)
    outputs = (write_export(piece), *texts)
    drawn = Counter(sample.batch for sample in piece.samples())
    return Summary(
        title=plan.essay.title,
        words_before=words_before,
        words_after=words_before + added,
        ratio=round((words_before + added) / words_before, 3) if words_before else 1.0,
        target=options.target,
        target_met=abs(reached + added - options.target * reached) <= TOLERANCE * options.target * reached,
        passages=len(plan.passages),
        gaps=gaps,
        skipped=len({str(entry.detail.get("passage")) for entry in piece.log() if entry.event == SKIPPED}),
        samples=drawn.total(),
        picks=len(piece.picks("fluffy")),
        closeness={name: _mean_closeness(choices.get(name)) for name in READINGS},
        usable=share_usable(piece, offered, drawn),
        seconds=perf_counter() - started,
        model_seconds=model_seconds,
        outputs=outputs,
    )


def curate(piece: Piece, offered: Offers, *, words_before: int, target: float) -> dict[str, Choice]:
    """Let the built-in curator make the readings *fluffy*, *strange* and *sparse* from what is recorded.

    `offered` is what `candidates_by_gap` found. A reading in which a person has had a hand is left as it is, and so is
    one that would not change. Returns the choices that stand, by reading.
    """
    low, high = FAR
    kinds: dict[str, tuple[Mapping[int, Sequence[Candidate]], float, float]] = {
        "fluffy": (
            {
                gap: [c for c in found if c.is_plain and c.closeness >= LEAST_CLOSENESS]
                for gap, found in offered.items()
            },
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
            reasons={gap: _reason(pick, len(found[gap]), strange) for gap, pick in choice.picks.items()},
        )
    return choices


def _reason(pick: Candidate, offered: int, strange: float) -> str:
    """Why this candidate of so many was chosen, in a few words."""
    kind = "far off, and the best to read" if strange else "the best to read"
    worthy = f"worth keeping {worth(pick):.2f}, cosine {pick.closeness:.2f}, {pick.words} words"
    return f"{kind} of {offered} candidates: {worthy}"


def candidates_by_gap(piece: Piece, judge: Judge, finished: set[int]) -> dict[int, list[Candidate]]:
    """What the overfitted samples of the `finished` passages offer, by gap; what a hand drew is for hands to pick."""
    own = {batch.id for batch in own_batches(piece)}
    known = {row.place: Opinion(row.information, row.fluency, row.surprise, row.flow) for row in piece.opinions()}
    return {
        passage.index: [
            replace(candidate, opinion=known.get(candidate.place))
            for sample in piece.samples(passage.index)
            if sample.batch in own
            for candidate in judge.candidates_of(sample, passage.text)
        ]
        for passage in piece.passages()
        if passage.index in finished
    }


def share_usable(piece: Piece, offered: Offers, drawn: Mapping[int, int]) -> float | None:
    """The share of a run's samples in which a close reading finds something to take, 0 to 1; None without samples.

    `drawn` are the samples of each batch.
    """
    samples = sum(drawn.get(batch.id, 0) for batch in own_batches(piece) if batch.passage in offered)
    usable = {candidate.sample for found in offered.values() for candidate in found if candidate.is_usable}
    return round(len(usable) / samples, 3) if samples else None


def expected_words(found: Sequence[Candidate], share: float) -> int:
    """Words a gap may count on: of the candidate whose length is nearest to its share."""
    plain = [candidate.words for candidate in found if candidate.is_plain]
    return min(plain, key=lambda words: abs(words - share), default=0)


def _mean_closeness(choice: Choice | None) -> float | None:
    return round(fmean(pick.closeness for pick in choice.picks.values()), 3) if choice and choice.picks else None
