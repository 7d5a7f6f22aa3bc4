"""`verbosify run` and `verbosify sentences`: what is done with an essay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verbosify.cli.app import AsJson, EssayPath, app, examples
from verbosify.cli.showing import show_notices
from verbosify.errors import SettingsError
from verbosify.files import os_errors_as
from verbosify.streams import lose_what_cannot_be_encoded


@app.command(
    epilog=examples(
        "verbosify run ESSAY.docx",
        "verbosify run ESSAY.md --limit 2 --samples 10",
        "verbosify run ESSAY.md --model gpt2-124m --set min_p=0.05 --set strength=0.5",
    )
)
def run(
    essays: Annotated[
        list[Path],
        typer.Argument(metavar="ESSAY...", help="A .txt, .md or .docx file, or several.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The piece's folder, or, of several, the folder for theirs. [default: pieces/ESSAY]"),
    ] = None,
    model: Annotated[
        str, typer.Option(help="A name from `verbosify models`, owner/name of the hub, or a folder.")
    ] = "smollm2-135m",
    engine: Annotated[str, typer.Option(help="auto, torch, universal or tensorflow.")] = "auto",
    recipe: Annotated[str, typer.Option(help="How to overfit: classic, passage, two-steps or original.")] = "classic",
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
    on: Annotated[str, typer.Option(help="Where the passages are visited: local, ray or ray://HOST:PORT.")] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="With --on ray: workers at most. [default: one a processor]")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Verbosify each ESSAY: overfit on each passage, sample, choose, and make a page. Run again to go on."""
    from verbosify.cli.running import run_works
    from verbosify.cli.settings import with_settings
    from verbosify.essay.reading import read_essay
    from verbosify.essay.recoding import decode_sentences
    from verbosify.models.settings import SamplingSettings, recipe_named
    from verbosify.site import check_site
    from verbosify.workflow import Options
    from verbosify.workflow.options import MOST_SAMPLES, SAMPLES
    from verbosify.workflow.outputs import piece_folder
    from verbosify.workflow.together import Work

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
    if sentences is not None and len(essays) > 1:
        raise SettingsError("--sentences is the split of one essay: run that one by itself.")
    texts = [read_essay(essay) for essay in essays]
    works = []
    for text in texts:
        show_notices(text.notices)
        split = None if sentences is None else decode_sentences(_read_bytes(sentences), text)
        folder = out if out is not None and len(texts) == 1 else piece_folder(out or Path("pieces"), text.name)
        show_notices(filter(None, [check_site(folder / "site")]))
        works.append(Work(text, folder, split))
    run_works(works, options, on=on, workers=workers, limit=limit, as_json=as_json)


@app.command(
    epilog=examples("verbosify sentences ESSAY.docx --out split.txt", "verbosify run ESSAY.docx --sentences split.txt")
)
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


def _read_bytes(path: Path) -> bytes:
    with os_errors_as(SettingsError, path, "check the file"):
        return path.read_bytes()
