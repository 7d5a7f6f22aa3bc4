"""The bot at work: one thread reads, one composes, one sends, one tells that all are alive. Knows no protocol.

None waits for another: a generation of a minute stops neither the reading nor the heartbeat. What they hand to each
other lies in the record, so a bot that is killed goes on where it was.
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TypeVar

from verbosify.errors import RecordError
from verbosify.exhibits.bot.boxes import Boxes, Reply
from verbosify.exhibits.bot.composing import Speaker, compose
from verbosify.exhibits.bot.looking import far_back, look
from verbosify.exhibits.bot.platform import BusyError, Page, Platform, PlatformError, RefusedError
from verbosify.exhibits.bot.record import identity, open_record
from verbosify.exhibits.bot.settings import BotSettings
from verbosify.files import file_lock, whole_file
from verbosify.record.fields import now

_log = logging.getLogger(__name__)

HEARTBEAT_FILE = "heartbeat.json"
LOCK_FILE = "bot.lock"
BEAT = 5.0
"""Seconds from one heartbeat to the next."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds to wait after a failure of which the platform says nothing; each is twice the one before."""
FAR_LOOK = 3600.0
"""Seconds from one look past what is known to the next; the first is at the start."""
MOST_ATTEMPTS = 25
"""Attempts at one reply that the platform neither takes nor refuses: more than an hour of them."""
_NAP = 0.2

Result = TypeVar("Result")


@dataclass
class Pulse:
    """What the bot is doing, told by its threads, read by the heartbeat."""

    doing: dict[str, str] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def tell(self, who: str, what: str) -> None:
        with self.lock:
            if self.doing.get(who) != what:
                self.doing[who], self.since[who] = what, time.monotonic()

    def trouble(self, who: str, sentence: str) -> None:
        with self.lock:
            self.problems[who] = sentence

    def fine(self, who: str) -> None:
        with self.lock:
            self.problems.pop(who, None)

    def shown(self) -> dict[str, object]:
        with self.lock:
            at = time.monotonic()
            return {
                "time": now(),
                "pid": os.getpid(),
                "doing": {
                    who: {"what": what, "seconds": round(at - self.since[who], 1)} for who, what in self.doing.items()
                },
                "problems": dict(self.problems),
            }


class Bot:
    """A bot in its folder. Its record and its settings are there; two processes cannot run it at once.

    Args:
        make_speaker: called in the composer's thread, before the first reply.
        beat: seconds from one heartbeat to the next.
        first_pause: seconds to wait after a first failure.
        far_look: seconds from one look past what is known to the next.
        on_event: called, from any thread, with a sentence about what was done.
    """

    def __init__(
        self,
        folder: Path,
        settings: BotSettings,
        platform: Platform,
        make_speaker: Callable[[], Speaker],
        *,
        beat: float = BEAT,
        first_pause: float = FIRST_PAUSE,
        far_look: float = FAR_LOOK,
        on_event: Callable[[str], None] = _log.info,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.platform = platform
        self.pulse = Pulse()
        self._make_speaker = make_speaker
        self._beat = beat
        self._first_pause = first_pause
        self._far_look = far_look
        self._on_event = on_event
        self._stopping = Event()
        self._failure: BaseException | None = None
        self._reads = 0

    def stop(self) -> None:
        """Let every thread end what it is doing; `run` returns then."""
        self._stopping.set()

    def run(self, model: str, *, until_idle: bool = False) -> None:
        """Have the profile say what the bot is, and work until `stop`.

        With `until_idle` it ends when every mention that there is has its outcome, or waits for a person. Raises
        `RecordError` if another process runs this bot, `PlatformError` if the profile does not say what it must, and
        whatever ends a thread.
        """
        with file_lock(self.folder / LOCK_FILE, self._refuse_second), open_record(self.folder) as record:
            self._identity, began = identity(record.database)
            self._since = "" if self.platform.name == "local" else began  # all of our own timeline is meant for it
            heart = Thread(target=self._live, name="bot-heart", daemon=True)
            heart.start()
            try:
                self._work(model, Boxes(record.database), until_idle=until_idle)
            finally:
                self._stopping.set()
                heart.join()
        if self._failure is not None:
            raise self._failure

    def _work(self, model: str, boxes: Boxes, *, until_idle: bool) -> None:
        me = self._patiently("bot", self.platform.account)
        self._patiently("bot", lambda: self.platform.introduce(self.settings.profile(model)))
        if me is None:
            return
        self._me = me
        workers = [
            Thread(target=self._guarded, args=(work,), name=f"bot-{name}", daemon=True)
            for name, work in (("reader", self._read), ("composer", self._compose), ("sender", self._send))
        ]
        for worker in workers:
            worker.start()
        while not self._stopping.wait(_NAP):
            if until_idle and self._is_idle(boxes):
                self._stopping.set()
        for worker in workers:
            worker.join()

    def _is_idle(self, boxes: Boxes) -> bool:
        nothing_left = not boxes.unanswered() and boxes.next_to_send(approval=self.settings.approval) is None
        return self._reads > 0 and nothing_left

    def _refuse_second(self) -> None:
        raise RecordError(f"{self.folder} is a bot that runs already: stop that process first.")

    # The threads

    def _guarded(self, work: Callable[[Boxes], None]) -> None:
        try:
            with open_record(self.folder) as record:
                work(Boxes(record.database))
        except BaseException as error:  # told where `run` was called
            self._failure = self._failure or error
            self._stopping.set()

    def _read(self, boxes: Boxes) -> None:
        def page(place: str | None) -> Page | None:
            return self._patiently("reader", lambda: self.platform.page(place, boxes.is_known))

        far = -math.inf
        while not self._stopping.is_set():
            self.pulse.tell("reader", "reading mentions")
            is_far = time.monotonic() - far >= self._far_look
            far = time.monotonic() if is_far else far
            found = look(page, far_back(self._since) if is_far else None)
            new = sum(boxes.receive(mention) for mention in found)
            if new:
                self._on_event(f"{new} new mention{'s' if new > 1 else ''}")
            self._reads += 1
            self.pulse.tell("reader", "waiting")
            self._stopping.wait(self.platform.poll)

    def _compose(self, boxes: Boxes) -> None:
        speaker: Speaker | None = None
        while not self._stopping.is_set():
            waiting = boxes.next_to_answer()
            if waiting is None:
                self.pulse.tell("composer", "waiting")
                self._stopping.wait(_NAP)
                continue
            if speaker is None:
                self.pulse.tell("composer", "loading the model")
                speaker = self._make_speaker()
            number, mention = waiting
            self.pulse.tell("composer", f"answering mention {number}")
            kind = compose(
                number,
                mention,
                me=self._me,
                settings=self.settings,
                boxes=boxes,
                platform=self.platform,
                speaker=speaker,
                since=self._since,
            )
            self._on_event(f"mention {number}, of {mention.author.handle}: {kind}")

    def _send(self, boxes: Boxes) -> None:
        pause = self._first_pause
        while not self._stopping.is_set():
            reply = boxes.next_to_send(approval=self.settings.approval)
            if reply is None:
                self.pulse.tell("sender", "waiting")
                self._stopping.wait(_NAP)
                continue
            self.pulse.tell("sender", f"posting reply {reply.id}")
            try:
                self._deliver(reply, boxes)
            except BusyError as busy:
                self._pause("sender", busy, busy.seconds)
            except PlatformError as error:
                if reply.attempts >= MOST_ATTEMPTS:
                    boxes.give_up(reply, str(error))
                self._pause("sender", error, pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                pause = self._first_pause
                self.pulse.fine("sender")

    def _deliver(self, reply: Reply, boxes: Boxes) -> None:
        """Post a reply, unless an earlier attempt did: whether it did is asked, and not guessed."""
        outgoing = reply.outgoing(self._identity)
        try:
            if reply.attempts:
                self._stopping.wait(max(0.0, self.platform.settle - _seconds_since(reply.last_attempt)))
                if self._stopping.is_set():
                    return
                if (found := self.platform.find(outgoing)) is not None:
                    boxes.posted(reply, found)
                    self._on_event(f"reply {reply.id} had been posted")
                    return
            if not boxes.attempt(reply):
                return
            boxes.posted(reply, self.platform.post(outgoing))
            self._on_event(f"reply {reply.id} posted")
        except RefusedError as refusal:
            boxes.give_up(reply, str(refusal))
            self._on_event(f"reply {reply.id} given up: {refusal}")

    def _live(self) -> None:
        while True:
            with suppress(OSError), whole_file(self.folder / HEARTBEAT_FILE) as file:
                file.write(json.dumps(self.pulse.shown(), indent=2).encode() + b"\n")
            if self._stopping.wait(self._beat):
                return

    # Patience

    def _patiently(self, who: str, call: Callable[[], Result]) -> Result | None:
        """What the platform answers in the end; None if the bot is stopped before."""
        pause = self._first_pause
        while not self._stopping.is_set():
            try:
                result = call()
            except BusyError as busy:
                self._pause(who, busy, busy.seconds)
            except PlatformError as error:
                if isinstance(error, RefusedError) and who == "bot":  # without that nothing can be begun
                    raise
                self._pause(who, error, pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self.pulse.fine(who)
                return result
        return None

    def _pause(self, who: str, error: PlatformError, seconds: float) -> None:
        self.pulse.trouble(who, str(error))
        self.pulse.tell(
            who, f"waiting {seconds:.0f} s, as the platform asks" if isinstance(error, BusyError) else "waiting"
        )
        self._on_event(f"{who}: {error} Again in {seconds:.0f} s.")
        self._stopping.wait(seconds)


def _seconds_since(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
