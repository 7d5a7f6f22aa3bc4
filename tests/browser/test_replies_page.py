"""The page of replies in a browser: by keyboard and by finger, by day and by night, with a script and without."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import HERE, Opener
from tests.browser.test_pages import broken_rules
from tests.replies_server import Served, hosted, replies_server
from verbosify.models.host import Host
from verbosify.web.quota import Allowance


@pytest.fixture(scope="module")
def host(speaking_model: Path) -> Iterator[Host]:
    with hosted(speaking_model) as made:
        yield made


@pytest.fixture(scope="module")
def served(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with replies_server(host, tmp_path_factory.mktemp("replies") / "replies.db") as made:
        yield made


@pytest.fixture(scope="module")
def thread(served: Served) -> str:
    """The address of a thread two deep, of which one post is hostile."""
    first = served.replied("<script>document.title = 'hurt'</script> The ferry is late.")
    served.replied(
        "So it is, <img src=x onerror=\"document.title = 'hurt'\">", to=first["replies"][0]["key"], tone="kind"
    )
    return f"{served.address}/t/{first['thread']}"


def ready(page: Page) -> Page:
    expect(page.locator(".left").first).to_contain_text("left")
    return page


def test_every_page_breaks_no_rule_of_accessibility_and_stays_within_its_window(
    open_page: Opener, served: Served, thread: str, node_modules: Path
) -> None:
    for address in (f"{served.address}/", f"{served.address}/about", thread):
        page = open_page(address)
        for details in page.locator("details").all()[:1]:
            details.evaluate("element => { element.open = true; }")
        page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text())
        assert not broken_rules(page, "{}")
        page.emulate_media(color_scheme="dark")
        assert not broken_rules(page, "{runOnly: ['color-contrast']}")
        for width in (390, 820, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.set_viewport_size({"width": 390, "height": 900})
        assert not broken_rules(page, "{}")
        page.emulate_media(media="print")
        assert not page.locator("form:visible").count()


def test_every_page_is_valid_html(served: Served, thread: str, node_modules: Path, tmp_path: Path) -> None:
    for name, address in (("home", "/"), ("about", "/about"), ("thread", thread), ("problem", "/none")):
        text = served.client.get(address, headers={"accept": "text/html"}).text
        (tmp_path / f"{name}.html").write_text(text)
    command = ["node", str(node_modules / "html-validate" / "bin" / "html-validate.mjs")]
    command += ["--config", str(HERE / ".htmlvalidate.json"), *map(str, sorted(tmp_path.glob("*.html")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_post_is_written_sent_and_answered_by_keyboard_alone(open_page: Opener, served: Served) -> None:
    page = ready(open_page(f"{served.address}/"))
    while not page.evaluate("document.activeElement.matches('textarea')"):
        page.keyboard.press("Tab")
    page.keyboard.type("The lamps along the quay.")
    expect(page.locator(".left")).to_have_text("115 left")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "submit"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/t/[0-9a-f]{16}#[0-9a-f]{16}$"), timeout=120_000)
    expect(page.locator(".mine > .said").first).to_have_text("The lamps along the quay.")
    assert 1 <= page.locator(".reply").count() <= 3
    assert page.locator(".reply img").first.evaluate("image => image.complete && image.naturalWidth > 0")


def test_the_drafts_are_shown_while_they_are_written_and_can_be_stopped(open_page: Opener, served: Served) -> None:
    page = ready(open_page(f"{served.address}/"))
    page.get_by_label("Your post").fill("The tide turns.")
    page.evaluate(
        """() => {
            window.states = [];
            new MutationObserver(() => {
                const drafts = [...document.querySelectorAll(".drafts li")].map((item) => item.textContent);
                if (drafts.length) {
                    window.states.push(drafts);
                    if (window.states.length === 3) document.querySelector(".stage button").click();
                }
            }).observe(document.querySelector(".stage"), { childList: true, subtree: true, characterData: true });
        }"""
    )
    page.get_by_role("button", name="Post it").click()
    expect(page.get_by_role("alert")).to_have_text("Stopped. Nothing was kept.", timeout=120_000)
    expect(page.get_by_role("button", name="Post it")).to_be_enabled()
    assert page.evaluate("window.states[0].length") == 9
    assert page.url == f"{served.address}/"


def test_characters_are_counted_as_readers_see_them_and_too_many_are_not_sent(
    open_page: Opener, served: Served
) -> None:
    page = ready(open_page(f"{served.address}/"))
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    area = page.get_by_label("Your post")
    area.fill(family * 3)
    expect(page.locator(".left")).to_have_text("137 left")
    area.fill("a" * 141)
    expect(page.locator(".left")).to_have_text("-1 left")
    page.get_by_role("button", name="Post it").click()
    assert page.evaluate("document.querySelector('textarea').validationMessage").startswith("Make it 1 shorter")
    area.fill("")
    page.get_by_role("button", name="Post it").click()
    assert page.evaluate("document.querySelector('textarea').validity.valueMissing")
    assert page.url == f"{served.address}/"


def test_a_reply_is_replied_to_with_words_and_without_on_a_phone(open_page: Opener, thread: str) -> None:
    page = ready(open_page(thread, viewport={"width": 390, "height": 844}, has_touch=True))
    before = page.locator(".mine").count()
    for said in ("Who knows?", ""):
        last = page.locator(".reply").last
        last.locator("summary").tap()
        last.get_by_label("Your words").fill(said)
        last.get_by_role("button", name="Have it replied to").tap()
        before += 1
        expect(page.locator(".mine")).to_have_count(before, timeout=120_000)
        ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.title() != "hurt"


def test_what_is_refused_is_said_and_the_button_is_not_stuck(
    open_page: Opener, host: Host, tmp_path: Path, browser: Browser
) -> None:
    with replies_server(host, tmp_path / "r.db", allowance=Allowance(client=1, total=9)) as one:
        one.replied()
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{one.address}/")
        ready(page)
        page.get_by_label("Your post").fill("Once more")
        page.get_by_role("button", name="Post it").click()
        expect(page.get_by_role("alert")).to_contain_text("You have had your 1 posts for now")
        expect(page.get_by_role("button", name="Post it")).to_be_enabled()
        context.set_offline(True)
        page.get_by_role("button", name="Post it").click()
        expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
        expect(page.get_by_role("button", name="Post it")).to_be_enabled()
        context.close()


def test_without_a_script_it_works_as_well(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.address}/")
    page.get_by_label("Your post").fill("A row of painted boats.")
    page.get_by_label("grumpy").check()
    page.get_by_role("button", name="Post it").click(timeout=120_000)
    page.wait_for_url("**/t/*", timeout=120_000)
    expect(page.locator(".mine > .said").first).to_have_text("A row of painted boats.")
    context.close()


def test_a_link_is_copied(open_page: Opener, thread: str) -> None:
    page = ready(open_page(thread, permissions=["clipboard-read", "clipboard-write"]))
    button = page.locator("button.copy").first
    assert str(button.get_attribute("aria-label")).startswith("Copy link to the reply of ")
    button.click()
    expect(button).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{thread}#")
    page.goto(copied)
    assert page.title() != "hurt"
