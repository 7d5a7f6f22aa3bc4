"""Many owners of one model, who share tasks: this process alone, or the workers of a Ray cluster.

Every owner has the model to itself and does one task after another, so that a task's result does not depend on who did
it, nor on what was done there before. Knows not what the tasks are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from verbosify.errors import SettingsError
from verbosify.models.loading import ModelSpec
from verbosify.models.protocol import LanguageModel, Notify, OnProgress
from verbosify.streams import say

Task = TypeVar("Task")
Result = TypeVar("Result")


class Fleet(Protocol):
    """What does tasks with a model."""

    @property
    def workers(self) -> int:
        """How many tasks are at work at once, at most."""

    def map(
        self, function: Callable[[LanguageModel, Task], Result], tasks: Iterable[Task]
    ) -> Iterator[tuple[int, Result]]:
        """Every task's place among `tasks`, from 0, and its result, as they arrive, which may be in any order.

        `function` is a function of a module; tasks and results are values that can be pickled. What a task raises is
        raised here, and ends the rest; so does closing the iterator. A task may be begun twice, if its worker died; its
        result comes once. Tasks are taken from `tasks` as workers get free.
        """


@dataclass(frozen=True, slots=True)
class LocalFleet:
    """This process and its model."""

    model: LanguageModel

    @property
    def workers(self) -> int:
        return 1

    def map(
        self, function: Callable[[LanguageModel, Task], Result], tasks: Iterable[Task]
    ) -> Iterator[tuple[int, Result]]:
        for place, task in enumerate(tasks):
            yield place, function(self.model, task)


@contextmanager
def open_fleet(
    on: str = "local",
    spec: ModelSpec | None = None,
    *,
    also: Sequence[str] = (),
    workers: int | None = None,
    threads: int = 1,
    progress: OnProgress | None = None,
    on_notice: Notify = say,
) -> Iterator[Fleet]:
    """Owners of a model, as long as the block lasts.

    Args:
        on: `local` for this process; `ray` for the Ray cluster that RAY_ADDRESS names or that runs on this computer, or
            else one that is started here for the while; `ray://HOST:PORT` for a cluster elsewhere (Ray Client).
        spec: the model; by default the embedded one.
        also: names of other models that tasks load by themselves, to be brought to every node too.
        workers: how many, at most; by default as many as the cluster has processors for. Not for `local`.
        threads: processor threads of each worker, >= 1. Not for `local`.
        progress: called while a model is fetched, as `load_model` calls it.
        on_notice: called with what should be known, as that a worker died.

    Raises:
        SettingsError: there is no such place, or a number is too small.
        ModelError: the model cannot be loaded; Ray is missing or its cluster cannot be reached.
    """
    spec = spec or ModelSpec()
    for name, value in (("workers", workers), ("threads", threads)):
        if value is not None and value < 1:
            raise SettingsError(f"{name} is {value}: it must be at least 1.")
    if on == "local":
        yield LocalFleet(spec.load(progress=progress, on_notice=on_notice))
    elif on == "ray" or on.startswith("ray://"):
        from verbosify.models.parcels import pack
        from verbosify.models.ray_fleet import RayFleet, connected

        with connected(on) as ray:
            parcels = [pack(name, progress=progress, on_notice=on_notice) for name in (spec.name, *also)]
            fleet = RayFleet(ray, spec, parcels, workers=workers, threads=threads, on_notice=on_notice)
            try:
                yield fleet
            finally:
                fleet.close()
    else:
        raise SettingsError(f"There is no {on!r} to work on: write local, ray, or ray://HOST:PORT.")
