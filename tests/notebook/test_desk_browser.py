"""The desk in a real JupyterLab and a real browser: write, generate, take; its tree is with the piece."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from tests.commands import CHECKPOINTS
from tests.desk.browsing import Seat
from tests.notebook import laboratory as lab
from tests.pieces import make_piece
from verbosify.desk.store import Store

PICTURES = os.environ.get("VERBOSIFY_PICTURES")
"""A folder for pictures of what was seen on the way, for people to look at."""


@pytest.mark.timeout(600)
def test_a_draft_is_written_in_a_cell_and_its_tree_is_saved_with_the_piece(
    tmp_path: Path, speaking_model: Path
) -> None:
    folder = tmp_path / "studio"
    make_piece(folder / "harbour").close()
    cell = f"from verbosify.desk import DeskWidget\n\nDeskWidget({str(speaking_model)!r}, piece='harbour', name='Ada')"
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)], metadata=about)
    nbformat.write(notebook, folder / "desk.ipynb")
    with (
        lab.laboratory(folder, tmp_path / "home", CHECKPOINTS) as jupyter,
        lab.browser_page(1280, 1000) as page,
    ):
        lab.open_notebook(page, jupyter.address, "desk.ipynb")
        lab.run_all(page)
        seat = Seat(page).is_ready()
        page.get_by_role("spinbutton", name="Tokens at most").fill("8")
        seat.write("The ferry leaves. x")  # letters are JupyterLab's shortcuts elsewhere
        seat.has("The ferry leaves. x")
        said = seat.generate()
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / "notebook.png")
        seat.offers.first.focus()
        seat.press("Enter")
        written = f"The ferry leaves. x{said[0]}"
        seat.has(written)

        lab.run_all(page)  # as one does who wants it anew: the first desk ends
        expect(seat.text).to_have_count(1)
        seat.has(written)
        seat.press("Control+z")
        seat.has("The ferry leaves. x")

    store = Store.open(folder / "harbour")
    (draft,) = store.draft_ids()
    texts = {store.text_of(node.id) for node in store.nodes(draft)}
    store.close()
    assert {"", "The ferry leaves. x", written} <= texts
    assert len(texts) == 2 + len(set(said))
