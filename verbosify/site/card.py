"""The picture shown with a link to a piece: its title, its length and its shape, drawn by us. Knows no browser."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from verbosify.errors import OutputError
from verbosify.site.shape import runs
from verbosify.web import FONTS

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

    from verbosify.site.pages import PiecePages

SIZE = (1200, 630)
MARGIN = 84
PAPER, INK, QUIET, MACHINE = "#fcfbf8", "#201d1a", "#6a645a", "#33409c"
COLOURS = 64  # of the palette: enough for smooth letters, and a third of the bytes


def lacking() -> str | None:
    """Why no picture can be drawn here, in a sentence; None if it can."""
    try:
        from PIL import Image, ImageDraw  # noqa: F401  (whether they are there)

        font("human", 34)
    except (ImportError, OSError):  # Pillow is not there, or reads no typefaces, or not those of the web
        return "The picture shown with links needs Pillow: install verbosify-studio[site]."
    return None


def draw_card(site: PiecePages) -> bytes:
    """A PNG of 1200 x 630 pixels; the same piece makes the same one with the same Pillow.

    Raises `OutputError` if there is no Pillow that can draw it.
    """
    if missing := lacking():
        raise OutputError(missing)
    from PIL import Image, ImageDraw

    reading = site.record.first_reading
    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    bottom = _draw_title(draw, site.record.title)
    opening = wrapped(draw, site.opening(), font("human-italic", 34), SIZE[0] - 2 * MARGIN, 2)
    for number, line in enumerate(opening if bottom < 330 else []):
        draw.text((MARGIN, bottom + 24 + number * 44), line, QUIET, font("human-italic", 34))
    _draw_shape(draw, site)
    draw.text((MARGIN, 548), site.count(reading).replace("→", "to"), INK, font("machine", 34), anchor="ls")
    model = f"with {site.record.piece.model['name']}" if reading.words else ""
    draw.text((SIZE[0] - MARGIN, 548), model[:40], MACHINE, font("machine", 34), anchor="rs")
    return as_png(image)


def as_png(image: Image) -> bytes:
    """A picture's bytes, in few colours."""
    from PIL.Image import Dither

    png = BytesIO()
    image.quantize(COLOURS, dither=Dither.NONE).save(png, "PNG", optimize=True)
    return png.getvalue()


def _draw_title(draw: ImageDraw, title: str) -> int:
    """Draw the title as large as three lines allow; returns where it ends."""
    width = SIZE[0] - 2 * MARGIN
    for size in (92, 76, 64, 52):
        lines = wrapped(draw, title, font("human", size), width, 9)
        if len(lines) <= 2 + (size < 90) or size == 52:
            break
    for number, line in enumerate(lines[:4]):
        draw.text((MARGIN, 60 + number * size * 1.12), line, INK, font("human", size))
    return round(60 + len(lines[:4]) * size * 1.12)


def _draw_shape(draw: ImageDraw, site: PiecePages) -> None:
    found = runs(site.words, site.added(site.record.first_reading))
    length = max((start + width for _, start, width in found), default=1)
    scale = (SIZE[0] - 2 * MARGIN) / length
    for voice, start, width in found:
        left, right = MARGIN + start * scale, MARGIN + (start + width) * scale - 1
        top = 432 if voice == "human" else 464
        draw.rectangle((left, top, max(left, right), top + 28), INK if voice == "human" else MACHINE)


def wrapped(draw: ImageDraw, text: str, face: FreeTypeFont, width: int, most: int) -> list[str]:
    """Lines no wider than `width` pixels, at most `most` of them; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    for word in text.split()[:200]:
        while draw.textlength(word, face) > width:
            word = word[: len(word) * 3 // 4] + "…"  # noqa: PLW2901 - a word too long for any line
        if lines and draw.textlength(f"{lines[-1]} {word}", face) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > most:
        lines = lines[:most]
        while draw.textlength(lines[-1] + "…", face) > width:
            lines[-1] = lines[-1].rpartition(" ")[0]
        lines[-1] = lines[-1].rstrip(",;:") + "…"
    return lines


@cache
def font(face: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont

    data = (FONTS / f"{face}.woff2").read_bytes()
    return ImageFont.truetype(BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)
