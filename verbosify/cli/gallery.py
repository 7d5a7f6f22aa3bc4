"""`verbosify gallery`: models that do not exist, built, curated, made into pages, served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verbosify.cli.app import INTERRUPTED, app, examples
from verbosify.cli.showing import progress_bars, show_fetching
from verbosify.streams import say

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from verbosify.exhibits.gallery.building import Progress

gallery_app = typer.Typer(help="A gallery of models that do not exist.", no_args_is_help=True)
app.add_typer(gallery_app, name="gallery")

Folder = Annotated[Path, typer.Argument(metavar="GALLERY", help="The folder of a gallery.", show_default=False)]
Model = Annotated[str | None, typer.Option(help="Another model than the pipelines'.")]
HowAsked = Annotated[
    Path | None, typer.Option("--pipelines", help="A folder with description.toml and code.toml. [default: ours]")
]
Seed = Annotated[int, typer.Option(min=0, help="All randomness follows from it.")]
Port = Annotated[int, typer.Option(help="0 for any that is free.")]
Host = Annotated[str, typer.Option(help="Where to listen: this computer alone, unless you say otherwise.")]


@gallery_app.command(
    epilog=examples(
        "verbosify gallery build NAMES.txt --out GALLERY", "verbosify gallery build NAMES.txt --only description"
    )
)
def build(
    names: Annotated[Path, typer.Argument(metavar="NAMES.txt", help="A name a line.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The gallery's folder.")] = Path("gallery"),
    model: Model = None,
    pipelines: HowAsked = None,
    only: Annotated[
        str,
        typer.Option(help="description or code: that part alone, to choose before the other. [default: both]"),
    ] = "",
    seed: Seed = 0,
) -> None:
    """Ask a model about every name of NAMES.txt: what it is, then code that uses it. Run again to go on."""
    from verbosify.errors import SettingsError
    from verbosify.exhibits.gallery.building import PARTS, Pipelines
    from verbosify.exhibits.gallery.building import build as build_names
    from verbosify.exhibits.gallery.names import read_names
    from verbosify.exhibits.gallery.store import Gallery, gallery_lock
    from verbosify.models.loading import load_model

    wanted = read_names(names)
    how = Pipelines.read(pipelines)
    parts = [part for part in PARTS if only in ("", part)]
    if not parts:
        raise SettingsError(f"--only {only!r} is no part of an entry: choose description or code.")
    try:
        with Gallery.in_folder(out, new=True) as gallery, gallery_lock(out), progress_bars() as bars:
            loaded = load_model(model or how.description.model, progress=show_fetching(bars), on_notice=say)
            told = _show(bars)
            troubled = build_names(gallery, wanted, loaded, how, seed=seed, parts=parts, on_progress=told)
    except KeyboardInterrupt:
        say(f"Stopped: all that was made is in {out}; run the same command to go on.")
        raise typer.Exit(INTERRUPTED) from None
    print(f"{len(wanted) - len(troubled)} of {len(wanted)} names are built in {out}.")
    if troubled:
        raise typer.Exit(1)


@gallery_app.command(epilog=examples("verbosify gallery site GALLERY --out site/gallery"))
def site(
    gallery: Annotated[
        Path, typer.Argument(metavar="GALLERY", help="A gallery's folder, or its gallery.json.", show_default=False)
    ],
    out: Annotated[Path | None, typer.Option(help="Where the pages go. [default: GALLERY/site]")] = None,
    address: Annotated[
        str, typer.Option(help="Where they will be published: for the sitemap, and the pictures shown with links.")
    ] = "",
) -> None:
    """Make the static pages of GALLERY."""
    from verbosify.exhibits.gallery.site import build_gallery_site
    from verbosify.exhibits.gallery.values import read_gallery

    values = read_gallery(gallery)
    folder = out or (gallery if gallery.is_dir() else gallery.parent) / "site"
    build_gallery_site(values, folder, address=address, on_notice=say)
    print(folder / "index.html")


@gallery_app.command(epilog=examples("verbosify gallery serve GALLERY"))
def serve(
    gallery: Folder,
    model: Model = None,
    pipelines: HowAsked = None,
    host: Host = "127.0.0.1",
    port: Port = 8001,
    name: Annotated[
        list[str] | None, typer.Option(help="A name it answers to, as example.org; may be repeated.")
    ] = None,
    address: Annotated[str, typer.Option(help="Where it is published, for the sitemap and links.")] = "",
    forbidden: Annotated[Path | None, typer.Option(help="A file of words that nobody is to read, one a line.")] = None,
) -> None:
    """Serve GALLERY with *try your own*: a visitor names a model, and what it is comes as it is thought up."""
    from verbosify.exhibits.gallery.building import Pipelines
    from verbosify.exhibits.gallery.serving import GalleryServer, gallery_app
    from verbosify.models.host import Host as ModelHost
    from verbosify.models.loading import load_model
    from verbosify.pipeline.wording import read_words
    from verbosify.site.address import published_address
    from verbosify.web.serving import serve as run

    how = Pipelines.read(pipelines).for_visitors(read_words([forbidden] if forbidden else []))
    with ModelHost(lambda: load_model(model or how.description.model, on_notice=say)) as owner:
        server = GalleryServer(gallery, owner, how, address=published_address(address))
        run(gallery_app(server, hosts=tuple(name or ())), host=host, port=port)


@gallery_app.command(epilog=examples("verbosify gallery curate GALLERY --as Ada"))
def curate(
    gallery: Folder,
    chooser: Annotated[str, typer.Option("--as", help="Your name, kept with each choice.")],
    model: Model = None,
    pipelines: HowAsked = None,
    host: Host = "127.0.0.1",
    port: Port = 8001,
) -> None:
    """Keep, reroll or edit what is said in GALLERY, on a page of this computer."""
    from verbosify.exhibits.gallery.building import Pipelines
    from verbosify.exhibits.gallery.curating import Curating, curating_app
    from verbosify.models.loading import load_model
    from verbosify.web.serving import serve as run

    how = Pipelines.read(pipelines)
    desk = Curating(gallery, how, chooser, lambda: load_model(model or how.description.model, on_notice=say))
    run(curating_app(desk), host=host, port=port)


def _show(bars: Bars) -> Callable[[Progress], None]:
    task = bars.add_task("building", total=None)

    def show(progress: Progress) -> None:
        bars.update(task, completed=progress.number, total=progress.names, description=progress.name)
        if progress.trouble:
            say(progress.trouble)

    return show
