"""`verbosify replay`, `score` and `rate`: the model, or a person, asked about what is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import click
import typer

from verbosify.cli.app import PieceFolder, app, examples
from verbosify.cli.showing import progress_bars, show_fetching


@app.command(epilog=examples("verbosify replay pieces/ESSAY 17"))
def replay(
    piece: PieceFolder,
    sample: Annotated[int, typer.Argument(help="The sample's number.")],
    model: Annotated[str | None, typer.Option(help="Where the model is now. [default: where it was]")] = None,
) -> None:
    """Make a sample of PIECE again from its record, and compare."""
    from verbosify.piece import Piece
    from verbosify.workflow import replay as replay_sample

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


@app.command(epilog=examples("verbosify score pieces/ESSAY", "verbosify site pieces/ESSAY"))
def score(
    piece: PieceFolder,
    model: Annotated[str | None, typer.Option(help="Where the model is now. [default: where it was]")] = None,
) -> None:
    """Record how likely each token of PIECE's picks was, before and after overfitting, for the page to tint them by."""
    from verbosify.piece import Piece, write_export
    from verbosify.piece.export import EXPORT_NAME
    from verbosify.readiness import ensure_writable
    from verbosify.workflow.scoring import score_picks

    with Piece.open(piece) as opened, progress_bars() as bars:
        ensure_writable([piece / EXPORT_NAME])
        try:
            scored, wanted = score_picks(opened, model, on_progress=show_fetching(bars))
        finally:
            write_export(opened)
    print(f"{scored} of {wanted} samples scored: `verbosify site` shows it.")


@app.command(
    epilog=examples("verbosify rate pieces/ESSAY --rater Ada", "verbosify rate pieces/ESSAY --pairs --number 10")
)
def rate(
    piece: PieceFolder,
    rater: Annotated[str, typer.Option(help="Your name, kept with each answer.")] = "anonymous",
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many to be shown.")] = 30,
    pairs: Annotated[bool, typer.Option("--pairs", help="Two at a time: which is the better?")] = False,  # noqa: FBT002
    seed: Annotated[int, typer.Option(min=0, help="Another order.")] = 0,
) -> None:
    """Be shown candidates of PIECE in their place, not told where they come from, and say what they are worth."""
    from verbosify.piece import Piece, write_export
    from verbosify.workflow.rating import questions, yields
    from verbosify.workflow.rating import rate as record

    with Piece.open(piece) as opened:
        asked = questions(opened, number, pairs=pairs, seed=seed)
        try:
            for place, question in enumerate(asked, 1):
                print(f"\n--- {place} of {len(asked)}\n{question.passage}")
                for mark, candidate in zip(("1", "2") if pairs else (">",), question.candidates, strict=True):
                    print(f"\n{mark}  {candidate.text}")
                print(f"\n{question.following or '(the paragraph ends)'}")
                record(opened, question, _better() if pairs else _answers(question.asked), rater=rater)
        except typer.Abort:
            print("Stopped; what you answered is kept.")
        write_export(opened)
        kept, rated = yields(opened.ratings())
    print(f"{rated} candidates rated so far, {kept} to be kept.")


def _answers(asked: Sequence[str]) -> dict[str, bool]:
    return {question: typer.confirm(f"{question}?") for question in asked}


def _better() -> dict[str, str]:
    answer = typer.prompt("Which is better: 1, 2 or 0 for neither?", type=click.Choice(["1", "2", "0"]))
    return {"better": {"1": "first", "2": "second", "0": "neither"}[answer]}
