"""`verbosify corpus clean` and `verbosify finetune`: archives to training text, and a model that has read it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from verbosify.cli.app import INTERRUPTED, AsJson, app, examples
from verbosify.cli.showing import progress_bars, show_fetching
from verbosify.streams import say

MOST_LINES = 12
"""Blank rows that are named one by one."""

corpus_app = typer.Typer(help="Make texts to fine-tune on.", no_args_is_help=True)
app.add_typer(corpus_app, name="corpus")

Column = Annotated[
    str | None, typer.Option(help="Of tables, the column with the text: its name, or its number from 0.")
]


@corpus_app.callback()
def corpus() -> None:
    """Make texts to fine-tune on."""


@corpus_app.command("clean", epilog=examples("verbosify corpus clean archive.csv --column text"))
def clean(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv or .tsv file of posts.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Where the texts go. [default: FILE-clean.csv]")] = None,
    column: Column = None,
) -> None:
    """Take reposts, replies, links and markers out of the archive FILE, decode its entities, and say what was done."""
    from verbosify.models.training.archives import LONG, clean_archive, write_texts

    cleaned = clean_archive(archive, column=column_of(column), on_notice=say)
    place = out or archive.with_name(f"{archive.stem}-clean.csv")
    write_texts(cleaned.texts, place)
    lines = ", ".join(map(str, cleaned.blank[:MOST_LINES]))
    more = f" and {len(cleaned.blank) - MOST_LINES} more" if len(cleaned.blank) > MOST_LINES else ""
    print(f"{cleaned.rows:,} rows in {archive}")
    print(f"{cleaned.reposts:>8,}  reposts left out")
    print(f"{cleaned.replies:>8,}  replies to others left out")
    print(f"{cleaned.duplicates:>8,}  that stand there twice left out")
    print(f"{len(cleaned.blank):>8,}  blank, or links alone{f': lines {lines}{more}' if cleaned.blank else ''}")
    print(f"{cleaned.links:>8,}  links taken out of the rest")
    print(f"{cleaned.entities:>8,}  texts with entities decoded")
    print(f"{cleaned.long:>8,}  texts of more than {LONG} characters, which stay")
    print(f"{len(cleaned.texts):>8,}  texts, {sum(map(len, cleaned.texts)):,} characters, in {place}")


@app.command(
    epilog=examples(
        "verbosify finetune archive-clean.csv --steps 400",
        "verbosify finetune archive-clean.csv --held-out 0.1 --patience 3",
    )
)
def finetune(
    corpus: Annotated[Path, typer.Argument(metavar="CORPUS", help="A .csv, .tsv, .txt or .md file, or a folder.")],
    model: Annotated[str, typer.Option(help="A name from `verbosify models`, or a folder.")] = "smollm2-135m",
    engine: Annotated[str, typer.Option(help="auto, torch, universal or tensorflow.")] = "auto",
    steps: Annotated[int, typer.Option(help="Steps to take; fewer are more surprising.")] = 400,
    out: Annotated[Path | None, typer.Option(help="The run's folder. [default: runs/CORPUS]")] = None,
    window: Annotated[int, typer.Option(help="Tokens of a window.")] = 1024,
    windows_per_step: Annotated[int, typer.Option(help="Windows whose gradients make one step.")] = 1,
    learning_rate: Annotated[float, typer.Option(help="Adam's.")] = 1e-4,
    held_out: Annotated[float, typer.Option(help="Share of the tokens to judge by, from the end.")] = 0.1,
    measure_every: Annotated[int, typer.Option(help="Steps from one judgement to the next.")] = 20,
    patience: Annotated[int, typer.Option(help="Stop after so many judgements that were not the best; 0: never.")] = 0,
    sample_every: Annotated[int, typer.Option(help="Steps from one sampling to the next; 0: never.")] = 100,
    save_every: Annotated[int, typer.Option(help="Steps from one saved state to the next.")] = 100,
    prompt: Annotated[str | None, typer.Option(help="What is continued on the way. [default: a text's start]")] = None,
    column: Column = None,
    seed: Annotated[int, typer.Option(help="All randomness follows from it.")] = 0,
    precision: Annotated[str, typer.Option(help="auto, fp32 or bf16; in fp32 a break changes nothing.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    as_json: AsJson = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Fine-tune a model on CORPUS, and keep it as a run. Killed or stopped, run the same command again to go on."""
    from verbosify.models.loading import load_model
    from verbosify.workflow.tuning import CORPUS, SPEAKING, Job, state_folder, tune
    from verbosify.workflow.watching import Watch

    recipe = replace(
        CORPUS,
        steps=steps,
        window_tokens=window,
        windows_per_step=windows_per_step,
        learning_rate=learning_rate,
        seed=seed,
    )
    folder = out or Path("runs") / (corpus.stem or "corpus")
    job = Job(
        corpus=corpus,
        out=folder,
        recipe=recipe,
        held_out=held_out,
        measure_every=measure_every,
        patience=patience,
        column=column_of(column),
        save_every=save_every,
        sample_every=sample_every,
        prompt=prompt,
        settings=replace(SPEAKING, seed=seed),
    )
    watch = Watch(steps, measure_every, as_json=as_json)
    try:
        with progress_bars() as bars:
            loaded = load_model(
                model, engine=engine, device=device, precision=precision, progress=show_fetching(bars), on_notice=say
            )
        tuned = tune(job, loaded, on_step=watch.step, on_said=watch.said, on_notice=say)
    except KeyboardInterrupt:
        say(f"Stopped: what was learnt is in {state_folder(folder)}; run the same command to go on.")
        raise typer.Exit(INTERRUPTED) from None
    if not as_json:
        print(f"{len(tuned.history)} steps taken, the weights are those after step {tuned.steps}: {folder}")


def column_of(option: str | None) -> str | int | None:
    """A column by number where it is one, else by name."""
    return int(option) if option is not None and option.isdecimal() else option
