"""The page of three columns and its files: static, from any folder, and without a script where it only shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from jinja2 import Environment, FileSystemLoader

from verbosify.errors import PieceError
from verbosify.exhibits.columns.comparing import Comparison, compare
from verbosify.piece import read_record
from verbosify.site.output import write_files
from verbosify.site.record import Record
from verbosify.web import FONTS, PAGE_POLICY, SHEETS, WEB, as_script, as_style

PAGE = Path(__file__).parent / "page"


def build_columns(
    pieces: Sequence[Path], out: Path, *, reading: str | None = None, blind: bool = False, title: str = ""
) -> Path:
    """Make the page of some pieces, folders or piece.json files, in the folder `out`; returns the page.

    Args:
        reading: which of each piece's; by default the one a visitor of its own page sees first.
        blind: whether visitors guess before they are told; they can do either, this is what the page begins with.
        title: of the page.

    Raises:
        PieceError: a piece cannot be read, or there is nothing to compare in any of them.
        OutputError: a file cannot be written.
    """
    rows = [row for piece in pieces for row in compare(Record.checked(read_record(piece)), reading)]
    if not rows:
        raise PieceError("There is nothing to compare: no pick has words of the writer's after it in its paragraph.")
    files = {PurePosixPath("index.html"): _page(rows, blind=blind, title=title).encode()} | _assets()
    write_files(files, out)
    return out / "index.html"


def _page(rows: Sequence[Comparison], *, blind: bool, title: str) -> str:
    environment = Environment(loader=FileSystemLoader(PAGE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("columns.html").render(
        policy=PAGE_POLICY,
        title=title or "Side by side",
        rows=rows,
        blind=blind,
        models=list(dict.fromkeys(row.model for row in rows)),
        curators=list(dict.fromkeys(name for row in rows for name in row.curators)),
        titles=list(dict.fromkeys(row.title for row in rows)),
    )


def _assets() -> dict[PurePosixPath, bytes]:
    files = {
        PurePosixPath("assets/columns.css"): as_style([*SHEETS, PAGE / "columns.css"]).encode(),
        PurePosixPath("assets/columns.js"): as_script(PAGE / "columns.js").encode(),
        PurePosixPath("assets/icon.svg"): (WEB / "icon.svg").read_bytes(),
    }
    for path in sorted(FONTS.iterdir()):
        files[PurePosixPath("assets/fonts") / path.name] = path.read_bytes()
    return files
