"""From a mention to the words that go out: within the platform's limit, and never without saying whose they are.

Knows models through a `Speaker` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from verbosify.exhibits.bot.boxes import Boxes, Kind
from verbosify.exhibits.bot.manners import canned, judge
from verbosify.exhibits.bot.platform import Account, Mention, Platform
from verbosify.exhibits.bot.settings import BotSettings
from verbosify.pipeline.counting import Limit
from verbosify.pipeline.fitting import fit


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a model said to a question: "" if there was nothing worth saying, and `why`."""

    text: str
    generation: int | None = None
    why: str = ""


class Speaker(Protocol):
    """Whoever answers. `key` is the mention's; `limit` is what the words themselves may be at most."""

    @property
    def model(self) -> str: ...

    def speak(self, question: str, *, seed: int, key: str, limit: Limit) -> Spoken: ...


def compose(
    number: int,
    mention: Mention,
    *,
    me: Account,
    settings: BotSettings,
    boxes: Boxes,
    platform: Platform,
    speaker: Speaker,
    since: str = "",
) -> Kind:
    """Answer a mention, the inbox's `number`, into the outbox; returns of what kind the answer is."""
    verdict = judge(mention, me, settings, boxes, since=since)
    kind, reason, said = verdict.kind, verdict.reason, Spoken("")
    opening = platform.opening(mention) if kind != "silence" else ""
    disclosure = settings.disclosure(speaker.model)
    if kind == "reply":
        room = replace(platform.limit, most=platform.limit.most - platform.limit.count(whole(opening, "", disclosure)))
        said = speaker.speak(verdict.question, seed=number, key=mention.key, limit=room)
        if not said.text or not platform.limit.fits(whole(opening, said.text, disclosure)):
            kind, reason, said = "blank", said.why or "what it said does not fit", Spoken("")
    words = said.text
    if kind not in ("reply", "silence"):
        disclosure = settings.disclosure(None)
        words = fit(canned(kind, me, settings), lambda kept: platform.limit.fits(whole(opening, kept, disclosure)))
    boxes.answer(number, kind, whole(opening, words, disclosure) if words else "", reason, said.generation)
    return kind


def whole(opening: str, words: str, disclosure: str) -> str:
    return f"{opening}{words}\n\n{disclosure}"
