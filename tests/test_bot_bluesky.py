"""The bot on Bluesky: against a server of ours that speaks its protocol, and against a real one where there is one."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.bluesky_server import HANDLE, PASSWORD, bluesky_app, did_of, modules_of_pds, real_server
from tests.bot_servers import ME, Place
from tests.bots import looked, replies, work
from verbosify.errors import SettingsError
from verbosify.exhibits.bot.platform import BusyError, Outgoing, PlatformError, RefusedError, Secret
from verbosify.exhibits.bot.platforms.bluesky import Bluesky, record_key
from verbosify.exhibits.bot.record import open_record
from verbosify.exhibits.bot.settings import MARK
from verbosify.web.serving import running

MODULES = modules_of_pds()


def of_bot(place: Place) -> list[dict[str, Any]]:
    return [post for post in place.posts if post["author"] == ME]


def test_mentions_are_answered_in_their_threads_and_the_profile_says_what_it_is(tmp_path: Path) -> None:
    place = Place()
    open_record(tmp_path).close()
    with running(bluesky_app(place)) as address:
        first = place.add("2", "@ambrose.test do you like rain?")
        work(tmp_path, Bluesky(HANDLE, Secret(PASSWORD), address, poll=0.05))
        second = place.add("2", "Why?", parent=of_bot(place)[0]["id"])
        robot = place.add("4", "@ambrose.test hello", bot=True)
        work(tmp_path, Bluesky(HANDLE, Secret(PASSWORD), address, poll=0.05))

    assert [post["parent"] for post in of_bot(place)] == [first, second, robot]
    assert [post["root"] for post in of_bot(place)] == [first, first, robot]
    assert [reply.mention.author.is_bot for reply in replies(tmp_path)] == [False, False, True]
    assert replies(tmp_path)[0].address.startswith("https://bsky.app/profile/ambrose.test/post/")


def test_with_calls_that_fail_before_or_after_they_are_done_nothing_is_posted_twice(tmp_path: Path) -> None:
    place = Place(faults=0.3, seed=2)
    open_record(tmp_path).close()
    with running(bluesky_app(place)) as address:
        asked = [place.add(str(n + 2), f"@ambrose.test number {n}?") for n in range(12)]

        work(tmp_path, Bluesky(HANDLE, Secret(PASSWORD), address, poll=0.05))

    assert sorted(post["parent"] for post in of_bot(place)) == asked


def test_many_mentions_are_read_page_by_page() -> None:
    place = Place()
    for number in range(120):
        place.add("2", f"@ambrose.test number {number}?")
    with running(bluesky_app(place)) as address, closing(Bluesky(HANDLE, Secret(PASSWORD), address)) as platform:
        found = looked(platform, lambda _: False)

    assert len({one.key for one in found}) == 120
    assert found[0].text == "@ambrose.test number 0?"


def test_what_goes_wrong_is_told_without_the_password() -> None:
    place = Place()
    with running(bluesky_app(place)) as address:
        stranger = Bluesky(HANDLE, Secret("wrong-password"), address)
        with (
            closing(stranger),
            pytest.raises(SettingsError, match="check BLUESKY_HANDLE and BLUESKY_PASSWORD") as error,
        ):
            stranger.account()
        assert "wrong-password" not in str(error.value)
        platform = Bluesky(HANDLE, Secret(PASSWORD), address)
        platform.account()
        place.limited_until = time.time() + 5
        with pytest.raises(BusyError) as busy:
            looked(platform, lambda _: False)
        assert 0 < busy.value.seconds <= 60
        place.limited_until = 0
        place.add("2", "@ambrose.test hello?")
        (found,) = {one.key: one for one in looked(platform, lambda _: False)}.values()
        reply = Outgoing(key="k-1", mention=found, text="x" * 400, created="2024-05-01T12:00:00.000Z")
        with pytest.raises(RefusedError, match="300 graphemes"):
            platform.post(reply)
    with pytest.raises(PlatformError, match="could not be reached"):
        looked(platform, lambda _: False)
    platform.close()
    assert PASSWORD not in repr(platform)
    assert PASSWORD not in repr(vars(platform))


@pytest.mark.parametrize(("status", "name"), [(400, "ExpiredToken"), (401, "AuthMissing")])
def test_a_session_that_has_ended_is_begun_again(status: int, name: str) -> None:
    place = Place()
    with running(bluesky_app(place)) as address, closing(Bluesky(HANDLE, Secret(PASSWORD), address)) as platform:
        platform.account()
        place.refusals = [(status, name)]

        with pytest.raises(PlatformError, match="logs in again"):
            looked(platform, lambda _: False)
        assert looked(platform, lambda _: False) == []

    assert place.calls.count("POST /xrpc/com.atproto.server.createSession") == 2


def test_a_reply_has_one_key_for_ever_and_no_other_has_it() -> None:
    def key(number: int, created: str = "2024-05-01T12:00:00.000Z") -> str:
        return record_key(Outgoing(key=f"bot-{number}", mention=None, text="", created=created))  # type: ignore[arg-type]

    keys = [key(number) for number in range(500)]

    assert keys == [key(number) for number in range(500)]
    assert len(set(keys)) == 500
    assert all(len(one) == 13 and set(one) <= set("234567abcdefghijklmnopqrstuvwxyz") for one in keys)
    assert max(keys) < key(0, "2024-05-01T12:00:00.002Z")
    assert did_of(ME).startswith("did:plc:")


@pytest.mark.skipif(MODULES is None, reason="the real server is npm's: see tests/bluesky/pds.mjs")
def test_the_real_server_takes_the_replies_once_and_in_their_threads(tmp_path: Path) -> None:
    assert MODULES is not None
    open_record(tmp_path).close()
    with real_server(MODULES) as server:
        asked = [server.write(f"@ambrose.test number {n}?") for n in range(3)]
        work(tmp_path, Bluesky(HANDLE, Secret(PASSWORD), server.address, poll=0.2))
        answers = server.posts(HANDLE)
        assert [answer["value"]["reply"]["parent"]["uri"] for answer in answers] == [one["uri"] for one in asked]
        assert all(MARK in answer["value"]["text"] for answer in answers)

        own = {"uri": answers[0]["uri"], "cid": answers[0]["cid"]}
        again = server.write("Why?", reply={"root": asked[0], "parent": own})
        work(tmp_path, Bluesky(HANDLE, Secret(PASSWORD), server.address, poll=0.2))
        last = server.posts(HANDLE)[-1]
        assert last["value"]["reply"]["root"]["uri"] == asked[0]["uri"]
        assert last["value"]["reply"]["parent"]["uri"] == again["uri"]

        bluesky = Bluesky(HANDLE, Secret(PASSWORD), server.address)
        reply = replies(tmp_path)[-1].outgoing("another")
        assert bluesky.find(reply) is None
        assert bluesky.post(reply) == bluesky.post(reply) == bluesky.find(reply)
        assert len(server.posts(HANDLE)) == 5
        profile = server.profile(HANDLE)
        assert MARK in profile["description"]
        assert [label["val"] for label in profile["labels"]["values"]] == ["bot"]
        bluesky.close()
