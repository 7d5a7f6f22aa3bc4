"""The real browser that pages are tested in: this computer's own Chromium, without what only people need of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

_ABSENT = (
    *("AimEnabled", "HttpsUpgrades", "MediaRouter", "OptimizationHints", "PaintHolding"),  # as Playwright has it
    *("WebUIOmniboxAimPopup", "WebUIOmniboxPopup"),  # pages of the address bar's, which every window would load
)
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--disable-features={','.join(_ABSENT)}",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, closed at the end. While it is open Playwright's event loop runs in this thread."""
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield browser
        browser.close()
