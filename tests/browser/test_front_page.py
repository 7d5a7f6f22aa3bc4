"""The project's page in a real browser: axe is content, nothing overflows, and old links to a choice find it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.commands import ROOT

PAGE = (ROOT / "site" / "index.html").as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_overflows(browser: Browser, node_modules: Path, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(PAGE)
    for width in (390, 820, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
    axed = browser.new_context(bypass_csp=True, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    axed.goto(PAGE)
    axed.add_script_tag(path=str(node_modules / "axe-core" / "axe.min.js"))
    assert axed.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes[0].html])") == []
    axed.context.close()
    assert said == []


def test_an_old_link_to_a_choice_leads_to_the_piece(browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{PAGE}#strange")
    page.wait_for_url("**/rovers/index.html#strange")
    page.goto(f"{PAGE}#begin")
    assert page.url.endswith("site/index.html#begin")
    page.close()
