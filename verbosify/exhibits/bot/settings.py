"""Who a bot is: its name, its voice, and how it behaves. Read from `bot.toml`. Knows no platform and no model."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from verbosify.errors import SettingsError
from verbosify.files import read_toml

SETTINGS_FILE = "bot.toml"
PROFILE_MOST = 256
"""Characters of a profile, where they are fewest: on Bluesky."""
MARK = "machine-made parody"
"""Stands in every reply and every profile; by it bots of ours know each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotSettings:
    """A bot.

    Attributes:
        name: whom it speaks as, in its help and its profile.
        about: who that is, a sentence for the profile; it should say that nobody is meant whom it might be taken for.
        model: a name from `verbosify models`, or the folder of a run, relative to the bot's own.
        corpus: the texts it was fine-tuned on, that no reply may repeat; "" if there are none.
        column: of a corpus that is a table, by its name or number; "" is the first.
        pipeline: a pipeline's file, relative to the bot's folder; "" is the built-in one.
        topic: what people are to ask it about, in the help.
        tries: rounds of sampling for one reply before it is given up on, >= 1.
        per_user: replies that one author gets in `window` seconds, >= 1; who asks for more is told once.
        per_thread: replies that one author gets in one thread, >= 1; another bot gets one.
        approval: whether a person approves every reply before it goes out.
    """

    name: str
    about: str = "An invented character."
    model: str = "smollm2-135m"
    corpus: str = ""
    column: str = ""
    pipeline: str = ""
    topic: str = "anything"
    tries: int = 5
    per_user: int = 10
    window: float = 3600.0
    per_thread: int = 5
    approval: bool = False

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise SettingsError("The bot has no name: give it one.")
        for name in ("tries", "per_user", "per_thread"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} is {getattr(self, name)}: it must be 1 or more.")
        if not 0 < self.window < 1e9:
            raise SettingsError(f"window is {self.window}: it must be a number of seconds above 0.")

    def disclosure(self, model: str | None) -> str:
        """What every reply ends with: that it is a machine's and a parody, and whose words they are; None: nobody's."""
        return f"— {MARK} by {model}; may be false" if model else f"— {MARK}; these words are fixed"

    def profile(self, model: str) -> str:
        """What the profile says; who is meant is left out where a profile could not hold both."""
        chosen = "a person approves each of them" if self.approval else "nobody reads them before they are posted"
        said = (
            f"This account is a machine and a parody ({MARK}): the language model {model} writes its replies, "
            f"{chosen}, and what they say may be false."
        )
        return said if len(self.about) + len(said) >= PROFILE_MOST else f"{self.about} {said}"


def read_settings(folder: Path) -> BotSettings:
    """The settings in the bot's folder; `SettingsError` if they are missing or wrong."""
    path = folder / SETTINGS_FILE
    return _settings(read_toml(path, SettingsError, 'write one with at least name = "..." in it'), path)


def _settings(values: dict[str, Any], path: Path) -> BotSettings:
    kinds: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}
    known = {field.name: kinds[str(field.type)] for field in fields(BotSettings)}
    for name, value in values.items():
        if name not in known:
            raise SettingsError(f"{path} has {name!r}, which a bot does not have: leave it out, or check its spelling.")
        if not isinstance(value, known[name]) or (isinstance(value, bool) and bool not in known[name]):
            raise SettingsError(f"{path}: {name} is {value!r}, which is of the wrong kind.")
    if "name" not in values:
        raise SettingsError(f"{path} has no name: give the bot one.")
    return BotSettings(**values)
