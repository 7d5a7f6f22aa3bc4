"""How far a look at the mentions goes: what is delivered late, behind what is known already, is found on every platform."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.bluesky_server import HANDLE, PASSWORD, bluesky_app
from tests.bot_servers import TOKEN, Place, mastodon_app, x_app
from tests.bots import SETTINGS, Parrot, looked, mention, timeline
from tests.test_bot_platforms import KEYS, redirected
from verbosify.exhibits.bot.looking import LATEST, MOST_PAGES, far_back, look
from verbosify.exhibits.bot.platform import Page, Secret
from verbosify.exhibits.bot.platforms import local
from verbosify.exhibits.bot.platforms.bluesky import Bluesky
from verbosify.exhibits.bot.platforms.mastodon import Mastodon
from verbosify.exhibits.bot.platforms.x import X
from verbosify.exhibits.bot.running import Bot
from verbosify.web.serving import running

LONG_AGO = "2000-01-01T00:00:00.000Z"


@contextmanager
def place_and_platform(kind: str) -> Iterator[tuple[Place, Any]]:
    place = Place()
    app = {"bluesky": bluesky_app, "mastodon": mastodon_app, "x": x_app}[kind](place)
    with running(app) as address:
        platform: Any = {
            "bluesky": lambda: Bluesky(HANDLE, Secret(PASSWORD), address),
            "mastodon": lambda: Mastodon(address, Secret(TOKEN)),
            "x": lambda: redirected(X(*KEYS), address),
        }[kind]()
        with closing(platform):
            yield place, platform


@pytest.mark.parametrize("kind", ["bluesky", "mastodon", "x"])
def test_what_comes_late_behind_pages_of_known_mentions_is_found_by_a_far_look(kind: str) -> None:
    with place_and_platform(kind) as (place, platform):
        late = place.add("2001", "@ambrose am I late?", late=130)
        for number in range(130):
            place.add(str(2002 + number), f"@ambrose number {number}?")
        place.hidden_until[late] += 1
        platform.account()
        known = {one.key for one in looked(platform, lambda _: False)}
        place.add("2999", "of no concern")

        near = looked(platform, known.__contains__)
        far = looked(platform, known.__contains__, LONG_AGO)

    assert len(known) == 130
    assert near == []
    assert {one.text for one in far} == {"@ambrose am I late?"}


def test_a_bot_looks_far_at_its_start_and_then_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "PAGE", 2)
    hidden = {"1", "2"}

    class Late(local.Local):
        def page(self, place: str | None, is_known: Any) -> Page:
            return super().page(place, lambda key: key in hidden or is_known(key))

    place = timeline(tmp_path)
    for number in range(9):
        place.add(f"user{number}", "@ambrose hello?")
    bot = Bot(tmp_path, SETTINGS, Late(place._path, poll=0.02), Parrot, far_look=0.1, on_event=lambda _: None)
    thread = threading.Thread(target=bot.run, args=("parrot",))
    thread.start()

    def answered(count: int) -> list[int | None]:
        until = time.monotonic() + 120
        while len(found := [post.parent for post in place.posts() if post.is_bot]) < count and time.monotonic() < until:
            time.sleep(0.02)
        return found

    before = answered(7)
    hidden.clear()
    after = answered(9)
    bot.stop()
    thread.join(60)

    assert before == [3, 4, 5, 6, 7, 8, 9]
    assert after == [3, 4, 5, 6, 7, 8, 9, 1, 2]


def test_a_look_ends_whatever_a_platform_says() -> None:
    pages: list[str | None] = []

    def same(place: str | None) -> Page:
        pages.append(place)
        return Page((mention("again"),), LONG_AGO, "the same place")

    assert len(look(same)) == MOST_PAGES
    assert pages == [None, *["the same place"] * (MOST_PAGES - 1)]


def test_a_look_that_is_given_up_finds_nothing_so_that_the_next_finds_all() -> None:
    pages = iter([Page((mention("hello"),), LONG_AGO, "next"), None])

    assert look(lambda _: next(pages)) == []


def test_a_far_look_goes_back_a_week_or_to_when_the_bot_began() -> None:
    assert far_back("9000-01-01T00:00:00.000Z") == "9000-01-01T00:00:00.000Z"
    assert far_back("") > LONG_AGO
    assert LATEST.days == 7
