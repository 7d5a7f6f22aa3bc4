"""What a run is to do: an essay cut into passages, as the piece has it that is there already. Loads no model."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from verbosify.errors import EssayError, OutputError, PieceError
from verbosify.essay.correcting import parse_sentences
from verbosify.essay.passages import Sentence, essay_passages, essay_sentences
from verbosify.essay.reading import Essay
from verbosify.essay.rereading import recorded_essay
from verbosify.models.protocol import ModelCard
from verbosify.models.store.catalog import model_name
from verbosify.piece import Job, Passage, Piece
from verbosify.workflow.options import Options

Split = Sequence[Sequence[Sentence]]
"""Sentences by paragraph."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An essay and its passages. `blocks` are those of the essay with their sentences, as a record has them."""

    essay: Essay
    blocks: list[dict[str, Any]]
    passages: list[Passage]

    @property
    def prose(self) -> str:
        """The sentences, paragraphs apart, as a model reads them."""
        return prose_of(self.blocks)

    def share(self, target: float) -> float:
        """How many words each gap should get for the target to be met."""
        return self.essay.words * (target - 1) / len(self.passages)

    def job(self, options: Options, card: ModelCard) -> Job:
        """What a piece of this plan is made from."""
        return Job(
            title=self.essay.title,
            essay_name=self.essay.name,
            essay_format=self.essay.format,
            essay_text=self.essay.text,
            essay_source=self.essay.source if self.essay.format == "docx" else None,
            essay_blocks=self.blocks,
            options=options.to_dict() | {"model": model_name(options.model), "engine": card.engine},
            model=asdict(card),
        )


def make_plan(essay: Essay, folder: str | Path, options: Options, sentences: str | None = None) -> Plan:
    """The plan for an essay, or that of the piece in `folder` if it was made of the same one.

    A piece goes on as it began: neither a reader nor a splitter that has changed since cuts its essay anew.

    Args:
        sentences: a corrected split, as `format_sentences` writes it. One that is not the piece's makes a new plan.

    Raises:
        EssayError: there is no passage in the essay, or the split is not one of it.
        PieceError: the piece cannot be read, or has no passages.
    """
    begun = _begun(essay, Path(folder))
    if begun is not None and (sentences is None or _is_split(sentences, begun)):
        if not begun.passages:
            raise PieceError(
                f"The piece in {folder} has no passages, so there is nothing to do: choose another folder."
            )
        return begun
    split = parse_sentences(sentences, essay) if sentences is not None else essay_sentences(essay, options.splitter)
    passages = essay_passages(split, options.passage_size, options.stride, options.short_paragraphs)
    return Plan(essay, _blocks(essay, split), [Passage(**asdict(passage)) for passage in passages])


def essay_of(piece: Piece) -> Essay:
    """The essay that a piece was made from, as it was read."""
    job = piece.job
    with piece.database.decoding():
        return recorded_essay(job.essay_name, job.essay_format, job.essay_text, job.essay_blocks, job.essay_source)


def begun_with(essay: Essay, folder: str | Path) -> Essay | None:
    """The essay as the piece in `folder` has it, if there is one that can be read and was made of this one."""
    with suppress(PieceError, OutputError):
        begun = _begun(essay, Path(folder))
        return None if begun is None else begun.essay
    return None


def prose_of(blocks: Sequence[dict[str, Any]]) -> str:
    """The sentences of recorded blocks, paragraphs apart."""
    return "\n\n".join(
        " ".join(sentence["text"] for sentence in block["sentences"]) for block in blocks if block["sentences"]
    )


def _begun(essay: Essay, folder: Path) -> Plan | None:
    """The plan of the piece in `folder`, if there is one and it was made of this essay."""
    piece = Piece.find(folder)
    if piece is None:
        return None
    with piece:
        recorded = essay_of(piece)
        if not _is_same(recorded, essay):
            return None
        return Plan(recorded, piece.job.essay_blocks, piece.passages())


def _is_same(recorded: Essay, essay: Essay) -> bool:
    """Whether two essays are one: the same text, or the same file, whatever is read in it today."""
    if recorded.format != essay.format:
        return False
    return recorded.text == essay.text or recorded.source.removeprefix(BOM_UTF8) == essay.source.removeprefix(BOM_UTF8)


def _is_split(sentences: str, plan: Plan) -> bool:
    with suppress(EssayError):
        spans = [(row.start, row.end) for paragraph in parse_sentences(sentences, plan.essay) for row in paragraph]
        return spans == [(row["start"], row["end"]) for block in plan.blocks for row in block["sentences"]]
    return False


def _blocks(essay: Essay, split: Split) -> list[dict[str, Any]]:
    by_block: dict[int, list[Sentence]] = {}
    for paragraph in split:
        for sentence in paragraph:
            by_block.setdefault(sentence.block, []).append(sentence)
    return [
        {
            "kind": block.kind,
            "start": block.start,
            "end": block.end,
            "level": block.level,
            "sentences": [
                {"start": sentence.start, "end": sentence.end, "text": sentence.text}
                for sentence in by_block.get(number, [])
            ],
        }
        for number, block in enumerate(essay.blocks)
    ]
