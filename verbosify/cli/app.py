"""The program itself: its name, how it ends, and the arguments that several commands share."""

from __future__ import annotations

import errno
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from verbosify.errors import OutputError, VerbosifyError
from verbosify.models.process import tune_process
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


def examples(*lines: str) -> str:
    """The end of a command's help."""
    return "\n\n".join(["Examples:", *lines])


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
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it with the flag's value
    if wanted:
        print(f"verbosify {version_of_verbosify()}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
]


Verbose = Annotated[
    int, typer.Option("--verbose", "-v", count=True, help="Say more of what is done; -vv says all.", show_default=False)
]


@app.callback(epilog=examples("verbosify run ESSAY.docx", "verbosify doctor", "verbosify COMMAND --help"))
def verbosify(version: Version = False, verbose: Verbose = 0) -> None:  # noqa: ARG001, FBT002  # read elsewhere
    """Write with overfitted language models.

    Exit codes: 0 done; 1 done, and what was found is not as it should be; 2 a mistake that you can mend, told in one
    sentence; 130 stopped by Ctrl-C.
    """
    if verbose:
        logging.basicConfig(format="%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
        logging.getLogger("verbosify").setLevel(logging.INFO if verbose == 1 else logging.DEBUG)


def main() -> None:
    """Run the command line; a mistake of the user's is one sentence and exit code 2, never a traceback."""
    prepare_streams()
    tune_process()  # before any command imports PyTorch
    try:
        try:
            app(prog_name="verbosify")
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
