"""`verbosify models`: what models there are, and fetching them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from verbosify.cli.app import AsJson, app, examples
from verbosify.cli.showing import make_console, progress_bars, show_fetching
from verbosify.streams import say

models_app = typer.Typer(help="List the models there are, and fetch them.", invoke_without_command=True)
app.add_typer(models_app, name="models")


@models_app.callback(epilog=examples("verbosify models", "verbosify models --json"))
def models(context: typer.Context, as_json: AsJson = False) -> None:  # noqa: FBT002  # a flag of the command line
    """List the models there are: on disk or not, size, licence, source."""
    if context.invoked_subcommand:
        return
    from verbosify.models.store.catalog import list_models

    if as_json:
        for status in list_models():
            print(json.dumps(asdict(status)))
        return
    from rich.table import Table

    table = Table("model", "on disk", "size", "parameters", "licence", "what it is, and its source")
    for status in list_models():
        size, parameters = f"{status.size / 1e6:,.0f} MB", f"{status.parameters / 1e6:,.0f} M"
        on_disk = "yes" if status.on_disk else "no"
        table.add_row(status.name, on_disk, size, parameters, status.licence, f"{status.note} ({status.source})")
    make_console().print(table)


@models_app.command(
    "get",
    epilog=examples("verbosify models get smollm2-135m minilm", "verbosify models get EleutherAI/pythia-160m@step3000"),
)
def models_get(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Of the list, or owner/name, @REVISION after it if wanted.")
    ],
) -> None:
    """Fetch models, of the list or owner/name of Hugging Face's hub, verified; goes on where an earlier try ended."""
    from verbosify.models.store.catalog import get_model

    for name in names:
        with progress_bars() as bars:
            folder = get_model(name, progress=show_fetching(bars), on_notice=say)
        print(f"{name}: {folder}")
