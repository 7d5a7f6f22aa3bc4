"""One owner of a model: a thread of its own, in which everything that many want of the model happens in turn.

Each guest has a model of its own, as it seems: it overfits it, samples, holds sessions, streams, and never meets
another guest's weights. Behind that, jobs wait in one bounded queue and are taken in order. What is sampled from the
same weights grows in one batch, which jobs join and leave at any token; where a job needs other weights, they are
changed when that batch has ended. An overfit's weights are put aside as long as `memory` allows, else its step is taken
again.

An error, running out of memory too, is that of the job it happened in. A thread cannot outlive its process: where the
system may end that, give the host a process of its own.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, Full, Queue, SimpleQueue
from threading import Event, Thread
from typing import Any, Protocol, TypeVar, cast

from verbosify.errors import ModelError
from verbosify.models.protocol import (
    Continuation,
    LanguageModel,
    ModelCard,
    Overfit,
    OverfitCopy,
    SavedForm,
    StreamStep,
    TokenChoice,
    TokenScore,
    Until,
)
from verbosify.models.rows import listed, prompt_tokens, require_room
from verbosify.models.session import Engine, Generation, Part, Session
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe

Result = TypeVar("Result")
WAITING = 64
"""Jobs that may wait at once."""
MEMORY = 2 * 2**30
"""Bytes of weights that are put aside, over all guests."""
READING = 10.0
"""Seconds that a model nobody waits for any more has to be read: a process that ends meanwhile aborts."""


class HostedModel(LanguageModel, Engine, Protocol):
    """What a host can own: any engine's model."""


@dataclass(slots=True, eq=False)
class _Weights:
    """A guest's overfit, and its weights if they are put aside."""

    text: str
    recipe: TuningRecipe
    saved: OverfitCopy | None = None
    overfit: Overfit | None = None
    """While the model has these weights."""


@dataclass(slots=True, eq=False)
class _Job:
    """Something to do with a guest's weights; `results` brings what comes of it, and last an end or an error."""

    weights: _Weights | None
    run: Callable[[HostedModel], Any]
    alone: bool = False
    """Whether it changes the weights, so that no batch may be growing."""
    anyhow: bool = False
    """Whether the weights, and what grows, do not matter to it."""
    parts: list[tuple[Session | str, SamplingSettings]] = field(default_factory=list)
    """What it wants sampled; then `run` is not called."""
    until: Until = bool
    streams: bool = False
    """Whether each of its steps is told."""
    alternatives: int = 0
    """How many of the likeliest tokens each step tells."""
    results: SimpleQueue[tuple[str, Any]] = field(default_factory=SimpleQueue)
    growing: list[Part] = field(default_factory=list)
    told: int = 0
    skipped: int = 0
    gone: Event = field(default_factory=Event)

    def is_over(self) -> bool:
        return self.gone.is_set() or self.until()


class Host:
    """A model's one owner.

    Args:
        load: makes the model, in the owner's thread.
        waiting: jobs that may wait at once; more are refused with a `ModelError`.
        memory: bytes of overfitted weights that are put aside, >= 0.

    Raises `ModelError` if the model cannot be loaded.
    """

    def __init__(self, load: Callable[[], LanguageModel], *, waiting: int = WAITING, memory: int = MEMORY) -> None:
        self._queue: Queue[_Job | None] = Queue(waiting)
        self._memory = memory
        self._closed = Event()
        loaded: SimpleQueue[BaseException | None] = SimpleQueue()
        self._thread = Thread(target=self._own, args=(load, loaded), name="verbosify-model", daemon=True)
        try:
            self._thread.start()
            error = loaded.get()
        except BaseException:  # nobody waits for the model any more
            self._closed.set()
            if self._thread.is_alive():
                self._thread.join(READING)
            raise
        if error is not None:
            raise error

    def guest(self) -> Guest:
        """A model of one's own, as it seems."""
        return Guest(self)

    def close(self) -> None:
        """End what is being done at its next token, refuse what waits, and let go of the model."""
        self.let_go()
        self._thread.join()

    def let_go(self) -> None:
        """As `close`, without waiting until it is done."""
        self._closed.set()
        with suppress(Full):
            self._queue.put_nowait(None)  # only to wake the owner

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, job: _Job) -> None:
        """Have a job wait for its turn; `ModelError` if too many do already, or the host is closed."""
        try:
            if not self._closed.is_set():
                self._queue.put_nowait(job)
        except Full:
            raise ModelError(
                f"{self._queue.maxsize} requests wait for this model already: try again in a moment."
            ) from None
        if self._closed.is_set():
            raise ModelError("The model's host is closed.")

    def end(self, weights: _Weights) -> None:
        """Have a guest's overfit end, whatever waits; if the queue is full, when the next job needs other weights."""
        try:
            self.submit(_Job(None, lambda _: self.forget(weights), alone=True))
        except ModelError:  # nobody can ask for these weights any more
            self._forget_copy(weights)

    @property
    def model(self) -> HostedModel:
        """The model itself, for what needs no turn: its card and its tokens."""
        return self._model

    # In the owner's thread

    def _own(self, load: Callable[[], LanguageModel], loaded: SimpleQueue[BaseException | None]) -> None:
        try:
            self._model = cast(HostedModel, load())
        except BaseException as error:  # it is raised where it was asked for
            loaded.put(error)
            return
        self._weights: _Weights | None = None
        self._open = ExitStack()
        self._aside: list[_Weights] = []
        self._batch: Generation | None = None
        self._growing: list[_Job] = []
        loaded.put(None)
        head: _Job | None = None
        while not self._closed.is_set():
            head = head or self._next()
            if head is not None and self._may_begin(head):
                self._begin(head)
                head = None
            elif self._growing:
                self._grow()
        for job in [*self._growing, *([head] if head else []), *self._left()]:
            job.results.put(("error", ModelError("The model's host is closed.")))
        self._open.close()

    def _next(self) -> _Job | None:
        """The next job, waited for unless others are growing."""
        try:
            return self._queue.get(block=not self._growing)
        except Empty:
            return None

    def _left(self) -> Iterator[_Job]:
        while not self._queue.empty():
            if (job := self._queue.get()) is not None:
                yield job

    def _may_begin(self, job: _Job) -> bool:
        """In order: a job that needs other weights, or to be alone, waits for what grows, and holds up those behind."""
        if not self._growing or job.anyhow or job.gone.is_set():
            return True
        return not job.alone and job.weights is self._weights

    def _begin(self, job: _Job) -> None:
        try:
            if job.gone.is_set():
                return
            if not job.anyhow:
                self.activate(job.weights)
            if job.parts:
                self._sow(job)
            else:
                job.results.put(("end", job.run(self._model)))
        except BaseException as error:  # an error is its job's alone
            job.results.put(("error", _told(error)))

    def _sow(self, job: _Job) -> None:
        """Have a job's rows grow in the batch."""
        model, added = self._model, []
        with model.using():
            batch = self._batch or Generation(model)
            held = {}
            try:
                for source, settings in job.parts:
                    if source not in held:
                        held[source] = self._held(source, job)
                    added.append(batch.add(*held[source], settings))
                    added[-1].alternatives = job.alternatives
            except BaseException:
                for part in added:
                    batch.drop(part)
                raise
        self._batch, job.growing = batch, added
        self._growing.append(job)

    def _held(self, source: Session | str, job: _Job) -> tuple[Any, Sequence[int]]:
        """A session's text in the cache, or a prompt's, and its tokens."""
        longest = max(settings.length for _, settings in job.parts)
        if isinstance(source, Session):
            require_room(self._model, source.token_ids, longest)
            return source.current(), source.token_ids
        prompt_ids = prompt_tokens(self._model, source, longest)
        held = self._model.hold(sum(settings.n for _, settings in job.parts))
        held.read(prompt_ids)
        return held, prompt_ids

    def _grow(self) -> None:
        """One token for every row of every job; then those that are over leave."""
        assert self._batch is not None  # noqa: S101  # something grows
        try:
            with self._model.using():
                for job in [job for job in self._growing if job.is_over()]:
                    self._leave(job)
                if self._batch:
                    self._batch.measuring = any(job.streams for job in self._growing)
                    self._batch.step()
        except BaseException as error:
            self._part_ways(error)
            return
        for job in list(self._growing):
            for part in job.growing:
                for step in part.tell():
                    self._tell(job, part, step)
            if not any(part.width for part in job.growing):
                self._leave(job)
        if not self._growing:
            self._batch = None

    def _tell(self, job: _Job, part: Part, step: StreamStep) -> None:
        job.told += 1
        if job.told > job.skipped:
            job.results.put(("step", (job.growing.index(part), step)))

    def _leave(self, job: _Job) -> None:
        if self._batch is not None:
            for part in job.growing:
                self._batch.drop(part)
        self._growing.remove(job)
        job.results.put(("end", [row for part in job.growing for row in part.rows.continuations()]))

    def _part_ways(self, error: BaseException) -> None:
        """The batch failed: each of its jobs begins anew by itself, which shows whose error it was."""
        jobs, self._growing, self._batch = self._growing, [], None
        if len(jobs) == 1:
            jobs[0].results.put(("error", _told(error)))
            return
        for job in jobs:
            job.skipped, job.told = max(job.skipped, job.told), 0
            self._begin(job)
            while self._growing:
                self._grow()

    def activate(self, weights: _Weights | None) -> None:
        """Let the model have these weights; None are its own."""
        if weights is self._weights:
            return
        if self._weights is not None:
            self._put_aside(self._weights)
        self._become_fresh()
        if weights is not None:
            saved = weights.saved
            how = self._model.redo(saved) if saved else self._model.overfit(weights.text, weights.recipe)
            weights.overfit = self._open.enter_context(how)
            self._weights = weights

    def _put_aside(self, weights: _Weights) -> None:
        """Copy the present weights, in place of those that have been aside longest."""
        card = self._model.card
        size = card.parameters * (2 if card.dtype == "bfloat16" else 4)
        if weights.saved is not None or weights.overfit is None or size > self._memory:
            return
        while self._aside and size * (len(self._aside) + 1) > self._memory:
            self._aside.pop(0).saved = None
        with suppress(MemoryError, RuntimeError):  # then the step is taken again
            weights.saved = weights.overfit.copy()
        if weights.saved is not None:
            self._aside.append(weights)

    def _become_fresh(self) -> None:
        if self._weights is not None:
            self._weights.overfit = None
        self._weights = None
        self._open.close()

    def change(self, weights: _Weights, strength: float) -> Overfit:
        """Apply the present overfit, which these weights are, by more or less of its step."""
        assert weights.overfit is not None  # noqa: S101  # the job asked for them
        recipe = replace(weights.recipe, strength=strength)
        self._forget_copy(weights)
        try:
            weights.overfit.strength = strength
            weights.recipe = recipe
        except ModelError:  # a copy of rounded weights does not tell its step
            self._become_fresh()
            weights.recipe = recipe
            self.activate(weights)
        return weights.overfit

    def forget(self, weights: _Weights) -> None:
        """Have a guest's overfit end."""
        self._forget_copy(weights)
        if self._weights is weights:
            self._become_fresh()

    def _forget_copy(self, weights: _Weights) -> None:
        weights.saved = None
        self._aside = [other for other in self._aside if other is not weights]


def guest_of(load: Callable[[], LanguageModel]) -> Guest:
    """The one guest of a new host; the host ends when the guest is used no more. Otherwise as `Host`."""
    host = Host(load)
    guest = host.guest()
    weakref.finalize(guest, host.let_go)
    return guest


class Guest:
    """A `LanguageModel` whose work is done by a host. May be used from any thread, by one at a time.

    `sample` takes `until` as streams do; what was drawn until then is returned. There is no `finetune` here and no
    `redo`: they take a model of one's own.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self._weights: _Weights | None = None

    @property
    def card(self) -> ModelCard:
        return self.host.model.card

    def finetune(self, *_: Any, **__: Any) -> Any:
        """Not here: it would have all others wait."""
        raise ModelError("A model that is shared cannot be fine-tuned: load one of your own.")

    def encode(self, text: str) -> list[int]:
        return self.host.model.encode(text)

    def decode(self, token_ids: Sequence[int]) -> str:
        return self.host.model.decode(token_ids)

    @contextmanager
    def overfit(self, text: str, recipe: TuningRecipe = RECIPES["classic"]) -> Iterator[GuestOverfit]:
        """See `LanguageModel.overfit`: the overfit is this guest's alone."""
        if self._weights is not None:
            raise ModelError("This model is overfitted already: leave that `with` block before the next one begins.")
        weights = self._weights = _Weights(text, recipe)
        try:
            yield GuestOverfit(self, weights, self.do(lambda _: cast(Overfit, weights.overfit)))
        finally:
            self._weights = None
            self.host.end(weights)

    def redo(self, _folder: str | Path | OverfitCopy) -> Any:
        """Not here: see `finetune`."""
        raise ModelError("A saved overfit is not redone on a shared model: load one of your own.")

    def sample(
        self,
        prompt: str,
        settings: SamplingSettings | Sequence[SamplingSettings] = SamplingSettings(),  # noqa: B008
        until: Until = bool,
    ) -> list[Continuation]:
        """See `LanguageModel.sample`."""
        job = _Job(self._weights, bool, parts=[(prompt, each) for each in listed(settings)], until=until)
        continuations: list[Continuation] = self.wait(job)
        return continuations

    def session(self, prompt: str | Sequence[int]) -> GuestSession:
        """See `LanguageModel.session`."""
        return GuestSession(self, self.do(lambda model: Session(model, prompt)))

    def next_tokens(
        self,
        prompt: str,
        top: int = 100,
        settings: SamplingSettings = SamplingSettings(),  # noqa: B008
    ) -> list[TokenChoice]:
        """See `LanguageModel.next_tokens`."""
        return self.do(lambda model: model.next_tokens(prompt, top, settings))

    def score(self, text: str | Sequence[int], alternatives: int = 0) -> list[TokenScore]:
        """See `LanguageModel.score`."""
        return self.do(lambda model: model.score(text, alternatives))

    def stream(
        self, session: Session, settings: SamplingSettings, until: Until | None, alternatives: int = 0
    ) -> Iterator[StreamStep]:
        """See `TextSession.stream`; leaving the iterator ends it as `until` does."""
        job = _Job(
            self._weights,
            bool,
            parts=[(session, settings)],
            until=until or bool,
            streams=True,
            alternatives=alternatives,
        )
        self.host.submit(job)
        try:
            while (result := _next_of(job))[0] == "step":
                yield result[1][1]
        finally:
            job.gone.set()

    def do(self, run: Callable[[HostedModel], Result], *, alone: bool = False) -> Result:
        """What `run` returns, run in the owner's thread with this guest's weights."""
        result: Result = self.wait(_Job(self._weights, run, alone=alone))
        return result

    def beside(self, run: Callable[[], Result]) -> Result:
        """What `run` returns, run in the owner's thread between two tokens; it must leave the model alone.

        For other work that PyTorch spreads over the processors. GNU's OpenMP gives every thread that asks for such work
        a team of its own, and once there are more threads in teams than processors, all of them sleep whenever they
        wait: with two teams on two processors a token takes a third longer.
        """
        result: Result = self.wait(_Job(None, lambda _: run(), anyhow=True))
        return result

    def begin(self, run: Callable[[HostedModel], object]) -> None:
        """As `do`, without waiting; nobody is told what it returns, or its error. `ModelError` if too many wait."""
        self.host.submit(_Job(self._weights, run))

    def wait(self, job: _Job) -> Any:
        self.host.submit(job)
        try:
            while (result := _next_of(job))[0] == "step":
                pass
        finally:
            job.gone.set()
        return result[1]

    def require(self, weights: _Weights) -> None:
        """`ModelError` unless these are this guest's weights still."""
        if self._weights is not weights:
            raise ModelError("That overfit has ended and its weights are gone: save it inside its `with` block.")


class GuestOverfit:
    """A `protocol.Overfit` of a guest."""

    def __init__(self, guest: Guest, weights: _Weights, made: Overfit) -> None:
        self._guest = guest
        self._weights = weights
        self._made = made
        self.loss_before, self.loss_after, self.window_loss = made.loss_before, made.loss_after, made.window_loss
        self.window_tokens, self.seconds = made.window_tokens, made.seconds

    @property
    def recipe(self) -> TuningRecipe:
        return self._weights.recipe

    @property
    def strength(self) -> float:
        """See `protocol.Overfit.strength`."""
        return self.recipe.strength

    @strength.setter
    def strength(self, strength: float) -> None:
        self._guest.require(self._weights)
        changed = self._guest.do(lambda _: self._guest.host.change(self._weights, strength), alone=True)
        self.loss_after = changed.loss_after

    def copy(self) -> OverfitCopy | None:
        """See `protocol.Overfit.copy`."""
        self._guest.require(self._weights)
        return self._guest.do(lambda _: cast(Overfit, self._weights.overfit).copy())

    def save(self, folder: str | Path, form: SavedForm = "openai") -> Path:
        """See `protocol.Overfit.save`."""
        self._guest.require(self._weights)
        return self._guest.do(lambda _: cast(Overfit, self._weights.overfit).save(folder, form))


class GuestSession:
    """A `protocol.TextSession` of a guest."""

    def __init__(self, guest: Guest, session: Session) -> None:
        self._guest = guest
        self._session = session

    @property
    def token_ids(self) -> tuple[int, ...]:
        return self._session.token_ids

    @property
    def text(self) -> str:
        return self._session.text

    def extend(self, more: str | Sequence[int]) -> None:
        """See `protocol.TextSession.extend`."""
        self._guest.do(lambda _: self._session.extend(more))

    def become(self, whole: Sequence[int]) -> None:
        """See `protocol.TextSession.become`."""
        self._guest.do(lambda _: self._session.become(whole))

    def fork(self) -> GuestSession:
        """See `protocol.TextSession.fork`."""
        return GuestSession(self._guest, self._guest.do(lambda _: self._session.fork()))

    def top(self, n: int = 100, settings: SamplingSettings = SamplingSettings()) -> list[TokenChoice]:  # noqa: B008
        """See `protocol.TextSession.top`."""
        return self._guest.do(lambda _: self._session.top(n, settings))

    def likelihoods(self, rows: Sequence[Sequence[int]]) -> list[list[float]]:
        """See `protocol.TextSession.likelihoods`."""
        return self._guest.do(lambda _: self._session.likelihoods(rows))

    def stream(
        self,
        settings: SamplingSettings = SamplingSettings(),  # noqa: B008
        until: Until | None = None,
        *,
        alternatives: int = 0,
    ) -> Iterator[StreamStep]:
        """See `protocol.TextSession.stream`; to leave the iterator ends it as `until` does."""
        return self._guest.stream(self._session, settings, until, alternatives)


def _next_of(job: _Job) -> tuple[str, Any]:
    """The next step of a job, or its end; its error is raised."""
    kind, value = job.results.get()
    if kind == "error":
        raise value
    return kind, value


def _told(error: BaseException) -> BaseException:
    """An error as one that the asker is told; running out of memory in words."""
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in str(error)):
        return ModelError("There is not enough memory for that: ask for fewer or shorter samples, or a smaller model.")
    return error
