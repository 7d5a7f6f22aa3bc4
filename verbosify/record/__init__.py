"""The append-only store that every durable work rests on. Knows not what the work is.

A kind of record is a `Schema`: ordered migrations of a SQLite file. What a model was asked and what it said are the
same rows in each (`Batch` and `Generation`); choices are events with undo and redo (`acts`); an export in JSON rebuilds
the file.
"""

from __future__ import annotations

from verbosify.record.database import Database
from verbosify.record.generations import Batch, Generation, Overfit, add_batch
from verbosify.record.log import LogEntry
from verbosify.record.migrations import Schema, create_table

__all__ = ["Batch", "Database", "Generation", "LogEntry", "Overfit", "Schema", "add_batch", "create_table"]
