"""Pictures of the gallery for docs/exhibits.md: `python -m tools.gallery_pictures`.

The static pages are those of our published gallery. *Try your own* and the curator's page are shown with an empty
gallery in which the embedded model describes one name while the pictures are taken.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from tests.chromium import chromium
from verbosify.exhibits.gallery.building import Pipelines
from verbosify.exhibits.gallery.curating import Curating, curating_app
from verbosify.exhibits.gallery.serving import GalleryServer, gallery_app
from verbosify.exhibits.gallery.store import Gallery
from verbosify.models.host import Host
from verbosify.models.loading import load_model
from verbosify.web.serving import running

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs" / "exhibits"
SITE = ROOT / "site" / "gallery"
DESKTOP, PHONE = {"width": 1000, "height": 760}, {"width": 390, "height": 844}
MODEL = "smollm2-135m"
NAME = sys.argv[1] if len(sys.argv) > 1 else "Tin Whistle"


def static(browser: Browser) -> None:
    for name, page, view, scheme in (
        ("gallery", "model/orchardnet.html", DESKTOP, "light"),
        ("gallery-all", "all.html", DESKTOP, "light"),
        ("gallery-phone-dark", "model/smalltalk.html", PHONE, "dark"),
    ):
        context = browser.new_context(viewport=view, color_scheme=scheme)  # type: ignore[arg-type]
        opened = context.new_page()
        opened.goto((SITE / page).as_uri())
        opened.screenshot(path=OUT / f"{name}.png")
        context.close()


def live(browser: Browser, folder: Path) -> None:
    with Gallery.in_folder(folder, new=True) as gallery:
        gallery.add(NAME, "list")
    how = Pipelines.read()
    with Host(lambda: load_model(MODEL)) as host:
        server = GalleryServer(folder, host, how.for_visitors())
        desk = Curating(folder, how, "somebody", lambda: load_model(MODEL))
        with running(gallery_app(server)) as address, running(curating_app(desk)) as curating:
            page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
            page.set_default_timeout(600_000)
            page.goto(address)
            page.get_by_label("Name a model").fill(NAME)
            page.keyboard.press("Enter")
            page.locator("#description").filter(has_text=re.compile(".{60}")).wait_for()
            page.screenshot(path=OUT / "gallery-own.png")
            page.wait_for_url("**/model/*")
            page.goto(curating + page.url.removeprefix(address).replace("/model/", "/name/"))
            page.get_by_role("button", name="Ask again").first.click()  # a visitor was shown the first that passed
            page.locator("#description .candidates li").nth(2).wait_for()
            page.screenshot(path=OUT / "gallery-curating.png")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    with chromium() as browser, TemporaryDirectory() as temporary:
        static(browser)
        live(browser, Path(temporary))
