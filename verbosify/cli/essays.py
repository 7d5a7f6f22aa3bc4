"""`verbosify run` and `verbosify sentences`: what is done with an essay."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verbosify.cli.app import INTERRUPTED, AsJson, EssayPath, app
from verbosify.cli.showing import make_console, progress_bars, show_fetching, show_notices
from verbosify.errors import SettingsError
from verbosify.files import os_errors_as
from verbosify.streams import lose_what_cannot_be_encoded, say

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from verbosify.workflow import Progress, Summary


@app.command()
def run(
    essay: EssayPath,
    out: Annotated[Path | None, typer.Option(help="The piece's folder. [default: pieces/ESSAY]")] = None,
    model: Annotated[
        str, typer.Option(help="A name from `verbosify models`, owner/name of the hub, or a folder.")
    ] = "smollm2-135m",
    engine: Annotated[str, typer.Option(help="auto, torch, universal or tensorflow.")] = "auto",
    recipe: Annotated[str, typer.Option(help="How to overfit: classic, passage or original.")] = "classic",
    target: Annotated[float, typer.Option(help="Words after, as a multiple of words before.")] = 2.0,
    samples: Annotated[
        int | None,
        typer.Option(
            help="Draw and judge so many samples at a time, as the artist's rule advises after the last. "
            "[default: tens of several settings at once]"
        ),
    ] = None,
    most_samples: Annotated[
        int | None,
        typer.Option(min=1, help="Samples of a passage at most. [default: 40, or --samples if more]"),
    ] = None,
    length: Annotated[int, typer.Option(help="Tokens of a sample.")] = 100,
    temperature: Annotated[float, typer.Option(help="0 is greedy.")] = 0.8,
    top_k: Annotated[int, typer.Option(help="Likeliest tokens to draw from; 0 for all.")] = 30,
    top_p: Annotated[float, typer.Option(help="Probability to draw from; 1 for all.")] = 1.0,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Another setting, such as min_p=0.05, banned_strings=Mars or strength=0.5; may be repeated. "
            "docs/models.md explains them.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="All randomness follows from it.")] = 0,
    precision: Annotated[str, typer.Option(help="auto, fp32, bf16 or fp16.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    sentences: Annotated[
        Path | None, typer.Option(help="A corrected split, as `verbosify sentences` prints it.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Visit this many passages at most.")] = None,
    as_json: AsJson = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Verbosify ESSAY: overfit on each passage, sample, choose, and make a page. Run again to go on."""
    from verbosify.cli.pages import make_pages
    from verbosify.cli.settings import with_settings
    from verbosify.essay.reading import read_essay
    from verbosify.essay.recoding import decode_sentences
    from verbosify.models.process import tune_process
    from verbosify.models.settings import SamplingSettings, recipe_named
    from verbosify.site import check_site
    from verbosify.workflow import Options, verbosify
    from verbosify.workflow.options import MOST_SAMPLES, SAMPLES
    from verbosify.workflow.outputs import piece_folder

    n = min(SAMPLES, most_samples or SAMPLES) if samples is None else samples
    tuning, settings = with_settings(
        more or (),
        recipe_named(recipe),
        SamplingSettings(n=n, length=length, temperature=temperature, top_k=top_k, top_p=top_p),
    )
    drawn = settings.num_beams == 1  # a search finds the same again, whatever the temperature
    options = Options(
        model=model,
        engine=engine,
        device=device,
        precision=precision,
        recipe=tuning,
        settings=settings,
        target=target,
        seed=seed,
        portfolio=samples is None and drawn,
        most_samples=max(n, MOST_SAMPLES if drawn else n) if most_samples is None else most_samples,
    )
    text = read_essay(essay)
    show_notices(text.notices)
    split = None if sentences is None else decode_sentences(_read_bytes(sentences), text)
    folder = out or piece_folder(Path("pieces"), text.name)
    show_notices(filter(None, [check_site(folder / "site")]))
    tune_process()
    try:
        with progress_bars() as bars:
            summary = verbosify(
                text,
                folder,
                options,
                sentences=split,
                limit=limit,
                on_fetch=show_fetching(bars),
                on_progress=_print_json if as_json else _show_progress(bars),
                on_notice=say,
            )
        page = make_pages([folder], folder / "site")
    except KeyboardInterrupt:
        say(f"Stopped: all that was made is in {folder}; run the same command to go on.")
        raise typer.Exit(INTERRUPTED) from None
    _print_summary(summary, page, as_json=as_json)


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
    show_notices(text.notices)
    split = format_sentences(text, essay_sentences(text, splitter))
    if out is None:
        lose_what_cannot_be_encoded()
        print(split, end="")
        return
    write_new(out, split.encode())
    print(out)


def _show_progress(bars: Bars) -> Callable[[Progress], None]:
    task = bars.add_task("loading", total=None)

    def show(progress: Progress) -> None:
        minutes, seconds = divmod(round(progress.seconds_left), 60)
        said = (
            f"passage {progress.passage} of {progress.passages}  "
            f"loss {progress.loss_before:.2f} → {progress.loss_after:.2f}  {progress.samples} samples  "
            f"{progress.usable:.0%} usable  {progress.words:,} of {progress.wanted:,} words  "
            f"{minutes}:{seconds:02d} left"
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
    skipped = f", {summary.skipped} skipped: too long or too short for the model" if summary.skipped else ""
    table.add_row("passages", f"{summary.gaps - summary.skipped} of {summary.passages} visited" + skipped)
    usable = "" if summary.usable is None else f", {summary.usable:.0%} with something to use"
    table.add_row("samples", f"{summary.samples:,}{usable}, {summary.picks} picked")
    for reading, closeness in summary.closeness.items():
        if closeness is not None:
            table.add_row(f"closeness of {reading}", f"{closeness:.2f}")
    table.add_row("time", f"{summary.seconds:.0f} s, {summary.model_seconds:.0f} s of it in the model")
    console = make_console()
    console.print(table)
    for path in outputs:
        console.print(str(path), highlight=False, markup=False, soft_wrap=True)


def _read_bytes(path: Path) -> bytes:
    with os_errors_as(SettingsError, path, "check the file"):
        return path.read_bytes()
