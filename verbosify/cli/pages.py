"""`verbosify site` and `exhibit`: pages of what is recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from verbosify.cli.app import app, examples
from verbosify.streams import say


@app.command(
    epilog=examples(
        "verbosify site pieces/ESSAY", "verbosify site pieces/ONE pieces/TWO --out site --address example.org/me"
    )
)
def site(
    pieces: Annotated[list[Path], typer.Argument(metavar="PIECE...", help="Folders of pieces, or piece.json files.")],
    out: Annotated[Path | None, typer.Option(help="Where the pages go. [default: PIECE/site, or site]")] = None,
    address: Annotated[
        str, typer.Option(help="Where they will be published, as in example.org/me: for the pictures shown with links.")
    ] = "",
) -> None:
    """Make the static page of one PIECE, or of several with an index."""
    folder = out or (_site_of(pieces[0]) if len(pieces) == 1 else Path("site"))
    print(make_pages(pieces, folder, address, on_notice=say))


@app.command(epilog=examples("verbosify exhibit pieces/ONE pieces/TWO --blind"))
def exhibit(
    pieces: Annotated[list[Path], typer.Argument(metavar="PIECE...", help="Folders of pieces, or piece.json files.")],
    out: Annotated[Path, typer.Option(help="Where the page goes.")] = Path("exhibit"),
    reading: Annotated[str | None, typer.Option(help="Which reading. [default: the one its page shows first]")] = None,
    blind: Annotated[bool, typer.Option("--blind", help="Let visitors guess first.")] = False,  # noqa: FBT002  # a flag
    title: Annotated[str, typer.Option(help="Of the page.")] = "",
) -> None:
    """Show PIECEs in three columns: the passage, what its writer wrote next, what the machine wrote next."""
    from verbosify.exhibits.columns import build_columns

    print(build_columns(pieces, out, reading=reading, blind=blind, title=title))


def make_pages(
    pieces: list[Path], out: Path, address: str = "", *, on_notice: Callable[[str], None] = lambda _: None
) -> Path:
    """Make the pages of what is recorded; returns the one to open first."""
    from verbosify.piece import read_record
    from verbosify.site import build_site

    records = [read_record(path) for path in pieces]
    build_site(records, out, address=address, on_notice=on_notice)
    for path, record in zip(pieces, records, strict=True):
        if not any(reading.gaps for reading in record.readings.values()):
            on_notice(f"Nothing is picked in {path} yet, so its page shows the essay alone: go on, or pick by hand.")
    return out / "index.html"


def _site_of(piece: Path) -> Path:
    return (piece if piece.is_dir() else piece.parent) / "site"
