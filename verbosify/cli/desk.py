"""`verbosify desk`: the writing desk in a browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from verbosify.cli.app import app, examples
from verbosify.errors import SettingsError
from verbosify.streams import say

PASSWORD = "VERBOSIFY_DESK_PASSWORD"  # noqa: S105  # the name of a variable


@app.command(epilog=examples("verbosify desk", "verbosify desk pieces/ESSAY"))
def desk(
    piece: Annotated[
        Path | None, typer.Argument(metavar="[PIECE]", help="The folder of a piece that picks may go to.")
    ] = None,
    model: Annotated[str, typer.Option(help="The model that new drafts begin with: a name or a folder.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Where drafts are kept. [default: PIECE, or your data]")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8931,
    host: Annotated[str, typer.Option(help="Where to listen; anything but this computer needs a password.")] = "",
    name: Annotated[list[str] | None, typer.Option(help="Another name that the server answers to.")] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="A page elsewhere that may use the completions API, as https://example.org."),
    ] = None,
    curator: Annotated[str, typer.Option(help="Your name, kept with each pick.")] = "anonymous",
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,  # noqa: FBT002
) -> None:
    """Write with a model, token by token, in a browser; and serve its completions to other programs."""
    from functools import partial

    from verbosify.desk.desk import Desk
    from verbosify.desk.server import desk_application, names_of_this_computer
    from verbosify.models.loading import DEFAULT_MODEL, require_model
    from verbosify.web.access import Access, secret_in
    from verbosify.web.serving import serve
    from verbosify.workflow.desk_picks import PieceOfDesk, require_piece

    model, host = model or DEFAULT_MODEL, host or "127.0.0.1"
    require_model(model)
    password = _password(host)
    lend = None
    if piece is not None:
        piece = piece.parent if piece.name in ("piece.db", "piece.json") and piece.is_file() else piece
        require_piece(piece)
        lend = partial(PieceOfDesk, piece, curator)
    folder = folder or piece or _data_folder()
    access = Access(secret_in(folder), password)
    made = Desk(folder, model, lend=lend)
    names = names_of_this_computer(host) | set(name or ())
    application = desk_application(made, access, hosts=names, origins=origin or ())

    def tell(port: int) -> None:
        address = f"http://{'127.0.0.1' if host in ('127.0.0.1', '0.0.0.0', '::') else host}:{port}/"  # noqa: S104
        say(f"The desk:  {address}?token={access.token}")
        say(f"Its key for other programs ({address}v1):  {access.key}")
        if browser and os.isatty(1):
            typer.launch(f"{address}?token={access.token}")

    serve(application, host=host, port=port, listening_at=tell)


def _password(host: str) -> str | None:
    """The password, which anything but this computer needs: from the environment, or asked for."""
    if host in ("127.0.0.1", "localhost", "::1"):
        return os.environ.get(PASSWORD) or None
    password = os.environ.get(PASSWORD) or ""
    if not password and os.isatty(0):
        password = typer.prompt("A password for this desk", hide_input=True, confirmation_prompt=True)
    if len(password) < 8:
        raise SettingsError(f"To listen at {host} takes a password of at least 8 characters: set {PASSWORD}.")
    return password


def _data_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("verbosify") / "desk"
