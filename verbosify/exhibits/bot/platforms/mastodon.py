"""Mastodon, by `Mastodon.py`. Knows its protocol, and no model.

A reply goes out with an Idempotency-Key, by which the server knows it for an hour; and whether it is there is asked of
the thread. Needs MASTODON_URL and MASTODON_ACCESS_TOKEN in the environment, a token with the scopes read and write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser
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

PAGE = 40
USUAL_MOST = 500
_WAIT = 60.0


def make(environment: Mapping[str, str], _folder: Path) -> Mastodon:
    """The platform, by the environment; `SettingsError` names what is not set."""
    known = credentials(environment, ("MASTODON_URL", "MASTODON_ACCESS_TOKEN"), "Mastodon")
    return Mastodon(known["MASTODON_URL"].value, known["MASTODON_ACCESS_TOKEN"])


class Mastodon:
    """An account on a server of Mastodon, or one that speaks its protocol."""

    name = "mastodon"
    settle = 1.0

    def __init__(self, url: str, token: Secret, *, poll: float = 15.0, timeout: float = 30.0) -> None:
        from mastodon import Mastodon as Client

        quiet_clients()
        self._token, self.poll = token, poll
        self.limit = Limit(USUAL_MOST, "mastodon")
        self._lock = RLock()
        self._me = ""
        self._client: Any = Client(
            access_token=token.value,
            api_base_url=url,
            ratelimit_method="throw",
            request_timeout=timeout,
            version_check_mode="none",
        )

    def account(self) -> Account:
        with self._told() as client:
            me = client.account_verify_credentials()
            self._me = str(me.id)
            statuses = (client.instance_v2().get("configuration") or {}).get("statuses") or {}
            self.limit = Limit(int(statuses.get("max_characters") or USUAL_MOST), "mastodon")
            return Account(self._me, me.acct, is_bot=True)

    def introduce(self, text: str) -> None:
        with self._told() as client:
            me = client.account_verify_credentials()
            note = (me.get("source") or {}).get("note")
            if note != text or not me.bot:
                client.account_update_credentials(note=text, bot=True)

    def page(self, place: str | None, is_known: Callable[[str], bool]) -> Page:
        with self._told() as client:
            found = client.notifications(types=["mention"], limit=PAGE, max_id=place)
            new = [one.status for one in found if one.get("status") and not is_known(str(one.status.id))]
            if not found:
                return Page((), "", None)
            mentions = tuple(self._mention(client, status) for status in new)
            return Page(mentions, moment(found[-1].created_at), str(found[-1].id))

    def find(self, reply: Outgoing) -> Posted | None:
        with self._told() as client:
            for status in client.status_context(reply.mention.key).descendants:
                if str(status.account.id) == self._me and str(status.in_reply_to_id) == reply.mention.key:
                    return Posted(str(status.id), status.url or "")
        return None

    def post(self, reply: Outgoing) -> Posted:
        with self._told() as client:
            status = client.status_post(
                reply.text,
                in_reply_to_id=reply.mention.key,
                visibility=reply.mention.place["visibility"],
                idempotency_key=reply.key,
            )
            return Posted(str(status.id), status.url or "")

    def opening(self, mention: Mention) -> str:
        return f"@{mention.author.handle} "

    def close(self) -> None:
        self._client.session.close()

    def _mention(self, client: Any, status: Any) -> Mention:
        thread = str(status.id)
        if status.in_reply_to_id is not None:
            ancestors = self._ancestors(client, status.id)
            thread = str(ancestors[0].id) if ancestors else str(status.in_reply_to_id)
        return Mention(
            key=str(status.id),
            thread=thread,
            author=Account(str(status.account.id), status.account.acct, bool(status.account.bot)),
            text=plain(status.content),
            is_reply=str(status.in_reply_to_account_id) == self._me,
            created=moment(status.created_at),
            place={"visibility": "unlisted" if status.visibility == "public" else status.visibility},
        )

    def _ancestors(self, client: Any, status: Any) -> list[Any]:
        """The posts above one in its thread, the first one first; none if it has been deleted meanwhile."""
        from mastodon import MastodonNotFoundError

        try:
            return list(client.status_context(status).ancestors)
        except MastodonNotFoundError:
            return []

    @contextmanager
    def _told(self) -> Iterator[Any]:
        """The client, for one thread at a time; what it raises is told as ours."""
        import mastodon

        secrets = (self._token,)
        with self._lock:
            try:
                yield self._client
            except mastodon.MastodonRatelimitError:
                raise BusyError("Mastodon asks to wait.", self._seconds()) from None
            except mastodon.MastodonUnauthorizedError as error:
                raise SettingsError(
                    f"Mastodon does not take the token ({hidden(error, secrets)}): check MASTODON_ACCESS_TOKEN and "
                    "MASTODON_URL."
                ) from None
            except (mastodon.MastodonNetworkError, mastodon.MastodonServerError, OSError) as error:
                raise PlatformError(f"Mastodon could not be reached, or failed: {hidden(error, secrets)}.") from None
            except mastodon.MastodonAPIError as error:
                raise RefusedError(f"Mastodon refused it: {hidden(error, secrets)}.") from None
            except mastodon.MastodonError as error:
                raise PlatformError(f"Mastodon answered what could not be read: {hidden(error, secrets)}.") from None

    def _seconds(self) -> float:
        reset = getattr(self._client, "ratelimit_reset", None)
        return max(1.0, float(reset) - time.time()) if reset else _WAIT


def plain(content: str) -> str:
    """The text of a status, which comes as HTML."""
    reader = _Text()
    reader.feed(content)
    reader.close()
    return "".join(reader.pieces).strip()


class _Text(HTMLParser):
    """Collects what is said between tags; paragraphs and line breaks stay."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "br" or (tag == "p" and self.pieces):
            self.pieces.append("\n" if tag == "br" else "\n\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
