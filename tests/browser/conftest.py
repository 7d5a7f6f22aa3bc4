"""One browser, one server and a few built sites for all browser tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.making import harbour, hostile, long_piece, scored
from tests.chromium import chromium
from verbosify.site import build_site
from verbosify.site.building import site_files
from verbosify.site.output import write_files
from verbosify.site.record import Record

HERE = Path(__file__).parent
expect.set_options(timeout=30_000)  # a machine at work may be slow


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sites, under a path of its own: harbour, hostile, plain (hostile as .txt), long, several, scored."""
    folder = tmp_path_factory.mktemp("web") / "under" / "a path"
    build_site([harbour()], folder / "harbour")
    build_site([hostile()], folder / "hostile")
    build_site([hostile("txt")], folder / "plain")
    build_site([long_piece(200, 3)], folder / "long")
    build_site([harbour(), hostile()], folder / "several")
    write_files(site_files([Record.checked(scored())]), folder / "scored")
    return folder


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="session")
def address(sites: Path) -> Iterator[str]:
    """Where the sites are served, ending in a slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(sites.parent.parent)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/under/a%20path/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a file: while it is open Playwright's event loop runs here, and no other file's tests could run one."""
    with chromium() as browser:
        yield browser


@dataclass
class Opened:
    """A page, with all that went wrong on it and all that it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def dismiss(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()


Opener = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Opener]:
    """Opens a page of the sites (or any address) in a context of its own; fails at the end if a page complained.

    No page may ask for anything but its own site's files, nor say a word to the console.
    """
    opened: list[Opened] = []

    def open_one(path: str, **options: Any) -> Page:
        context = browser.new_context(
            **({"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options)
        )
        page = context.new_page()
        one = Opened(page)
        opened.append(one)
        page.on("console", lambda message: one.complaints.append(message.text))
        page.on("pageerror", lambda error: one.complaints.append(str(error)))
        page.on("dialog", one.dismiss)
        page.on("requestfailed", lambda request: one.complaints.append(f"{request.url} {request.failure}"))
        page.on("request", lambda request: one.requests.append(request.url))
        page.goto(path if "://" in path else address + path)
        return page

    yield open_one
    with_closing(opened)


def with_closing(opened: list[Opened]) -> None:
    # Leaving a page breaks off what it was still asking for.
    complaints = [said for one in opened for said in one.complaints if not said.endswith("net::ERR_ABORTED")]
    foreign = [
        url for one in opened for url in one.requests if not url.startswith(("http://127.0.0.1:", "file://", "blob:"))
    ]
    for one in opened:
        one.page.context.close()
    assert not complaints
    assert not foreign


@contextmanager
def emulating(page: Page, *commands: tuple[str, dict[str, Any]]) -> Iterator[None]:
    """Send commands of the browser's own protocol, which keep their effect inside the `with`."""
    session = page.context.new_cdp_session(page)
    for name, values in commands:
        session.send(name, values)
    yield
    session.detach()


def article_text(page: Page) -> str:
    """What the essay says as it stands, marks left out."""
    said = page.evaluate(
        """() => {
            const copy = document.querySelector(".essay").cloneNode(true);
            copy.querySelectorAll(".mark, .original").forEach((element) => element.remove());
            return copy.textContent;
        }"""
    )
    return " ".join(said.split())
