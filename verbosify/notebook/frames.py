"""The record of a piece as tidy tables: one row a passage, a sample or a pick. Knows no widget and no model.

Offsets count characters: of the essay's text for passages, of the sample's raw text for picks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from verbosify.errors import OutputError
from verbosify.files import os_errors_as
from verbosify.measures import OFF_ITS_RAILS, Measures
from verbosify.notebook.view import off_their_rails
from verbosify.piece import Piece
from verbosify.piece.reading_state import line_of
from verbosify.words import plain_words

if TYPE_CHECKING:
    import pandas as pd

_OPINION = ("information", "fluency", "surprise", "flow")
_SETTINGS = ("temperature", "top_k", "top_p", "repetition_penalty", "length", "seed")


def passages_frame(piece: Piece) -> pd.DataFrame:
    """One row a passage, in the order of the essay.

    Columns:
        passage: its index, from 0; the gap after it has the same.
        block, first, last: its paragraph among the essay's blocks; its first and last sentence there, from 0.
        start, end, gap: offsets of its first character, past its last, and of where text goes in.
        text, words: what the model was given, and how many words that is.
        finished: whether it needs no more samples.
        batches, samples: drawn from overfitted weights; base_samples: drawn from the fresh base.
        loss_before, loss_after, gain: of the last overfit, in nats a token; gain is the drop.
        overfit_seconds, sample_seconds: wall time of all overfits, and of all batches.
    """
    import pandas as pd

    rows = []
    for passage in piece.passages():
        batches, overfits = piece.batches(passage.index), piece.overfits(passage.index)
        drawn: dict[bool, int] = {True: 0, False: 0}
        base = {batch.id for batch in batches if batch.overfit is None}
        for sample in piece.samples(passage.index):
            drawn[sample.batch in base] += 1
        last = overfits[-1] if overfits else None
        rows.append(
            {
                "passage": passage.index,
                "block": passage.block,
                "first": passage.first,
                "last": passage.last,
                "start": passage.start,
                "end": passage.end,
                "gap": passage.gap,
                "text": passage.text,
                "words": plain_words(passage.text),
                "finished": passage.finished is not None,
                "batches": len(batches) - len(base),
                "samples": drawn[False],
                "base_samples": drawn[True],
                "loss_before": last.loss_before if last else None,
                "loss_after": last.loss_after if last else None,
                "gain": last.loss_before - last.loss_after if last else None,
                "overfit_seconds": sum(overfit.seconds for overfit in overfits),
                "sample_seconds": sum(batch.seconds for batch in batches),
            }
        )
    return pd.DataFrame(rows)


def samples_frame(piece: Piece, passage: int | None = None) -> pd.DataFrame:
    """One row a sample, of one passage or of all, in the order they were drawn.

    Columns:
        sample: its id; passage: the index of the passage it continues.
        batch, row: the id of its batch, and its row there from 0.
        base: drawn from the fresh base, for comparison.
        text, tokens, finish: raw text, number of tokens, and why it ended (length, end or stop).
        badges: those it earned, separated by commas; pinned: kept in view by a person.
        drift_cut: the sentence from which it wanders, counted from 0; empty if it never does.
        words ... passage_edit_distance: its measures, as docs/measures.md has them.
        temperature, top_k, top_p, repetition_penalty, length, seed: its settings.
        reason: why these settings. model: the name of the model.
    """
    import pandas as pd

    batches = {batch.id: batch for batch in piece.batches(passage)}
    pinned, derailed = piece.pinned(), off_their_rails(piece, passage)
    rows = []
    for sample in piece.samples(passage):
        batch, measures = batches[sample.batch], Measures.from_dict(sample.measures)
        rows.append(
            {
                "sample": sample.id,
                "passage": batch.passage,
                "batch": batch.id,
                "row": sample.index,
                "base": batch.overfit is None,
                "text": sample.text,
                "tokens": len(sample.token_ids),
                "finish": sample.finish,
                "badges": ", ".join((*measures.badges(), *([OFF_ITS_RAILS] if sample.id in derailed else ()))),
                "pinned": sample.id in pinned,
                "drift_cut": measures.drift_cut(),
                **sample.measures,
                **{name: batch.settings.get(name) for name in _SETTINGS},
                "reason": batch.reason,
                "model": batch.model["name"],
            }
        )
    return pd.DataFrame(rows, columns=None if rows else _sample_columns()).astype({"drift_cut": "Int64"})


def _sample_columns() -> list[str]:
    from dataclasses import fields

    measures = [field.name for field in fields(Measures)]
    first = ["sample", "passage", "batch", "row", "base", "text", "tokens", "finish", "badges", "pinned", "drift_cut"]
    return [*first, *measures, *_SETTINGS, "reason", "model"]


def picks_frame(piece: Piece, reading: str | None = None) -> pd.DataFrame:
    """One row a pick that stands now, of one reading or of all, by reading and gap, in order.

    Columns:
        reading, gap, order: the gap's index is that of the passage before it; order is from 1 within the gap.
        sample, start, end: the sample, and the characters kept of its raw text.
        text, words, edited: what goes into the essay, its words, and whether a hand changed it.
        action, curator, reason, created: of the event that put it there.
        information, fluency, surprise, flow: what the fresh model thinks of that stretch, as docs/measures.md has it;
            empty if it was not asked.
    """
    import pandas as pd

    history = piece.history()
    opinions = {row.place: row for row in piece.opinions()}
    rows: list[dict[str, Any]] = []
    for name in piece.readings() if reading is None else [reading]:
        for gap, event in sorted(line_of(history, name).standing.items()):
            for order, pick in enumerate(event.picks, start=1):
                opinion = opinions.get((pick.sample, pick.start, pick.end))
                rows.append(
                    {
                        "reading": name,
                        "gap": gap,
                        "order": order,
                        "sample": pick.sample,
                        "start": pick.start,
                        "end": pick.end,
                        "text": pick.text,
                        "words": plain_words(pick.text),
                        "edited": pick.edited,
                        "action": event.action,
                        "curator": event.curator,
                        "reason": event.reason,
                        "created": event.created,
                        **{name: getattr(opinion, name, None) for name in _OPINION},
                    }
                )
    columns = "reading gap order sample start end text words edited action curator reason created"
    return pd.DataFrame(rows, columns=[*columns.split(" "), *_OPINION])


def write_frame(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a table to a .csv (UTF-8) or a .parquet file.

    Raises:
        OutputError: the suffix is another one, the file cannot be written, or Parquet's package is missing.
    """
    path = Path(path)
    try:
        with os_errors_as(OutputError, path, "choose another place", cannot="written"):
            if path.suffix == ".csv":
                frame.to_csv(path, index=False)
            elif path.suffix == ".parquet":
                frame.to_parquet(path, index=False)
            else:
                raise OutputError(f"{path.name} is neither .csv nor .parquet: choose one of these.")
    except ImportError as error:
        raise OutputError("Parquet needs the package pyarrow: run `%pip install pyarrow`, or write a .csv.") from error
    return path
