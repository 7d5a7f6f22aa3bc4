"""`verbosify replay` and `verbosify score`: the model asked again about what is recorded."""

from __future__ import annotations

from typing import Annotated

import typer

from verbosify.cli.app import PieceFolder, app
from verbosify.cli.showing import progress_bars, show_fetching


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
    with Piece.open(piece) as opened, progress_bars() as bars:
        ensure_writable([piece / EXPORT_NAME])
        try:
            scored, wanted = score_picks(opened, model, on_progress=show_fetching(bars))
        finally:
            write_export(opened)
    print(f"{scored} of {wanted} samples scored: `verbosify site` shows it.")
