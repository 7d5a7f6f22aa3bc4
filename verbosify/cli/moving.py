"""`verbosify export`, `import`, `measure` and `open`: pieces as files, and their pages in a browser."""

from __future__ import annotations

import csv
import io
import json
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verbosify.cli.app import AsJson, PieceFolder, app, examples
from verbosify.errors import OutputError, PieceError
from verbosify.streams import lose_what_cannot_be_encoded, say

if TYPE_CHECKING:
    from verbosify.piece import Piece

Out = Annotated[Path | None, typer.Option(help="Where it goes. [default: in the piece's folder]", show_default=False)]


@app.command(
    epilog=examples("verbosify export pieces/ESSAY --out piece.json", "verbosify export pieces/ESSAY --reading own")
)
def export(
    piece: PieceFolder,
    out: Out = None,
    reading: Annotated[
        str | None, typer.Option(help="The essay with this reading woven in, as .md, .txt and .docx, instead.")
    ] = None,
) -> None:
    """Write all that is recorded of PIECE into one JSON file, from which `verbosify import` makes it again."""
    from verbosify.piece import Piece, write_export
    from verbosify.workflow.outputs import write_reading

    with Piece.open(piece) as opened:
        if reading is None:
            print(write_export(opened, out))
            return
        if reading not in opened.readings():
            begun = ", ".join(opened.readings()) or "none yet"
            raise PieceError(f"There is no reading {reading!r} in {piece}: choose one of those begun ({begun}).")
        folder = out or piece
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is a file, where a folder for three files is wanted: name another place.")
        folder.mkdir(parents=True, exist_ok=True)
        for path in write_reading(opened, reading, folder):
            print(path)


@app.command("import", epilog=examples("verbosify import piece.json --out pieces/ESSAY"))
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A piece.json, of any version.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="The piece's folder, which must hold none. [default: pieces/ESSAY]")
    ] = (None),
) -> None:
    """Make the piece that FILE describes, as `verbosify export` or a published page has it."""
    from verbosify.piece import import_piece, read_export
    from verbosify.piece.checking import check
    from verbosify.workflow.outputs import piece_folder

    data = read_export(file)
    folder = out or piece_folder(Path("pieces"), check(data).essay.name)
    with import_piece(data, folder) as made:
        print(f"{folder}: {len(made.passages())} passages, {len(list(made.samples()))} samples")


@app.command(
    epilog=examples("verbosify measure pieces/ESSAY --out samples.csv", "verbosify measure pieces/ESSAY --json")
)
def measure(
    piece: PieceFolder,
    out: Annotated[
        Path | None, typer.Option(help="A file for the table. [default: print it]", show_default=False)
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Print a table (CSV) of PIECE's samples: what was measured, and what the measures of plug-ins say of them."""
    from verbosify.files import os_errors_as, whole_file
    from verbosify.piece import Piece

    with Piece.open(piece) as opened:
        rows = list(_measured(opened))
    lines = io.StringIO()
    if as_json:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    elif rows:
        writer = csv.DictWriter(lines, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    if out is None:
        lose_what_cannot_be_encoded()
        print(lines.getvalue(), end="")
        return
    with os_errors_as(OutputError, out, "choose another place", cannot="written"), whole_file(out) as written:
        written.write(lines.getvalue().encode())
    print(out)


def _measured(piece: Piece) -> Iterator[dict[str, Any]]:
    """A row a sample: where it stands, its badges, every number that was measured, and those of plug-ins."""
    from verbosify.measures import Measures
    from verbosify.measures.plugged import measure_with, plugged_measures

    told: set[str] = set()

    def tell_once(problem: str) -> None:
        if problem not in told:
            told.add(problem)
            say(problem)

    ours = {"sample", "passage", "badges", "text", *(field.name for field in fields(Measures))}
    with redirect_stdout(sys.stderr):  # what a plug-in prints is no part of the table
        plugins = plugged_measures(tell_once)
    for name in ours & plugins.keys():
        tell_once(f"A column of ours is called {name}: {plugins.pop(name)} is left out.")
    passages = {passage.index: passage for passage in piece.passages()}
    passage_of = {batch.id: passages[batch.passage] for batch in piece.batches()}
    for sample in piece.samples():
        passage = passage_of[sample.batch]
        measures = Measures.from_dict(sample.measures)
        numbers = {name: value for name, value in measures.to_dict().items() if not isinstance(value, list)}
        place = {"sample": sample.id, "passage": passage.index, "badges": " ".join(measures.badges())}
        with redirect_stdout(sys.stderr):
            others = measure_with(plugins, passage.text, sample.text, tell_once)
        yield place | numbers | others | {"text": sample.text}


@app.command("open", epilog=examples("verbosify open pieces/ESSAY"))
def open_(
    piece: Annotated[
        Path, typer.Argument(metavar="PIECE", help="The folder of a piece, or of pages.", show_default=False)
    ],
) -> None:
    """Show the page of PIECE in the browser, made first if there is none yet."""
    from verbosify.cli.pages import make_pages

    found = (place for place in (piece / "site" / "index.html", piece / "index.html") if place.is_file())
    page = next(found, None) or make_pages([piece], piece / "site", on_notice=say)
    print(page)
    if not webbrowser.open(page.resolve().as_uri()):
        say("No browser can be started from here: open that file in one.")
