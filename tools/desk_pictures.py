"""Makes the pictures in docs/desk.md: `python tools/desk_pictures.py`, in the repository, beside the embedded model.

A desk of its own is started and written at as a person would, in this computer's Chromium; what the model says in the
pictures is what it said. Needs the extras `serve` and `test`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, expect  # noqa: E402

from tests.chromium import chromium  # noqa: E402
from tests.desk.browsing import Seat, sitting  # noqa: E402
from tests.desks import Client, running_desk  # noqa: E402

OUT = ROOT / "docs" / "desk"
TEXT = """\
The ferry had left at six, and the quay was empty except for a boy with a lantern. He held it high, as if the boat \
could still see him. The water took the light and gave nothing back.

In the customs house the clock had stopped again."""
NOTE = "Night. A harbour town. Nobody speaks."
COLOURS = 96
FIRST = "1280-light"


def main() -> None:
    """Write docs/desk/*.png."""
    OUT.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_desk(Path(folder), "smollm2-135m") as desk,
        chromium() as browser,
    ):
        client = desk.client()
        draft = client.call("create", name="The quay", text=TEXT)
        settings = {"n": 3, "length": 18, "seed": 7}
        steering = {"settings": settings, "memory": NOTE}
        client.call("steer", draft=draft["id"], steering_revision=draft["steering_revision"], steering=steering)
        address = f"{desk.address}/?token={desk.access.token}"
        take(browser, address, client, draft["id"], overfit=False)
        take(browser, address, client, draft["id"], overfit=True)
    for picture in OUT.glob("*.png"):
        Image.open(picture).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(picture, optimize=True)


def take(browser: Browser, address: str, client: Client, draft: int, *, overfit: bool) -> None:
    """The pictures before the overfit, or those after it."""
    if overfit:
        now = client.call("open", draft=draft)
        passage = TEXT.partition("\n")[0]
        client.stream(
            "overfit", draft=draft, steering_revision=now["steering_revision"], text=passage, recipe="classic"
        )
    for scheme in ("light", "dark"):
        for width, height in ((1280, 860), (820, 1180), (390, 844)):
            size = {"width": width, "height": height}
            with sitting(browser, address, viewport=size, color_scheme=scheme, device_scale_factor=1) as seat:
                seat.page.goto(address.partition("?")[0] + f"#draft={draft}")
                seat.page.reload()
                seat.is_ready()
                if overfit:
                    looked(seat, f"{width}-{scheme}")
                else:
                    written(seat, f"{width}-{scheme}")


def written(seat: Seat, name: str) -> None:
    """Continuations, half of one about to be taken, and the tree beside them; drawn once for all sizes."""
    seat.text.focus()
    seat.press("Control+End")
    if name == FIRST:
        seat.generate()
    else:
        seat.command("c")
    seat.offers.nth(1).focus()
    seat.press("Home", *["ArrowRight"] * 7)
    shot(seat, f"writing-{name}")
    if name == FIRST:
        seat.press("Enter")
        expect(seat.text.locator(".machine")).to_have_count(1)
        seat.is_saved()
        seat.generate()
        seat.command("h")
        shot(seat, f"tree-{name}")
        seat.press("Control+k")
        shot(seat, f"keys-{name}")
        seat.press("Escape")
        seat.command("u")
        seat.has(TEXT)


def looked(seat: Seat, name: str) -> None:
    """What the overfit changed, and the tokens in one place."""
    seat.command("t")
    seat.command("3")
    expect(seat.text.locator(".run.d1").first).to_be_visible()
    seat.text.focus()
    seat.press("Control+Home", *["ArrowRight"] * TEXT.index("lantern"))
    expect(seat.page.locator(".token-head")).to_contain_text("rank")
    seat.tokens()
    shot(seat, f"looking-{name}")


def shot(seat: Seat, name: str) -> None:
    """One picture, when all is at rest."""
    seat.page.wait_for_timeout(700)
    seat.page.screenshot(path=OUT / f"{name}.png")


if __name__ == "__main__":
    main()
