"""What a bot needs of the place it speaks in: mentions come out, replies go in. Knows no place.

A platform is a package's entry point in the group `verbosify.platforms`: a callable that takes the environment
(a mapping of strings) and the bot's folder, and returns a `Platform`. Ours are `local`, `bluesky`, `mastodon` and `x`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from verbosify.errors import SettingsError, VerbosifyError
from verbosify.pipeline.counting import Limit
from verbosify.plugins import find_plugin, find_plugins

GROUP = "verbosify.platforms"
OURS = ("local", "bluesky", "mastodon", "x")
HIDDEN = "[hidden]"


class PlatformError(VerbosifyError):
    """A platform could not do what was asked; whether it did it all the same is not known."""


class BusyError(PlatformError):
    """The platform asks to wait for `seconds`, and did nothing."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class RefusedError(PlatformError):
    """The platform did nothing, and never will: what is replied to is gone, or its author wants no reply."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody is: a stable id, the handle that mentions name, and whether the account says that it is a bot."""

    id: str
    handle: str
    is_bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A post that names the bot or replies to it.

    Attributes:
        key: the post's, unique on its platform and always the same.
        thread: of the conversation; two mentions with the same one are in one thread.
        text: as plain characters, handles and all.
        is_reply: whether it replies to a post of the bot's.
        created: when it was written, ISO 8601 in UTC.
        place: plain values that the platform wants back with a reply.
    """

    key: str
    thread: str
    author: Account
    text: str
    is_reply: bool = False
    created: str
    place: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Mentions that lie next to each other, newest first.

    Attributes:
        new: those that are not known.
        oldest: when the last of all, known or not, was written, ISO 8601 in UTC; "" if there is none.
        next: the place of the page behind it; None if there is none.
    """

    new: tuple[Mention, ...]
    oldest: str
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A reply on its way: `key` is the same at every try, and no other reply's; `created` is when it was made."""

    key: str
    mention: Mention
    text: str
    created: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A post of the bot's: its key and, if there is one, its address."""

    key: str
    address: str = ""


class Platform(Protocol):
    """Where a bot lives. Every method may raise `PlatformError`; may be used from two threads at once.

    Attributes:
        name: as the entry point's.
        limit: of one post.
        settle: seconds after which `find` knows of all that `post` may have done before.
        poll: seconds from one look at the mentions to the next, at least.
    """

    @property
    def name(self) -> str: ...
    @property
    def limit(self) -> Limit: ...
    @property
    def settle(self) -> float: ...
    @property
    def poll(self) -> float: ...

    def account(self) -> Account:
        """Whose name the bot answers to."""

    def introduce(self, text: str) -> None:
        """Have the profile say `text`; where a program cannot do that, `PlatformError` unless it does already."""

    def page(self, place: str | None, is_known: Callable[[str], bool]) -> Page:
        """A page of mentions: at a place that another page named, or the newest. They are known by their keys."""

    def find(self, reply: Outgoing) -> Posted | None:
        """The post that an earlier try has made, if it has."""

    def post(self, reply: Outgoing) -> Posted:
        """Reply in the thread. Where the platform can tell by the key that it has the reply, it is not posted twice."""

    def opening(self, mention: Mention) -> str:
        """What a reply must begin with for its thread to take it: the handles of those replied to, or nothing."""

    def close(self) -> None:
        """Let go of connections; nothing is asked of the platform afterwards."""


def quiet_clients() -> None:
    """Keep what the platforms' clients log of their requests, keys and signatures included, out of every log."""
    for name in ("tweepy", "oauthlib", "requests_oauthlib", "mastodon", "httpx", "httpcore", "urllib3"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger(name).level))


Maker = Callable[[Mapping[str, str], Path], Platform]


def make_platform(name: str, environment: Mapping[str, str], folder: Path) -> Platform:
    """The platform of that name, ours or another package's; `SettingsError` if there is none."""
    if name == "local":
        from verbosify.exhibits.bot.platforms.local import Local

        return Local(folder / "timeline.db")
    if name in OURS:
        from importlib import import_module

        make: Maker = import_module(f"verbosify.exhibits.bot.platforms.{name}").make
        return make(environment, folder)
    plugin = find_plugin(GROUP, name)
    if plugin is None:
        known = ", ".join((*OURS, *(found.name for found in find_plugins(GROUP) if found.name not in OURS)))
        raise SettingsError(f"There is no platform {name!r}: choose one of {known}.")
    platform: Platform = plugin.call(environment, folder)
    return platform


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A credential. What is printed of it is that it is there."""

    value: str

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__


def credentials(environment: Mapping[str, str], names: Iterable[str], platform: str) -> dict[str, Secret]:
    """The variables of these names; `SettingsError` names those that are not set, and prints nothing of the others."""
    wanted = list(names)
    missing = [name for name in wanted if not environment.get(name, "").strip()]
    if missing:
        it = "it" if len(missing) == 1 else "them"
        raise SettingsError(f"{platform} needs {' and '.join(missing)} in the environment: set {it}, and run again.")
    return {name: Secret(environment[name].strip()) for name in wanted}


def hidden(text: object, secrets: Iterable[Secret]) -> str:
    """`text` on one line, with whatever stands in it of the secrets taken out."""
    said = " ".join(str(text).split())
    for secret in sorted(secrets, key=lambda one: -len(one.value)):
        said = said.replace(secret.value, HIDDEN)
    return said
