"""A passage's visit on another computer: everything it needs goes there as plain values, and its rows come back.

The worker keeps a record of that passage alone while the visit lasts, so that it is the same visit as anywhere. What it
brings is recorded in the piece by whoever owns that: all of a visit, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from verbosify.models.protocol import LanguageModel, ModelCard
from verbosify.piece import Batch, Job, Opinion, Overfit, Passage, Piece, Sample
from verbosify.piece.store import SKIPPED
from verbosify.workflow.finish import expected_words
from verbosify.workflow.opinions import likelihood_of_prose
from verbosify.workflow.options import Options
from verbosify.workflow.plan import prose_of
from verbosify.workflow.run import load_embedder
from verbosify.workflow.visit import Embed, Judge, Visit, visit

Drawn = tuple[Batch, list[Sample]]
"""A batch with its samples."""


@dataclass(frozen=True, slots=True)
class Errand:
    """All that a visit follows from. `share` and `own` are as `Judge` and `visit` take them."""

    job: Job
    passage: Passage
    drawn: list[Drawn]
    overfits: list[Overfit]
    options: Options
    share: float
    own: float

    @classmethod
    def of(cls, piece: Piece, passage: Passage, options: Options, *, share: float, own: float) -> Errand:
        """With what stands in the piece of that passage already."""
        job = replace(piece.job, essay_source=None)
        index = passage.index
        return cls(job, passage, _drawn(piece, index), piece.overfits(index), options, share, own)


@dataclass(frozen=True, slots=True)
class Visited:
    """What a visit brought: its new rows, under ids that count within the passage, from 1; and how far it got.

    `skipped` says why the model could not take the passage in. `last` tells the losses and how long the model was at
    work, and has no candidates; `usable` and `words` are what those came to: see `Progress`.
    """

    drawn: list[Drawn]
    overfits: list[Overfit]
    opinions: list[Opinion]
    skipped: dict[str, Any] | None
    last: Visit | None
    usable: int
    words: int


def card_of(model: LanguageModel, _: object) -> ModelCard:
    """Which weights a worker has, on what."""
    return model.card


def likelihood_of(model: LanguageModel, prose: str) -> float:
    """That of an essay's prose: see `likelihood_of_prose`."""
    return likelihood_of_prose(model, prose.split("\n\n"))


def run_errand(model: LanguageModel, errand: Errand) -> Visited:
    """Let the passage visit the model of this process; touches nothing but a record of its own."""
    index = errand.passage.index
    judge = _judge(prose_of(errand.job.essay_blocks), errand.share)
    with (
        TemporaryDirectory(prefix="verbosify-") as folder,
        Piece.open_or_create(Path(folder), errand.job, [replace(errand.passage, finished=None)]) as piece,
    ):
        _add(piece, index, errand.drawn, {row.id: replace(row, id=0) for row in errand.overfits})
        last: Visit | None = None
        for last in visit(piece, errand.passage, model, _embedder(), judge, errand.options, own=errand.own):  # noqa: B007
            pass
        return Visited(
            drawn=_drawn(piece, index)[len(errand.drawn) :],
            overfits=piece.overfits(index),
            opinions=piece.opinions(index),
            skipped=next((entry.detail for entry in piece.log() if entry.event == SKIPPED), None),
            last=last and replace(last, candidates=()),
            usable=last.usable if last else 0,
            words=expected_words(last.candidates, judge.share) if last else 0,
        )


def record(piece: Piece, errand: Errand, visited: Visited) -> None:
    """Have in the piece what a visit brought, and that the passage is finished: all or nothing."""
    index = errand.passage.index
    with piece.database.writing():
        if visited.skipped is not None:
            piece.skip_passage(index, **{name: value for name, value in visited.skipped.items() if name != "passage"})
            return
        standing = dict(enumerate(errand.overfits, 1))
        _add(piece, index, visited.drawn, {row.id: replace(row, id=0) for row in visited.overfits} | standing)
        ids = [sample.id for sample in piece.samples(index)]
        piece.add_opinions([replace(row, id=0, sample=ids[row.sample - 1]) for row in visited.opinions])
        piece.finish_passage(index)


def _drawn(piece: Piece, passage: int) -> list[Drawn]:
    samples: dict[int, list[Sample]] = {}
    for sample in piece.samples(passage):
        samples.setdefault(sample.batch, []).append(sample)
    return [(batch, samples.get(batch.id, [])) for batch in piece.batches(passage)]


def _add(piece: Piece, passage: int, drawn: Sequence[Drawn], overfits: Mapping[int, Overfit]) -> None:
    """Add batches of another record; their overfits, by their ids there, are added with the first batch of each."""
    known = dict(overfits)
    for batch, samples in drawn:
        made = piece.add_batch(
            passage,
            [replace(sample, id=0) for sample in samples],
            settings=batch.settings,
            overfit=None if batch.overfit is None else known[batch.overfit],
            seconds=batch.seconds,
            model=batch.model,
            reason=batch.reason,
            diversity=batch.diversity,
        )
        if batch.overfit is not None and made.overfit is not None:
            known[batch.overfit] = piece.overfit(made.overfit)


@lru_cache(maxsize=4)
def _judge(prose: str, share: float) -> Judge:
    """A worker has several passages of an essay, one after another, and reads it once for them."""
    return Judge.of(prose, share)


@lru_cache(maxsize=1)
def _embedder() -> Embed:
    return load_embedder()
