"""The bot at work on a timeline, without a model: exactly once, in order, patient, alive."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bots import SETTINGS, Parrot, replies, timeline, work
from verbosify.errors import RecordError
from verbosify.exhibits.bot.platform import BusyError, Outgoing, Page, PlatformError, Posted, RefusedError
from verbosify.exhibits.bot.platforms.local import Local
from verbosify.exhibits.bot.running import HEARTBEAT_FILE, Bot
from verbosify.exhibits.bot.settings import MARK


class Wayward(Local):
    """A timeline that fails as it is told to, and knows no keys: only `find` tells what is there."""

    def __init__(self, place: Local) -> None:
        super().__init__(place._path, poll=0.05)
        self.posting: list[Any] = []
        self.reading: list[Any] = []
        self.found = 0

    def page(self, place: str | None, is_known: Any) -> Page:
        if self.reading:
            raise self.reading.pop(0)
        return super().page(place, is_known)

    def find(self, reply: Outgoing) -> Posted | None:
        mine = [post for post in self.posts(last=10_000) if post.parent == int(reply.mention.key) and post.is_bot]
        self.found += 1
        return Posted(str(mine[0].id)) if mine else None

    def post(self, reply: Outgoing) -> Posted:
        failure = self.posting.pop(0) if self.posting else None
        if isinstance(failure, Exception):
            raise failure
        number = self.add("ambrose", reply.text, parent=int(reply.mention.key), is_bot=True)
        if failure == "after":
            raise PlatformError("The answer was lost.")
        return Posted(str(number))


def of_bot(place: Local) -> list[Any]:
    return [post for post in place.posts(last=10_000) if post.author == "ambrose"]


def test_mentions_are_answered_in_their_threads_and_in_order(tmp_path: Path) -> None:
    place = timeline(tmp_path)
    first = place.add("ada", "@ambrose do you like rain?")
    place.add("bob", "I like bread.")
    second = place.add("bob", "@ambrose what is time?")

    work(tmp_path, place)

    posts = of_bot(place)
    assert [(post.parent, post.thread) for post in posts] == [(first, first), (second, second)]
    assert posts[0].text.startswith("You asked: do you like rain? I noted it.")
    assert all(MARK in post.text and "parrot" in post.text and "may be false" in post.text for post in posts)


def test_the_profile_says_what_it_is(tmp_path: Path) -> None:
    place = timeline(tmp_path)

    work(tmp_path, place)

    assert "machine" in place.profile()
    assert MARK in place.profile()
    assert "parrot" in place.profile()


def test_a_restart_answers_nothing_again(tmp_path: Path) -> None:
    place = timeline(tmp_path)
    place.add("ada", "@ambrose do you like rain?")
    work(tmp_path, place)

    work(tmp_path, place)
    place.add("ada", "@ambrose and snow?")
    work(tmp_path, place)

    assert len(of_bot(place)) == 2


def test_a_reply_to_the_bot_needs_no_handle_and_stays_in_the_thread(tmp_path: Path) -> None:
    place = timeline(tmp_path)
    root = place.add("ada", "@ambrose do you like rain?")
    work(tmp_path, place)
    answer = of_bot(place)[0]

    again = place.add("ada", "Why?", parent=answer.id)
    work(tmp_path, place)

    assert (of_bot(place)[1].parent, of_bot(place)[1].thread) == (again, root)


def test_an_answer_that_was_lost_on_the_way_is_not_posted_twice(tmp_path: Path) -> None:
    place = Wayward(timeline(tmp_path))
    place.add("ada", "@ambrose do you like rain?")
    place.posting = ["after"]

    work(tmp_path, place)

    assert len(of_bot(place)) == 1
    assert replies(tmp_path)[0].status == "posted"
    assert replies(tmp_path)[0].post == str(of_bot(place)[0].id)
    assert place.found == 1


def test_what_fails_is_tried_again_and_those_behind_it_wait(tmp_path: Path) -> None:
    place = Wayward(timeline(tmp_path))
    asked = [place.add("ada", f"@ambrose number {n}?") for n in range(3)]
    place.posting = [PlatformError("It failed."), PlatformError("It failed.")]
    place.reading = [PlatformError("It failed."), RefusedError("Not to you.")]

    work(tmp_path, place)

    assert [post.parent for post in of_bot(place)] == asked


def test_it_waits_as_long_as_the_platform_says(tmp_path: Path) -> None:
    place = Wayward(timeline(tmp_path))
    place.add("ada", "@ambrose do you like rain?")
    place.posting = [BusyError("Not now.", 1.2)]
    told: list[str] = []
    started = time.monotonic()

    work(tmp_path, place, on_event=told.append)

    assert time.monotonic() - started >= 1.2
    assert "sender: Not now. Again in 1 s." in told
    assert len(of_bot(place)) == 1


def test_what_is_refused_for_good_is_given_up_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    place = Wayward(timeline(tmp_path))
    for text in ("@ambrose one?", "@ambrose two?"):
        place.add("ada", text)
    place.posting = [RefusedError("The thread is gone.")]

    work(tmp_path, place)

    assert [(reply.status, reply.outcome_reason) for reply in replies(tmp_path)] == [
        ("given up", "The thread is gone."),
        ("posted", ""),
    ]


def test_what_neither_succeeds_nor_is_refused_is_given_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verbosify.exhibits.bot.running.MOST_ATTEMPTS", 3)
    monkeypatch.setattr("verbosify.exhibits.bot.running.LONGEST_PAUSE", 0.02)
    place = Wayward(timeline(tmp_path))
    place.add("ada", "@ambrose one?")
    place.posting = [PlatformError("It failed.")] * 50

    work(tmp_path, place)

    assert replies(tmp_path)[0].status == "given up"


def test_two_bots_that_mention_each_other_come_to_rest(tmp_path: Path) -> None:
    """On one timeline, each answering the other by name, and neither saying that it is a bot."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        timeline(tmp_path / name)

    class Undeclared(Local):
        def post(self, reply: Outgoing) -> Posted:
            text = f"@{reply.mention.author.handle} {reply.text}".replace(MARK, "")
            return Posted(str(self.add(self._handle, text, parent=int(reply.mention.key), key=reply.key)))

    places = {name: Undeclared(tmp_path / "timeline.db", handle=name, poll=0.05) for name in ("one", "two")}
    places["one"].add("one", "@two hello")

    for _ in range(5):
        for name, place in places.items():
            work(tmp_path / name, place, settings=replace(SETTINGS, per_thread=3))
    count = len(places["one"].posts())
    for name, place in places.items():
        work(tmp_path / name, place, settings=replace(SETTINGS, per_thread=3))

    assert len(places["one"].posts()) == count
    assert count == 1 + 3 + 3


def test_two_bots_that_say_what_they_are_say_one_thing_each(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        timeline(tmp_path / name)
    places = {name: Local(tmp_path / "timeline.db", handle=name, poll=0.05) for name in ("one", "two")}
    places["one"].add("one", "@two hello")

    for _ in range(4):
        for name, place in places.items():
            work(tmp_path / name, place)

    assert [post.author for post in places["one"].posts()] == ["one", "two", "one"]


def test_a_model_that_says_only_blanks_is_given_up_on_politely(tmp_path: Path) -> None:
    place = timeline(tmp_path)
    place.add("ada", "@ambrose do you like rain?")

    work(tmp_path, place, Parrot(lambda _: ""))

    assert "nothing comes to me" in of_bot(place)[0].text
    assert of_bot(place)[0].text.endswith(f"{MARK}; these words are fixed")
    assert (replies(tmp_path)[0].kind, replies(tmp_path)[0].reason) == (
        "blank",
        "None of 15 answers passed: 15 were blank.",
    )


def test_a_long_generation_stops_neither_the_heartbeat_nor_the_reading(tmp_path: Path) -> None:
    place = timeline(tmp_path)
    place.add("ada", "@ambrose do you like rain?")
    speaking, enough = threading.Event(), threading.Event()

    def slowly(question: str) -> str:
        speaking.set()
        assert enough.wait(60)
        return "I have thought about it."

    bot = Bot(tmp_path, SETTINGS, place, lambda: Parrot(slowly), beat=0.05, on_event=lambda _: None)
    thread = threading.Thread(target=bot.run, args=("parrot",))
    thread.start()
    assert speaking.wait(60)
    beats: set[str] = set()
    place.add("bob", "@ambrose and snow?")
    until = time.monotonic() + 60
    while time.monotonic() < until and (len(beats) < 5 or bot._reads < 5):
        beat = json.loads((tmp_path / HEARTBEAT_FILE).read_text())
        beats.add(beat["time"])
        time.sleep(0.05)
    assert beat["doing"]["composer"]["what"] == "answering mention 1"
    enough.set()
    bot.stop()
    thread.join(60)

    assert len(beats) >= 5
    assert bot._reads >= 5


def test_two_processes_cannot_run_one_bot(tmp_path: Path) -> None:
    place = timeline(tmp_path)
    bot = Bot(tmp_path, SETTINGS, place, Parrot, on_event=lambda _: None)
    thread = threading.Thread(target=bot.run, args=("parrot",))
    thread.start()
    while not (tmp_path / HEARTBEAT_FILE).exists():
        time.sleep(0.01)

    with pytest.raises(RecordError, match="runs already"):
        work(tmp_path, place)
    bot.stop()
    thread.join(60)


def test_what_ends_a_thread_ends_the_bot_and_is_told(tmp_path: Path) -> None:
    place = timeline(tmp_path)
    place.add("ada", "@ambrose do you like rain?")

    def broken(_: str) -> str:
        raise RecordError("The disk is on fire.")

    with pytest.raises(RecordError, match="on fire"):
        work(tmp_path, place, Parrot(broken))


def test_a_profile_that_cannot_say_it_ends_the_bot(tmp_path: Path) -> None:
    class Closed(Local):
        def introduce(self, text: str) -> None:
            raise RefusedError("The profile is closed.")

    with pytest.raises(RefusedError, match="closed"):
        work(tmp_path, Closed(timeline(tmp_path)._path))


def test_a_bot_that_is_stopped_while_it_waits_ends(tmp_path: Path) -> None:
    place = Wayward(timeline(tmp_path))
    place.reading = [BusyError("Not now.", 600)] * 9
    bot = Bot(tmp_path, SETTINGS, place, Parrot, on_event=lambda _: None)
    thread = threading.Thread(target=bot.run, args=("parrot",))
    thread.start()
    until = time.monotonic() + 60
    while not bot.pulse.problems and time.monotonic() < until:
        time.sleep(0.01)

    bot.stop()
    thread.join(60)

    assert not thread.is_alive()
    assert bot.pulse.problems == {"reader": "Not now."}


def test_with_approval_nothing_goes_out_by_itself(tmp_path: Path) -> None:
    from verbosify.exhibits.bot.boxes import Boxes
    from verbosify.exhibits.bot.record import open_record

    settings = replace(SETTINGS, approval=True)
    place = timeline(tmp_path)
    for text in ("@ambrose one?", "@ambrose two?", "@ambrose three?"):
        place.add("ada", text)
    work(tmp_path, place, settings=settings)
    assert of_bot(place) == []

    with open_record(tmp_path) as record:
        boxes = Boxes(record.database)
        first, second, third = boxes.waiting()
        boxes.decide(third, "approved", curator="Ada")
        boxes.decide(first, "approved", curator="Ada", text=f"In my words. {MARK}")
        boxes.decide(second, "refused", curator="Ada")
    work(tmp_path, place, settings=settings)

    assert [post.text.split("\n")[0] for post in of_bot(place)] == [
        "You asked: three? I noted it.",
        f"In my words. {MARK}",
    ]


def test_late_and_double_deliveries_are_answered_once(tmp_path: Path) -> None:
    place = timeline(tmp_path)
    for number in range(30):
        place.add(f"user{number}", "@ambrose hello?")

    class Untidy(Local):
        """Hands out every third mention late, and every fifth twice."""

        def page(self, place: str | None, is_known: Any) -> Page:
            self.looks = getattr(self, "looks", 0) + 1
            page = super().page(place, is_known)
            shown = [one for one in page.new if self.looks > 2 or int(one.key) % 3]
            return replace(page, new=tuple(one for one in shown for _ in range(2 if int(one.key) % 5 == 0 else 1)))

    untidy = Untidy(place._path, poll=0.05)
    bot = Bot(tmp_path, SETTINGS, untidy, Parrot, on_event=lambda _: None)
    thread = threading.Thread(target=bot.run, args=("parrot",))
    thread.start()
    until = time.monotonic() + 120
    while len(of_bot(place)) < 30 and time.monotonic() < until:
        time.sleep(0.05)
    bot.stop()
    thread.join(60)

    parents = [post.parent for post in of_bot(place)]
    assert sorted(parents) == list(range(1, 31))
