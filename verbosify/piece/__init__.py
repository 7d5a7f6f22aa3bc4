"""The durable record of one work: everything needed to show it and to make it again. Plain values in and out."""

from __future__ import annotations

from verbosify.piece.export import export_piece, import_piece, read_export, read_record, write_export
from verbosify.piece.picks import BUILT_IN, Pick, PickEvent
from verbosify.piece.rows import Batch, Job, LogEntry, Opinion, Overfit, Passage, Rating, Sample, Scores
from verbosify.piece.store import Piece
from verbosify.piece.values import PieceValues

__all__ = [
    "BUILT_IN",
    "Batch",
    "Job",
    "LogEntry",
    "Opinion",
    "Overfit",
    "Passage",
    "Pick",
    "PickEvent",
    "Piece",
    "PieceValues",
    "Rating",
    "Sample",
    "Scores",
    "export_piece",
    "import_piece",
    "read_export",
    "read_record",
    "write_export",
]
