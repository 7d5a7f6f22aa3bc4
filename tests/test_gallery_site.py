"""The static pages of a gallery: every file, and nothing in them that a name or a model has made of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin
from xml.etree import ElementTree

import jsonschema
import pytest
from PIL import Image

from tests.galleries import NAMES, write_gallery
from verbosify.errors import SettingsError
from verbosify.exhibits.gallery.card import draw_card, drawable
from verbosify.exhibits.gallery.highlighting import highlighted
from verbosify.exhibits.gallery.site import build_gallery_site, site_files
from verbosify.exhibits.gallery.store import Gallery, GalleryError
from verbosify.exhibits.gallery.values import (
    GalleryValues,
    checked,
    json_of,
    prompt_of,
    read_gallery,
    schema,
    values_of,
)
from verbosify.models.loading import load_model
from verbosify.models.settings import SamplingSettings

HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}</title>\x07"


@pytest.fixture(scope="module")
def folder(speaking_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gallery(tmp_path_factory.mktemp("galleries") / "gallery", load_model(speaking_model))


@pytest.fixture(scope="module")
def values(folder: Path) -> GalleryValues:
    return read_gallery(folder)


def pages_of(values: GalleryValues, address: str = "") -> dict[str, str]:
    files = site_files(values, address=address)
    return {path.as_posix(): content.decode() for path, content in files.items() if path.suffix in (".html", ".xml")}


def test_a_gallery_is_the_same_after_its_json(values: GalleryValues, tmp_path: Path) -> None:
    (tmp_path / "gallery.json").write_bytes(json_of(values))

    again = read_gallery(tmp_path)

    assert again == values == read_gallery(tmp_path / "gallery.json")
    assert json_of(again) == json_of(values)
    jsonschema.validate(json.loads(json_of(values)), schema())


def test_the_json_makes_every_word_again(values: GalleryValues, speaking_model: Path) -> None:
    model = load_model(speaking_model)
    for entry in values.entries[:3]:
        for words in (entry.description, entry.code):
            assert words is not None
            settings = SamplingSettings.from_dict(words.settings)
            again = model.sample(prompt_of(values, words), settings)[words.row]
            assert (again.text, list(again.token_ids)) == (words.raw, words.token_ids)


def test_every_link_leads_to_a_file_whatever_the_names(values: GalleryValues, tmp_path: Path) -> None:
    """† 000: names containing / or % broke the permalink. Opened from a folder, every link is a file that is there."""
    build_gallery_site(values, tmp_path / "site")
    base = (tmp_path / "site").as_uri() + "/"
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) == len(NAMES) + 2
    for page in pages:
        text = page.read_text("utf-8")
        links = re.findall(r'(?:href|src|content)="([^"#]+\.(?:html|css|js|svg|xml|json|png))"', text)
        assert len(links) >= 5
        for link in links:
            target = urljoin(page.as_uri(), link)
            assert target.startswith(base)
            assert Path(unquote(target.removeprefix("file://"))).is_file(), (page, link)


def test_next_leads_through_all_models_without_a_script(values: GalleryValues) -> None:
    pages = pages_of(values)
    seen: list[str] = []
    page = "index.html"
    while len(seen) <= len(NAMES):
        found = re.search(r'id="next" rel="next" href="(?:\.\./)?([^"]+)"', pages[page])
        assert found is not None
        page = found[1]
        if page in seen:
            break
        seen.append(page)
    assert len(seen) == len(NAMES)


def test_a_page_says_who_wrote_and_who_chose(values: GalleryValues) -> None:
    pages = pages_of(values)
    by_hand, by_rule = pages["model/mothlamp.html"], pages[f"model/{values.entries[1].slug}.html"]

    for page in (by_hand, by_rule):
        text = re.sub(r"<[^>]+>", "", page)
        assert "does not exist. Its words were written by speaking, which does" in text
        assert "They may be false." in text
        assert "It has never been run." in text
    assert "chosen by hand by Ada" in by_hand
    assert "nobody has chosen them" in by_rule


def test_nothing_of_a_name_or_of_a_model_becomes_markup(values: GalleryValues) -> None:
    entry = values.entries[0]
    assert entry.code is not None
    words: dict[str, Any] = {"text": HOSTILE, "edited": True, "chooser": HOSTILE, "raw": HOSTILE}
    bad = replace(
        entry,
        name=HOSTILE.replace("\x07", ""),
        description=replace(entry.description, **words),
        code=replace(entry.code, **words),
    )
    pages = pages_of(replace(values, entries=[bad, *values.entries[1:]]), "example.org/gallery")

    for name, page in pages.items():
        assert "<script>alert" not in page
        assert "49" not in re.sub(r"[0-9a-f]{12,}", "", page) or name.endswith(".xml")
        assert page.count("</title>") == (len(NAMES) + 1 if name == "feed.xml" else name.endswith(".html"))
        if name.endswith(".xml"):
            ElementTree.fromstring(page)  # noqa: S314  # our own
    assert "&lt;script&gt;alert(1)" in pages[f"model/{bad.slug}.html"]


def test_feed_and_sitemap_name_every_model(values: GalleryValues) -> None:
    pages = pages_of(values, "example.org/gallery")
    atom, maps = "{http://www.w3.org/2005/Atom}", "{http://www.sitemaps.org/schemas/sitemap/0.9}"

    feed = ElementTree.fromstring(pages["feed.xml"])  # noqa: S314
    sitemap = ElementTree.fromstring(pages["sitemap.xml"])  # noqa: S314

    assert {title.text for title in feed.iterfind(f"{atom}entry/{atom}title")} == set(NAMES)
    assert len({each.text for each in feed.iter(f"{atom}id")}) == len(NAMES) + 1
    places = [each.text for each in sitemap.iter(f"{maps}loc")]
    assert places[0] == "https://example.org/gallery/index.html"
    assert len(places) == len(NAMES) + 2
    assert "https://example.org/gallery/cards/mothlamp.png" in pages["model/mothlamp.html"]
    assert "sitemap.xml" not in pages_of(values)


def test_a_card_is_drawn_for_every_name_and_is_always_the_same(values: GalleryValues) -> None:
    for entry in values.entries:
        card = draw_card(entry, "speaking")
        image = Image.open(BytesIO(card))
        assert image.size == (1200, 630)
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 8
        assert draw_card(entry, "speaking") == card
    long = replace(
        values.entries[0], name="Wide" * 16, description=replace(values.entries[0].description, text="w " * 900)
    )
    assert draw_card(long, "m" * 90)
    assert drawable("🐌 Net מגדלור") == "Net"


def test_highlighted_code_is_the_code() -> None:
    code = "from moth import Lamp  # on\nfor i in range(3):\n    print('<b>', i)\n"

    pieces = highlighted(code)

    assert "".join(text for _, text in pieces) == code
    assert {"c", "k", "s", "n", "b"} <= {kind for kind, _ in pieces}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "version"),
        ({"entries": [{}]}, r"entries\[0\]"),
        ({"models": []}, "its model or its pipeline is not in the file"),
        ({"colour": 1}, "colour"),
    ],
)
def test_what_is_no_gallery_is_told_by_its_place(values: GalleryValues, change: dict[str, object], said: str) -> None:
    with pytest.raises(GalleryError, match=said):
        checked(json.loads(json_of(values)) | change)


def test_a_name_that_is_there_twice_is_told(values: GalleryValues) -> None:
    data = json.loads(json_of(values))

    with pytest.raises(GalleryError, match="'MothLamp' is there already"):
        checked(data | {"entries": [*data["entries"], data["entries"][0]]})


def test_an_empty_gallery_and_a_wrong_address_are_told(values: GalleryValues, tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="nothing in this gallery yet"):
        site_files(GalleryValues())
    with pytest.raises(SettingsError):
        build_gallery_site(values, tmp_path, address="ftp://example.org")
    with pytest.raises(GalleryError, match="name a gallery's folder"):
        read_gallery(tmp_path / "nowhere")


def test_names_without_a_description_are_left_out(folder: Path) -> None:
    with Gallery.in_folder(folder) as gallery:
        gallery.add("Nothing Yet", "visitor")
        assert len(values_of(gallery, visitors=True).entries) == len(NAMES)
