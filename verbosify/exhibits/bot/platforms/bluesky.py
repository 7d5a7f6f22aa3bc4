"""Bluesky, by `atproto`. Knows its protocol, and no model.

A reply's record key is made from the reply, so writing it again changes nothing, and whether it is there can be asked:
a repository answers for itself. Needs BLUESKY_HANDLE and BLUESKY_PASSWORD (an app password) in the environment, and
BLUESKY_SERVICE if the account lives on another server than bsky.social.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
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
from verbosify.pipeline.counting import Limit
from verbosify.record.fields import moment

SERVICE = "https://bsky.social"
POST, PROFILE = "app.bsky.feed.post", "app.bsky.actor.profile"
PAGE = 50
BOT_LABEL = "bot"
_REASONS = ("mention", "reply")
_TID = "234567abcdefghijklmnopqrstuvwxyz"
_CLOCK_BITS, _MICROSECONDS = 10, 1000
_OF_TOKENS = ("ExpiredToken", "InvalidToken")
_WAIT = 60.0


def make(environment: Mapping[str, str], _folder: Path) -> Bluesky:
    """The platform, by the environment; `SettingsError` names what is not set."""
    known = credentials(environment, ("BLUESKY_HANDLE", "BLUESKY_PASSWORD"), "Bluesky")
    service = environment.get("BLUESKY_SERVICE", "").strip() or SERVICE
    return Bluesky(known["BLUESKY_HANDLE"].value, known["BLUESKY_PASSWORD"], service)


class Bluesky:
    """An account on a server of the AT protocol."""

    name = "bluesky"
    settle = 0.0
    limit = Limit(300, "graphemes", most_bytes=3000)

    def __init__(self, handle: str, password: Secret, service: str = SERVICE, *, poll: float = 15.0) -> None:
        from atproto import Client

        quiet_clients()
        self._handle, self._password, self.poll = handle, password, poll
        self._client: Any = Client(base_url=f"{service.rstrip('/')}/xrpc")
        self._lock = RLock()
        self._did = ""

    def account(self) -> Account:
        with self._session() as client:
            return Account(client.me.did, client.me.handle, is_bot=True)

    def introduce(self, text: str) -> None:
        with self._session() as client:
            record = self._get(client, PROFILE, "self") or {"$type": PROFILE}
            labels = record.get("labels") or {"$type": "com.atproto.label.defs#selfLabels", "values": []}
            values = list(labels.get("values") or [])
            is_labelled = any(value.get("val") == BOT_LABEL for value in values)
            if record.get("description") == text and is_labelled:
                return
            values += [] if is_labelled else [{"val": BOT_LABEL}]
            self._put(client, PROFILE, "self", record | {"description": text, "labels": labels | {"values": values}})

    def page(self, place: str | None, is_known: Callable[[str], bool]) -> Page:
        with self._session() as client:
            params = {"limit": PAGE, "reasons": list(_REASONS), **({"cursor": place} if place else {})}
            answer = client.app.bsky.notification.list_notifications(params)
            found = [one for one in answer.notifications if one.reason in _REASONS]
            new = tuple(self._mention(one) for one in found if not is_known(one.uri))
            return Page(new, _written(answer.notifications[-1]) if answer.notifications else "", answer.cursor or None)

    def find(self, reply: Outgoing) -> Posted | None:
        with self._session() as client:
            key = record_key(reply)
            return self._posted(client, key) if self._get(client, POST, key) is not None else None

    def post(self, reply: Outgoing) -> Posted:
        place = reply.mention.place
        record = {
            "$type": POST,
            "text": reply.text,
            "createdAt": reply.created,
            "reply": {"root": place["root"], "parent": place["parent"]},
            "langs": ["en"],
        }
        with self._session() as client:
            key = record_key(reply)
            self._put(client, POST, key, record)
            return self._posted(client, key)

    def opening(self, mention: Mention) -> str:  # noqa: ARG002  # a thread on Bluesky needs none
        return ""

    def close(self) -> None:
        self._client.request.close()

    def _mention(self, notification: Any) -> Mention:
        own = {"uri": notification.uri, "cid": notification.cid}
        replied = notification.record.reply
        root = {"uri": replied.root.uri, "cid": replied.root.cid} if replied else own
        labels = notification.author.labels or []
        return Mention(
            key=notification.uri,
            thread=root["uri"],
            author=Account(notification.author.did, notification.author.handle, _is_bot(labels)),
            text=notification.record.text,
            is_reply=bool(replied) and f"//{self._did}/" in replied.parent.uri,
            created=_written(notification),
            place={"root": root, "parent": own},
        )

    def _get(self, client: Any, collection: str, key: str) -> dict[str, Any] | None:
        """The value of a record of ours, as it is stored; None if there is none."""
        from atproto_client.exceptions import BadRequestError

        params = {"repo": client.me.did, "collection": collection, "rkey": key}
        try:
            answer = client.com.atproto.repo.get_record(params)
        except BadRequestError as error:
            if _name(error) == "RecordNotFound":
                return None
            raise
        value: dict[str, Any] = answer.value.model_dump(by_alias=True, exclude_none=True)
        return value

    def _put(self, client: Any, collection: str, key: str, record: dict[str, Any]) -> None:
        client.com.atproto.repo.put_record(
            {"repo": client.me.did, "collection": collection, "rkey": key, "record": record}
        )

    def _posted(self, client: Any, key: str) -> Posted:
        address = f"https://bsky.app/profile/{client.me.handle}/post/{key}"
        return Posted(f"at://{client.me.did}/{POST}/{key}", address)

    def _to_log_in_anew(self) -> PlatformError:
        self._did = ""
        return PlatformError("Bluesky has ended the session: the bot logs in again.")

    @contextmanager
    def _session(self) -> Iterator[Any]:
        """The client, logged in, for one thread at a time; what it raises is told as ours."""
        import httpx
        from atproto_client import exceptions

        secrets = (self._password,)
        with self._lock:
            try:
                if not self._did:
                    self._client.login(self._handle, self._password.value)
                    self._did = self._client.me.did
                yield self._client
            except exceptions.RateLimitExceededError as error:
                raise BusyError("Bluesky asks to wait.", _seconds(error)) from None
            except exceptions.UnauthorizedError as error:
                if self._did:
                    raise self._to_log_in_anew() from None
                raise SettingsError(
                    f"Bluesky does not take the handle and the password ({hidden(error, secrets)}): check "
                    "BLUESKY_HANDLE and BLUESKY_PASSWORD."
                ) from None
            except exceptions.BadRequestError as error:
                if _name(error) in _OF_TOKENS:
                    raise self._to_log_in_anew() from None
                raise RefusedError(f"Bluesky refused it: {hidden(error, secrets)}.") from None
            except (exceptions.AtProtocolError, httpx.HTTPError, OSError) as error:
                told = hidden(error, secrets) or type(error).__name__
                raise PlatformError(f"Bluesky could not be reached, or failed: {told}.") from None


def _name(error: Any) -> str:
    """What the server calls the error."""
    return str(getattr(getattr(error.response, "content", None), "error", ""))


def record_key(reply: Outgoing) -> str:
    """A timestamp identifier made from the reply alone: from when it was made, told from others by its key."""
    digest = int.from_bytes(hashlib.sha256(reply.key.encode()).digest()[:8])
    made = datetime.fromisoformat(reply.created)
    microseconds = int(made.timestamp() * 1000) * 1000 + digest % _MICROSECONDS
    number = microseconds << _CLOCK_BITS | digest // _MICROSECONDS % 2**_CLOCK_BITS
    return "".join(_TID[number >> 5 * place & 31] for place in reversed(range(13)))


def _written(notification: Any) -> str:
    return moment(datetime.fromisoformat(notification.indexed_at))


def _is_bot(labels: Any) -> bool:
    return any(getattr(label, "val", "") == BOT_LABEL for label in labels)


def _seconds(error: Any) -> float:
    headers = getattr(error.response, "headers", None) or {}
    try:
        return max(1.0, float(headers.get("ratelimit-reset", "")) - time.time())
    except ValueError:
        return _WAIT
