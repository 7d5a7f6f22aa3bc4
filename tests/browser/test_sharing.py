"""A reader's choice in a link: the same words elsewhere, after a rebuild, and a notice where that cannot be."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, article_text
from tests.browser.making import harbour, measures
from verbosify.site import build_site


def link_of(page: Page) -> str:
    """The link that the button copies."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#notice")).to_contain_text("The link is copied")
    return str(page.evaluate("navigator.clipboard.readText()"))


def choose_something(page: Page) -> str:
    """Choose a whole sample, the first sentence of another, a curator's own and nothing; returns what stands then."""
    for gap, name in ((0, "Rain is a clock, too"), (1, "Nothing in the harbour"), (3, "The clock stood still")):
        page.locator(f"#gap-{gap} .mark").click()
        page.get_by_label(name).check()
    page.get_by_role("button", name="One sentence fewer").click()
    page.locator("#gap-2 .mark").click()
    page.get_by_label("Nothing", exact=True).check()
    page.keyboard.press("Escape")
    return article_text(page)


def rebuilt(folder: Path, change: Any) -> str:
    made = deepcopy(harbour())
    change(made)
    build_site([made], folder)
    return (folder / "index.html").as_uri()


def test_a_link_shows_the_same_words_to_somebody_else(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    chosen = choose_something(page)
    link = link_of(page)
    assert re.fullmatch(r"http.*/harbour/index\.html#v1\.[\w-]{5,12}\.[\w-]{8}", link)
    other = open_page(link)
    assert article_text(other) == chosen
    expect(other.locator("#notice")).to_be_hidden()
    expect(other.locator("#yours")).to_be_visible()
    expect(other.locator("#count")).to_have_text(page.locator("#count").inner_text())


def test_the_choice_lives_in_the_address(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    chosen = choose_something(page)
    page.wait_for_timeout(300)  # for the address of the last of several choices
    assert "#v1." in page.url
    page.reload()
    assert article_text(page) == chosen
    page.get_by_role("link", name="Fluffy").click()
    page.wait_for_url(re.compile(r"index\.html$"))


def test_a_link_outlives_a_rebuild_that_keeps_the_samples(open_page: Opener, tmp_path: Path) -> None:
    page = open_page("harbour/index.html")
    chosen = choose_something(page)
    fragment = link_of(page).partition("#")[2]

    def later(made: dict[str, Any]) -> None:
        made["readings"]["fluffy"]["gaps"].clear()
        made["readings"]["strange"]["gaps"].pop("3")
        batch = made["batches"][1] | {"id": 99, "number": 1}
        made["batches"].append(batch)
        text = " A later sample came in."
        made["samples"].append(made["samples"][0] | {"id": 99, "batch": 99, "text": text, "measures": measures(text)})

    other = open_page(f"{rebuilt(tmp_path, later)}#{fragment}")
    assert article_text(other) == chosen
    expect(other.locator("#notice")).to_be_hidden()


def test_a_link_says_so_when_the_words_are_no_longer_the_same(open_page: Opener, tmp_path: Path) -> None:
    page = open_page("harbour/index.html")
    choose_something(page)
    fragment = link_of(page).partition("#")[2]

    def later(made: dict[str, Any]) -> None:
        made["readings"].pop("by hand")  # whose edited sentence was chosen

    other = open_page(f"{rebuilt(tmp_path, later)}#{fragment}")
    expect(other.locator("#notice")).to_contain_text("some sentences may differ")
    expect(other.locator("#gap-1")).to_contain_text("Nothing in the harbour")


def test_a_damaged_link_shows_the_first_reading_and_a_notice(open_page: Opener, tmp_path: Path) -> None:
    page = open_page("harbour/index.html")
    first = article_text(page)
    choose_something(page)
    link = link_of(page)
    body = link.index("#v1.") + 4
    swapped = "B" if link[body] == "A" else "A"
    damaged = [
        f"v1.{swapped}{link[body + 1 :]}",
        link[body - 3 : -1],
        link[body - 3 : body + 3],
        f"v2.{link[body:]}",
        "v1..AAAAAAAA",
        "v1.%C3%A9%.!!",
    ]
    for bad in damaged:
        page.evaluate("(hash) => { location.hash = hash; }", bad)
        expect(page.locator("#notice")).to_contain_text("This link is damaged")
        assert article_text(page) == first
        page.get_by_role("link", name="Strange").click()
        page.evaluate("location.hash = 'strange'")
        expect(page.locator("#notice")).to_be_hidden()
    elsewhere = rebuilt(tmp_path, lambda made: made.update(fingerprint="cd" * 32))
    other = open_page(f"{elsewhere}{link[body - 4 :]}")
    expect(other.locator("#notice")).to_contain_text("This link is damaged")


def test_a_link_pasted_into_an_open_page_is_followed(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    page.evaluate("location.hash = 'strange'")
    expect(page.get_by_role("link", name="Strange")).to_have_attribute("aria-current", "page")
    page.evaluate("location.hash = 'v1.broken'")
    expect(page.locator("#notice")).to_contain_text("damaged")
    expect(page.get_by_role("link", name="Fluffy")).to_have_attribute("aria-current", "page")
    page.evaluate("location.hash = 'gap-1'")
    expect(page.locator("#notice")).to_be_hidden()
    assert article_text(page) == article_text(open_page("harbour/index.html"))


def test_where_nothing_can_be_copied_the_link_is_shown(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.get_by_role("link", name="Strange").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#notice")).to_contain_text(re.compile(r"Copy this link: http.*#v1\."))


def test_any_choice_of_a_large_piece_goes_through_a_link_unchanged(open_page: Opener) -> None:
    page = open_page("long/index.html")
    for value in (1, 137):
        before = page.url
        page.locator("#length").fill(str(value))
        chosen = article_text(page)
        expect(page).not_to_have_url(before)
        other = open_page(page.url)
        assert article_text(other) == chosen
    assert len(page.url) < 1500
