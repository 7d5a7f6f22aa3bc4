"""The platforms' clients against servers that speak their protocols over HTTP. See `bot_servers`, and `docs/bot.md`
for which of them is a real one."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from requests.adapters import HTTPAdapter

from tests.bot_servers import ME, TOKEN, Place, mastodon_app, x_app
from tests.bots import looked, replies, work
from tests.plugged import write_plugin
from verbosify.errors import SettingsError
from verbosify.exhibits.bot.platform import (
    BusyError,
    PlatformError,
    RefusedError,
    Secret,
    credentials,
    hidden,
    make_platform,
)
from verbosify.exhibits.bot.platforms.mastodon import Mastodon, plain
from verbosify.exhibits.bot.platforms.x import NAMES, X
from verbosify.exhibits.bot.record import open_record
from verbosify.exhibits.bot.settings import MARK
from verbosify.web.serving import running

KEYS = [Secret(value) for value in ("consumer-key", "consumer-secret", "access-token", "access-secret")]


class Redirecting(HTTPAdapter):
    """Sends what is meant for X's own address to a server here."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    def send(self, request: Any, *arguments: Any, **options: Any) -> Any:
        request.url = request.url.replace("https://api.twitter.com", self.address)
        return super().send(request, *arguments, **options)


def redirected(platform: X, address: str) -> X:
    platform.client.session.mount("https://api.twitter.com", Redirecting(address))
    return platform


@dataclass
class Stage:
    """A server with the platform that talks to it."""

    place: Place
    address: str
    platform: Any


@contextmanager
def on_stage(kind: str, **about: Any) -> Iterator[Stage]:
    place = Place(**about)
    app = {"mastodon": mastodon_app, "x": x_app}[kind](place)
    with running(app) as address:
        if kind == "mastodon":
            platform: Any = Mastodon(address, Secret(TOKEN), poll=0.05, timeout=30)
            platform.settle = 0.0
        else:
            platform = redirected(X(*KEYS, poll=0.05, settle=0.0), address)
        yield Stage(place, address, platform)
        platform.close()


@pytest.fixture(params=["mastodon", "x"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with on_stage(request.param) as made:
        yield made


def test_mentions_come_with_their_threads_oldest_first(stage: Stage) -> None:
    first = stage.place.add("2001", "@ambrose do you like <b>rain</b> & snow?")
    stage.place.add("2002", "of no concern")
    answer = stage.place.add(ME, "I do.", parent=first, bot=True)
    second = stage.place.add("2001", "Why?", parent=answer)
    stage.platform.account()

    found = looked(stage.platform, lambda _: False)

    assert list(dict.fromkeys(one.key for one in found)) == [str(first), str(second)]
    assert next(one.text for one in found if one.key == str(first)) == "@ambrose do you like <b>rain</b> & snow?"
    assert {one.thread for one in found} == {str(first)}
    assert next(one.is_reply for one in found if one.key == str(second))
    assert found[0].created.endswith("Z")
    assert looked(stage.platform, lambda _: True) == []


def test_the_bot_answers_there_in_the_thread_and_its_profile_says_so(stage: Stage, tmp_path: Path) -> None:
    open_record(tmp_path).close()
    asked = [stage.place.add(f"200{n}", f"@ambrose number {n}?") for n in range(3)]

    work(tmp_path, stage.platform)

    answers = [post for post in stage.place.posts if post["author"] == ME]
    assert [post["parent"] for post in answers] == asked
    assert all(MARK in post["text"] for post in answers)
    assert all(reply.address for reply in replies(tmp_path))
    if isinstance(stage.platform, Mastodon):
        assert answers[0]["text"].startswith("@2000 You asked: number 0?")
        assert stage.place.profile["bot"]
        assert MARK in stage.place.profile["note"]


@pytest.mark.parametrize("kind", ["mastodon", "x"])
def test_with_calls_that_fail_before_or_after_they_are_done_nothing_is_posted_twice(kind: str, tmp_path: Path) -> None:
    open_record(tmp_path).close()
    with on_stage(kind, faults=0.3, seed=5) as stage:
        asked = [
            stage.place.add(str(2000 + n), f"@ambrose number {n}?", late=2 if n % 4 == 0 else 0) for n in range(12)
        ]
        for _ in range(3):
            stage.place.add("2999", "of no concern")

        work(tmp_path, stage.platform)

        assert sorted(post["parent"] for post in stage.place.posts if post["author"] == ME) == asked


def test_it_waits_until_the_moment_the_platform_names(stage: Stage) -> None:
    stage.platform.account()
    stage.place.limited_until = time.time() + 5

    with pytest.raises(BusyError) as busy:
        looked(stage.platform, lambda _: False)

    assert 1 <= busy.value.seconds <= 7


def test_what_is_gone_is_refused_and_not_tried_again(stage: Stage, tmp_path: Path) -> None:
    open_record(tmp_path).close()
    asked = stage.place.add("2001", "@ambrose hello?")
    stage.platform.account()
    (found,) = {one.key: one for one in looked(stage.platform, lambda _: False)}.values()
    from verbosify.exhibits.bot.platform import Outgoing

    reply = Outgoing(key="k-1", mention=found, text="words", created="2024-05-01T12:00:00.000Z")
    assert found.key == str(asked)
    stage.place.posts.clear()

    with pytest.raises(RefusedError, match="refused it"):
        stage.platform.post(reply)


def test_a_server_that_is_away_may_have_done_anything(stage: Stage) -> None:
    stage.platform.account()
    if isinstance(stage.platform, Mastodon):
        stage.platform._client.api_base_url = "http://127.0.0.1:9"
    else:
        redirected(stage.platform, "http://127.0.0.1:9")

    with pytest.raises(PlatformError, match="could not be reached"):
        looked(stage.platform, lambda _: False)


def test_mastodon_knows_a_reply_by_its_key() -> None:
    from verbosify.exhibits.bot.platform import Outgoing

    with on_stage("mastodon") as stage:
        stage.place.add("2001", "@ambrose hello?")
        stage.platform.account()
        (found,) = {one.key: one for one in looked(stage.platform, lambda _: False)}.values()
        reply = Outgoing(key="k-1", mention=found, text="words", created="2024-05-01T12:00:00.000Z")
        assert stage.platform.find(reply) is None

        first, second = stage.platform.post(reply), stage.platform.post(reply)

        assert first == second == stage.platform.find(reply)
        assert stage.platform.limit.most == 400


def test_a_mention_whose_thread_is_gone_meanwhile_is_read_all_the_same() -> None:
    with on_stage("mastodon") as stage:
        first = stage.place.add("2001", "@ambrose hello?")
        stage.place.add("2002", "@ambrose me too", parent=first)
        stage.platform.account()
        real = stage.platform._client.status_context

        def gone(_: Any) -> Any:
            return real(99)

        stage.platform._client.status_context = gone
        found = looked(stage.platform, lambda _: False)

    assert {one.thread for one in found} == {str(first)}


def test_x_runs_only_where_the_profile_says_it(tmp_path: Path) -> None:
    with (
        on_stage("x", description="A rubber plant.") as stage,
        pytest.raises(SettingsError, match="put this into the bot's"),
    ):
        work(tmp_path, stage.platform)


def test_a_status_is_read_as_plain_text() -> None:
    html = '<p><span class="h-card"><a href="https://example.org/@ambrose">@<span>ambrose</span></a></span> a &lt; b<br>c</p><p>d</p>'

    assert plain(html) == "@ambrose a < b\nc\n\nd"


# Credentials


def test_credentials_are_never_printed(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """Not in what is printed, logged at any level, shown of an object, or said by an error."""
    secrets = [TOKEN, *(one.value for one in KEYS), "wrong-token"]
    said = [repr(Secret(TOKEN)), str(Secret(TOKEN)), f"{Secret(TOKEN)!s}"]
    with caplog.at_level(logging.DEBUG):
        for kind in ("mastodon", "x"):
            with on_stage(kind) as stage:
                stage.place.add("2001", "@ambrose hello?")
                stage.platform.account()
                looked(stage.platform, lambda _: False)
                said += [
                    repr(stage.platform),
                    repr(vars(stage.platform).get("_secrets", "")),
                    repr(vars(stage.platform).get("_token", "")),
                ]
        with (
            on_stage("mastodon") as stage,
            closing(Mastodon(stage.address, Secret("wrong-token"))) as stranger,
            pytest.raises(SettingsError) as error,
        ):
            stranger.account()
        said += [str(error.value), repr(error.value)]
    out, err = capfd.readouterr()
    for secret in secrets:
        for text in (*said, out, err, caplog.text):
            assert secret not in text


def test_what_a_platform_says_back_of_a_secret_is_hidden() -> None:
    assert hidden("401 for abc\nand abcdef", [Secret("abc"), Secret("abcdef")]) == "401 for [hidden] and [hidden]"


@pytest.mark.parametrize(
    ("platform", "names"),
    [
        ("bluesky", ["BLUESKY_HANDLE", "BLUESKY_PASSWORD"]),
        ("mastodon", ["MASTODON_URL", "MASTODON_ACCESS_TOKEN"]),
        ("x", list(NAMES)),
    ],
)
def test_what_is_not_in_the_environment_is_named(platform: str, names: list[str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        make_platform(platform, {names[0]: "there", names[1]: " "}, tmp_path)

    assert all(name in str(error.value) for name in names[1:])
    assert names[0] not in str(error.value)
    assert credentials({"A": " b "}, ["A"], "Z") == {"A": Secret("b")}


def test_platforms_are_made_from_the_environment(tmp_path: Path) -> None:
    environment = dict.fromkeys(("BLUESKY_HANDLE", "BLUESKY_PASSWORD", "MASTODON_ACCESS_TOKEN", *NAMES), "value")

    made = [
        make_platform(name, environment | {"MASTODON_URL": "http://127.0.0.1:9"}, tmp_path)
        for name in ("local", "bluesky", "mastodon", "x")
    ]

    assert [one.name for one in made] == ["local", "bluesky", "mastodon", "x"]
    assert [(one.limit.most, one.limit.unit) for one in made] == [
        (300, "graphemes"),
        (300, "graphemes"),
        (500, "mastodon"),
        (280, "x"),
    ]


def test_another_package_can_bring_a_platform(tmp_path: Path, packages: Path) -> None:
    code = "class Board:\n    name = 'board'\ndef add(environment, folder):\n    board = Board()\n    board.folder = folder\n    return board\n"
    write_plugin(packages, "verbosify.platforms", "board", code)

    made: Any = make_platform("board", {}, tmp_path)

    assert made.folder == tmp_path
    with pytest.raises(SettingsError, match=r"no platform 'nowhere': choose one of local, bluesky, mastodon, x, board"):
        make_platform("nowhere", {}, tmp_path)


def test_the_state_of_a_server_can_be_asked() -> None:
    with on_stage("x") as stage:
        made = httpx.post(
            f"{stage.address}/_test/mention", content=json.dumps([{"author": "2001", "text": "@ambrose hi"}])
        ).json()
        assert made["id"] == [httpx.get(f"{stage.address}/_test/state").json()["posts"][0]["id"]]
        httpx.post(f"{stage.address}/_test/limit?seconds=60")
        assert httpx.get(f"{stage.address}/2/users/me").status_code == 429
