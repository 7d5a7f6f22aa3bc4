"""What a mention gets: a reply, help, an apology, a word about limits, or nothing. Knows no platform and no model.

The rules are those that let a bot be put among people: it never answers itself, another bot once in a thread at most,
and nobody without end; so two bots that mention each other come to rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from verbosify.exhibits.bot.boxes import Boxes, Kind
from verbosify.exhibits.bot.platform import Account, Mention
from verbosify.exhibits.bot.settings import MARK, BotSettings

PER_BOT = 1
"""Answers that another bot gets in one thread."""
_HANDLES = re.compile(r"\s*(?:@[\w.-]+(?:@[\w.-]+)?[\s,:;.!–—-]*)+")
_HANDLE = re.compile(r"@[\w.-]+(?:@[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done about a mention, why, and, for a reply, to what words."""

    kind: Kind
    reason: str = ""
    question: str = ""


def judge(mention: Mention, me: Account, settings: BotSettings, boxes: Boxes, *, since: str = "") -> Verdict:
    """What `mention` gets; `since` is when the bot began to listen: what is older is let rest."""
    author = mention.author
    is_bot = author.is_bot or MARK in mention.text
    if why := _why_silent(mention, me, settings, boxes, since=since, is_bot=is_bot):
        return Verdict("silence", why)
    if boxes.answered_since(author.id, settings.window) >= settings.per_user:
        if is_bot or boxes.answered_since(author.id, settings.window, ("limit",)):
            return Verdict("silence", "its author was told of the limit")
        return Verdict("limit", f"its author had {settings.per_user} answers in {settings.window:.0f} s")
    question = without_handles(mention.text)
    if not is_addressed(mention, me):
        return Verdict("silence" if is_bot else "apology", "it does not begin with the bot's handle")
    if not question or question.rstrip("?!. ").casefold() == "help":
        return Verdict("silence" if is_bot else "help", "it asks for help" if question else "it asks nothing")
    return Verdict("reply", question=question)


def _why_silent(
    mention: Mention, me: Account, settings: BotSettings, boxes: Boxes, *, since: str, is_bot: bool
) -> str | None:
    author = mention.author
    if author.id == me.id or _same(author.handle, me.handle):
        return "it is the bot's own"
    if since and mention.created < since:
        return "it is older than the bot"
    answered = boxes.answered_in_thread(mention.thread, author.id)
    if is_bot and answered >= PER_BOT:
        return "it is another bot's, which had an answer in this thread"
    if answered >= settings.per_thread:
        return f"its author had {answered} answers in this thread"
    return None


def is_addressed(mention: Mention, me: Account) -> bool:
    """Whether the bot is spoken to: it is replied to, or is among the handles that the mention begins with."""
    leading = _HANDLES.match(mention.text)
    handles = _HANDLE.findall(leading[0]) if leading else []
    return mention.is_reply or any(_same(handle.rstrip(".-"), me.handle) for handle in handles)


def without_handles(text: str) -> str:
    """The text without the handles it begins with."""
    leading = _HANDLES.match(text)
    return (text[leading.end() :] if leading else text).strip()


def _same(one: str, other: str) -> bool:
    """Whether two handles are one; where one of them names no server, that is taken for the same."""
    first, second = one.lstrip("@").casefold(), other.lstrip("@").casefold()
    if "@" in first and "@" in second:
        return first == second
    return first.split("@")[0] == second.split("@")[0]


def canned(kind: Kind, me: Account, settings: BotSettings) -> str:
    """The words of what needs no model."""
    handle = f"@{me.handle.lstrip('@')}"
    words = {
        "help": (
            f"Begin a post with {handle} and ask me about {settings.topic}; I answer in the thread, as {settings.name}."
        ),
        "apology": (
            f"Sorry, I was named here but not spoken to. Begin a post with {handle} if you want an answer, or with "
            f"{handle} help."
        ),
        "limit": f"That is {settings.per_user} answers for now; I shall be quiet for a while. Ask me again later.",
        "blank": "I have tried, and nothing comes to me that is worth your time. Sorry; ask me something else.",
    }
    return words[kind]
