"""piece.json in, static pages out. The one place that knows which files a site has; it writes them all at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from verbosify.errors import PieceError
from verbosify.files import DEVICES
from verbosify.piece import PieceValues
from verbosify.piece.export import parts_of
from verbosify.readiness import ensure_installed, ensure_writable
from verbosify.record.export import export_lines
from verbosify.site.address import published_address
from verbosify.site.card import draw_card, lacking
from verbosify.site.output import write_files
from verbosify.site.pages import PiecePages, index_page
from verbosify.site.record import Record
from verbosify.web import FONTS, SHEETS, WEB, as_script, as_style

Files = dict[PurePosixPath, bytes]

_HERE = PurePosixPath()
_USUAL = ("fluffy", "strange", "sparse")
_OURS = Path(__file__).parent / "assets"
_STYLES = (
    *SHEETS,
    *(_OURS / "css" / name for name in ("page.css", "tools.css", "made.css", "print.css")),
)


def check_site(out: Path) -> str | None:
    """Find out before any work whether pages can be made in the folder `out`, and tell what they will lack.

    Raises:
        OutputError: a package is missing, or a file cannot be written.
    """
    ensure_installed("jinja2", "markdown_it")
    pages = [f"{name}{suffix}" for name in ("index", "made", *_USUAL) for suffix in (".html", ".txt")]
    ensure_writable(Path(out) / name for name in (*pages, "card.png", "piece.json", *map(str, _assets())))
    return _without_card()


def build_site(
    pieces: Sequence[PieceValues | Mapping[str, Any]],
    out: Path,
    *,
    address: str = "",
    on_notice: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write the pages of `pieces` (as `read_record` has them, or what a piece.json holds) into the folder `out`.

    Returns the files. One piece is the site itself; several get a folder each, and an index. The same pieces make the
    same bytes.

    Args:
        address: where `out` will be published, as in `https://example.org/essays/` or `example.org/essays`. Only the
            pictures shown with links to the pages need it.
        on_notice: told in a sentence what the pages lack: without Pillow, the picture shown with links.

    Raises:
        PieceError: there is no piece, or one is not a record this version can read.
        SettingsError: `address` is none.
        OutputError: a file cannot be written.
    """
    files = site_files([Record.checked(piece) for piece in pieces], address=address)
    if notice := _without_card():
        on_notice(notice)
    return write_files(files, Path(out))


def site_files(records: Sequence[Record], *, address: str = "") -> Files:
    """Every file of the site of some pieces, by its path in the site's folder."""
    base = published_address(address)
    has_card = lacking() is None
    sites = [
        (folder, PiecePages(record, "../" * len(folder.parts), _join(base, folder), has_card))
        for folder, record in _places(records)
    ]
    files = _assets()
    for folder, site in sites:
        files |= {folder / name: content for name, content in _piece_files(site).items()}
    if len(sites) > 1:
        files[PurePosixPath("index.html")] = index_page([{"folder": folder, "pages": site} for folder, site in sites])
    return files


def _places(records: Sequence[Record]) -> list[tuple[PurePosixPath, Record]]:
    """Each piece and the folder its pages go to, no two the same."""
    if not records:
        raise PieceError("There is no piece to make pages of: name at least one.")
    if len(records) == 1:
        return [(_HERE, records[0])]
    taken = {"assets", *DEVICES}
    places = []
    for record in records:
        stem = re.sub(r"[^a-z0-9]+", "-", record.title.lower())[:60].strip("-") or "piece"
        unique, number = stem, 2
        while unique in taken:
            unique, number = f"{stem}-{number}", number + 1
        taken.add(unique)
        places.append((PurePosixPath(unique), record))
    return places


def _join(base: str, folder: PurePosixPath) -> str:
    return base + "".join(f"{part}/" for part in folder.parts) if base else ""


def _piece_files(site: PiecePages) -> dict[str, bytes]:
    files = {}
    for reading in site.record.readings:
        files[site.names[reading.name]] = site.reading_page(reading)
        files[f"{reading.page}.txt"] = site.text(reading)
    files["made.html"] = site.made_page()
    if site.has_card:
        files["card.png"] = draw_card(site)
    files["piece.json"] = "".join(export_lines(parts_of(site.record.piece))).encode()
    return files


def _without_card() -> str | None:
    missing = lacking()
    return f"{missing} The pages are made without it." if missing else None


def _assets() -> Files:
    """The style sheet, the script, the icon and the typefaces."""
    files = {
        PurePosixPath("assets/page.css"): as_style(_STYLES).encode(),
        PurePosixPath("assets/page.js"): as_script(_OURS / "js" / "page.js").encode(),
        PurePosixPath("assets/icon.svg"): (WEB / "icon.svg").read_bytes(),
    }
    for face in sorted(FONTS.iterdir(), key=lambda entry: entry.name):
        files[PurePosixPath("assets/fonts") / face.name] = face.read_bytes()
    return files
