"""A fleet on Ray: workers that hold a model each, wherever the cluster has room. The one place that knows Ray.

A worker that dies, with its node or alone, is replaced, and its task is done again. Weights are read from where they
lie if the node sees the same files there; otherwise they come through Ray's object store, once a node, and are saved.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from verbosify.errors import ModelError
from verbosify.models.loading import ModelSpec
from verbosify.models.parcels import Parcel, unpack
from verbosify.models.process import tune_process
from verbosify.models.protocol import LanguageModel, Notify
from verbosify.models.store.catalog import checkpoints_folder
from verbosify.version import version_of_verbosify

Task = TypeVar("Task")
Result = TypeVar("Result")
MOST_TRIES = 3
"""How often a task is begun, if its workers die, before it is given up."""
NOTICE_AFTER, PATIENCE = 30.0, 1800.0
"""Seconds without any worker after which that is said, and after which it is given up: a cluster may be growing."""


@contextmanager
def connected(on: str) -> Iterator[Any]:
    """Ray, connected to the cluster that `on` names, and left as it was found; see `open_fleet`."""
    if find_spec("ray") is None:
        raise ModelError("Working on Ray needs the package ray: run `pip install 'verbosify-studio[ray]'`.")
    _show_the_token()
    import ray

    init: Any = ray.init
    if ray.is_initialized():
        yield ray
        return
    address = {} if on == "ray" else {"address": on}
    _ensure_that_it_listens(on if on != "ray" else os.environ.get("RAY_ADDRESS", ""))
    with _own_signals():
        try:
            init(include_dashboard=False, log_to_driver=False, configure_logging=False, **address)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError, ray.exceptions.RayError) as error:
            raise ModelError(
                f"No Ray cluster can be reached by {on} ({_first_line(error)}): check that it runs."
            ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _show_the_token() -> None:
    """Have Ray show the token that lies on this computer to the cluster it joins, unless its mode was chosen.

    `ray start` asks for it wherever there is one, and the first cluster that Ray starts by itself makes one; but who
    connects shows it only if told to. Ray looks when it is imported.
    """
    given = any(os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"))
    if given or (Path.home() / ".ray" / "auth_token").is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


class Worker:
    """One owner of the model, in a process of its own, which does as it is told from elsewhere."""

    def __init__(self, spec: ModelSpec, parcels: Sequence[Parcel], threads: int) -> None:
        tune_process()
        self._spec, self._parcels, self._threads = spec, parcels, threads
        self._folders: list[Path] = []
        self._model: LanguageModel  # no task comes before it is loaded

    def lacking(self) -> tuple[str, list[tuple[int, str]]]:
        """The version of verbosify here, and which files of which parcels have to be brought to this node."""
        self._folders = [Path(parcel.folder) for parcel in self._parcels]
        if all(parcel.is_in(folder) for parcel, folder in zip(self._parcels, self._folders, strict=True)):
            os.environ["VERBOSIFY_CHECKPOINTS"] = self._parcels[0].root  # the process is ours alone
            return version_of_verbosify(), []
        self._folders = [checkpoints_folder() / parcel.place for parcel in self._parcels]
        missing = [
            (number, file)
            for number, (parcel, folder) in enumerate(zip(self._parcels, self._folders, strict=True))
            if not parcel.is_in(folder)
            for file in parcel.files()
        ]
        return version_of_verbosify(), missing

    def load(self, names: Sequence[tuple[int, str]], *contents: Any) -> None:
        """Load the model, from files that are here or have been brought: of which parcel, and their bytes."""
        for number in dict(names):
            brought = {name: content for (of, name), content in zip(names, contents, strict=True) if of == number}
            unpack(self._parcels[number], brought, self._folders[number])
        if (
            self._spec.engine != "tensorflow" and find_spec("torch") is not None
        ):  # `load_model` says so if it is missing
            import torch

            torch.set_num_threads(self._threads)  # before a card tells of them
        spec = replace(self._spec, name=str(self._folders[0]))
        self._model = spec.load(label=self._parcels[0].label, on_notice=lambda _: None)

    def run(self, function: Callable[[LanguageModel, Any], Any], task: Any) -> Any:
        return function(self._model, task)


@dataclass(frozen=True, slots=True)
class _Job:
    """A task, its place among all, and how often it was begun."""

    place: int
    task: Any
    tries: int = 0


class RayFleet:
    """Workers on a Ray cluster; `close` it in the end.

    Args:
        ray: the module, connected.
        parcels: the model's, and then those of others that tasks load.
        workers, threads, on_notice: as `open_fleet` has them.
    """

    def __init__(
        self,
        ray: Any,
        spec: ModelSpec,
        parcels: Sequence[Parcel],
        *,
        workers: int | None = None,
        threads: int = 1,
        on_notice: Notify,
    ) -> None:
        gpus = int(spec.device == "cuda")
        room = int(ray.cluster_resources().get("CPU", 0) // threads)
        self.workers: int = min(workers or room, room) or 1
        self._ray, self._parcels, self._on_notice = ray, parcels, on_notice
        make = ray.remote(Worker).options(num_cpus=threads, num_gpus=gpus, max_restarts=0)
        self._make: Callable[[], Any] = lambda: make.remote(spec, parcels, threads)
        self._idle: list[Any] = []
        self._starting: dict[Any, Any] = {}  # by what they are asked, of which None means that they are ready
        self._contents: dict[tuple[int, str], Any] = {}
        self._losses = 0  # since a worker was last made ready
        self._alone_since: float | None = None

    def map(
        self, function: Callable[[LanguageModel, Task], Result], tasks: Iterable[Task]
    ) -> Iterator[tuple[int, Result]]:
        jobs, again = (_Job(place, task) for place, task in enumerate(tasks)), deque[_Job]()
        busy: dict[Any, tuple[Any, _Job]] = {}
        try:
            while True:
                while len(busy) + len(self._idle) + len(self._starting) < self.workers:
                    self._start()
                while self._idle and (job := again.popleft() if again else next(jobs, None)):
                    worker = self._idle.pop()
                    busy[worker.run.remote(function, job.task)] = worker, replace(job, tries=job.tries + 1)
                if self._idle and not busy:
                    return
                ready = self._next_ready(busy)
                if ready in busy:
                    worker, job = busy.pop(ready)
                    self._idle.append(worker)
                    try:
                        result = self._result(ready, worker)
                    except _WorkerLostError as lost:
                        self._idle.remove(worker)
                        if job.tries == MOST_TRIES:
                            raise ModelError(
                                f"{MOST_TRIES} workers died at the same task ({lost}): it is given up."
                            ) from lost
                        again.append(job)
                        continue
                    yield job.place, result
        finally:
            for worker, _ in busy.values():
                self._kill(worker)

    def close(self) -> None:
        """Let go of all workers."""
        for worker in [*self._idle, *self._starting.values()]:
            self._kill(worker)
        self._idle, self._starting, self._contents = [], {}, {}

    def _start(self) -> None:
        worker = self._make()
        self._starting[worker.lacking.remote()] = worker

    def _next_ready(self, busy: Iterable[Any]) -> Any:
        """What is ready next of the results awaited; None if it was a worker that got on with starting, or nothing."""
        ready, _ = self._ray.wait([*busy, *self._starting], timeout=NOTICE_AFTER)
        if not ready:
            if not busy and not self._idle:
                self._tell_of_waiting()
            return None
        self._alone_since = None
        if ready[0] in self._starting:
            self._go_on_starting(ready[0], self._starting.pop(ready[0]))
            return None
        return ready[0]

    def _go_on_starting(self, ready: Any, worker: Any) -> None:
        try:
            told = self._result(ready, worker)
        except _WorkerLostError as lost:
            self._losses += 1
            if self._losses > MOST_TRIES * self.workers:
                raise ModelError(f"Workers die before they are ready ({lost}): the fleet is given up.") from lost
            return
        if told is None:
            self._losses = 0
            self._idle.append(worker)
            return
        version, names = told
        if version != (here := version_of_verbosify()):
            raise ModelError(
                f"A worker has verbosify {version}, and here it is {here}: install the same on every node."
            )
        self._starting[worker.load.remote(names, *map(self._content, names))] = worker

    def _content(self, name: tuple[int, str]) -> Any:
        """A reference to a file's bytes in the object store, where they are put once."""
        if name not in self._contents:
            import numpy as np

            number, file = name
            self._contents[name] = self._ray.put(np.fromfile(Path(self._parcels[number].folder) / file, np.uint8))
        return self._contents[name]

    def _result(self, reference: Any, worker: Any) -> Any:
        """What a worker answered; what it raised is raised here."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except errors.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            if isinstance(cause, ModuleNotFoundError):
                raise ModelError(f"A worker lacks a package ({cause}): install the same on every node.") from error
            raise cause from error
        except errors.RayError as error:
            self._kill(worker)
            reason = _first_line(error)
            self._on_notice(f"A worker was lost ({reason}): another takes its place.")
            raise _WorkerLostError(reason) from error

    def _tell_of_waiting(self) -> None:
        """Say, once, that no worker is there, and give up in the end."""
        if self._alone_since is None:
            self._alone_since = monotonic()
            self._on_notice("No worker is ready yet: the cluster may have no room for one, or be growing.")
        elif monotonic() - self._alone_since > PATIENCE:
            raise ModelError("No worker got ready for half an hour: check that the cluster has room for one.")

    def _kill(self, worker: Any) -> None:
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(worker)


class _WorkerLostError(Exception):
    """A worker died, or its node, or nobody can reach it."""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _ensure_that_it_listens(address: str) -> None:
    """Raise `ModelError` where nobody answers at an address that is a host and port: Ray would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not (colon and port.isdigit()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise ModelError(f"No Ray cluster answers at {address} ({error}): check that it runs, and the port.") from error


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep this process's own answer to being ended, which Ray replaces when it connects."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
