"""Make a recorded sample again from its record, and say whether it is the same. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from verbosify.errors import ModelError, PieceError
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings, TuningRecipe
from verbosify.piece import Piece
from verbosify.workflow.options import recorded_model_name
from verbosify.workflow.visit import drawn_together

MOST_THREADS = 1024
"""More than this in a record is no number of threads that anybody computed with."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Two texts that should be one. `first_difference` is the place, in tokens, where they part; None if nowhere.

    `differing` tells what about the machine is not as it was, which may explain it.
    """

    recorded: str
    again: str
    first_difference: int | None
    differing: tuple[str, ...]

    @property
    def identical(self) -> bool:
        return self.first_difference is None


def replay(piece: Piece, sample_id: int, *, model: LanguageModel | str | Path | None = None) -> Replay:
    """Overfit and sample as recorded for sample `sample_id`, on the same weights, engine, precision and threads.

    `model` is where those weights are now, or a model that has them; by default what the piece was made with.

    Raises:
        PieceError: there is no such sample, its record is damaged, or it does not say where the model was.
        ModelError: the model is not available, or its weights are not those of the record.
    """
    sample = piece.sample(sample_id)
    batch = next(batch for batch in piece.batches() if batch.id == sample.batch)
    if batch.prompt is not None:
        raise PieceError(f"Sample {sample_id} was written at the desk: its record there, desk.db, makes it again.")
    together = drawn_together(piece, batch)  # in low precision a row's last bits depend on how many there are
    card = batch.model
    with piece.database.decoding():
        text = {passage.index: passage.text for passage in piece.passages()}[batch.passage]
        settings = [SamplingSettings.from_dict(other.settings) for other in together]
        recipe = None if batch.overfit is None else TuningRecipe.from_dict(piece.overfit(batch.overfit).recipe)
    place_in_batch = together.index(batch)
    if sample.index >= settings[place_in_batch].n:
        raise PieceError(
            f"Sample {sample_id} is row {sample.index} of {settings[place_in_batch].n}: its record is damaged."
        )
    row = sample.index + sum(others.n for others in settings[:place_in_batch])
    place = recorded_model_name(piece.job.options) if model is None else model
    with recorded_model(place, card) as here:
        with nullcontext() if recipe is None else here.overfit(text, recipe):
            again = here.sample(text, settings)[row]
        difference = _first_difference(sample.token_ids, again.token_ids)
        return Replay(sample.text, again.text, difference, _differing(card, here))


@contextmanager
def recorded_model(model: LanguageModel | str | Path, card: dict[str, Any]) -> Iterator[LanguageModel]:
    """The model of a record's card: loaded as the card tells, if it is not yet.

    PyTorch computes with the card's number of threads until the block ends, if the model is loaded here.

    Raises:
        PieceError: the card names what nothing can be loaded with.
        ModelError: the model is not available, or its weights are not those of the card.
    """
    with nullcontext() if isinstance(model, LanguageModel) else _recorded_threads(card):
        here = model if isinstance(model, LanguageModel) else _load_as_recorded(model, card)
        if here.card.weights_sha256 != card["weights_sha256"]:
            raise ModelError(
                f"The weights of {card['name']} here are not those of the record ({card['weights_sha256'][:12]}…): "
                "fetch that version."
            )
        yield here


def _load_as_recorded(name: str | Path, card: dict[str, Any]) -> LanguageModel:
    """The model `name` on the engine and device and in the precision that a record's card tells."""
    precisions = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}
    if card["dtype"] not in precisions:
        raise PieceError(f"The record names a precision {card['dtype']!r} that is not known: it cannot be replayed.")
    return load_model(name, engine=card["engine"], device=card["device"], precision=precisions[card["dtype"]])


@contextmanager
def _recorded_threads(card: dict[str, Any]) -> Iterator[None]:
    """Let PyTorch compute with the threads that a record's card tells, until the block ends."""
    if not 1 <= card["threads"] <= MOST_THREADS:
        raise PieceError(f"The record names {card['threads']} threads: it cannot be replayed.")
    if card["engine"] not in ("torch", "universal") or not find_spec(
        "torch"
    ):  # if it is not there, `load_model` says so
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(card["threads"])
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _first_difference(recorded: list[int], again: tuple[int, ...]) -> int | None:
    if tuple(recorded) == again:
        return None
    pairs = zip(recorded, again, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(recorded), len(again)))


def _differing(card: dict[str, Any], model: LanguageModel) -> tuple[str, ...]:
    here: dict[str, Any] = {"device": model.card.device, "dtype": model.card.dtype, "threads": model.card.threads}
    here |= model.card.versions
    then = {name: card[name] for name in ("device", "dtype", "threads")} | card["versions"]
    return tuple(f"{name} was {then.get(name)}, is {value}" for name, value in here.items() if then.get(name) != value)
