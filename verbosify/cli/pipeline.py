"""`verbosify pipeline`: try a pipeline and see what each of its stages does; list the stages there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verbosify.cli.app import AsJson, app, examples
from verbosify.cli.showing import make_console, progress_bars, show_fetching, show_notices
from verbosify.errors import InputError
from verbosify.streams import lose_what_cannot_be_encoded, say

if TYPE_CHECKING:
    from verbosify.pipeline import Answer, Outcome, Pipeline

pipeline_app = typer.Typer(help="Try a declared way from a question to an answer.", no_args_is_help=True)
app.add_typer(pipeline_app, name="pipeline")


@pipeline_app.command(
    "try",
    epilog=examples(
        'verbosify pipeline try FILE "a name"', 'verbosify pipeline try FILE "a name" --model gpt2-124m --seed 7'
    ),
)
def try_pipeline(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A pipeline, in TOML or JSON.", show_default=False)],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...", help="The inputs, in the pipeline's order; or each as NAME=VALUE.", show_default=False
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Another model than the pipeline's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="All randomness follows from it.")] = 0,
    as_json: AsJson = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Ask a model as FILE says, and print what every stage did to every answer."""
    from verbosify.models.loading import load_model
    from verbosify.pipeline import read_pipeline, run

    pipeline = read_pipeline(file)
    given = _named(pipeline, inputs or [])
    pipeline.taken(given)
    with progress_bars() as bars:
        loaded = load_model(model or pipeline.model, progress=show_fetching(bars), on_notice=say)
    outcome = run(pipeline, loaded, given, seed=seed)
    lose_what_cannot_be_encoded()
    if as_json:
        print(json.dumps(_plain(outcome), ensure_ascii=False))
        return
    _print(outcome)


@pipeline_app.command("stages", epilog=examples("verbosify pipeline stages"))
def stages() -> None:
    """List the stages there are, those of other packages too."""
    from rich.table import Table

    from verbosify.pipeline import list_stages

    found, notices = list_stages()
    table = Table("stage", "kind", "parameters", "what it does", "of")
    for stage in found:
        table.add_row(stage.name, stage.kind, ", ".join(stage.parameters), stage.description, stage.package)
    make_console().print(table)
    show_notices(notices)


def _named(pipeline: Pipeline, inputs: list[str]) -> dict[str, str]:
    """The inputs by name, as they stand: a text is one of `NAME=` only if the pipeline has that name."""
    names = [each.name for each in pipeline.inputs]
    parts = [text.partition("=") for text in inputs]
    given = {name: value for name, equals, value in parts if equals and name in names}
    free = [name for name in names if name not in given]
    rest = [text for text, (name, equals, _) in zip(inputs, parts, strict=True) if not (equals and name in names)]
    if len(rest) > len(free):
        raise InputError(f"{pipeline.name} takes {len(names)} inputs: leave {rest[-1]!r} out, or quote what is one.")
    return given | dict(zip(free, rest, strict=False))


def _print(outcome: Outcome) -> None:
    from rich.rule import Rule
    from rich.text import Text

    console = make_console()
    console.print(Rule("prompt"))
    console.print(Text(outcome.prompt))
    for answer in outcome.answers:
        console.print(Rule(f"round {answer.round + 1}, answer {answer.row + 1}"))
        console.print(Text(answer.raw, style="dim"))
        for entry in answer.trace:
            console.print(Text(f"  {entry.stage}: {entry.did}"))
            if entry.text is not None:
                console.print(Text(f"    {entry.text}", style="dim"))
    for sentence in outcome.again:
        console.print(Text(f"Drawn again: {sentence}"))
    console.print(Rule("chosen"))
    for answer in outcome.chosen:
        console.print(Text(answer.text))
    if outcome.why:
        console.print(Text(outcome.why))
    elif not outcome.chosen:
        console.print(Text(f"{len(outcome.passed)} passed: a person is to choose."))


def _plain(outcome: Outcome) -> dict[str, object]:
    def plain(answer: Answer) -> dict[str, object]:
        trace = [entry.to_dict() for entry in answer.trace]
        told = {"text": answer.text, "raw": answer.raw, "refused": answer.refused, "measures": answer.measures}
        return {"round": answer.round, "row": answer.row, **told, "trace": trace}

    return {
        "inputs": outcome.inputs,
        "prompt": outcome.prompt,
        "chosen": [answer.text for answer in outcome.chosen],
        "answers": [plain(answer) for answer in outcome.answers],
        "again": list(outcome.again),
        "why": outcome.why,
    }
