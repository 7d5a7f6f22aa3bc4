"""The site in the repository is what its records make today, and what was once linked to is still there."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from PIL import Image, ImageChops, ImageStat

from verbosify.piece import import_piece, read_export
from verbosify.site import build_site
from verbosify.site.record import Record

SITE = Path(__file__).parent.parent / "site"
PIECE = SITE / "rovers"


def files_of(folder: Path) -> dict[str, bytes]:
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith("gallery/")}


def test_our_published_piece_is_what_its_record_makes(tmp_path: Path) -> None:
    build_site([read_export(PIECE / "piece.json")], tmp_path / "site")

    published, made = files_of(PIECE), files_of(tmp_path / "site")
    assert published.keys() == made.keys()
    assert [name for name in made if made[name] != published[name] and name != "card.png"] == []
    # Another version of FreeType or of zlib draws and packs the same picture a little differently.
    pictures = [Image.open(folder / "card.png").convert("RGB") for folder in (PIECE, tmp_path / "site")]
    assert pictures[0].size == pictures[1].size == (1200, 630)
    assert max(ImageStat.Stat(ImageChops.difference(*pictures)).mean) < 2


def test_it_was_curated_by_people_from_the_embedded_model() -> None:
    record = Record.checked(read_export(PIECE / "piece.json"))

    assert record.piece.model["name"] == "smollm2-135m"
    assert record.first_reading.is_by_a_person
    assert len(record.first_reading.picks) == len(record.gaps)
    words = len(record.text.split("## References")[0].split())
    assert 1.9 <= (words + record.first_reading.words) / words <= 2.1
    scored = {pick.sample for _, pick in record.chosen(record.first_reading)}
    assert scored <= record.scores.keys()


def test_the_published_record_can_be_imported(tmp_path: Path) -> None:
    with import_piece(read_export(PIECE / "piece.json"), tmp_path / "piece") as piece:
        assert piece.readings()


def test_the_front_page_is_what_its_tool_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SITE.parent / "tools")
    made = import_module("front_page").files()

    assert [name for name, content in made.items() if (SITE / name).read_bytes() != content] == []
    assert {path.name for path in SITE.iterdir() if path.is_file()} <= made.keys() | {"desk.png", "desk-dark.png"}


def test_what_the_front_page_links_to_is_there() -> None:
    page = (SITE / "index.html").read_text(encoding="utf-8")
    documented = yaml.safe_load((SITE.parent / "mkdocs.yml").read_text(encoding="utf-8").replace("!ENV", ""))["nav"]
    pages = set(re.findall(r"[\w/-]+\.md", str(documented)))

    for address in re.findall(r'(?:href|src|srcset)="([^"#]+)', page):
        if address.startswith("docs/"):
            assert address.removeprefix("docs/").replace(".html", ".md") in pages, address
        else:
            assert (SITE / address).is_file(), address


def test_the_front_page_is_light_and_needs_no_script() -> None:
    page = (SITE / "index.html").read_text(encoding="utf-8")

    assert re.findall(r"<script[^>]*>", page) == ['<script src="moved.js">']
    assert len(page) + len((SITE / "front.css").read_bytes()) < 20_000
    for name in ("fluffy", "strange", "sparse", "made"):  # where the piece lay before
        assert f'url=rovers/{name}.html"' in (SITE / f"{name}.html").read_text(encoding="utf-8")
