"""The documentation builds without a warning, asks no other host for anything, is searched from a folder, and axe is content."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.chromium import chromium
from tests.commands import ROOT

LOADS = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
BROKEN = "async (rules) => (await axe.run(rules)).violations.map((rule) => [rule.id, rule.nodes[0].html])"
SCHEMES: dict[Literal["light", "dark"], str] = {"light": "default", "dark": "slate"}
"""What the theme calls that which the system asks for."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class _Loads(HTMLParser):
    """What a page loads by itself, as a browser would."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "link" and found.get("rel") in ("canonical", "prev", "next"):
            return
        address = found.get(LOADS.get(tag, ""))
        if address:
            self.addresses.append(address)


def test_no_page_loads_anything_from_elsewhere(built: Path) -> None:
    pages = list(built.rglob("*.html"))
    assert len(pages) > 25
    for page in pages:
        loads = _Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert [address for address in loads.addresses if re.match(r"(https?:)?//", address)] == [], page
    for sheet in built.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_search_and_links_work_from_a_folder_and_axe_finds_nothing(built: Path, node_modules: Path) -> None:
    axe = (node_modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    asked: list[str] = []
    with chromium() as browser:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto((built / "index.html").as_uri())
        page.keyboard.press("/")
        page.keyboard.type("strength", delay=20)
        found = page.locator(".md-search-result__item a")
        found.first.wait_for(timeout=120_000)
        assert "strength" in page.locator(".md-search-result__list").inner_text().lower()
        for scheme, called in SCHEMES.items():
            seen = browser.new_page(color_scheme=scheme)  # the first page of a visit settles it
            for name in ("index.html", "tutorial/first-piece.html", "reference/cli.html", "measures.html"):
                seen.goto((built / name).as_uri())
                expect(seen.locator("body")).to_have_attribute("data-md-color-scheme", called)
                seen.evaluate(axe)
                broken = seen.evaluate(BROKEN, {} if scheme == "light" else {"runOnly": ["color-contrast"]})
                assert broken == [], (name, scheme)
            seen.close()
        page.goto((built / "measures.html").as_uri())
        for width in (390, 820, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [address for address in asked if not address.startswith(("file:", "data:", "blob:", "about:"))] == []
