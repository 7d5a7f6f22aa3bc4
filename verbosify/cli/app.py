"""The program itself: its name, how it ends, and the arguments that several commands share."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from verbosify.errors import OutputError, VerbosifyError
from verbosify.streams import output_error, prepare_streams, say, silence_output
from verbosify.version import version_of_verbosify

INTERRUPTED = 130
UNSAYABLE = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF)
"""What writing to standard output fails with where nothing can be written to it."""


def _folder_of_piece(path: Path) -> Path:
    return path.parent if path.name in ("piece.db", "piece.json") and path.is_file() else path


EssayPath = Annotated[Path, typer.Argument(metavar="ESSAY", help="A .txt, .md or .docx file.", show_default=False)]
PieceFolder = Annotated[
    Path,
    typer.Argument(metavar="PIECE", help="The folder of a piece.", show_default=False, callback=_folder_of_piece),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


class _Commands(TyperGroup):
    """The commands; Ctrl-C in any of them is one sentence."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say("Stopped.")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it with the flag's value
    if wanted:
        print(f"verbosify {version_of_verbosify()}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
]


@app.callback()
def verbosify(version: Version = False) -> None:  # noqa: FBT002  # a flag, which `_print_version` reads
    """Write with overfitted language models."""


def main() -> None:
    """Run the command line; a mistake of the user's is one sentence and exit code 2, never a traceback."""
    prepare_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except VerbosifyError as error:
        say(error)
        sys.exit(error.exit_code)
    except OSError as error:
        failure = error if error.errno in UNSAYABLE and not error.filename else output_error()
        if failure is None:
            raise
        silence_output()
        if failure.errno == errno.EPIPE or (os.name == "nt" and failure.errno == errno.EINVAL):  # nobody reads on
            sys.exit(1)
        hint = "make room on the disk" if failure.errno == errno.ENOSPC else "send it elsewhere"
        say(f"What there is to say cannot be written ({failure.strerror}): {hint}.")
        sys.exit(OutputError.exit_code)
