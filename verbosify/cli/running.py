"""How `verbosify run` does its works, one after another here or all together on Ray, and what it shows meanwhile."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

import typer

from verbosify.cli.app import INTERRUPTED
from verbosify.cli.pages import make_pages
from verbosify.cli.showing import make_console, progress_bars, show_fetching
from verbosify.streams import say

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from verbosify.models.protocol import LanguageModel
    from verbosify.workflow import Options, Progress, Summary
    from verbosify.workflow.together import Work
    from verbosify.workflow.visit import Embed

OnProgress = Callable[[int, "Progress"], None]


def run_works(
    works: Sequence[Work], options: Options, *, on: str, workers: int | None, limit: int | None, as_json: bool
) -> None:
    """Verbosify each work, make its pages, and print what came of it; Ctrl-C is one sentence."""
    out = sys.stdout
    try:
        with progress_bars() as bars, nullcontext() if on == "local" else redirect_stdout(sys.stderr):  # as Ray prints
            show = _print_json(works, out) if as_json else _show_progress(bars, works)
            if on == "local":
                done = _one_by_one(works, options, limit=limit, on_progress=show, bars=bars)
            else:
                done = _together(works, options, on, workers=workers, limit=limit, on_progress=show, bars=bars)
            results = [(at, summary, make_pages([works[at].folder], works[at].folder / "site")) for at, summary in done]
    except KeyboardInterrupt:
        folders = ", ".join(str(work.folder) for work in works[:3]) + (", …" if len(works) > 3 else "")
        say(f"Stopped: all that was made is in {folders}; run the same command to go on.")
        raise typer.Exit(INTERRUPTED) from None
    for _, summary, page in sorted(results, key=lambda result: result[0]):
        _print_summary(summary, page, as_json=as_json)


def _one_by_one(
    works: Sequence[Work], options: Options, *, limit: int | None, on_progress: OnProgress, bars: Bars
) -> Iterator[tuple[int, Summary]]:
    from verbosify.workflow import verbosify
    from verbosify.workflow.run import load_embedder

    model: LanguageModel | None = None
    embed: Embed | None = None
    fetching = show_fetching(bars)
    if len(works) > 1:  # they share what is loaded
        model, embed = options.spec.load(progress=fetching, on_notice=say), load_embedder(fetching)
    for at, work in enumerate(works):
        yield (
            at,
            verbosify(
                work.essay,
                work.folder,
                options,
                model=model,
                embed=embed,
                sentences=work.sentences,
                limit=limit,
                on_fetch=fetching,
                on_progress=lambda progress, at=at: on_progress(at, progress),  # type: ignore[misc]
                on_notice=say,
            ),
        )


def _together(
    works: Sequence[Work],
    options: Options,
    on: str,
    *,
    workers: int | None,
    limit: int | None,
    on_progress: OnProgress,
    bars: Bars,
) -> Iterator[tuple[int, Summary]]:
    from verbosify.workflow.together import fleet_for, verbosify_together

    with fleet_for(options, on, workers=workers, on_fetch=show_fetching(bars), on_notice=say) as fleet:
        yield from verbosify_together(works, options, fleet, limit=limit, on_progress=on_progress, on_notice=say)


def _show_progress(bars: Bars, works: Sequence[Work]) -> OnProgress:
    task = bars.add_task("loading", total=None)

    def show(at: int, progress: Progress) -> None:
        of = f"{works[at].essay.name}: " if len(works) > 1 else ""
        said = (
            f"{of}passage {progress.passage} of {progress.passages}  "
            f"loss {progress.loss_before:.2f} → {progress.loss_after:.2f}  {progress.samples} samples  "
            f"{progress.usable:.0%} usable  {progress.words:,} of {progress.wanted:,} words found "
        )
        ends = monotonic() + progress.seconds_left
        bars.update(task, completed=progress.passage, total=progress.passages, description=said, ends=ends)

    return show


def _print_json(works: Sequence[Work], out: IO[str]) -> OnProgress:
    def show(at: int, progress: Progress) -> None:
        of: dict[str, Any] = {"essay": works[at].essay.name} if len(works) > 1 else {}
        print(json.dumps(of | asdict(progress)), file=out, flush=True)

    return show


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
