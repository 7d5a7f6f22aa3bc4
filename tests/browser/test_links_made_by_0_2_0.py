"""Links that readers have sent since verbosify 0.2.0: the page that a later version makes shows what they named.

`tests/data/made_by_0_2_0/README.md` says where they come from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from verbosify import build_site

MADE = Path(__file__).parent.parent / "data" / "made_by_0_2_0"
LINKS: list[dict[str, Any]] = json.loads((MADE / "told.json").read_text(encoding="utf-8"))["links"]


@pytest.fixture(scope="module")
def page_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the page of the finished piece is, made by the present code."""
    site = tmp_path_factory.mktemp("site")
    build_site([json.loads((MADE / "finished" / "piece.json").read_text(encoding="utf-8"))], site)
    return (site / "index.html").as_uri()


def said_at_gaps(page: Page) -> dict[str, str]:
    """What stands in each gap, by its number; gaps where nothing stands are left out."""
    said: dict[str, str] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("[id^='gap-']")].map((element) => {
            const copy = element.cloneNode(true);
            copy.querySelectorAll(".mark").forEach((mark) => mark.remove());
            return [element.id.slice(4), copy.textContent.trim()];
        }))"""
    )
    return {gap: text for gap, text in said.items() if text}


@pytest.mark.parametrize("made", LINKS, ids=[made["link"] for made in LINKS])
def test_a_link_shows_exactly_what_it_named(made: dict[str, Any], page_address: str, open_page: Opener) -> None:
    plain = said_at_gaps(open_page(page_address))
    page = open_page(f"{page_address}#{made['link']}")

    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#yours")).to_be_visible()
    shown = {gap: " ".join(sentences) for gap, sentences in made["shown"].items() if sentences}
    assert said_at_gaps(page) == shown
    assert shown != plain
