"""Makes the pictures in docs/notebook.md: `python tools/notebook_pictures.py`, beside the embedded model.

A JupyterLab of its own shows them in the Chromium of this computer. What the model says in them is what it said, and
what stands first is picked. Run it in the repository; it needs the extras `notebook` and `test`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import nbformat  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Locator, Page, expect  # noqa: E402

from tests.notebook import laboratory as lab  # noqa: E402
from verbosify.models.store.catalog import checkpoints_folder  # noqa: E402
from verbosify.workflow import verbosify  # noqa: E402

OUT = ROOT / "docs" / "notebooks"
COLOURS, TALL = 96, 810
CELLS = (
    """\
import verbosify as vb
from verbosify.notebook import Curator, drift_figure, load, overfit_frame, side_by_side
from verbosify.piece import Piece
piece = Piece.open("piece")
model, embed = load()""",
    'Curator(piece, model, embed, name="Ada")',
    'side_by_side(overfit_frame(model, piece.passages()[0].text, recipe=vb.RECIPES["passage"]))',
    """\
samples = (piece.sample(number) for number in range(1, 41))
drift_figure(next(sample for sample in samples if 4 < len(sample.measures["sentence_similarities"]) < 12))""",
)
"""What it shows: nothing, the curator, a passage before and after, a sample's drift."""


def main() -> None:
    """Write docs/notebooks/*.png."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "studio")
        verbosify(ROOT / "essays" / "lengths.md", folder / "piece", limit=1)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])  # type: ignore[no-untyped-call]
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}  # else JupyterLab asks for one
        nbformat.write(notebook, folder / "shown.ipynb")  # type: ignore[no-untyped-call]
        with (
            lab.laboratory(folder, Path(place, "home"), checkpoints_folder()) as jupyter,
            lab.browser_page(1500, 1100) as page,
        ):
            lab.open_notebook(page, jupyter.address, "shown.ipynb")
            lab.run_all(page)
            take(page)
    for picture in OUT.glob("*.png"):
        Image.open(picture).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(picture, optimize=True)


def take(page: Page) -> None:
    """The three pictures, of a notebook whose cells are running."""
    cells = page.locator(".jp-CodeCell")
    expect(cells.last.locator(".jp-InputPrompt")).to_have_text(f"[{len(CELLS)}]:", timeout=300_000)
    for cell, output, name in ((2, ".jp-OutputArea-output", "side_by_side"), (3, ".jp-RenderedImage img", "drift")):
        cells.nth(cell).scroll_into_view_if_needed()  # JupyterLab shows what is near alone
        cells.nth(cell).locator(output).screenshot(path=OUT / f"{name}.png")
    cells.nth(1).scroll_into_view_if_needed()
    curator = lab.curator_of(page)
    order = curator.locator("select").filter(has_text="closest first")
    order.select_option(label="closest first")
    expect(order).to_have_value("similarity")
    for badge in ("copied", "looped"):
        curator.locator("label", has_text=badge).get_by_role("checkbox").check()
    for number in range(2):
        picked(curator, number)
    curator.evaluate("element => element.scrollIntoView()")
    page.mouse.move(0, 0)
    box = curator.bounding_box()
    assert box is not None
    page.screenshot(path=OUT / "curator.png", clip={**box, "height": TALL})


def picked(curator: Locator, number: int) -> None:
    curator.locator("article").nth(number).get_by_role("button", name="Pick", exact=True).click()
    expect(curator.locator(".vb-decision")).to_have_text(f"{number + 1} picked")


if __name__ == "__main__":
    main()
