"""The desk's page in a real browser, and the hands of somebody who writes at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)  # a machine at work may be slow


class Seat:
    """A tab at a desk."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.text = page.get_by_role("textbox", name="Your text", exact=True)
        self.offers = page.locator(".offer-text")
        self.status = page.get_by_role("status").first

    def is_ready(self) -> Seat:
        """Wait until a draft is shown, and saved."""
        self.text.wait_for()
        self.is_saved()
        return self

    def is_saved(self) -> None:
        expect(self.page.locator(".link")).to_have_text("saved")

    def says(self) -> str:
        """The text as the server would be given it."""
        said: str = self.text.evaluate(
            """(root) => {
                const copy = root.cloneNode(true);
                copy.querySelectorAll(".opening").forEach((node) => node.remove());
                return copy.textContent;
            }"""
        )
        return said

    def has(self, text: str) -> None:
        """Wait until that is the text, its white space too, which `to_have_text` would not see."""
        expect(self.text).to_have_js_property("textContent", text)
        self.is_saved()

    def differs(self, text: str) -> None:
        """Wait until it says anything else."""
        expect(self.text).not_to_have_js_property("textContent", text)

    def write(self, words: str) -> None:
        """Type at the end."""
        self.text.focus()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(words)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def command(self, letter: str) -> None:
        """Do what has this letter on the map of keys."""
        self.press("Control+k")
        self.page.get_by_role("dialog", name="Keys").wait_for()
        self.press(letter)
        expect(self.page.get_by_role("dialog", name="Keys")).to_have_count(0)

    def generate(self) -> list[str]:
        """Ask for continuations at the cursor, and wait for them; what they say."""
        self.press("Control+Enter")
        self.page.get_by_role("button", name="Draw", exact=False).first.wait_for()
        return self.offered()

    def offered(self) -> list[str]:
        return [text or "" for text in self.offers.all_text_contents()]

    def tokens(self) -> Locator:
        """The list of next tokens, fresh."""
        shown = self.page.locator(".choices-list:not(.stale) .choice")
        shown.first.wait_for()
        return shown

    def panel(self, name: str) -> Locator:
        self.page.get_by_role("navigation", name="Panels").get_by_role("button", name=name).click()
        return self.page.get_by_role("complementary")


@contextmanager
def sitting(browser: Browser, address: str, complaints: list[str] | None = None, **options: Any) -> Iterator[Seat]:
    """Somebody at the desk, let in already or by a token in the address; fails at the end if the page complained."""
    context = browser.new_context(
        **({"viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce"} | options)
    )
    said: list[str] = [] if complaints is None else complaints
    try:
        yield tab(context, address, said)
    finally:
        context.close()
    if complaints is None:
        assert not said, "\n".join(["The page complained:", *said])


def tab(context: BrowserContext, address: str, complaints: list[str]) -> Seat:
    """One more tab."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: complaints.append(f"{message.text} ({message.location['url']})"))
    page.on("pageerror", lambda error: complaints.append(error.stack or error.message))
    page.goto(address)
    return Seat(page).is_ready()


def violations(page: Page, node_modules: Path) -> list[Any]:
    """Rule and first element of each thing that axe finds wrong."""
    if not page.evaluate("'axe' in window"):
        page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text())
    found = page.evaluate("axe.run().then((result) => result.violations)")
    return [(one["id"], one["help"], one["nodes"][0]["html"], one["nodes"][0].get("failureSummary")) for one in found]
