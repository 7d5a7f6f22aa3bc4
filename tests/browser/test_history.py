"""The page shows what its address says: forward, back, loaded anew or typed, from a server and from a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, article_text


@pytest.fixture(params=["server", "file"])
def page(request: pytest.FixtureRequest, open_page: Opener, sites: Path) -> Page:
    """The harbour's page, opened either way."""
    return open_page("harbour/index.html" if request.param == "server" else (sites / "harbour/index.html").as_uri())


def choose_nothing(page: Page, gap: int) -> str:
    before = page.url
    page.locator(f"#gap-{gap} .mark").click()
    page.get_by_label("Nothing", exact=True).check()
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(before)
    return article_text(page)


def type_hash(page: Page, said: str) -> None:
    page.evaluate("(said) => { location.hash = said; }", said)


def expect_words(page: Page, words: str) -> None:
    """That the page says these words now, and after it is loaded anew."""
    page.wait_for_function(
        """(words) => {
            const copy = document.querySelector(".essay").cloneNode(true);
            copy.querySelectorAll(".mark, .original").forEach((element) => element.remove());
            return copy.textContent.split(/\\s+/).filter(Boolean).join(" ") === words;
        }""",
        arg=words,
    )


def test_back_and_forward_show_what_the_address_says(page: Page) -> None:
    plain, words = page.url, article_text(page)
    type_hash(page, "strange")
    expect(page.get_by_role("link", name="Strange")).to_have_attribute("aria-current", "page")
    strange = article_text(page)
    assert strange != words

    page.go_back()
    expect_words(page, words)
    assert page.url == plain
    expect(page.get_by_role("link", name="Fluffy")).to_have_attribute("aria-current", "page")
    page.go_forward()
    expect_words(page, strange)
    assert page.url == f"{plain}#strange"
    page.reload()
    expect_words(page, strange)
    page.go_back()
    expect_words(page, words)


def test_a_choice_comes_back_from_a_reading_and_from_another_page(page: Page) -> None:
    chosen = choose_nothing(page, 0)
    address = page.url
    type_hash(page, "strange")
    expect(page.get_by_role("link", name="Strange")).to_have_attribute("aria-current", "page")
    other = choose_nothing(page, 2)
    assert other != chosen

    page.go_back()
    expect_words(page, chosen)
    assert page.url == address
    page.go_forward()
    expect_words(page, other)
    page.get_by_role("link", name="How it was made").first.click()
    expect(page.locator("h1")).to_have_text("How it was made")
    page.go_back()
    expect_words(page, other)


def test_a_choice_just_made_does_not_take_the_address_one_has_gone_back_to(page: Page) -> None:
    plain, words = page.url, article_text(page)
    type_hash(page, "strange")
    page.get_by_role("link", name="By hand").click()
    page.go_back()

    page.wait_for_timeout(300)
    expect_words(page, words)
    assert page.url == plain


PLACES = ("essay", "gap-1", "nowhere", "%E9%", "V1.x")


def test_a_place_in_the_page_leaves_the_choice_and_its_address(open_page: Opener) -> None:
    page = open_page("harbour/index.html")
    words, plain = article_text(page), page.url
    for place in PLACES:
        type_hash(page, place)
        page.wait_for_timeout(300)
        expect_words(page, words)
        page.goto(plain)
    chosen = choose_nothing(page, 0)
    address = page.url
    for place in PLACES:
        type_hash(page, place)
        page.wait_for_url(address)
        expect_words(page, chosen)
        page.reload()
        expect_words(page, chosen)


def test_an_emptied_hash_is_the_first_reading(page: Page) -> None:
    words = article_text(page)
    choose_nothing(page, 0)
    type_hash(page, "")
    expect_words(page, words)
    page.reload()
    expect_words(page, words)


def test_the_slip_and_the_game_follow_the_address(page: Page) -> None:
    type_hash(page, "strange")
    expect(page.get_by_role("link", name="Strange")).to_have_attribute("aria-current", "page")
    page.locator("#gap-0 .mark").click()
    expect(page.locator("#slip .offer:has(input:checked)")).to_contain_text("Nothing in the harbour")
    page.go_back()
    expect(page.locator("#slip .offer:has(input:checked)")).to_contain_text("The clock stood still")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Can you tell").click()
    expect(page.locator("#game")).to_be_visible()
    page.go_forward()
    expect(page.locator("#game")).to_be_hidden()
    expect(page.get_by_role("link", name="Strange")).to_have_attribute("aria-current", "page")
