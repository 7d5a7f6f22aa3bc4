"""What tests of the bot share: a voice that needs no model, a place for the bot, and mentions of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verbosify.exhibits.bot.boxes import Boxes, Reply
from verbosify.exhibits.bot.composing import Spoken
from verbosify.exhibits.bot.looking import look
from verbosify.exhibits.bot.platform import Account, Mention
from verbosify.exhibits.bot.platforms.local import Local
from verbosify.exhibits.bot.record import open_record
from verbosify.exhibits.bot.running import Bot
from verbosify.exhibits.bot.settings import BotSettings
from verbosify.pipeline.counting import Limit

ME = Account("1000", "ambrose", is_bot=True)
SETTINGS = BotSettings(name="Ambrose", about="An invented rubber plant.")


@dataclass
class Parrot:
    """Says the question back, or what it is told to say."""

    answer: Callable[[str], str] = lambda question: f"You asked: {question} I noted it."
    model: str = "parrot"
    asked: list[str] = field(default_factory=list)

    def speak(self, question: str, *, seed: int, key: str, limit: Limit) -> Spoken:
        self.asked.append(question)
        said = self.answer(question)
        return Spoken(said, why="" if said else "None of 15 answers passed: 15 were blank.")


def mention(text: str, *, key: str = "1", author: str = "ada", thread: str = "t", **more: Any) -> Mention:
    account = Account(author, author, more.pop("bot", False))
    return Mention(key=key, thread=thread, author=account, text=text, created="2024-05-01T12:00:00.000Z", **more)


def timeline(folder: Path) -> Local:
    """A timeline that the bot listens to from now on."""
    open_record(folder).close()
    return Local(folder / "timeline.db", poll=0.05)


def work(folder: Path, place: Any, speaker: Any = None, settings: BotSettings = SETTINGS, **more: Any) -> Bot:
    """Run the bot until all is answered."""
    options: dict[str, Any] = {"first_pause": 0.02, "on_event": lambda _: None} | more
    bot = Bot(folder, settings, place, lambda: speaker or Parrot(), **options)
    try:
        bot.run("parrot", until_idle=True)
    finally:
        place.close()
    return bot


def looked(place: Any, is_known: Callable[[str], bool], since: str | None = None) -> list[Mention]:
    """What one look at the mentions of a platform finds."""
    return look(lambda at: place.page(at, is_known), since)


def replies(folder: Path) -> list[Reply]:
    """All replies of the record, oldest first."""
    with open_record(folder) as record:
        return Boxes(record.database).replies(10_000)[::-1]
