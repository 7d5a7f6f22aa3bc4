"""The campaigns find what is planted for them, and a few files of the hostile one go through."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.campaigns import bots, hostile
from tests.campaigns.kills import half_a_file, wrong
from tests.campaigns.watching import watch
from tests.pieces import run_python


def test_a_child_is_killed_in_time_and_what_it_told_is_kept() -> None:
    def work(tell: object) -> None:
        assert callable(tell)
        tell("begun")
        time.sleep(600)

    end = watch(work, silent_for=3)

    assert end.code == -signal.SIGKILL
    assert end.said == ("begun",)
    assert end.seconds < 60


def test_what_a_child_takes_counts_and_not_what_it_was_given() -> None:
    """In a process of its own: what another test's models have left free counts as given."""
    taken = run_python(
        "import os; from tests.campaigns.watching import watch\n"
        "given = bytearray(os.urandom(2**20)) * 200\n"
        "print(watch(lambda _: len(bytearray(os.urandom(2**20)) * 100)).memory)"
    )

    assert 90 * 2**20 < int(taken) < 130 * 2**20


def test_an_error_in_a_child_is_told_with_its_traceback() -> None:
    end = watch(lambda _: os.stat("/nowhere/at/all"))  # noqa: PTH116  # a plain failing call

    assert end.code == 70
    assert "FileNotFoundError" in end.said[-1]


@pytest.mark.parametrize("name", ["piece.json", "index.html", "essay-fluffy.docx", "card.png", "essay.md"])
def test_half_a_file_is_seen(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"{")

    assert half_a_file(tmp_path) == f"{name} is half a file"


def test_a_draft_is_no_half_file(tmp_path: Path) -> None:
    (tmp_path / ".piece.json.1a2b").write_bytes(b"{")

    assert half_a_file(tmp_path) is None


def test_lost_rows_and_lost_acts_are_seen(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "piece.db")) as database, database:
        database.execute("CREATE TABLE samples (id)")
        database.execute("CREATE TABLE pick_events (curator)")
        database.execute("INSERT INTO pick_events VALUES ('Ada')")

    assert wrong(tmp_path, {"samples": 2}, []) == "2 rows of samples are lost"
    assert wrong(tmp_path, {"samples": 0}, ["act 0", "act 1"]) == "2 acts were told of, 1 are there"
    assert wrong(tmp_path, {"samples": 0}, ["act 0"]) is None


@pytest.mark.parametrize(
    "planted",
    [
        "<script>x</script>",
        "<script src=//x/assets/page.js>x</script>",
        "<p onclick=x>",
        "<a href=' java\nscript:x'>",
        "<iframe src=x></iframe>",
        "<a href='data:text/html,x'>",
        "<meta http-equiv=refresh content=0>",
    ],
)
def test_what_a_browser_would_execute_is_seen(planted: str) -> None:
    assert list(hostile.dangers(f"<html><body>{planted}</body></html>".encode()))


def test_our_own_pages_hold_nothing_to_execute() -> None:
    page = (Path(__file__).parent.parent / "site" / "rovers" / "index.html").read_bytes()

    assert list(hostile.dangers(page)) == []


def test_a_few_hostile_files_go_through(tmp_path: Path) -> None:
    figures = hostile.campaign(tmp_path, count=12, seed=1, say=lambda _: None)

    assert figures.faults == []
    assert figures.files.total() == 12
    assert len(figures.files) >= 4


def test_a_hostile_file_is_the_same_whenever_it_is_made() -> None:
    assert [hostile.file_of(3, number) for number in range(20)] == [hostile.file_of(3, number) for number in range(20)]


@pytest.mark.parametrize(
    ("kind", "mentions", "kills"), [("local", 20, 6), ("bluesky", 8, 3), ("mastodon", 8, 3), ("x", 8, 3)]
)
def test_a_bot_that_is_killed_answers_every_mention_once(kind: str, mentions: int, kills: int, tmp_path: Path) -> None:
    figures = bots.campaign(tmp_path, kind, mentions=mentions, kills=kills, seed=3)

    assert figures.faults == []
    assert (figures.replies, figures.kills) == (mentions, kills)


def test_a_reply_too_many_and_one_in_the_wrong_thread_are_seen() -> None:
    wanted = {"1": "number 0?", "2": "number 1?"}
    made = [("1", "You asked: number 0?"), ("1", "You asked: number 0?"), ("3", "You asked: number 1?")]

    assert list(bots._wrong(wanted, made)) == [
        "'You asked: number 1?' replies to 3, which asked nothing",
        "'number 0?' has 2 replies",
        "'number 1?' has 0 replies",
    ]
    assert list(bots._wrong(wanted, [("1", "number 1?"), ("2", "number 1?")])) == ["'number 1?' replies to 'number 0?'"]
