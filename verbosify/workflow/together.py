"""Several essays at once, their passages shared among the workers of a fleet; one process owns all the records.

Visits are recorded as they arrive. What a passage gets does not depend on the others, so each piece is, in the end, the
one that a single process would have made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from verbosify.errors import OutputError, SettingsError
from verbosify.essay.reading import Essay
from verbosify.models.fleet import Fleet, open_fleet
from verbosify.models.protocol import Notify, OnProgress
from verbosify.piece import Job, Passage, Piece
from verbosify.workflow.apart import Errand, Visited, card_of, likelihood_of, record, run_errand
from verbosify.workflow.finish import Summary, candidates_by_gap, expected_words, finish
from verbosify.workflow.options import Options
from verbosify.workflow.plan import Plan, make_plan
from verbosify.workflow.run import Progress, ensure_that_it_can_end, ensure_that_it_fits
from verbosify.workflow.visit import Judge


@dataclass(frozen=True, slots=True)
class Work:
    """An essay, the folder of its piece, and a corrected split, if there is one, as `verbosify` takes it."""

    essay: Essay
    folder: Path
    sentences: str | None = None


def fleet_for(
    options: Options,
    on: str,
    *,
    workers: int | None = None,
    on_fetch: OnProgress | None = None,
    on_notice: Notify = lambda _: None,
) -> AbstractContextManager[Fleet]:
    """A fleet that has the model of these options, and the one that measures drift: see `open_fleet`."""
    return open_fleet(on, options.spec, also=["minilm"], workers=workers, progress=on_fetch, on_notice=on_notice)


def verbosify_together(
    works: Sequence[Work],
    options: Options,
    fleet: Fleet,
    *,
    limit: int | None = None,
    on_progress: Callable[[int, Progress], None] = lambda *_: None,
    on_notice: Notify = lambda _: None,
) -> Iterator[tuple[int, Summary]]:
    """Verbosify essays, each into its piece, or go on with those that are there.

    Args:
        works: essays and folders, no two of which are one.
        options: what to do, as in `verbosify`.
        fleet: what `fleet_for` opened for these options.
        limit: how many passages of each essay to visit at most, from the first.
        on_progress: called after every visit with the place of its essay among `works`, and how far that is;
            `seconds_left` are those of all essays together.
        on_notice: called with what should be known of an essay.

    Yields:
        The place of an essay among `works`, and the result, as soon as its last visit is recorded.

    Raises:
        VerbosifyError: an essay, the options, the model or a folder will not do; each says why, before any visit.
    """
    if limit is not None and limit < 1:
        raise SettingsError(f"limit is {limit!r}: it must be at least 1.")
    _ensure_that_none_meet(works)
    plans = [make_plan(work.essay, work.folder, options, work.sentences) for work in works]
    for work, plan in zip(works, plans, strict=True):
        ensure_that_it_can_end(plan.essay, work.folder)
    ((_, card),) = fleet.map(card_of, [None])
    ensure_that_it_fits(options, card)
    tables = [
        _Table(work.folder, plan, plan.job(options, card), limit) for work, plan in zip(works, plans, strict=True)
    ]
    undone = [number for number, table in enumerate(tables) if table.left()]
    own = {undone[at]: found for at, found in fleet.map(likelihood_of, [plans[number].prose for number in undone])}
    clock = _Clock(sum(len(table.left()) for table in tables))
    sittings: dict[int, _Sitting] = {}
    errands: dict[int, tuple[int, Errand]] = {}

    def send() -> Iterator[Errand]:
        sent = 0
        for number, table in enumerate(tables):
            sitting = sittings[number] = _Sitting(table, options, on_notice)
            for passage in list(sitting.left.values()):
                errands[sent] = number, sitting.errand(passage, own[number])
                yield errands[sent][1]
                sent += 1

    try:
        for at, visited in fleet.map(run_errand, send()):
            number, errand = errands.pop(at)
            progress = sittings[number].take(errand, visited, clock)
            if progress:
                on_progress(number, progress)
            yield from _ended(sittings)
        yield from _ended(sittings)
    except BaseException as error:
        for sitting in sittings.values():
            sitting.piece.note("interrupted", error=type(error).__name__)
        raise
    finally:
        for sitting in sittings.values():
            sitting.stack.close()


def _ensure_that_none_meet(works: Sequence[Work]) -> None:
    folders: set[Path] = set()
    for work in works:
        folder = work.folder.resolve()
        if folder in folders:
            raise OutputError(f"Two essays would become one piece in {work.folder}: run one of them by itself.")
        folders.add(folder)


def _ended(sittings: dict[int, _Sitting]) -> Iterator[tuple[int, Summary]]:
    """Finish the pieces of which every visit is recorded."""
    for number in [number for number, sitting in sittings.items() if not sitting.left]:
        yield number, sittings.pop(number).finish()  # which closes its piece, even if it fails


@dataclass(frozen=True, slots=True)
class _Table:
    """Where an essay's piece lies, and what it is made from."""

    folder: Path
    plan: Plan
    job: Job
    limit: int | None

    def open(self) -> Piece:
        return Piece.open_or_create(self.folder, self.job, self.plan.passages)

    def left(self) -> list[Passage]:
        """The passages that are to visit the model yet."""
        with self.open() as piece:
            return _left(piece, self.limit)


def _left(piece: Piece, limit: int | None) -> list[Passage]:
    finished = piece.finished_passages()
    return [passage for passage in piece.passages()[:limit] if passage.index not in finished]


@dataclass(slots=True)
class _Clock:
    """How long all visits that are left take, by those that were made."""

    left: int
    made: int = 0
    begun: float = field(default_factory=perf_counter)

    def tick(self) -> float:
        """Count a visit; returns the seconds that are left."""
        self.left, self.made = self.left - 1, self.made + 1
        return (perf_counter() - self.begun) / self.made * self.left


class _Sitting:
    """An essay while its passages are under way: its piece, open and locked until `stack` is closed."""

    def __init__(self, table: _Table, options: Options, on_notice: Notify) -> None:
        self.stack, self.table, self.started = ExitStack(), table, perf_counter()
        self.piece = self.stack.enter_context(table.open())
        try:
            self.stack.enter_context(self.piece.lock())
            plan = table.plan
            self.options = replace(options, portfolio=self.piece.job.options.get("portfolio", False))
            self.judge = Judge.of(plan.prose, plan.share(options.target))
            self.left = {passage.index: passage for passage in _left(self.piece, table.limit)}
            finished = self.piece.finished_passages()
            self.to_visit = len(plan.passages[: table.limit])
            self.piece.note(
                "resumed" if self.piece.log() else "started", passages=self.to_visit, finished=len(finished)
            )
            found = candidates_by_gap(self.piece, self.judge, finished)
            self.words = {gap: expected_words(candidates, self.judge.share) for gap, candidates in found.items()}
            self.samples = self.usable = 0
            self.model_seconds = 0.0
            if self.left and self.judge.voice.unjudged:
                on_notice(self.judge.voice.unjudged)
        except BaseException:
            self.stack.close()
            raise

    def errand(self, passage: Passage, own: float) -> Errand:
        return Errand.of(self.piece, passage, self.options, share=self.judge.share, own=own)

    def take(self, errand: Errand, visited: Visited, clock: _Clock) -> Progress | None:
        """Record a visit; returns how far the essay is, unless the passage was skipped."""
        record(self.piece, errand, visited)
        del self.left[errand.passage.index]
        seconds_left, last = clock.tick(), visited.last
        if last is None:
            return None
        self.words[errand.passage.index] = visited.words
        self.samples, self.usable = self.samples + last.samples, self.usable + visited.usable
        self.model_seconds += last.model_seconds
        return Progress(
            passage=self.to_visit - len(self.left),
            passages=self.to_visit,
            loss_before=last.loss_before,
            loss_after=last.loss_after,
            samples=last.samples,
            words=sum(self.words.values()),
            wanted=round(self.judge.share * self.to_visit),
            usable=round(self.usable / max(self.samples, 1), 3),
            seconds_left=seconds_left,
        )

    def finish(self) -> Summary:
        with self.stack:
            plan, options = self.table.plan, self.options
            return finish(self.piece, plan, self.judge, options, started=self.started, model_seconds=self.model_seconds)
