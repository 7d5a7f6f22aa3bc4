"""Make the pictures of the documentation anew: `python tools/screenshots.py [NAME]...`, all if none is named.

    page        docs/page.png, the published piece
    desk        docs/desk, by desk_pictures.py, and the first of them as the front page's site/desk.png
    notebooks   docs/notebooks, by notebook_pictures.py
    gallery     docs/exhibits/gallery*.png, by gallery_pictures.py
    replies     docs/exhibits/replies*.png, by show_replies.py

Those of the bot and the columns need a model that was fine-tuned for them: `python -m tests.browser.pictures RUN`.
"""

from __future__ import annotations

import runpy
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.chromium import chromium  # noqa: E402  # found by the line above


def page() -> None:
    with chromium() as browser:
        shown = browser.new_page(viewport={"width": 1280, "height": 860})
        shown.goto((ROOT / "site" / "rovers" / "index.html").as_uri())
        shown.screenshot(path=ROOT / "docs" / "page.png")


def desk() -> None:
    run("desk_pictures")
    for name, picture in {"desk.png": "writing-1280-light.png", "desk-dark.png": "writing-1280-dark.png"}.items():
        shutil.copyfile(ROOT / "docs" / "desk" / picture, ROOT / "site" / name)


def run(tool: str) -> None:
    """A tool of its own, by its name."""
    runpy.run_path(str(ROOT / "tools" / f"{tool}.py"), run_name="__main__")


PICTURES: dict[str, Callable[[], None]] = {
    "page": page,
    "desk": desk,
    "notebooks": partial(run, "notebook_pictures"),
    "gallery": partial(run, "gallery_pictures"),
    "replies": partial(run, "show_replies"),
}

if __name__ == "__main__":
    wanted, sys.argv[1:] = sys.argv[1:] or list(PICTURES), []
    for name in wanted:
        PICTURES[name]()
