"""Studies drawn: what is missing, in tasks, by whoever has a model; each result saved before it is told of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from verbosify.models.fleet import Fleet
from verbosify.studies.grid import Cell, Study
from verbosify.studies.sampling import ROWS, SETS, grouped, sample_cells
from verbosify.studies.store import Store

SECONDS_A_GRADIENT, SECONDS_A_STEP, SECONDS_A_ROW = 0.0045, 0.030, 0.0011
"""The embedded model on two cores with AMX: of an overfit, a token; of sampling, a step of a batch, and a row's."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: cells that are drawn, of those asked for, and seconds since this run began.

    `left` are the seconds that the rest should take, by what this run has taken; None as long as it has done nothing.
    """

    done: int
    total: int
    seconds: float
    left: float | None


def cells_of(studies: Iterable[Study]) -> list[Cell]:
    """What all these studies ask for, each cell once."""
    found: dict[str, Cell] = {}
    for study in studies:
        for cell in study.cells():
            found.setdefault(cell.key, cell)
    return list(found.values())


def tasks_of(cells: Iterable[Cell], *, at_once: bool) -> list[list[Cell]]:
    """Cells in tasks: those that one training serves together; many of these if many can be sampled `at_once`."""
    groups = grouped(cells, lambda cell: cell.taught)
    if not at_once:
        return groups
    # alike in what they ask for, so that a stack of them has little room that is empty
    ordered = sorted(groups, key=lambda group: (_longest(group), _rows_of_one(group)))
    tasks: list[list[Cell]] = []
    sets, rows = SETS, 0
    for group in ordered:
        more = len({(cell.strength, cell.passage) for cell in group})
        if sets + more > SETS or rows > ROWS:
            tasks.append([])
            sets = rows = 0
        tasks[-1] += group
        sets, rows = sets + more, rows + sum(cell.settings.n for cell in group)
    return tasks


def _longest(cells: Sequence[Cell]) -> int:
    return max(cell.settings.length for cell in cells)


def _rows_of_one(cells: Sequence[Cell]) -> int:
    return sum(cell.settings.n for cell in cells) // len({(cell.strength, cell.passage) for cell in cells})


def estimate(cells: Iterable[Cell]) -> float:
    """About how many seconds they take on two cores, the embedded model being used; by far less on a card."""
    seconds = 0.0
    for group in tasks_of(cells, at_once=False):
        training, words = group[0].training, len(group[0].passage.split())
        tokens = {"once": 1.4 * words, "copies": 1.4 * words * training.copies}.get(training.window, 1024)
        steps = training.steps * training.windows if training.window else training.corpus_steps + 2 * training.epochs
        seconds += steps * max(tokens, 160) * SECONDS_A_GRADIENT if steps else 0.0
        for batch in grouped(group, lambda cell: (cell.strength, cell.passage)):
            seconds += _longest(batch) * SECONDS_A_STEP
            seconds += sum(cell.settings.n * cell.settings.length for cell in batch) * SECONDS_A_ROW
    return seconds


def draw(
    store: Store,
    studies: Sequence[Study],
    fleet: Fleet,
    *,
    at_once: bool = False,
    budget: float | None = None,
) -> Iterator[Progress]:
    """Draw what is missing; tells after every task, once its cells are on the disk, how far it is.

    Args:
        at_once: many overfits are sampled together; see `sampling.is_on_card`.
        budget: seconds after which no further task is begun; the rest is for the next run.
    """
    started = perf_counter()
    asked = cells_of(studies)
    there = store.drawn()
    missing = [cell for cell in asked if cell.key not in there]
    done = len(asked) - len(missing)
    yield Progress(done, len(asked), 0.0, None)

    tasks = tasks_of(missing, at_once=at_once)
    left = {place: estimate(task) for place, task in enumerate(tasks)}  # they add up: no training is in two tasks
    whole = sum(left.values())

    def within_budget() -> Iterator[Sequence[Cell]]:
        for task in tasks:
            if budget is not None and perf_counter() - started >= budget:
                return
            yield task

    for place, results in fleet.map(sample_cells, within_budget()):
        store.add(results)
        done += len(results)
        del left[place]
        seconds, rest = perf_counter() - started, sum(left.values())
        yield Progress(done, len(asked), seconds, seconds * rest / (whole - rest) if rest < whole else None)
