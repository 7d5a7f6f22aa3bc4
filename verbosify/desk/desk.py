"""The desk itself: every verb, for whatever carries them. Knows no HTTP, no widget and no piece.

It owns the record, in a thread of its own, and a link to the models' process. One event loop owns a desk.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from verbosify.desk import asking, drafting, general, generating
from verbosify.desk.bodies import KINDS, STREAMS, checked
from verbosify.desk.drafting import Values, draft_of
from verbosify.desk.failures import Failure, missing
from verbosify.desk.lending import Piece
from verbosify.desk.link import Link
from verbosify.desk.store import Store
from verbosify.desk.turns import Turns

Result = TypeVar("Result")
Event = tuple[str, Values]
_CALLS = general.CALLS | asking.CALLS
_STREAMS = general.STREAMS | generating.STREAMS

QUICK = 8
"""Small requests, such as token lists, that are at work at once."""
CLOSING_SECONDS = 10.0
"""How long work may take to end at its next token when the desk is closed; then it is left."""
RESTART_FIRST, RESTART_LAST = 0.5, 30.0
"""Seconds until an ended process is started again: at first, and if it ends again and again."""


class Desk:
    """A writing desk.

    Args:
        folder: where its record is.
        model: the name of the model that new drafts begin with.
        lend: opens the piece that picks may be given to, in the record's thread.
        title: what the page is called.
        link: to the models' process.
        widget: whether it is shown in a notebook.
    """

    def __init__(
        self,
        folder: str | Path,
        model: str,
        *,
        lend: Callable[[], Piece] | None = None,
        title: str = "",
        link: Link | None = None,
        widget: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.model = model
        self.title = title
        self.link = link or Link()
        self.link.on_end = self._ended
        self.turns = Turns()
        self.quick = Turns(rows=QUICK)
        self._lend = lend
        self.piece: Piece | None = None
        self.widget = widget
        self._thread = ThreadPoolExecutor(1, "verbosify-record")
        self.jobs: dict[str, asyncio.Event] = {}
        self._answering: set[int] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.watching: dict[int, set[asyncio.Event]] = {}
        self.seen: dict[str, float] = {}
        self._restart_after = RESTART_FIRST

    # Its life

    async def start(self) -> None:
        """Open the record, and have the model loaded meanwhile."""
        self._store = await asyncio.get_running_loop().run_in_executor(self._thread, Store.open, self.folder)
        if (lend := self._lend) is not None:
            self.piece = await self.do(lambda _: lend())
        self._loading = asyncio.create_task(self._load())

    async def close(self) -> None:
        """End what is being done, keep what has come of it, and let go of everything; takes half a minute at most."""
        self.link.on_end = lambda: None
        self._loading.cancel()
        for job in self.jobs.values():
            job.set()
        for patience in (CLOSING_SECONDS, 1.0):
            if tasks := set(self._tasks):
                await asyncio.wait(tasks, timeout=patience)
            for task in self._tasks:
                task.cancel()
        try:
            await self.link.close()
        finally:
            await self.do(self._close_record)
            self._thread.shutdown()

    def _close_record(self, store: Store) -> None:
        with contextlib.closing(store), contextlib.ExitStack() as held:
            if self.piece is not None:
                held.callback(self.piece.close)

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have work go on, whoever waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _load(self, wait: float = 0.0) -> None:
        await asyncio.sleep(wait)
        with contextlib.suppress(Failure):  # who asks next is told
            await self.link.ask("card", model=self.model)
            self._restart_after = RESTART_FIRST

    def _ended(self) -> None:
        self._loading = asyncio.create_task(self._load(self._restart_after))
        self._restart_after = min(2 * self._restart_after, RESTART_LAST)

    async def do(self, run: Callable[[Store], Result]) -> Result:
        """What `run` returns, run in the record's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: run(self._store))

    # Verbs

    async def call(self, verb: str, body: Any, user: str) -> Values:
        """The answer to a verb; `Failure`, or another `VerbosifyError`, if there is none."""
        if verb not in KINDS or verb in STREAMS:
            raise missing(f"verb {verb[:80]!r}")
        values = checked(KINDS[verb], body)
        self._saw(user)
        try:
            if verb in drafting.ABOUT_A_DRAFT:
                change = drafting.ABOUT_A_DRAFT[verb]
                await self.do(lambda store: change(store, values))
                return await self.changed(values["draft"])
            if verb in drafting.PLAIN:
                answer = drafting.PLAIN[verb]
                told = await self.do(lambda store: answer(store, values))
                self.notify(values.get("draft"))
                return told
            return await _CALLS[verb](self, values, user)
        except Failure as failure:
            await self._with_current(failure)
            raise

    async def stream(self, verb: str, body: Any, user: str) -> AsyncGenerator[Event, None]:
        """The events of a verb. What is refused before anything begins is raised by this call itself."""
        if verb not in STREAMS:
            raise missing(f"verb {verb[:80]!r}")
        values = checked(KINDS[verb], body)
        self._saw(user)
        try:
            return await _STREAMS[verb](self, values, user)
        except Failure as failure:
            await self._with_current(failure)
            raise

    def _saw(self, user: str) -> None:
        now = time.monotonic()
        self.seen[user] = now
        if len(self.seen) > 1000:
            self.seen = {name: at for name, at in self.seen.items() if now - at < general.SEEN_SECONDS}

    async def _with_current(self, failure: Failure) -> None:
        """A conflict holds the draft as it is."""
        if failure.code == "conflict" and "draft" in failure.more:
            failure.more["current"] = await self.draft(failure.more.pop("draft"))

    async def draft(self, draft: int) -> Values:
        """A draft as it is told."""
        return await self.do(lambda store: draft_of(store, draft, self._answering))

    async def changed(self, draft: int) -> Values:
        self.notify(draft)
        return await self.draft(draft)

    def notify(self, draft: int | None) -> None:
        for watcher in self.watching.get(draft or 0, ()):
            watcher.set()

    # For those who do long work

    @contextlib.contextmanager
    def job(self) -> Iterator[tuple[str, asyncio.Event]]:
        """A name under which a request can be cancelled, and what tells that it was."""
        name, cancelled = secrets.token_hex(8), asyncio.Event()
        self.jobs[name] = cancelled
        try:
            yield name, cancelled
        finally:
            self.jobs.pop(name, None)

    @contextlib.contextmanager
    def answering(self, question: int) -> Iterator[None]:
        """A question that is being answered is not one that was interrupted."""
        self._answering.add(question)
        try:
            yield
        finally:
            self._answering.discard(question)
