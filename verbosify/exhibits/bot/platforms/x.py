"""X, by `tweepy`. Knows its protocol, and no model.

X takes no key for a post, so whether one is there is asked of the account's own posts before it is tried again. It lets
no program write the profile either: the bot runs only if that says what it must. Needs X_CONSUMER_KEY,
X_CONSUMER_SECRET, X_ACCESS_TOKEN and X_ACCESS_TOKEN_SECRET in the environment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from verbosify.errors import SettingsError
from verbosify.exhibits.bot.platform import (
    Account,
    BusyError,
    Mention,
    Outgoing,
    Page,
    PlatformError,
    Posted,
    RefusedError,
    Secret,
    credentials,
    hidden,
    quiet_clients,
)
from verbosify.exhibits.bot.settings import MARK
from verbosify.pipeline.counting import Limit
from verbosify.record.fields import moment

NAMES = ("X_CONSUMER_KEY", "X_CONSUMER_SECRET", "X_ACCESS_TOKEN", "X_ACCESS_TOKEN_SECRET")
PAGE, MOST_PAGES = 100, 8
"""Of the bot's own posts that are looked through. X gives the last 800 mentions at most."""
_FIELDS = ["conversation_id", "created_at", "in_reply_to_user_id", "author_id", "referenced_tweets"]
_WAIT = 900.0


def make(environment: Mapping[str, str], _folder: Path) -> X:
    """The platform, by the environment; `SettingsError` names what is not set."""
    known = credentials(environment, NAMES, "X")
    return X(*(known[name] for name in NAMES))


class X:
    """An account on X."""

    name = "x"
    limit = Limit(280, "x")

    def __init__(
        self,
        key: Secret,
        key_secret: Secret,
        token: Secret,
        token_secret: Secret,
        *,
        poll: float = 60.0,
        settle: float = 10.0,
    ) -> None:
        import tweepy

        quiet_clients()
        self._secrets = (key, key_secret, token, token_secret)
        self.poll, self.settle = poll, settle
        self._lock = RLock()
        self._me = ""
        self.client: Any = tweepy.Client(
            consumer_key=key.value,
            consumer_secret=key_secret.value,
            access_token=token.value,
            access_token_secret=token_secret.value,
        )

    def account(self) -> Account:
        with self._told() as client:
            me = client.get_me(user_auth=True).data
            self._me = str(me.id)
            return Account(self._me, me.username, is_bot=True)

    def introduce(self, text: str) -> None:
        with self._told() as client:
            description = client.get_me(user_fields=["description"], user_auth=True).data.description or ""
        if MARK not in description:
            raise SettingsError(
                f"X lets no program write a profile: put this into the bot's yourself, then run it: {text}"
            )

    def page(self, place: str | None, is_known: Callable[[str], bool]) -> Page:
        with self._told() as client:
            answer = client.get_users_mentions(
                self._me,
                max_results=PAGE,
                pagination_token=place,
                tweet_fields=_FIELDS,
                expansions=["author_id"],
                user_fields=["username", "description"],
                user_auth=True,
            )
            authors = {str(user.id): user for user in answer.includes.get("users", [])}
            found = answer.data or []
            new = tuple(self._mention(tweet, authors) for tweet in found if not is_known(str(tweet.id)))
            return Page(new, moment(found[-1].created_at) if found else "", answer.meta.get("next_token"))

    def find(self, reply: Outgoing) -> Posted | None:
        token = None
        with self._told() as client:
            for _ in range(MOST_PAGES):
                page = client.get_users_tweets(
                    self._me,
                    since_id=reply.mention.key,
                    max_results=PAGE,
                    pagination_token=token,
                    tweet_fields=["referenced_tweets"],
                    user_auth=True,
                )
                for tweet in page.data or []:
                    replied = [str(other.id) for other in tweet.referenced_tweets or [] if other.type == "replied_to"]
                    if reply.mention.key in replied:
                        return Posted(str(tweet.id), _address(tweet.id))
                token = page.meta.get("next_token")
                if not token:
                    break
        return None

    def post(self, reply: Outgoing) -> Posted:
        with self._told() as client:
            made = client.create_tweet(text=reply.text, in_reply_to_tweet_id=reply.mention.key, user_auth=True)
            return Posted(str(made.data["id"]), _address(made.data["id"]))

    def opening(self, mention: Mention) -> str:  # noqa: ARG002  # X adds the handles by itself
        return ""

    def close(self) -> None:
        self.client.session.close()

    def _mention(self, tweet: Any, authors: Mapping[str, Any]) -> Mention:
        author = authors.get(str(tweet.author_id))
        handle = author.username if author is not None else str(tweet.author_id)
        is_bot = author is not None and MARK in (author.description or "")
        return Mention(
            key=str(tweet.id),
            thread=str(tweet.conversation_id or tweet.id),
            author=Account(str(tweet.author_id), handle, is_bot),
            text=tweet.text,
            is_reply=str(tweet.in_reply_to_user_id) == self._me,
            created=moment(tweet.created_at),
        )

    @contextmanager
    def _told(self) -> Iterator[Any]:
        """The client, for one thread at a time; what it raises is told as ours."""
        import requests
        import tweepy

        with self._lock:
            try:
                yield self.client
            except tweepy.TooManyRequests as error:
                reset = getattr(error, "reset_time", None)
                raise BusyError("X asks to wait.", max(1.0, reset - time.time()) if reset else _WAIT) from None
            except tweepy.Unauthorized as error:
                raise SettingsError(
                    f"X does not take the keys ({hidden(error, self._secrets)}): check {', '.join(NAMES)}."
                ) from None
            except (tweepy.Forbidden, tweepy.NotFound, tweepy.BadRequest) as error:
                told = hidden(error, self._secrets)
                if "duplicate" in told.casefold():  # it has it: then it will be found
                    raise PlatformError(f"X has that post already: {told}.") from None
                raise RefusedError(f"X refused it: {told}.") from None
            except (tweepy.TweepyException, requests.RequestException, OSError, ValueError) as error:
                raise PlatformError(f"X could not be reached, or failed: {hidden(error, self._secrets)}.") from None


def _address(tweet: object) -> str:
    return f"https://x.com/i/status/{tweet}"
