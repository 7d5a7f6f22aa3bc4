"""A real JupyterLab in a real browser: notebook 01, from a choice to the site, and the desk, whose tree is with the piece."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.commands import CHECKPOINTS
from tests.desk.browsing import Seat
from tests.notebook import laboratory as lab
from tests.pieces import make_piece
from tests.speaking_model import ESSAY
from verbosify.desk.store import Store
from verbosify.piece import Piece

NOTEBOOK = lab.ROOT / "notebooks" / "01_verbosify.ipynb"
PICTURES = os.environ.get("VERBOSIFY_PICTURES")
"""A folder for pictures of what was seen on the way, for people to look at."""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that JupyterLab serves."""
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def jupyter(studio: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[lab.Laboratory]:
    with lab.laboratory(studio, tmp_path_factory.mktemp("home"), CHECKPOINTS) as jupyter:
        yield jupyter


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with lab.browser_page(1280, 900) as page:
        yield page


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def label_of(element: Locator) -> str:
    return element.get_attribute("aria-label") or ""


@pytest.mark.timeout(600)
def test_a_piece_is_made_curated_and_found_again_after_the_kernel_was_killed(  # noqa: PLR0915  # a story, told in one go
    studio: Path, jupyter: lab.Laboratory, page: Page, speaking_model: Path
) -> None:
    shutil.copy(NOTEBOOK, studio)
    (studio / "quay.md").write_text(ESSAY)
    lab.open_notebook(page, jupyter.address, NOTEBOOK.name)
    lab.run_above(page, "3 · The passages")
    page.get_by_text("There is no file").wait_for()  # the essays of the repository are not here
    lab.fill(page, "Path", "quay.md")
    page.get_by_text("“The quay at night”:").wait_for()
    picture(page, "essay")
    lab.fill(page, "Model", str(speaking_model))
    page.get_by_text("on 2 passages: 4 samples").wait_for()
    picture(page, "settings")
    lab.run_below(page, "3 · The passages")
    curator = lab.curator_of(page)
    curator.scroll_into_view_if_needed()
    expect(page.get_by_text("2 of 4 passages visited", exact=False)).to_be_attached()
    samples, status = curator.locator("article"), curator.locator(".vb-status")
    picture(page, "curator")

    samples.nth(0).get_by_role("button", name="Pick", exact=True).click()  # by mouse
    expect(curator.locator(".vb-decision")).to_have_text("1 picked")
    samples.nth(0).locator("[data-word='3']").click()  # trimmed by a click on a word
    expect(samples.nth(0).locator(".vb-word.kept")).to_have_count(4)
    samples.nth(1).focus()  # by keyboard
    page.keyboard.press("ArrowLeft")
    expect(status).to_contain_text("Enter accepts")
    page.keyboard.press("Enter")
    expect(curator.locator(".vb-decision")).to_have_text("2 picked")
    expect(samples.nth(1)).to_be_focused()
    picture(page, "picked")

    number = label_of(samples.nth(0)).split(",")[0]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("p")
    expect(samples.nth(0)).to_contain_text("pinned")
    curator.get_by_role("button", name="Reroll").click()
    expect(status).to_contain_text("new samples", timeout=120_000)
    expect(curator.get_by_text("earlier", exact=False).first).to_be_visible()
    assert label_of(samples.nth(0)).startswith(number)
    picture(page, "rerolled")

    curator.get_by_role("button", name="Undo").click()
    expect(curator.locator(".vb-decision")).to_have_text("1 picked")
    samples.nth(1).focus()
    page.keyboard.press("Control+z")
    expect(samples.nth(0).locator(".vb-word.kept")).not_to_have_count(4)
    page.keyboard.press("y")
    expect(samples.nth(0).locator(".vb-word.kept")).to_have_count(4)
    page.keyboard.press("]")
    expect(curator.locator("h3")).to_have_text("Passage 2 of 4")
    page.keyboard.press("1")
    expect(curator.locator(".vb-decision")).to_have_text("1 picked")
    seen = curator.locator(".vb-paragraph").first.inner_text()
    expect(page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    page.keyboard.press("Control+s")

    assert jupyter.kill_kernels() == 1
    with Piece.open(studio / "pieces" / "quay") as piece:
        picks = piece.picks("own")
        assert [len(picks[gap]) for gap in (0, 1)] == [1, 1]
    page.goto("about:blank")
    lab.open_notebook(page, jupyter.address, NOTEBOOK.name)
    lab.run_all(page)
    curator = lab.curator_of(page)
    expect(curator.locator("h3")).to_have_text("Passage 2 of 4")
    assert curator.locator(".vb-paragraph").first.inner_text() == seen
    curator.get_by_role("button", name="Previous passage").click()
    expect(curator.locator("article").nth(0).locator(".vb-word.kept")).to_have_count(4)
    curator.get_by_text("The essay as it grows").click()
    expect(curator.locator(".vb-essay ins")).to_have_count(2)
    picture(page, "reopened")
    page.get_by_text("quay-own-site.zip").wait_for()

    page.set_viewport_size({"width": 820, "height": 1100})
    curator.scroll_into_view_if_needed()
    edge = curator.bounding_box()
    assert edge is not None
    assert edge["x"] + edge["width"] <= 820
    expect(curator.locator("article").nth(0)).to_be_visible()
    picture(page, "narrow")


@pytest.mark.timeout(600)
def test_a_draft_is_written_in_a_cell_and_its_tree_is_saved_with_the_piece(
    studio: Path, jupyter: lab.Laboratory, page: Page, speaking_model: Path
) -> None:
    page.set_viewport_size({"width": 1280, "height": 1000})
    make_piece(studio / "harbour").close()
    cell = f"from verbosify.desk import DeskWidget\n\nDeskWidget({str(speaking_model)!r}, piece='harbour', name='Ada')"
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)], metadata=about)
    nbformat.write(notebook, studio / "desk.ipynb")
    lab.open_notebook(page, jupyter.address, "desk.ipynb")
    lab.run_all(page)
    seat = Seat(page).is_ready()
    page.get_by_role("spinbutton", name="Tokens at most").fill("8")
    seat.write("The ferry leaves. x")  # letters are JupyterLab's shortcuts elsewhere
    seat.has("The ferry leaves. x")
    said = seat.generate()
    picture(page, "notebook")
    seat.offers.first.focus()
    seat.press("Enter")
    written = f"The ferry leaves. x{said[0]}"
    seat.has(written)

    lab.run_all(page)  # as one does who wants it anew: the first desk ends
    expect(seat.text).to_have_count(1)
    seat.has(written)
    seat.press("Control+z")
    seat.has("The ferry leaves. x")

    store = Store.open(studio / "harbour")
    (draft,) = store.draft_ids()
    texts = {store.text_of(node.id) for node in store.nodes(draft)}
    store.close()
    assert {"", "The ferry leaves. x", written} <= texts
    assert len(texts) == 2 + len(set(said))
