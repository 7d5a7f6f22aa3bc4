"""Make the pictures of the documentation anew: `python tools/screenshots.py [page] [desk]`, both if neither is named.

    page    docs/page.png, the published piece
    desk    docs/desk, by desk_pictures.py, and the first of them as the front page's site/desk.png

The pictures in docs/notebooks come out of a notebook, by hand.
"""

from __future__ import annotations

import runpy
import shutil
import sys
from collections.abc import Callable
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
    runpy.run_path(str(ROOT / "tools" / "desk_pictures.py"), run_name="__main__")
    for name, picture in {"desk.png": "writing-1280-light.png", "desk-dark.png": "writing-1280-dark.png"}.items():
        shutil.copyfile(ROOT / "docs" / "desk" / picture, ROOT / "site" / name)


PICTURES: dict[str, Callable[[], None]] = {"page": page, "desk": desk}

if __name__ == "__main__":
    wanted, sys.argv[1:] = sys.argv[1:] or list(PICTURES), []
    for name in wanted:
        PICTURES[name]()
