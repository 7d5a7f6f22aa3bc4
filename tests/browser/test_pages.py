"""Every page in a browser: accessible, within its window, valid, quick, and harmless however hostile the piece."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import Page, expect

from tests.browser.conftest import HERE, Opener, emulating
from verbosify.web import FONTS, typefaces

PAGES = [
    "harbour/strange.html",
    "harbour/sparse.html",
    "harbour/made.html",
    "several/index.html",
    "hostile/index.html",
    "plain/index.html",
    "hostile/made.html",
]


def open_slip(page: Page) -> None:
    page.locator(".mark").first.click()
    page.get_by_text("Where it came from").click()
    for more in page.locator(".aside summary").all():
        more.click()


def open_game(page: Page) -> None:
    page.get_by_role("button", name="Can you tell").click()


def stand_beside(page: Page) -> None:
    page.keyboard.press("Escape")  # the game
    page.get_by_label("beside the original").check()


def choose_nothing(page: Page) -> None:
    page.get_by_label("both voices").check()
    page.locator(".mark").first.click()
    page.get_by_label("Nothing", exact=True).check()


PAINTED = """() => new Promise((painted) =>
    new PerformanceObserver((list) => {
        const entry = list.getEntriesByName("first-contentful-paint")[0];
        if (entry) painted(entry.startTime);
    }).observe({ type: "paint", buffered: true }))"""


CHOOSE_ALL = """() => {
    const shown = [...document.querySelectorAll("#slip input[type=radio]")].filter((offer) => offer.checkVisibility());
    for (const offer of shown) offer.click();
    return shown.filter((offer) => offer.isConnected).length;
}"""
"""Chooses one offer of the slip after the other; how many there were."""


def leave(page: Page) -> None:
    pass


STATES: list[tuple[str, tuple[Callable[[Page], None], ...]]] = [
    ("harbour/index.html", (leave, open_game, stand_beside, choose_nothing)),
    ("scored/index.html", (open_slip,)),
    *((name, (leave,)) for name in PAGES),
]


@pytest.mark.parametrize(("name", "acts"), STATES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_page_breaks_no_rule_of_accessibility_and_stays_within_its_window(
    open_page: Opener, node_modules: Path, name: str, acts: tuple[Callable[[Page], None], ...]
) -> None:
    page = open_page(name)
    page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text())
    for act in acts:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme="light")
        act(page)
        assert not broken_rules(page, "{}"), act
        page.emulate_media(color_scheme="dark")
        assert not broken_rules(page, "{runOnly: ['color-contrast']}"), act
        for width in (390, 820, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, act
            for panel in page.locator(".slip:not([hidden])").all():
                assert panel.evaluate("element => element.scrollWidth <= element.clientWidth"), act
        page.set_viewport_size({"width": 390, "height": 900})
        assert not broken_rules(page, "{}"), act


def broken_rules(page: Page, options: str) -> list[list[str]]:
    """Rule, help and first element of each violation that axe finds."""
    found = f"axe.run({options}).then((result) => result.violations)"
    told = f"{found}.then((rules) => rules.map((rule) => [rule.id, rule.help, rule.nodes[0].html.slice(0, 200)]))"
    violations: list[list[str]] = page.evaluate(told)
    return violations


def test_text_twice_as_large_still_fits_and_can_be_used(open_page: Opener) -> None:
    for width in (390, 1280):
        page = open_page("harbour/index.html", viewport={"width": width, "height": 900})
        small = page.locator("p.disclosure").evaluate("element => parseFloat(getComputedStyle(element).fontSize)")
        with emulating(page, ("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})):
            large = page.locator("p.disclosure").evaluate("element => parseFloat(getComputedStyle(element).fontSize)")
            assert large == 2 * small
            open_slip(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            expect(page.locator("#slip")).to_be_in_viewport()


def test_every_page_is_valid_html(node_modules: Path, sites: Path) -> None:
    checked = [str(path) for path in sorted(sites.rglob("*.html"))]
    assert len(checked) > 20
    command = ["node", str(node_modules / "html-validate" / "bin" / "html-validate.mjs")]
    command += ["--config", str(HERE / ".htmlvalidate.json"), "--formatter", "json"]
    done = subprocess.run([*command, *checked], capture_output=True, text=True, check=False)
    messages = [
        (Path(report["filePath"]).name, message["ruleId"], message["message"], message["line"])
        for report in json.loads(done.stdout)
        for message in report["messages"]
    ]
    assert not messages
    assert done.returncode == 0


@pytest.mark.parametrize("site", ["hostile", "plain"])
def test_nothing_that_anybody_wrote_is_carried_out(open_page: Opener, site: str) -> None:
    for name in ("index.html", "strange.html", "made.html"):
        page = open_page(f"{site}/{name}")
        assert page.evaluate("typeof window.hacked") == "undefined"
        assert page.locator("script:not([src]):not([type$=json]), img, iframe, svg[onload]").count() == 0
    page = open_page(f"{site}/index.html")
    for gap in range(4):
        page.locator(f"#gap-{gap} .mark").click()
        assert page.evaluate(CHOOSE_ALL) >= 10
    page.locator("#length").fill("1")
    page.get_by_label("beside the original").check()
    open_game(page)
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert page.locator(".essay img, .essay script, .slip img, .slip script").count() == 0


def test_text_that_turns_around_turns_nothing_else_around(open_page: Opener) -> None:
    page = open_page("plain/index.html")
    left_to_right = page.locator("p.disclosure").evaluate(
        """element => {
            const range = document.createRange();
            const last = [...element.childNodes].filter((node) => node.textContent.includes("They may be")).pop();
            const at = last.textContent.indexOf("They");
            const x = (offset) => { range.setStart(last, at + offset); range.setEnd(last, at + offset + 1); return range.getBoundingClientRect().x; };
            return x(0) < x(1);
        }"""
    )
    assert left_to_right


def test_a_page_is_first_seen_within_a_second_on_a_slow_telephone(open_page: Opener) -> None:
    page = open_page("harbour/index.html", viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    slow = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 7.5e5 / 8}
    commands: list[tuple[str, dict[str, Any]]] = [
        ("Network.enable", {}),
        ("Network.emulateNetworkConditions", slow),
        ("Emulation.setCPUThrottlingRate", {"rate": 2}),
    ]
    with emulating(page, *commands):
        times = []
        for _ in range(2):
            page.reload()
            times.append(page.evaluate(PAINTED))
    assert min(times) < 1000


def test_choosing_in_a_long_piece_changes_little_of_the_page(open_page: Opener) -> None:
    page = open_page("long/index.html")
    page.locator(".mark").nth(100).click()
    changes = page.evaluate(
        """async () => {
            const changes = [];
            for (const offer of [...document.querySelectorAll("#slip input")].slice(0, 5)) {
                const observer = new MutationObserver(() => {});
                const everything = { subtree: true, childList: true, attributes: true, characterData: true };
                observer.observe(document.documentElement, everything);
                offer.click();
                changes.push(observer.takeRecords().length);
                observer.disconnect();
            }
            return changes;
        }"""
    )
    assert max(changes) > 0
    assert max(changes) < 200, "of a page of hundreds of gaps"


def test_the_typefaces_are_cut_from_the_packages_named(node_modules: Path, tmp_path: Path) -> None:
    sizes = typefaces.cut(node_modules, tmp_path)
    assert sum(sizes.values()) <= 80_000
    for name in sizes:
        with TTFont(tmp_path / name) as made, TTFont(FONTS / name) as shipped:
            assert made.getBestCmap() == shipped.getBestCmap()
            assert made.getGlyphOrder() == shipped.getGlyphOrder()
    for licence in ("OFL-EB-Garamond.txt", "OFL-Ysabeau.txt"):
        assert (tmp_path / licence).read_bytes() == (FONTS / licence).read_bytes()
        assert b"SIL OPEN FONT LICENSE Version 1.1" in (FONTS / licence).read_bytes()
