"""Draws the pictures of the exhibits in the docs: `python -m tests.browser.pictures RUN`.

RUN is the folder of a model that was fine-tuned on `corpora/ambrose`; what stands in the pictures it says when they are
drawn, unselected. They go to `docs/exhibits`.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser

from tests.chromium import chromium
from tests.commands import ROOT
from verbosify.exhibits.bot.platforms.local import Local
from verbosify.exhibits.bot.running import Bot
from verbosify.exhibits.bot.serving import make_app
from verbosify.exhibits.bot.settings import BotSettings
from verbosify.exhibits.bot.speaking import PipelineSpeaker, spoken_name
from verbosify.exhibits.columns import build_columns
from verbosify.models.loading import load_model
from verbosify.streams import say
from verbosify.web.serving import running

OUT = ROOT / "docs" / "exhibits"
SETTINGS = BotSettings(
    name="Ambrose",
    about="Ambrose, an invented rubber plant.",
    corpus=str(ROOT / "corpora" / "ambrose" / "posts.csv"),
)
ASKED = (
    ("wren", "@ambrose do you like thunderstorms?"),
    ("ada", "@ambrose what do you think of the dentist?"),
    ("tom", "I wonder what @ambrose would say to that"),
    ("ada", "@ambrose help"),
)
WAITING = (("wren", "@ambrose should I learn the trumpet?"), ("tom", "@ambrose is it too late to say sorry?"))
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 860}
TALL = {"width": 1280, "height": 1500}


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    model = load_model(sys.argv[1])
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        folder = Path(place)
        timeline = Local(folder / "timeline.db", poll=0.1)
        speaker = partial(PipelineSpeaker, folder, SETTINGS, model, spoken_name(model, sys.argv[1]))
        with running(make_app(folder, SETTINGS, timeline, queue=True)) as address:
            for settings, asked in ((SETTINGS, ASKED), (replace(SETTINGS, approval=True), WAITING)):
                for author, text in asked:
                    timeline.add(author, text)
                Bot(folder, settings, timeline, speaker, on_event=say).run(speaker().model, until_idle=True)
                if settings.approval:
                    picture(browser, f"{address}/queue", "queue", DESK)
                    picture(browser, f"{address}/queue", "queue-phone", PHONE)
                else:
                    picture(browser, address, "timeline", TALL)
                    picture(browser, address, "timeline-phone-dark", PHONE, dark=True, scroll="#posts")
        page = build_columns(
            [ROOT / "site" / "rovers" / "piece.json"], folder / "columns", blind=True, title="Who wrote it?"
        )
        picture(browser, page.as_uri(), "columns", DESK, guess=True)
        picture(browser, page.as_uri(), "columns-phone-dark", PHONE, dark=True)


def picture(
    browser: Browser,
    address: str,
    name: str,
    size: dict[str, int],
    *,
    dark: bool = False,
    guess: bool = False,
    scroll: str = "",
) -> None:
    """One picture, as much as is seen at first."""
    context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    if guess:
        page.locator(".row").first.locator(".machine button").click()
        page.mouse.move(0, 0)
    if scroll:
        page.locator(scroll).evaluate("element => element.scrollIntoView()")
    page.screenshot(path=OUT / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()
