"""A day at the desk with the embedded model: what was written is there after a reload and after the desk was killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.chromium import chromium
from tests.commands import CHECKPOINTS
from tests.desk.browsing import sitting

OPENING = "The lamp at the end of the pier went out. The keeper climbed the stairs again."
_RUN = "import sys; from verbosify.cli import main; sys.argv = ['verbosify', *sys.argv[1:]]; main()"
PICTURES = os.environ.get("VERBOSIFY_PICTURES")
"""A folder for pictures of what was seen on the way, for people to look at."""

Start = Callable[[], str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[tuple[Start, Callable[[], None]]]:
    """Starts `verbosify desk` on one port and folder, and kills it as a power cut would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running: list[subprocess.Popen[str]] = []

    def begin() -> str:
        command = [
            sys.executable,
            "-c",
            _RUN,
            "desk",
            "--no-browser",
            "--folder",
            str(tmp_path / "desk"),
            "--port",
            str(port),
        ]
        environment = os.environ | {"VERBOSIFY_CHECKPOINTS": str(CHECKPOINTS)}
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )
        running.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if "?token=" in line:
                return line.split()[-1]
        raise AssertionError("The desk said no address.")

    def kill() -> None:
        process = running.pop()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()

    yield begin, kill
    while running:
        kill()


@pytest.mark.embedded
def test_what_was_written_is_there_after_a_reload_and_after_the_desk_was_killed(  # noqa: PLR0915  # a story, told in one go
    start: tuple[Start, Callable[[], None]],
) -> None:
    begin, kill = start
    address = begin()
    with chromium() as browser, sitting(browser, address, []) as seat:
        seat.page.set_default_timeout(300_000)
        seat.page.get_by_role("spinbutton", name="Continuations at once").fill("2")
        seat.page.get_by_role("spinbutton", name="Tokens at most").fill("12")
        seat.write(OPENING)
        seat.is_saved()

        first, _ = seat.generate()
        seat.offers.first.focus()
        seat.press("Home", *["ArrowRight"] * 5)
        half = seat.page.locator(".offer").first.locator(".kept").text_content() or ""
        assert first.startswith(half)
        assert len(half) < len(first)
        seat.press("Enter")
        seat.has(OPENING + half)
        if PICTURES:
            seat.page.screenshot(path=Path(PICTURES) / "half.png")

        seat.press("Control+Space")
        for place in (2, 1, 0):  # the first has the focus anew once the next are listed
            expect(seat.tokens()).to_have_count(100)
            expect(seat.tokens().first).to_be_focused()
            seat.press(*["ArrowDown"] * place)
            before = seat.says()
            seat.press("Enter")
            seat.differs(before)
            seat.is_saved()
        taken = seat.says()
        assert taken.startswith(OPENING + half)

        seat.command("1")
        expect(seat.text.locator(".run.p1, .run.p2, .run.p3, .run.p4, .run.p5").first).to_be_visible()
        seat.text.focus()
        seat.press("Control+Home", *["ArrowRight"] * (len(OPENING) - 8))
        expect(seat.page.locator(".token-head")).to_contain_text("rank")
        seat.tokens().nth(4).click()
        seat.differs(taken)
        seat.is_saved()
        swapped = seat.says()
        assert len(swapped) < len(taken)
        assert swapped[:60] == OPENING[:60]
        seat.command("0")

        seat.write(" So it began.")
        seat.has(f"{swapped} So it began.")
        seat.text.focus()
        seat.press("Control+z", "Control+z")
        seat.has(taken)
        seat.press("Control+y", "Control+y")
        whole = f"{swapped} So it began."
        seat.has(whole)

        seat.page.reload()
        seat.is_ready()
        seat.has(whole)
        seat.write(" Then")
        seat.is_saved()
        kill()
        seat.write(" the power failed.")
        expect(seat.page.locator(".link")).to_contain_text("your text is safe here", timeout=240_000)
        begin()
        seat.is_saved()
        seat.page.reload()
        seat.is_ready()
        seat.has(f"{whole} Then the power failed.")
        seat.command("h")
        tree = seat.page.get_by_role("tree")
        expect(tree.locator(".machine").filter(has_text=half.strip()[:8]).first).to_be_visible()
        lines = seat.page.get_by_role("treeitem")
        assert lines.count() >= 6
        seat.text.focus()
        seat.press(*["Control+z"] * 4)
        seat.has(taken)
