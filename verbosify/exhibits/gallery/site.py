"""A gallery's values in, static pages out. Knows which files there are; it writes them all at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from verbosify.exhibits.gallery.card import draw_card
from verbosify.exhibits.gallery.pages import GalleryPages
from verbosify.exhibits.gallery.store import GalleryError
from verbosify.exhibits.gallery.values import JSON_NAME, GalleryValues, json_of
from verbosify.readiness import ensure_installed
from verbosify.site.address import published_address
from verbosify.site.card import lacking
from verbosify.site.output import write_files
from verbosify.web import FONTS, SHEETS, WEB, as_script, as_style

ASSETS = Path(__file__).parent / "assets"
Files = dict[PurePosixPath, bytes]


def build_gallery_site(
    values: GalleryValues, out: Path, *, address: str = "", on_notice: Callable[[str], None] = lambda _: None
) -> list[Path]:
    """Write the pages of a gallery into the folder `out`; returns the files. The same gallery makes the same bytes.

    Args:
        address: where `out` will be published. Pictures shown with links and the sitemap need it.
        on_notice: told in a sentence what the pages lack.

    Raises:
        GalleryError: there is nothing in the gallery yet.
        SettingsError: `address` is none.
        OutputError: a file cannot be written, or a package is missing.
    """
    ensure_installed("jinja2", "pygments")
    files = site_files(values, address=address)
    if missing := lacking():
        on_notice(f"{missing} The pages are made without it.")
    if not address:
        on_notice("No sitemap is made, since it needs --address.")
    return write_files(files, Path(out))


def site_files(values: GalleryValues, *, address: str = "") -> Files:
    """Every file of a gallery's site, by its path."""
    if not values.entries:
        raise GalleryError("There is nothing in this gallery yet: build it first.")
    pages = GalleryPages(values, published_address(address), lacking() is None)
    files = {
        "index.html": pages.entry_page(values.entries[0], root="", is_first=True),
        "all.html": pages.all_page(),
        "feed.xml": pages.feed(),
        JSON_NAME: json_of(values),
    }
    if pages.address:
        files["sitemap.xml"] = pages.sitemap()
    for entry in values.entries:
        files[f"model/{entry.slug}.html"] = pages.entry_page(entry)
        if pages.has_cards:
            files[f"cards/{entry.slug}.png"] = draw_card(entry, pages.model_of(entry))
    files |= {f"assets/{name}": content for name, content in asset_files("gallery.js").items()}
    return {PurePosixPath(name): content for name, content in files.items()}


def asset_files(script: str) -> dict[str, bytes]:
    """The style sheet, a script, the icon and the typefaces."""
    files = {
        "gallery.css": as_style([*SHEETS, ASSETS / "gallery.css"]).encode(),
        script: as_script(ASSETS / script).encode(),
        "icon.svg": (WEB / "icon.svg").read_bytes(),
    }
    for face in sorted(FONTS.iterdir(), key=lambda entry: entry.name):
        files[f"fonts/{face.name}"] = face.read_bytes()
    return files
