"""The picture shown with a link to a model that does not exist: its name, and what it is. Knows no browser."""

from __future__ import annotations

from verbosify.errors import OutputError
from verbosify.exhibits.gallery.values import EntryValues
from verbosify.site.card import INK, MACHINE, MARGIN, PAPER, QUIET, SIZE, as_png, font, lacking, wrapped
from verbosify.web.typefaces import LATIN

UNDRAWN = "A model"
"""How a name is called of which no letter can be drawn."""


def draw_card(entry: EntryValues, model: str) -> bytes:
    """A PNG of 1200 x 630 pixels; the same entry makes the same one with the same Pillow.

    Letters that our typefaces lack are left out of the picture, and so are those of names that have no others.
    Raises `OutputError` if there is no Pillow that can draw it.
    """
    if missing := lacking():
        raise OutputError(missing)
    from PIL import Image, ImageDraw

    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    width = SIZE[0] - 2 * MARGIN
    name = drawable(entry.name) or UNDRAWN
    for size in (104, 88, 72, 60):
        lines = wrapped(draw, name, font("human", size), width, 2)
        if len(lines) == 1:
            break
    for number, line in enumerate(lines):
        draw.text((MARGIN, 56 + number * size * 1.1), line, INK, font("human", size))
    top = 56 + len(lines) * size * 1.1 + 34
    room = int((508 - top) // 50)
    for number, line in enumerate(wrapped(draw, drawable(entry.description.text), font("machine", 38), width, room)):
        draw.text((MARGIN, top + number * 50), line, MACHINE, font("machine", 38))
    draw.text((MARGIN, 566), "This model does not exist.", QUIET, font("human-italic", 34), anchor="ls")
    draw.text((SIZE[0] - MARGIN, 566), f"by {drawable(model)[:40]}", QUIET, font("machine", 30), anchor="rs")
    return as_png(image)


def drawable(text: str) -> str:
    """`text` without what our typefaces cannot draw."""
    return " ".join("".join(character for character in text if character in LATIN).split())
