"""Kill -9 at random moments of a bot among mentions that come twice and late, on a platform that fails one call in ten.

In the end every mention has one reply, none has two, and each stands in its own thread. Four places: the timeline
(`local`), which here takes no keys, so that only looking tells what is posted; and servers that speak the protocols of
Bluesky, where a reply has one place whoever writes it there, of Mastodon, which knows replies by their keys, and of X,
which does not.
"""

from __future__ import annotations

import itertools
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import httpx

from tests.bot_servers import TOKEN
from tests.bots import SETTINGS, Parrot, timeline
from tests.campaigns.watching import Tell, watch
from tests.commands import ROOT
from verbosify.exhibits.bot.platform import Outgoing, Page, PlatformError, Posted, Secret
from verbosify.exhibits.bot.platforms.local import Local
from verbosify.exhibits.bot.record import open_record
from verbosify.exhibits.bot.running import HEARTBEAT_FILE, Bot

KINDS = ("local", "bluesky", "mastodon", "x")
FAULTS = 0.1
LATE, LATER = 10, 3
"""One mention in so many is seen only when so many posts were written after it."""
VERY_LATE, MUCH_LATER = 50, 300
"""The same, for those that lie behind the newest page then, and behind the one after it."""
LONGEST_LIFE = 1.2
"""Seconds after which a bot is killed at the latest."""


def late(number: int) -> int:
    """After how many posts more that mention is seen."""
    return MUCH_LATER if number % VERY_LATE == 0 else LATER if number % LATE == 0 else 0


class Wayward(Local):
    """The timeline in a bad hour: calls fail before or after they are done, mentions come twice and late."""

    def __init__(self, path: Path, seed: int) -> None:
        super().__init__(path, poll=0.05)
        self._rng = random.Random(seed)  # noqa: S311  # no secret

    def page(self, place: str | None, is_known: Callable[[str], bool]) -> Page:
        self._fail()
        latest = max((post.id for post in self.posts(last=1)), default=0)
        page = super().page(place, is_known)
        found = [one for one in page.new if int(one.key) + late(int(one.key)) <= latest]
        return replace(page, new=tuple(one for one in found for _ in range(2 if int(one.key) % 5 == 0 else 1)))

    def find(self, reply: Outgoing) -> Posted | None:
        self._fail()
        mine = [post for post in self.posts(last=100_000) if post.is_bot and post.parent == int(reply.mention.key)]
        return Posted(str(mine[0].id)) if mine else None

    def post(self, reply: Outgoing) -> Posted:
        self._fail(FAULTS / 2)
        number = self.add("ambrose", reply.text, parent=int(reply.mention.key), is_bot=True)
        self._fail(FAULTS / 2)
        return Posted(str(number))

    def _fail(self, share: float = FAULTS) -> None:
        if self._rng.random() < share:
            raise PlatformError("The platform failed.")


class Scene(Protocol):
    """A place as the campaign sees it, from outside; `handle` is what the bot answers to there."""

    @property
    def handle(self) -> str: ...
    def platform(self, seed: int) -> Any: ...
    def write(self, texts: Iterable[tuple[str, str]]) -> list[str]: ...
    def replies(self) -> list[tuple[str, str]]: ...


@dataclass
class OnTimeline:
    path: Path
    handle: str = "ambrose"

    def platform(self, seed: int) -> Any:
        return Wayward(self.path, seed)

    def write(self, texts: Iterable[tuple[str, str]]) -> list[str]:
        return [str(Local(self.path).add(author, text)) for author, text in texts]

    def replies(self) -> list[tuple[str, str]]:
        return [(str(post.parent), post.text) for post in Local(self.path).posts(last=100_000) if post.is_bot]


@dataclass
class OnServer:
    kind: str
    address: str
    written: int = 0

    @property
    def handle(self) -> str:
        return "ambrose.test" if self.kind == "bluesky" else "ambrose"

    def platform(self, seed: int) -> Any:
        if self.kind == "bluesky":
            from tests.bluesky_server import HANDLE, PASSWORD
            from verbosify.exhibits.bot.platforms.bluesky import Bluesky

            return Bluesky(HANDLE, Secret(PASSWORD), self.address, poll=0.05)
        if self.kind == "mastodon":
            from verbosify.exhibits.bot.platforms.mastodon import Mastodon

            return Mastodon(self.address, Secret(TOKEN), poll=0.05)
        from tests.test_bot_platforms import KEYS, redirected
        from verbosify.exhibits.bot.platforms.x import X

        return redirected(X(*KEYS, poll=0.05, settle=0.3), self.address)

    def write(self, texts: Iterable[tuple[str, str]]) -> list[str]:
        posts = []
        for author, text in texts:
            self.written += 1
            posts.append({"author": author, "text": text, "late": late(self.written)})
        answer = httpx.post(f"{self.address}/_test/mention", content=json.dumps(posts), timeout=60)
        return list(map(str, answer.json()["id"]))

    def replies(self) -> list[tuple[str, str]]:
        posts = httpx.get(f"{self.address}/_test/state", timeout=60).json()["posts"]
        return [(str(post["parent"]), post["text"]) for post in posts if post["bot"]]


@contextmanager
def scene(kind: str, folder: Path, seed: int) -> Iterator[Scene]:
    """The place, ready for the bot in `folder`."""
    if kind == "local":
        yield OnTimeline(timeline(folder)._path)
        return
    open_record(folder).close()
    words = [sys.executable, "-m", "tests.bot_servers", kind, "--faults", str(FAULTS), "--seed", str(seed)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield OnServer(kind, server.stdout.readline().strip())
        finally:
            server.kill()


@dataclass
class Figures:
    """What came of a campaign."""

    mentions: int = 0
    replies: int = 0
    kills: int = 0
    attempts: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def campaign(folder: Path, kind: str, *, mentions: int, kills: int, seed: int) -> Figures:
    """Write `mentions` while a bot lives and is killed `kills` times; then let it end, and say what is wrong."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    figures, started = Figures(mentions), time.monotonic()
    with scene(kind, folder, seed) as place:
        place.platform(0).close()  # what it imports is there before the lives begin
        wanted: dict[str, str] = {}
        while len(wanted) < mentions or figures.kills < kills:
            new = min(mentions - len(wanted), rng.randint(0, 2 * (1 + mentions // max(1, kills))))
            asked = {str(2000 + n): f"number {n}?" for n in range(len(wanted), len(wanted) + new)}
            keys = place.write((author, f"@{place.handle} {text}") for author, text in asked.items())
            wanted |= dict(zip(keys, asked.values(), strict=True))
            if figures.kills < kills:
                end = watch(_life(folder, place, rng.random()), kill_after=rng.uniform(0.02, LONGEST_LIFE))
                figures.kills += end.code == -signal.SIGKILL
                figures.faults += [f"a life ended with {end.code}: {line}" for line in end.said if line.startswith("!")]
        is_long = 2 * mentions >= VERY_LATE  # with the replies, that is how many posts there are
        place.write([("2999", "of no concern")] * (MUCH_LATER if is_long else LATER))
        end = watch(_life(folder, place, 1.0, until_idle=True), kill_after=1800, silent_for=900)
        if end.code:
            figures.faults.append(f"the last life ended with {end.code}: {' '.join(end.said[-3:])}")
        figures.faults += _wrong(wanted, place.replies())
        figures.replies = len(place.replies())
    with open_record(folder) as record:
        figures.attempts = record.database.number("SELECT count(*) FROM attempts")
    figures.seconds = time.monotonic() - started
    return figures


def _life(folder: Path, place: Scene, luck: float, *, until_idle: bool = False) -> Callable[[Tell], None]:
    def live(_: Tell) -> None:
        platform = place.platform(int(luck * 2**32))
        bot = Bot(folder, SETTINGS, platform, Parrot, beat=0.1, first_pause=0.01, on_event=lambda _: None)
        bot.run("parrot", until_idle=until_idle)

    return live


def _wrong(wanted: dict[str, str], replies: list[tuple[str, str]]) -> Iterator[str]:
    """What of the replies should not be."""
    answered: dict[str, int] = {}
    for parent, text in replies:
        answered[parent] = answered.get(parent, 0) + 1
        if parent not in wanted:
            yield f"{text!r} replies to {parent}, which asked nothing"
        elif wanted[parent] not in text:
            yield f"{text!r} replies to {wanted[parent]!r}"
    for key, text in wanted.items():
        if answered.get(key, 0) != 1:
            yield f"{text!r} has {answered.get(key, 0)} replies"


def heartbeat(folder: Path, seconds: float) -> float:
    """The longest time between two heartbeats while one generation takes so many seconds."""
    import threading

    place = timeline(folder)
    place.add("ada", "@ambrose number 1?")

    def slowly(question: str) -> str:
        time.sleep(seconds)
        return f"You asked: {question} I noted it."

    bot = Bot(folder, SETTINGS, place, lambda: Parrot(slowly), beat=1.0, on_event=lambda _: None)
    thread = threading.Thread(target=bot.run, args=("parrot",), kwargs={"until_idle": True})
    thread.start()
    beats: dict[str, float] = {}
    while thread.is_alive():
        if (folder / HEARTBEAT_FILE).exists():
            beats.setdefault(json.loads((folder / HEARTBEAT_FILE).read_text())["time"], time.monotonic())
        time.sleep(0.05)
    times = list(beats.values())
    return max(later - earlier for earlier, later in itertools.pairwise(times))
