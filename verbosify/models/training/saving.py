"""Saving what an overfit or a fine-tuning made: as a whole model, as a packed step, or as the way to it.

    openai       a run of gpt-2-simple, which gpt-2-simple and `load_model` load (GPT-2 only)
    safetensors  Hugging Face's layout, which transformers and `load_model` load
    delta        what the step did to the weights, packed without loss; `redo` applies it to the same base
    recipe       the text and the recipe alone; `redo` takes the step again

Each is a folder. An overfit's holds `overfit.json` as well. Knows files, not engines: those lend a writer a form.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from verbosify.errors import ModelError, SettingsError
from verbosify.files import os_errors_as_model_errors, read_json, replace_file
from verbosify.models.formats.hugging_face import as_openai_checkpoint
from verbosify.models.formats.openai import write_openai_checkpoint
from verbosify.models.formats.safetensors import save_safetensors
from verbosify.models.formats.tensor_bundle import Array
from verbosify.models.formats.vocabulary import VOCABULARY_FILES
from verbosify.models.protocol import ModelCard, OverfitCopy, SavedForm
from verbosify.models.settings import TuningRecipe
from verbosify.models.store.provenance import write_provenance

Writers = Mapping[str, Callable[[Path], None]]
"""What an engine can write of its present weights: a form, and what writes it into an empty folder."""

_log = logging.getLogger(__name__)

ACCOUNT = "overfit.json"
VERSION = 1


@dataclass(slots=True, kw_only=True)
class Overfitted:
    """A finished overfit: see `protocol.Overfit`. Of its own it has the text, and can be saved."""

    text: str
    recipe: TuningRecipe
    loss_before: float
    loss_after: float
    window_loss: float
    window_tokens: int
    seconds: float
    card: ModelCard = field(repr=False)
    writers: Writers = field(repr=False, compare=False)
    rescale: Callable[[float], float] | None = field(default=None, repr=False, compare=False)
    """Makes the weights those of another strength; returns the loss after."""

    weights: Callable[[], Any] | None = field(default=None, repr=False, compare=False)
    """Copies the weights, for `redo`; `ModelError` once they are fresh again."""

    def copy(self) -> OverfitCopy | None:
        """See `protocol.Overfit.copy`."""
        if self.weights is None:
            return None
        losses = (self.loss_before, self.loss_after, self.window_loss)
        return OverfitCopy(self.text, self.recipe, *losses, self.window_tokens, self.weights())

    @property
    def strength(self) -> float:
        """See `protocol.Overfit.strength`."""
        return self.recipe.strength

    @strength.setter
    def strength(self, strength: float) -> None:
        recipe = replace(self.recipe, strength=strength)
        if self.rescale is None or recipe.steps != 1:
            raise ModelError("This overfit cannot be rescaled: take one step anew, with the strength in its recipe.")
        self.loss_after = self.rescale(strength)
        self.recipe = recipe

    def __post_init__(self) -> None:
        about = (self.card.name, self.recipe.name, self.seconds, self.loss_before, self.loss_after)
        _log.info("overfitted %s by %s in %.2f s: loss %.2f -> %.2f", *about)

    def save(self, folder: str | Path, form: SavedForm | None = None) -> Path:
        """Save this overfit in the new folder `folder`, in one of the forms above; returns the folder.

        By default that is `openai`, or `safetensors` where the engine has no such form for the model.
        The weights are saved as the engine holds them: rounded, if it computes in bfloat16. Raises `ModelError` outside
        the overfit's `with` block (`recipe` needs no weights), if the folder exists or cannot be written, or if the
        model or its engine has no such form; `SettingsError` if there is none of that name.
        """
        form = form or default_form(self.writers, self.card)
        account = {
            "version": VERSION,
            "form": form,
            "base": {"name": self.card.name, "weights_sha256": self.card.weights_sha256},
            "engine": self.card.engine,
            "dtype": self.card.dtype,
            "versions": self.card.versions,
            "text": self.text,
            "recipe": self.recipe.to_dict(),
            "loss_before": self.loss_before,
            "loss_after": self.loss_after,
            "window_loss": self.window_loss,
            "window_tokens": self.window_tokens,
        }
        text = json.dumps(account, indent=2, ensure_ascii=False) + "\n"
        how = f"{self.card.name}, overfitted by the recipe {self.recipe.name} on one text (see {ACCOUNT})"
        with save(Path(folder), form, {**self.writers, "recipe": lambda _: None}, self.card, how) as made:
            (made / ACCOUNT).write_text(text, encoding="utf-8", newline="\n")
        return Path(folder)


def default_form(writers: Writers, card: ModelCard) -> SavedForm:
    """How to save weights if nobody says: a GPT-2 as gpt-2-simple has them, all else as transformers does."""
    return "openai" if "openai" in writers and card.family == "gpt2" else "safetensors"


@dataclass(frozen=True, slots=True)
class SavedOverfit:
    """What `overfit.json` says."""

    form: SavedForm
    base: str
    base_sha256: str
    dtype: str
    text: str
    recipe: TuningRecipe
    loss_before: float
    loss_after: float
    window_loss: float
    window_tokens: int


def read_saved(folder: Path, card: ModelCard) -> SavedOverfit:
    """What was saved in `folder`. `ModelError` if that is no saved overfit, or one of other weights than the card's."""
    path = folder / ACCOUNT
    try:
        values: dict[str, Any] = read_json(path, ModelError, "save the overfit again")
        if values["version"] != VERSION or values["form"] not in get_args(SavedForm):
            raise ModelError(f"{path} was written by a later verbosify: update this one.")
        saved = SavedOverfit(
            form=values["form"],
            base=str(values["base"]["name"]),
            base_sha256=str(values["base"]["weights_sha256"]),
            dtype=str(values["dtype"]),
            text=str(values["text"]),
            recipe=TuningRecipe.from_dict(values["recipe"]),
            loss_before=float(values["loss_before"]),
            loss_after=float(values["loss_after"]),
            window_loss=float(values["window_loss"]),
            window_tokens=int(values["window_tokens"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError, SettingsError) as error:
        raise ModelError(f"{path} is damaged ({error!r}): save the overfit again.") from error
    if saved.base_sha256 != card.weights_sha256:
        raise ModelError(
            f"{folder} holds an overfit of {saved.base} with weights {saved.base_sha256[:12]}, but this is {card.name} "
            f"with {card.weights_sha256[:12]}: load the former and redo it there."
        )
    return saved


@contextmanager
def save(folder: Path, form: str, writers: Writers, card: ModelCard, how: str) -> Iterator[Path]:
    """Have the form's writer fill the new folder `folder`, to which the block may add. It appears when it is whole.

    A whole model gets a `source.json` that says `how` it was made. Raises as `Overfitted.save` does.
    """
    if form not in get_args(SavedForm):
        raise SettingsError(f"There is no form {form!r}: choose one of {', '.join(get_args(SavedForm))}.")
    if form not in writers:
        raise ModelError(
            f"The engine {card.engine} cannot save that in the form {form}: choose {' or '.join(writers)}."
        )
    with new_folder(folder) as made:
        writers[form](made)
        yield made
        if form in ("openai", "safetensors"):
            today = datetime.now(UTC).date().isoformat()
            write_provenance(made, name=folder.name, source=how, licence=card.licence, fetched=today)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes its place as `folder` if all goes well. `ModelError` if there is one already."""
    if folder.exists():
        raise ModelError(f"{folder} is already there: choose another folder.")
    with os_errors_as_model_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as work:
            made = Path(work) / "made"  # for TemporaryDirectory keeps its own folder to the user alone
            made.mkdir()
            yield made
            replace_file(made, folder)


def write_openai(tensors: Mapping[str, Array], model_folder: Path, step: int, made: Path) -> None:
    """Weights by Hugging Face's names, and the vocabulary of `model_folder`, as a run of gpt-2-simple."""
    write_openai_checkpoint(made, as_openai_checkpoint(tensors, model_folder), step=step)


def write_safetensors(tensors: Mapping[str, Array], model_folder: Path, made: Path) -> None:
    """Weights by Hugging Face's names, and all else that `model_folder` says of the model."""
    config = read_json(model_folder / "config.json", ModelError, "fetch the model again")
    prefix = {"gpt2": "transformer.", "llama": "model."}[config["model_type"]]
    config = {name: value for name, value in config.items() if name != "torch_dtype"} | {"dtype": "float32"}
    (made / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8", newline="\n")
    for name in (*VOCABULARY_FILES, "generation_config.json"):
        if (model_folder / name).is_file():
            shutil.copyfile(model_folder / name, made / name)
    save_safetensors({prefix + name: tensor for name, tensor in tensors.items()}, made / "model.safetensors")
