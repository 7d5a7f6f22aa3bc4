"""`verbosify study`: experiments declared in TOML, drawn, measured, and told of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from verbosify.cli.app import INTERRUPTED, app, examples
from verbosify.cli.showing import make_console, progress_bars
from verbosify.errors import SettingsError
from verbosify.streams import say

if TYPE_CHECKING:
    from verbosify.studies.grid import Study
    from verbosify.studies.store import Store

Stage = Literal["all", "sample", "measure"]
Out = Annotated[Path, typer.Option(help="The folder of what is drawn and measured, and of its tables.")]
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_OUT = Path("studies")

study_app = typer.Typer(help="Run experiments, and draw what they found.", no_args_is_help=True)
app.add_typer(study_app, name="study")


@study_app.command("list", epilog=examples("verbosify study list"))
def list_studies() -> None:
    """List the studies there are: what each asks, its cells and samples, and about how long it takes on two cores."""
    from rich.table import Table

    from verbosify.studies import read_study, study_names
    from verbosify.studies.running import cells_of, estimate

    studies = [read_study(name) for name in study_names()]
    table = Table("study", "question", "cells", "samples", "about")
    for study in studies:
        cells = study.cells()
        samples = sum(cell.settings.n for cell in cells)
        table.add_row(study.name, study.question, f"{len(cells):,}", f"{samples:,}", _duration(estimate(cells)))
    together = cells_of(studies)
    samples = sum(cell.settings.n for cell in together)
    table.add_row("all", "", f"{len(together):,}", f"{samples:,}", _duration(estimate(together)))
    make_console().print(table)


@study_app.command(
    "run", epilog=examples("verbosify study run window --out studies", "verbosify study run --all --budget 1h30m")
)
def run_studies(
    names: Annotated[list[str] | None, typer.Argument(metavar="[STUDY]...", help="Names, or .toml files.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All studies that come with verbosify.")] = False,  # noqa: FBT002
    out: Out = _OUT,
    model: Annotated[str, typer.Option(help="As in `verbosify run`.")] = "smollm2-135m",
    engine: Annotated[str, typer.Option(help="auto, torch, universal or tensorflow.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="auto, fp32, bf16 or fp16.")] = "auto",
    stage: Annotated[Stage, typer.Option(help="Draw samples, measure them, or both.")] = "all",
    budget: Annotated[str, typer.Option(help="Begin nothing new after so long, as in 20m or 1h30m.")] = "",
    on: Annotated[str, typer.Option(help="local, ray, or ray://HOST:PORT; see docs/scale.md.")] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Of Ray: at most so many at once.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Of Ray: processor threads of each.")] = 1,
    processes: Annotated[int, typer.Option(min=1, help="Processes that measure.")] = 1,
    texts: Annotated[bool, typer.Option(help="Have the samples' texts in the tables too.")] = False,  # noqa: FBT002
) -> None:
    """Run studies: draw what is missing, measure it, and write its tables. Run again to go on."""
    from verbosify.studies import read_study, study_names
    from verbosify.studies.running import cells_of, estimate
    from verbosify.studies.store import Store
    from verbosify.studies.tables import write_tables

    if every == bool(names):
        raise SettingsError("Name the studies to run, or write --all: `verbosify study list` tells which there are.")
    seconds = _seconds(budget)
    studies = [read_study(name) for name in (study_names() if every else names or [])]
    asked = cells_of(studies)
    with Store(out) as store, store.lock():
        try:
            there = store.drawn()
            missing = [cell for cell in asked if cell.key not in there]
            if stage != "measure" and missing:
                say(f"{len(missing):,} cells are to be drawn: about {_duration(estimate(missing))} on two cores.")
                _draw(store, studies, model, engine, device, precision, seconds, on, workers, threads)
            if stage != "sample":
                _measure(store, device, processes)
                measured = store.measured()
                ready = [study for study in studies if any(cell.key in measured for cell in study.cells())]
                for path in write_tables(store, ready, out, texts=texts):
                    print(path)
        except KeyboardInterrupt:
            say(f"Stopped: all that was drawn is in {out}; run the same command to go on.")
            raise typer.Exit(INTERRUPTED) from None
        left = len({cell.key for cell in asked} - store.drawn())
    if left:
        say(f"{left:,} cells are left: run the same command to go on.")


def _draw(
    store: Store,
    studies: list[Study],
    model: str,
    engine: str,
    device: str,
    precision: str,
    budget: float | None,
    on: str,
    workers: int | None,
    threads: int,
) -> None:
    from verbosify.models.fleet import LocalFleet, open_fleet
    from verbosify.models.loading import ModelSpec
    from verbosify.studies.running import draw
    from verbosify.studies.sampling import is_on_card

    spec = ModelSpec(name=model, engine=engine, device=device, precision=precision)
    with open_fleet(on, spec, workers=workers, threads=threads) as fleet, progress_bars() as bars:
        task = bars.add_task("drawing", total=None)
        at_once = isinstance(fleet, LocalFleet) and is_on_card(fleet.model)
        for progress in draw(store, studies, fleet, at_once=at_once, budget=budget):
            bars.update(task, completed=progress.done, total=progress.total)
            left = f", about {_duration(progress.left)} left" if progress.left is not None else ""
            print(f"drawn {progress.done} of {progress.total} cells in {progress.seconds:.0f} s{left}", flush=True)


def _measure(store: Store, device: str, processes: int) -> None:
    from verbosify.models.embedding import SentenceEmbedder
    from verbosify.models.loading import model_folder
    from verbosify.models.pytorch.model import pick_device
    from verbosify.studies.measuring import measure_missing

    if store.measured() == store.drawn():
        return
    kind = pick_device(device).type
    embedder = SentenceEmbedder(model_folder("minilm"), "cuda" if kind == "cuda" else "cpu")
    with _pool(processes) as pool:
        for done, total in measure_missing(store, embedder.embed, pool):
            print(f"measured {done} of {total} cells", flush=True)


@contextmanager
def _pool(processes: int) -> Iterator[Any]:
    """Processes that measure; none of their own if one is enough."""
    if processes == 1:
        yield None
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor  # 9 ms that no other command should wait for

    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def _seconds(budget: str) -> float | None:
    """`1h30m` in seconds; None for nothing. `SettingsError` for what is no duration."""
    if not budget:
        return None
    found = _DURATION.fullmatch(budget.strip())
    if found is None or not any(found.groups()):
        raise SettingsError(
            f"--budget {budget!r} is no duration: write hours, minutes and seconds, as in 1h30m or 20m."
        )
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(3600 * hours + 60 * minutes + seconds)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@study_app.command("planted", epilog=examples("verbosify study planted --out studies"))
def measure_planted(
    out: Out = _OUT,
    model: Annotated[str, typer.Option(help="As in `verbosify run`.")] = "smollm2-135m",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Measure samples of which it is known what is wrong with them, and write their table."""
    from verbosify.models.embedding import SentenceEmbedder
    from verbosify.models.loading import load_model, model_folder
    from verbosify.studies.planted import planted_table
    from verbosify.studies.tables import write_table

    loaded = load_model(model, device=device)
    table = planted_table(loaded, SentenceEmbedder(model_folder("minilm")).embed)
    print(write_table(out, "planted", table, {"model": loaded.card.name, "command": "verbosify study planted"}))


@study_app.command("draw", epilog=examples("verbosify study draw findings.md --tables studies"))
def draw_findings(
    page: Annotated[Path, typer.Argument(metavar="PAGE", help="The page to write, its figures beside it.")],
    tables: Annotated[
        Path, typer.Option(help="The folder of the tables. [default: PAGE without .md, tables]")
    ] = Path(),
    ratings: Annotated[Path | None, typer.Option(help="Blind ratings to compare measures with.")] = None,
) -> None:
    """Draw all figures from the tables, and write the page of findings."""
    from verbosify.studies.findings import TABLES, write_findings

    folder = tables if tables != Path() else page.with_suffix("") / TABLES
    for path in write_findings(folder, page, ratings):
        print(path)
