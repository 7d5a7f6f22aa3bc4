"""The command line: parse, call, print. All work is done in the rooms below."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from verbosify.errors import OutputError, SettingsError, VerbosifyError
from verbosify.streams import lose_what_cannot_be_encoded, output_error, prepare_streams, say, silence_output

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from verbosify.workflow import Progress, Summary

INTERRUPTED = 130
UNSAYABLE = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF)
"""What writing to standard output fails with where nothing can be written to it."""


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
    help="Write with overfitted language models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(help="List the models there are, and fetch them.", invoke_without_command=True)
app.add_typer(models_app, name="models")

EssayPath = Annotated[Path, typer.Argument(metavar="ESSAY", help="A .txt, .md or .docx file.", show_default=False)]
PieceFolder = Annotated[Path, typer.Argument(metavar="PIECE", help="The folder of a piece.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


@app.command()
def run(
    essay: EssayPath,
    out: Annotated[Path | None, typer.Option(help="The piece's folder. [default: pieces/ESSAY]")] = None,
    model: Annotated[str, typer.Option(help="A name from `verbosify models`, or a folder.")] = "smollm2-135m",
    engine: Annotated[str, typer.Option(help="torch or tensorflow.")] = "torch",
    recipe: Annotated[str, typer.Option(help="How to overfit: classic, passage or original.")] = "classic",
    target: Annotated[float, typer.Option(help="Words after, as a multiple of words before.")] = 2.0,
    samples: Annotated[int, typer.Option(help="Samples of a passage before anything is judged.")] = 10,
    most_samples: Annotated[
        int | None,
        typer.Option(min=1, help="Samples of a passage at most. [default: 40, or --samples if more]"),
    ] = None,
    length: Annotated[int, typer.Option(help="Tokens of a sample.")] = 100,
    temperature: Annotated[float, typer.Option(help="0 is greedy.")] = 0.8,
    top_k: Annotated[int, typer.Option(help="Likeliest tokens to draw from; 0 for all.")] = 30,
    top_p: Annotated[float, typer.Option(help="Probability to draw from; 1 for all.")] = 1.0,
    seed: Annotated[int, typer.Option(help="All randomness follows from it.")] = 0,
    precision: Annotated[str, typer.Option(help="auto, fp32 or bf16.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    sentences: Annotated[
        Path | None, typer.Option(help="A corrected split, as `verbosify sentences` prints it.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Visit this many passages at most.")] = None,
    as_json: AsJson = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Verbosify ESSAY: overfit on each passage, sample, choose, and make a page. Run again to go on."""
    from verbosify.essay.reading import read_essay
    from verbosify.essay.recoding import decode_sentences
    from verbosify.models.process import tune_process
    from verbosify.models.settings import SamplingSettings, recipe_named
    from verbosify.site import check_site
    from verbosify.workflow import Options, verbosify
    from verbosify.workflow.options import MOST_SAMPLES
    from verbosify.workflow.outputs import piece_folder

    options = Options(
        model=model,
        engine=engine,
        device=device,
        precision=precision,
        recipe=recipe_named(recipe),
        settings=SamplingSettings(n=samples, length=length, temperature=temperature, top_k=top_k, top_p=top_p),
        target=target,
        seed=seed,
        most_samples=max(samples, MOST_SAMPLES) if most_samples is None else most_samples,
    )
    text = read_essay(essay)
    _show_notices(text.notices)
    split = None if sentences is None else decode_sentences(_read_bytes(sentences), text)
    folder = out or piece_folder(Path("pieces"), text.name)
    _show_notices(filter(None, [check_site(folder / "site")]))
    tune_process()
    try:
        with _bars() as bars:
            summary = verbosify(
                text,
                folder,
                options,
                sentences=split,
                limit=limit,
                on_fetch=_show_fetching(bars),
                on_progress=_print_json if as_json else _show_progress(bars),
                on_notice=say,
            )
        page = _build_site([folder], folder / "site")
    except KeyboardInterrupt:
        say(f"Stopped: all that was made is in {folder}; run the same command to go on.")
        raise typer.Exit(INTERRUPTED) from None
    _print_summary(summary, page, as_json=as_json)


@app.command()
def site(
    pieces: Annotated[list[Path], typer.Argument(metavar="PIECE...", help="Folders of pieces, or piece.json files.")],
    out: Annotated[Path | None, typer.Option(help="Where the pages go. [default: PIECE/site, or site]")] = None,
    address: Annotated[
        str, typer.Option(help="Where they will be published, as in example.org/me: for the pictures shown with links.")
    ] = "",
) -> None:
    """Make the static page of one PIECE, or of several with an index."""
    folder = out or (_site_of(pieces[0]) if len(pieces) == 1 else Path("site"))
    print(_build_site(pieces, folder, address, on_notice=say))


@app.command()
def replay(
    piece: PieceFolder,
    sample: Annotated[int, typer.Argument(help="The sample's number.")],
    model: Annotated[str | None, typer.Option(help="Where the model is now. [default: where it was]")] = None,
) -> None:
    """Make a sample of PIECE again from its record, and compare."""
    from verbosify.models.process import tune_process
    from verbosify.piece import Piece
    from verbosify.workflow import replay as replay_sample

    tune_process()
    with Piece.open(piece) as opened:
        result = replay_sample(opened, sample, model=model)
    print(result.again)
    for line in result.differing:
        print(f"  {line}")
    if result.identical:
        print(f"Sample {sample}: identical.")
        return
    print(f"Sample {sample}: differs from token {result.first_difference} on. Recorded was:\n{result.recorded}")
    raise typer.Exit(1)


@app.command()
def score(
    piece: PieceFolder,
    model: Annotated[str | None, typer.Option(help="Where the model is now. [default: where it was]")] = None,
) -> None:
    """Record how likely each token of PIECE's picks was, before and after overfitting, for the page to tint them by."""
    from verbosify.models.process import tune_process
    from verbosify.piece import Piece, write_export
    from verbosify.piece.export import EXPORT_NAME
    from verbosify.readiness import ensure_writable
    from verbosify.workflow.scoring import score_picks

    tune_process()
    with Piece.open(piece) as opened, _bars() as bars:
        ensure_writable([piece / EXPORT_NAME])
        try:
            scored, wanted = score_picks(opened, model, on_progress=_show_fetching(bars))
        finally:
            write_export(opened)
    print(f"{scored} of {wanted} samples scored: `verbosify site` shows it.")


@app.command()
def sentences(
    essay: EssayPath,
    splitter: Annotated[str, typer.Option(help="sentencex, punkt or original.")] = "sentencex",
    out: Annotated[Path | None, typer.Option(help="A new file for them, in UTF-8. [default: print them]")] = None,
) -> None:
    """Print how ESSAY is split, a sentence a line; correct the lines and give the file to `run --sentences`."""
    from verbosify.essay.correcting import format_sentences
    from verbosify.essay.passages import essay_sentences
    from verbosify.essay.reading import read_essay
    from verbosify.essay.saving import write_new

    text = read_essay(essay)
    _show_notices(text.notices)
    split = format_sentences(text, essay_sentences(text, splitter))
    if out is None:
        lose_what_cannot_be_encoded()
        print(split, end="")
        return
    write_new(out, split.encode())
    print(out)


def _show_notices(notices: Iterable[str]) -> None:
    for notice in notices:
        say(notice)


@models_app.callback()
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
    _console().print(table)


@models_app.command("get")
def models_get(names: Annotated[list[str], typer.Argument(metavar="NAME...")]) -> None:
    """Fetch models, verified byte by byte; goes on where an earlier try ended."""
    from verbosify.models.store.catalog import get_model

    for name in names:
        with _bars() as bars:
            folder = get_model(name, progress=_show_fetching(bars))
        print(f"{name}: {folder}")


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


@contextmanager
def _bars() -> Iterator[Bars]:
    """Bars on a terminal, gone when all is done; nothing appears where there is none, or nothing to wait for."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    console = _console(stderr=True)
    columns = (BarColumn(bar_width=24), TaskProgressColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield bars


def _show_fetching(bars: Bars) -> Callable[[str, int, int | None], None]:
    tasks: dict[str, Any] = {}

    def show(what: str, done: int, total: int | None) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done, total=total, visible=done != total)

    return show


def _show_progress(bars: Bars) -> Callable[[Progress], None]:
    task = bars.add_task("loading", total=None)

    def show(progress: Progress) -> None:
        minutes, seconds = divmod(round(progress.seconds_left), 60)
        said = (
            f"passage {progress.passage} of {progress.passages}  "
            f"loss {progress.loss_before:.2f} → {progress.loss_after:.2f}  {progress.samples} samples  "
            f"{progress.words:,} of {progress.wanted:,} words  {minutes}:{seconds:02d} left"
        )
        bars.update(task, completed=progress.passage, total=progress.passages, description=said)

    return show


def _print_json(progress: Progress) -> None:
    print(json.dumps(asdict(progress)), flush=True)


def _print_summary(summary: Summary, page: Path, *, as_json: bool) -> None:
    outputs = [*summary.outputs, page]
    if as_json:
        print(json.dumps(asdict(summary) | {"outputs": [str(path) for path in outputs]}))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(summary.title), show_header=False)
    ratio = f"{summary.words_before:,} → {summary.words_after:,} ({summary.ratio:.2f} ×)"
    table.add_row("words", ratio if summary.target_met else f"{ratio}, short of {summary.target:g} ×")
    passed = f", {summary.passed_over} passed over: too long or too short for the model" if summary.passed_over else ""
    table.add_row("passages", f"{summary.gaps - summary.passed_over} of {summary.passages} visited" + passed)
    table.add_row("samples", f"{summary.samples:,}, {summary.picks} picked")
    for reading, closeness in summary.closeness.items():
        if closeness is not None:
            table.add_row(f"closeness of {reading}", f"{closeness:.2f}")
    table.add_row("time", f"{summary.seconds:.0f} s, {summary.model_seconds:.0f} s of it in the model")
    console = _console()
    console.print(table)
    for path in outputs:
        console.print(str(path), highlight=False, markup=False, soft_wrap=True)


def _build_site(
    pieces: list[Path], out: Path, address: str = "", *, on_notice: Callable[[str], None] = lambda _: None
) -> Path:
    """Make the pages of what is recorded; returns the one to open first."""
    from verbosify.piece import read_record
    from verbosify.site import build_site

    records = [read_record(path) for path in pieces]
    build_site(records, out, address=address, on_notice=on_notice)
    for path, record in zip(pieces, records, strict=True):
        if not any(reading["gaps"] for reading in record["readings"].values()):
            on_notice(f"Nothing is picked in {path} yet, so its page shows the essay alone: go on, or pick by hand.")
    return out / "index.html"


def _site_of(piece: Path) -> Path:
    return (piece if piece.is_dir() else piece.parent) / "site"


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): check the file.") from error


def _console(*, stderr: bool = False) -> Any:
    from rich.console import Console

    return Console(stderr=stderr)
