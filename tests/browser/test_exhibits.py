"""The bot's timeline and queue, and the three columns, in a browser: by keyboard, on a phone, by night, without a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.bots import SETTINGS, timeline, work
from tests.browser.conftest import Opener
from tests.browser.making import hostile
from tests.browser.test_pages import broken_rules
from tests.commands import ROOT
from verbosify.exhibits.bot.serving import make_app
from verbosify.exhibits.columns import build_columns
from verbosify.web.serving import running

APPROVAL = replace(SETTINGS, approval=True)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The timeline and the queue of a bot in `tmp_path`."""
    with running(make_app(tmp_path, APPROVAL, timeline(tmp_path), queue=True)) as address:
        yield address


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three columns of two pieces, blind first."""
    folder = tmp_path_factory.mktemp("columns")
    (folder / "hostile.json").write_text(json.dumps(hostile()), encoding="utf-8")
    piece = json.loads((ROOT / "site" / "rovers" / "piece.json").read_text(encoding="utf-8"))
    for reading in piece["readings"].values():
        reading["gaps"] = dict(list(reading["gaps"].items())[:4])
    (folder / "few.json").write_text(json.dumps(piece), encoding="utf-8")
    return build_columns([folder / "few.json", folder / "hostile.json"], folder / "out", blind=True)


def is_fit(page: Page, node_modules: Path) -> None:
    """By day, by night, at three widths: nothing that axe complains of, nothing wider than the window."""
    page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text())
    for width in (390, 820, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not broken_rules(page, "{preload: false}")
    page.set_viewport_size({"width": 390, "height": 900})
    assert not broken_rules(page, "{preload: false}")
    page.emulate_media(color_scheme="dark")
    assert not broken_rules(page, "{preload: false, runOnly: ['color-contrast']}")
    page.emulate_media(color_scheme="light")


def unguarded(open_page: Opener, address: str) -> Page:
    """A page whose policy lets a test put axe into it."""
    return open_page(address, bypass_csp=True)


def test_a_visitor_writes_by_keyboard_and_the_answer_appears(open_page: Opener, served: str, tmp_path: Path) -> None:
    page = open_page(served)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the posts")).to_be_focused()
    page.get_by_label("Your post").focus()
    page.keyboard.press("End")
    page.keyboard.type("do you like rain?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".post")).to_have_count(1)

    work(tmp_path, timeline(tmp_path))

    expect(page.locator(".post.machine .text")).to_contain_text("You asked: do you like rain?")
    expect(page.locator(".post.machine .text")).to_contain_text("machine-made parody by parrot; may be false")


def test_a_reply_is_written_in_its_thread_without_a_script(open_page: Opener, served: str, tmp_path: Path) -> None:
    place = timeline(tmp_path)
    place.add("ada", "@ambrose do you like rain?")
    work(tmp_path, place)
    page = open_page(served, java_script_enabled=False)

    page.get_by_role("link", name="Reply to post 2 by ambrose").click()
    expect(page.locator(".to")).to_contain_text("In reply to ambrose")
    page.get_by_label("Your name").fill("ada")
    page.get_by_label("Your post").fill("Why?")
    page.get_by_role("button", name="Post").click()

    expect(page.locator("#post-3")).to_contain_text("in reply to post 2")
    assert place.posts()[-1].thread == 1


def test_a_person_approves_and_refuses_by_keyboard(open_page: Opener, served: str, tmp_path: Path) -> None:
    place = timeline(tmp_path)
    for text in ("@ambrose one?", "@ambrose two?"):
        place.add("ada", text)
    work(tmp_path, place, settings=APPROVAL)
    page = open_page(f"{served}/queue")
    expect(page.get_by_role("status")).to_have_text("2 replies wait for a person.")

    for name in ("Approve", "Refuse"):
        row = page.locator(".post").first
        row.get_by_label("Your name").fill("Ada")
        row.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("0 replies wait for a person.")
    work(tmp_path, place, settings=APPROVAL)

    assert [post.text.split("\n")[0] for post in place.posts() if post.is_bot] == ["You asked: one? I noted it."]


def test_the_bots_pages_are_fit_for_everybody(
    open_page: Opener, served: str, tmp_path: Path, node_modules: Path
) -> None:
    place = timeline(tmp_path)
    place.add("ada", "@ambrose do you like rain? " + "verylongword" * 12)
    work(tmp_path, place)
    place.add("bob", "@ambrose and snow?")
    work(tmp_path, place, settings=APPROVAL)

    for path in ("/", "/?to=1", "/queue"):
        is_fit(unguarded(open_page, served + path), node_modules)


def test_nobody_is_told_which_is_the_machines_before_the_guess(open_page: Opener, columns: Path) -> None:
    page = open_page(columns.as_uri())
    row = page.locator(".row").first
    expect(row.locator("h3")).to_have_text(["The passage", "A", "B"])
    assert (
        len(
            {
                row.locator(f".{side} p").evaluate("e => getComputedStyle(e).fontFamily + getComputedStyle(e).color")
                for side in ("writer", "machine")
            }
        )
        == 1
    )

    row.locator(".machine button").click()

    expect(row.locator(".result")).to_have_text("You guessed right.")
    expect(row.locator(".machine h3")).to_have_text("The machine")
    expect(page.locator("#tally")).to_have_text("You guessed 1 of 1 right.")


def test_guesses_are_counted_over_visitors_and_after_a_reload(open_page: Opener, columns: Path) -> None:
    page = open_page(columns.as_uri())
    page.locator(".row").nth(0).locator(".machine button").click()
    page.locator(".row").nth(1).locator(".writer button").click()
    expect(page.locator(".row").nth(1).locator(".result")).to_have_text("You took the writer for the machine.")
    page.reload()
    expect(page.locator("#tally")).to_have_text("You guessed 1 of 2 right.")

    page.get_by_role("button", name="Next visitor").click()
    page.locator(".row").nth(0).locator(".machine button").click()
    expect(page.locator("#tally")).to_have_text("You guessed 1 of 1 right. All visitors here: 2 of 3.")

    page.get_by_role("button", name="Forget all guesses").click()
    expect(page.locator("#tally")).to_have_text("Which of the two is the machine’s?")


def test_it_can_be_read_open_and_by_keyboard(open_page: Opener, columns: Path) -> None:
    page = open_page(columns.as_uri())
    page.get_by_label("Let me guess first").focus()
    page.keyboard.press("Space")
    expect(page.locator(".row button")).to_have_count(0)
    expect(page.locator(".row").first.locator("h3")).to_have_text(["The passage", "The writer", "The machine"])
    page.keyboard.press("Space")
    page.locator(".row").first.get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".row").first.locator(".result")).not_to_be_empty()


def test_without_a_script_the_three_columns_are_shown(open_page: Opener, columns: Path) -> None:
    page = open_page(columns.as_uri(), java_script_enabled=False)

    expect(page.locator(".tools")).to_be_hidden()
    expect(page.locator(".row").first.locator("h3")).to_have_text(["The passage", "The writer", "The machine"])


def test_a_memory_that_is_broken_or_forbidden_stops_nothing(open_page: Opener, columns: Path) -> None:
    page = open_page(columns.as_uri())
    page.evaluate("localStorage.setItem('verbosify-columns', '{\"tally\": 3, \"guesses\": 7')")
    page.reload()

    expect(page.locator("#tally")).to_have_text("Which of the two is the machine’s?")


def test_the_three_columns_are_fit_for_everybody(open_page: Opener, columns: Path, node_modules: Path) -> None:
    page = unguarded(open_page, columns.as_uri())
    is_fit(page, node_modules)
    page.locator(".row").first.locator(".machine button").click()
    is_fit(page, node_modules)
