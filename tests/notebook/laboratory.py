"""JupyterLab in a process of its own, and a browser that works in it as a person does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from playwright.sync_api import Locator, Page, expect

from tests.chromium import chromium

ROOT = Path(__file__).parent.parent.parent
_SETTINGS = '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}'
_ANSWERED = """async () => {
    const session = window.jupyterapp.shell.currentWidget.sessionContext;
    await session.ready;
    await session.session.kernel.info;
}"""
"""What is run before the kernel has answered and the page is connected to it may be lost."""


class Laboratory:
    """A JupyterLab at `address`, serving the notebooks of one folder."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self._process = process
        self.address = address

    def kill_kernels(self, patience: float = 120.0) -> int:
        """SIGKILL to every kernel that this JupyterLab has started, which starts others; returns how many there were."""
        kernels = self._kernels()
        for kernel in kernels:
            kernel.kill()
        start = time.monotonic()
        while len(self._kernels() - kernels) < len(kernels):
            assert time.monotonic() - start < patience
            time.sleep(0.05)
        return len(kernels)

    def _kernels(self) -> set[psutil.Process]:
        started = psutil.Process(self._process.pid).children(recursive=True)
        living = [child for child in started if child.status() != psutil.STATUS_ZOMBIE]
        return {child for child in living if "ipykernel_launcher" in " ".join(child.cmdline())}


@contextmanager
def laboratory(folder: Path, home: Path, checkpoints: Path) -> Iterator[Laboratory]:
    """Serve `folder`; settings and traces go into `home`."""
    overrides = home / "share" / "settings"
    overrides.mkdir(parents=True)
    (overrides / "overrides.json").write_text(_SETTINGS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {name: str(home / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    log = (home / "log").open("wb")
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}",
            "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
            f"--LabApp.app_settings_dir={overrides}", "--LabApp.extension_manager=readonly",
            "--LabApp.expose_app_in_browser=True",
        ],
        cwd=folder,
        env=os.environ | places | {"PYTHONPATH": str(ROOT), "VERBOSIFY_CHECKPOINTS": str(checkpoints)},
        stdout=log,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/api", home / "log")
        yield Laboratory(process, address)
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        process.wait(timeout=30)
        for child in children:
            if child.is_running():
                child.kill()
        log.close()


def _await(address: str, log: Path, patience: float = 120.0) -> None:
    start = time.monotonic()
    while True:
        try:
            with urlopen(address, timeout=2):  # noqa: S310  # our own address
                return
        except (URLError, OSError):
            assert time.monotonic() - start < patience, log.read_text()
            time.sleep(0.2)


@contextmanager
def browser_page(width: int, height: int) -> Iterator[Page]:
    """A page of a real browser, which may ask nobody but this computer."""
    with chromium() as browser:
        context = browser.new_context(viewport={"width": width, "height": height})
        context.route("**/*", lambda route: route.continue_() if "//127.0.0.1" in route.request.url else route.abort())
        page = context.new_page()
        page.set_default_timeout(120_000)
        expect.set_options(timeout=60_000)  # machines at work may be slow
        try:
            yield page
        finally:
            if pictures := os.environ.get("VERBOSIFY_PICTURES"):
                page.screenshot(path=Path(pictures) / "last.png")


def open_notebook(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/lab/tree/{name}?reset")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    # On a narrow page the toolbar may fold the indicator away: it says so all the same.
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(state="attached")
    page.evaluate(_ANSWERED)


def run_above(page: Page, heading: str) -> None:
    """Run the cells before a heading."""
    page.locator(".jp-Notebook").get_by_role("heading", name=heading).click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Above Selected Cell").click()


def run_below(page: Page, heading: str) -> None:
    """Run the cells after a heading."""
    page.locator(".jp-Notebook").get_by_role("heading", name=heading).click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run Selected Cell and All Below").click()


def run_all(page: Page) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def fill(page: Page, label: str, value: str) -> None:
    """Type into a field of a form and leave it."""
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Tab")


def curator_of(page: Page) -> Locator:
    curator = page.locator("section.vb")
    curator.locator("article").first.wait_for()
    return curator
