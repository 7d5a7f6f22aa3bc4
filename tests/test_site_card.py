"""The picture shown with a link."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageFont

from tests.browser.making import HOSTILE, harbour, hostile, piece
from verbosify.errors import OutputError
from verbosify.site import build_site
from verbosify.site.card import draw_card, font, lacking
from verbosify.site.pages import PiecePages
from verbosify.site.record import Record

INK, MACHINE = (32, 29, 26), (51, 64, 156)


def card(made: dict[str, object]) -> tuple[bytes, Image.Image]:
    png = draw_card(PiecePages(Record.checked(made)))
    return png, Image.open(BytesIO(png)).convert("RGB")


def share(image: Image.Image, colour: tuple[int, int, int], box: tuple[int, int, int, int]) -> float:
    """How much of a part of a picture is about that colour."""
    part = image.crop(box)
    pixels = list(part.get_flattened_data() if hasattr(part, "get_flattened_data") else part.getdata())
    near = [pixel for pixel in pixels if all(abs(one - other) < 24 for one, other in zip(pixel, colour, strict=True))]
    return len(near) / len(pixels)


def test_the_picture_has_the_title_in_ink_and_both_voices_in_its_shape() -> None:
    png, image = card(harbour())
    assert image.size == (1200, 630)
    assert len(png) < 60_000
    assert share(image, INK, (84, 60, 700, 200)) > 0.05
    assert share(image, INK, (84, 432, 1116, 460)) > 0.2
    assert share(image, MACHINE, (84, 464, 1116, 492)) > 0.2
    assert draw_card(PiecePages(Record.checked(harbour()))) == png


def test_a_sparse_piece_has_no_machine_in_its_picture() -> None:
    _, image = card(piece([["One sentence."]], lambda gap: []))
    assert share(image, MACHINE, (0, 0, 1200, 630)) == 0


@pytest.mark.parametrize("title", [*HOSTILE, "", "A " * 400, "漢字"])
def test_any_title_fits(title: str) -> None:
    _, image = card(hostile() | {"title": title})
    margin = [(0, 0, 60, 630), (1150, 0, 1200, 630), (0, 560, 1200, 630)]
    assert all(share(image, INK, box) == 0 for box in margin)


def test_without_pillow_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(OutputError, match=r"needs Pillow: install verbosify-studio\[site\]\.$"):
        draw_card(PiecePages(Record.checked(harbour())))


def test_a_pillow_that_reads_no_typefaces_of_the_web_is_as_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("unknown file format")

    assert lacking() is None
    font.cache_clear()
    monkeypatch.setattr(ImageFont, "truetype", refuse)
    told: list[str] = []

    files = build_site([harbour()], tmp_path, on_notice=told.append)

    assert "card.png" not in [path.name for path in files]
    assert told == [f"{lacking()} The pages are made without it."]
