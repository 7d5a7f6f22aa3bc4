"""Make the project's page, site/index.html, and what stands at addresses where pages have moved from.

`python tools/front_page.py`; a test fails while site/ is not what this makes. What it says of the piece and the
gallery is read from their records. The picture is `tools/screenshots.py`'s. Like the pages of a piece it needs no
script: the one it has sends old links to a choice on to where the piece is now, and does nothing else.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape

from verbosify.piece import read_export
from verbosify.site.pages import PiecePages
from verbosify.site.record import Record
from verbosify.web import WEB, as_style
from verbosify.web.safety import PAGE_POLICY

HERE = Path(__file__).resolve().parent
SITE = HERE.parent / "site"
MOVED = ("fluffy.html", "strange.html", "sparse.html", "made.html")
"""Pages of the piece that lay here before it had a folder of its own."""
PICTURES = ("desk.png", "desk-dark.png")
"""Lie in site/ beside what this makes: the desk by day, and by night if there is one."""
STYLES = (*(WEB / "css" / name for name in ("faces.css", "tokens.css", "base.css")), HERE / "front_page" / "front.css")


def files() -> dict[str, bytes]:
    """Every file that this makes, by its name in site/."""
    pages = Environment(loader=FileSystemLoader(HERE / "front_page"), autoescape=select_autoescape(), trim_blocks=True)
    record = Record.checked(read_export(SITE / "rovers" / "piece.json"))
    style = (
        as_style(STYLES)
        .replace("url(fonts/", "url(rovers/assets/fonts/")
        .replace('url("fonts/', 'url("rovers/assets/fonts/')
    )
    reading = record.first_reading
    before = PiecePages(record, "", "", has_card=False).words.all
    page = pages.get_template("index.html").render(
        policy=PAGE_POLICY,
        opening=opening(record),
        title=record.title,
        model=record.piece.model["name"],
        samples=len(record.piece.samples),
        gaps=len(record.gaps),
        before=before,
        after=before + reading.words,
        gallery=json.loads((SITE / "gallery" / "gallery.json").read_text(encoding="utf-8")),
        desk=[name for name in PICTURES if (SITE / name).is_file()],
        desk_page=documented("desk", "reference/cli.html"),
        exhibits_page=documented("exhibits", "reference/cli.html"),
    )
    moved = pages.get_template("moved.html")
    return {
        "index.html": page.encode(),
        "front.css": style.encode(),
        "moved.js": (HERE / "front_page" / "moved.js").read_bytes(),
        **{name: moved.render(policy=PAGE_POLICY, name=name).encode() for name in MOVED},
    }


def documented(page: str, otherwise: str) -> str:
    """The page of that name in the documentation, if there is one."""
    return f"{page}.html" if (HERE.parent / "docs" / f"{page}.md").is_file() else otherwise


def opening(record: Record) -> list[tuple[bool, str]]:
    """The first paragraph with what was chosen for it: stretches of text, and whether a model wrote them."""
    passages = record.piece.passages
    block = passages[0].block
    mine = [passage for passage in passages if passage.block == block]
    chosen = dict.fromkeys((passage.index for passage in mine), "")
    for gap, pick in record.chosen(record.first_reading):
        if gap in chosen:
            chosen[gap] += f" {pick.text}"
    parts: list[tuple[bool, str]] = []
    start = mine[0].start
    for passage in mine:
        parts += [(False, plain(record.text[start : passage.gap])), (True, chosen[passage.index].strip())]
        start = passage.gap
    return [(generated, text) for generated, text in parts if text]


def plain(text: str) -> str:
    """Without the marks of citations, which lead nowhere here."""
    return re.sub(r"\[\d+\]", "", text).strip()


if __name__ == "__main__":
    for name, content in files().items():
        (SITE / name).write_bytes(content)
