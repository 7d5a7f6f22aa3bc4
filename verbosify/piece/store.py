"""A piece: the durable record of one work, in a folder. Knows no model, no essay code and no page.

`PIECE/piece.db` is the truth. Every method that writes has written when it returns; nothing written is ever changed.
Any number of processes may read and pick at once; one at a time may sample, under `Piece.lock()`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from verbosify.errors import PieceError
from verbosify.files import file_lock
from verbosify.piece import migrations
from verbosify.piece import picks as events
from verbosify.piece.picks import Pick, PickAction, PickEvent
from verbosify.piece.rows import (
    Batch,
    Job,
    LogEntry,
    Opinion,
    Overfit,
    Passage,
    Rating,
    Sample,
    Scores,
    determinants,
    differences,
    fingerprint_of,
)
from verbosify.record import generations, log
from verbosify.record.database import Database, Value, closed_on_error
from verbosify.record.fields import from_columns, now, to_columns

DATABASE_NAME = "piece.db"
SKIPPED = "passed over"  # as records have it since 0.1.0
"""What the log says of a passage that the model could not take in."""
T = TypeVar("T")

_NEXT_NUMBER = "SELECT coalesce(max(number), -1) + 1 FROM batches WHERE passage = ?"


class Piece:
    """An open piece; use it in a `with` statement, in one thread.

    Raises (from every method): `PieceError` for a piece that is missing, damaged, locked or does not take what it is
    handed; `OutputError` when the disk is full or the folder may not be written.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.database = database

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """The piece in `folder`, brought up to date if an older verbosify made it."""
        place = Path(folder) / DATABASE_NAME
        try:
            place.stat()
        except OSError as error:
            raise PieceError(f"There is no piece in {folder} ({error.strerror}): check the path.") from error
        piece = cls.find(folder)
        if piece is None:
            raise PieceError(f"{place} is empty, since its making was interrupted: begin the piece there again.")
        return piece

    @classmethod
    def find(cls, folder: str | Path) -> Self | None:
        """The piece in `folder` as `open` opens it, or None if there is none or its making was interrupted."""
        database = migrations.SCHEMA.find(Path(folder) / DATABASE_NAME)
        return None if database is None else cls(Path(folder), database)

    @classmethod
    def open_or_create(cls, folder: str | Path, job: Job, passages: Sequence[Passage]) -> Self:
        """The piece in `folder` if it is the same work, by its `determinants`; a new one if there is none.

        Raises `PieceError`, naming what differs, for a piece of another work: samples of two kinds are never mixed.
        """

        def fill(database: Database) -> None:
            add_job(database, job, passages)

        with closed_on_error(Database.make(Path(folder) / DATABASE_NAME, PieceError)) as database:
            new = migrations.SCHEMA.begin(database, fill)
            piece = cls(Path(folder), database)
            then = None if new else determinants(piece.job, piece.passages())
            if then and (told := differences(then, determinants(job, passages))):
                raise PieceError(
                    f"The piece in {folder} was made with different settings ({told}): "
                    "choose another folder, or the same options again."
                )
        return piece

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the one process that samples for this piece. `PieceError` at once if another is. Ends with the process."""

        def refuse() -> None:
            raise PieceError(
                f"Another process is at work on the piece in {self.folder}: wait until it is done, or stop it."
            )

        with file_lock(self.folder / "piece.lock", refuse):
            yield

    @cached_property
    def job(self) -> Job:
        """What the piece is made from."""
        return self._one(Job, "job", 1)

    def passages(self) -> list[Passage]:
        """All passages in order; `finished` tells which need no more samples."""
        return self._read(
            Passage,
            "SELECT passages.*, passage_done.created AS finished FROM passages "
            'LEFT JOIN passage_done ON passage = "index" ORDER BY "index"',
        )

    def add_batch(
        self,
        passage: int,
        samples: Sequence[Sample],
        *,
        settings: dict[str, Any],
        overfit: Overfit | None,
        seconds: float,
        model: dict[str, Any] | None = None,
        reason: str = "",
        diversity: dict[str, Any] | None = None,
        prompt: str | None = None,
    ) -> Batch:
        """Record a batch, its samples, and the overfit they come from unless that has an id already: all or nothing.

        Args:
            passage: index of the passage that was continued.
            overfit: None for samples from the fresh base model.
            seconds: wall time of the sampling alone.
            model: the card of the model that sampled; by default that of the overfit, or else that of the job.
            reason: why these settings, as in `6 of 10 copied: top-k 80`.
            diversity: measures of the batch as a whole.
            prompt: what was continued, where that is not the passage.

        Returns:
            The batch, with its id and its number within the passage, from 0.
        """
        with self.database.writing():
            batch = Batch(
                passage=passage,
                number=self.database.number(_NEXT_NUMBER, (passage,)),
                model=model or (overfit.model if overfit else self.job.model),
                settings=settings,
                reason=reason,
                diversity=diversity or {},
                seconds=seconds,
                prompt=prompt,
            )
            made_by = overfit and replace(overfit, passage=passage)
            return generations.add_batch(self.database, batch, samples, made_by)

    def finish_passage(self, passage: int) -> None:
        """Mark a passage as needing no more samples; once is enough."""
        with self.database.writing():
            if passage not in self.finished_passages():
                self.database.insert("passage_done", {"passage": passage, "created": now()})

    def skip_passage(self, passage: int, **detail: Any) -> None:
        """Mark a passage as needing no samples, and tell the log why: both or neither, and once is enough."""
        with self.database.writing():
            if passage not in self.finished_passages():
                log.note(self.database, SKIPPED, {"passage": passage, **detail})
                self.database.insert("passage_done", {"passage": passage, "created": now()})

    def finished_passages(self) -> set[int]:
        """The passages a resumed run leaves alone."""
        return {row[0] for row in self.database.rows("SELECT passage FROM passage_done")}

    def overfits(self, passage: int | None = None) -> list[Overfit]:
        """The overfits of a passage, or of all, in the order they were made."""
        return self._of_passage(Overfit, "overfits", passage)

    def batches(self, passage: int | None = None) -> list[Batch]:
        """The batches of a passage, or of all, in the order they were drawn."""
        return self._of_passage(Batch, "batches", passage)

    def samples(self, passage: int | None = None) -> Iterator[Sample]:
        """The samples of a passage, or of all, in the order they were drawn; one batch in memory at a time."""
        for batch in self.batches(passage):
            yield from self._read(Sample, 'SELECT * FROM generations WHERE batch = ? ORDER BY "index"', (batch.id,))

    def overfit(self, overfit: int) -> Overfit:
        """The overfit of that id."""
        return self._one(Overfit, "overfits", overfit)

    def sample(self, sample: int) -> Sample:
        """The sample of that id."""
        return self._one(Sample, "generations", sample, "samples")

    def add_scores(self, scores: Scores) -> None:
        """Record how likely a sample's tokens were; once is enough."""
        with self.database.writing():
            if not self.database.rows("SELECT 1 FROM scores WHERE sample = ?", (scores.sample,)):
                self.database.insert("scores", to_columns(replace(scores, created=now())))

    def scores(self) -> list[Scores]:
        """All that were recorded, in the order of the samples."""
        return self._read(Scores, "SELECT * FROM scores ORDER BY sample")

    def add_opinions(self, opinions: Sequence[Opinion]) -> None:
        """Record what the fresh model thinks of stretches of samples, all or nothing; of each once is enough."""
        same = 'SELECT 1 FROM opinions WHERE sample = ? AND start = ? AND "end" = ?'
        with self.database.writing():
            for opinion in opinions:
                if not self.database.rows(same, opinion.place):
                    self.database.insert("opinions", to_columns(replace(opinion, created=now())))

    def opinions(self, passage: int | None = None) -> list[Opinion]:
        """Those on samples of a passage, or all, in the order they were recorded."""
        if passage is None:
            return self._read(Opinion, "SELECT * FROM opinions ORDER BY id")
        return self._read(
            Opinion,
            "SELECT opinions.* FROM opinions JOIN generations ON generations.id = sample "
            "JOIN batches ON batches.id = batch WHERE passage = ? ORDER BY opinions.id",
            (passage,),
        )

    def add_rating(self, rating: Rating) -> None:
        """Record what somebody thinks of a stretch of a sample, or of two."""
        with self.database.writing():
            self.database.insert("ratings", to_columns(replace(rating, created=now())))

    def ratings(self) -> list[Rating]:
        """All ratings, oldest first."""
        return self._read(Rating, "SELECT * FROM ratings ORDER BY id")

    def _read(self, kind: type[T], sql: str, values: Sequence[Value] = ()) -> list[T]:
        rows = self.database.rows(sql, values)
        with self.database.decoding():
            return [from_columns(kind, row) for row in rows]

    def _of_passage(self, kind: type[T], table: str, passage: int | None) -> list[T]:
        if passage is None:
            return self._read(kind, f"SELECT * FROM {table} ORDER BY id")  # noqa: S608  (our own names)
        return self._read(kind, f"SELECT * FROM {table} WHERE passage = ? ORDER BY id", (passage,))  # noqa: S608

    def _one(self, kind: type[T], table: str, key: int, called: str = "") -> T:
        found = self._read(kind, f"SELECT * FROM {table} WHERE id = ?", (key,))  # noqa: S608  (our own names)
        if not found:
            called = called or table
            raise PieceError(f"The piece in {self.folder} has no row {key} among its {called}: check the number.")
        return found[0]

    def pick(
        self,
        reading: str,
        gap: int,
        picks: Sequence[Pick],
        *,
        curator: str,
        action: PickAction = "picked",
        reason: str = "",
    ) -> int:
        """Put `picks`, in order, at a gap of a reading in place of what stands there; returns the event's id.

        Args:
            reading: 1 to 80 characters, any name.
            gap: the index of the passage before it; the samples must continue that passage.
            picks: the whole new list; empty only with the actions `cleared` and `chosen`.
            curator: `picks.BUILT_IN`, or a person's name.
        """
        return events.pick(self.database, reading, gap, picks, action=action, curator=curator, reason=reason)

    def choose_reading(
        self,
        reading: str,
        choice: Mapping[int, Sequence[Pick]],
        *,
        curator: str,
        reasons: Mapping[int, str] | None = None,
    ) -> int | None:
        """Make `choice` (gap -> picks) the whole reading, in one act; returns its id, None if nothing changes.

        Gaps that hold picks and are not in `choice` are emptied. `reasons` are by gap.
        """
        return events.choose_reading(self.database, reading, choice, curator=curator, reasons=reasons or {})

    def undo(self, reading: str | None = None, *, curator: str) -> int | None:
        """Undo the act last done in a reading, or in the whole piece; returns the act, None if there is none."""
        return events.undo(self.database, reading, curator=curator)

    def redo(self, reading: str | None = None, *, curator: str) -> int | None:
        """Do the act last undone again, unless its reading changed since; returns the act, None if there is none."""
        return events.redo(self.database, reading, curator=curator)

    def pin(self, sample: int, *, curator: str, reason: str = "") -> int:
        """Mark a sample to be kept in view; returns the event's id."""
        return events.pin(self.database, sample, action="pinned", curator=curator, reason=reason)

    def unpin(self, sample: int, *, curator: str, reason: str = "") -> int:
        """Take the mark away; returns the event's id."""
        return events.pin(self.database, sample, action="unpinned", curator=curator, reason=reason)

    def pinned(self) -> set[int]:
        """The ids of the samples that are pinned."""
        return events.pinned(self.database)

    def readings(self) -> list[str]:
        """The readings somebody has begun, in the order they were begun."""
        return events.readings(self.database)

    def picks(self, reading: str) -> dict[int, tuple[Pick, ...]]:
        """What stands at each gap of a reading, gaps in order, empty ones left out."""
        return events.standing(self.database, reading)

    def history(self) -> list[PickEvent]:
        """Every pick event, oldest first."""
        return events.history(self.database)

    def note(self, event: str, **detail: Any) -> None:
        """Add a line to the log of the run: started, resumed, interrupted, finished, escalated..."""
        with self.database.writing():
            log.note(self.database, event, detail)

    def log(self) -> list[LogEntry]:
        """The log, oldest first."""
        return log.read_log(self.database)


def add_job(database: Database, job: Job, passages: Sequence[Passage]) -> None:
    """Record the job and its passages, finished or not. Call it inside `database.writing()`."""
    fingerprint = job.fingerprint or fingerprint_of(determinants(job, passages))
    row = replace(job, created=job.created or now(), fingerprint=fingerprint)
    database.insert("job", {"id": 1, **to_columns(row)})
    for passage in passages:
        add_passage(database, job, passage)


def add_passage(database: Database, job: Job, passage: Passage) -> None:
    """Record a passage of the job's essay, finished or not. Call it inside `database.writing()`."""
    if not (max(passage.end, passage.gap) <= len(job.essay_text) and passage.block < len(job.essay_blocks)):
        raise PieceError(f"Passage {passage.index} reaches beyond the essay: cut the passages from the same text.")
    columns = to_columns(passage)
    finished = columns.pop("finished")
    database.insert("passages", columns)
    if finished is not None:
        database.insert("passage_done", {"passage": passage.index, "created": finished})
