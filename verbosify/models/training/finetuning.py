"""Fine-tuning on a corpus: many steps, watched, stopped in time, and gone on with after a break.

Knows an engine only by its trainer. The base weights stay as they are, in the file and, afterwards, in memory.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from verbosify.errors import CorpusError, ModelError, SettingsError
from verbosify.files import os_errors_as_model_errors, read_json, replace_file
from verbosify.models.formats.safetensors import save_safetensors
from verbosify.models.formats.tensor_bundle import Array
from verbosify.models.protocol import ModelCard, Notify, SavedForm, Step
from verbosify.models.settings import RECIPES, TuningRecipe
from verbosify.models.training.corpus import (
    draw_windows,
    hold_out,
    read_corpus,
    split_windows,
    window_length,
)
from verbosify.models.training.divergence import require_convergence
from verbosify.models.training.saving import Writers, default_form, save
from verbosify.streams import say

_log = logging.getLogger(__name__)

JOURNAL = "journal.json"


class Trainer(Protocol):
    """Weights that are being trained; see the engines. Arrays may be views of what the next step changes."""

    @property
    def vocabulary(self) -> int: ...
    def step(self, windows: Sequence[Sequence[int]]) -> float: ...
    def loss(self, token_ids: Sequence[int]) -> float: ...
    def weights(self) -> Mapping[str, Array]: ...
    def moments(self) -> Mapping[str, Array]: ...
    def load(self, arrays: Mapping[str, Array]) -> None: ...
    def writers(self, steps: int) -> Writers: ...


class Trainable(Protocol):
    """What a model must offer to be fine-tuned; both engines do."""

    @property
    def card(self) -> ModelCard: ...
    def encode(self, text: str) -> list[int]: ...
    def training(self, recipe: TuningRecipe) -> AbstractContextManager[Trainer]: ...


OnStep = Callable[[Step], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """A fine-tuning that has come to its end.

    Attributes:
        history: every step, those before a break included.
        steps: after how many the weights are as they were: the best, if text was held out, else the last.
        window_tokens: of each window drawn.
        tokens: of the corpus, without what was held out.
        seconds: since the beginning, or since the last break.
    """

    recipe: TuningRecipe
    history: tuple[Step, ...]
    steps: int
    window_tokens: int
    tokens: int
    seconds: float
    card: ModelCard = field(repr=False)
    writers: Writers = field(repr=False, compare=False)

    def save(
        self, folder: str | Path, form: SavedForm | None = None, *, beside: Mapping[str, str] | None = None
    ) -> Path:
        """Save the weights in the new folder `folder`, as `openai` or `safetensors`; raises as `Overfitted.save`.

        `beside` are texts of files, by name, that appear together with the weights.
        """
        how = f"{self.card.name}, fine-tuned on {self.tokens} tokens in {self.steps} steps"
        with save(Path(folder), form or default_form(self.writers, self.card), self.writers, self.card, how) as made:
            for name, text in (beside or {}).items():
                (made / name).write_text(text, encoding="utf-8", newline="\n")
        return Path(folder)


@contextmanager
def finetune(
    model: Trainable,
    texts: str | Path | Sequence[str],
    steps: int,
    recipe: TuningRecipe = RECIPES["classic"],
    *,
    held_out: float = 0.0,
    measure_every: int = 10,
    patience: int = 0,
    column: str | int | None = None,
    folder: str | Path | None = None,
    save_every: int = 100,
    progress: OnStep | None = None,
    on_notice: Notify = say,
) -> Iterator[FineTuning]:
    """Take `steps` steps on `texts`. Within the block the model has the new weights, after it the fresh ones.

    Args:
        texts: see `corpus.read_corpus`.
        steps: how many, >= 1.
        recipe: all of it counts but its `steps` and its `window`: windows come from anywhere in the texts, others at
            every step.
        held_out: share of the tokens, from the end, that is not trained on but judged by, 0 to below 1. If it is
            above 0, the weights end as they were when they did best on it.
        measure_every: steps from one such judgement to the next, >= 1. As often the windows of a step are read again
            after it, to see whether it went too far; so they are after the last.
        patience: stop when so many of them in a row were not the best; 0 never stops early.
        column: of tables, the column that holds the text, by its name or its number from 0; by default the first.
        folder: where to keep what is needed to go on after a break, every `save_every` steps, at the end, and when
            `progress` raises. If a break is kept there already, go on from it; `steps` may be another then.
        progress: called after every step; what it raises ends the fine-tuning.
        on_notice: called, before the first step, with each sentence about how the texts were read; by default they
            are printed to standard error.

    Raises:
        CorpusError: the texts cannot be read, or are too short.
        SettingsError: an argument is out of range.
        ModelError: the training has diverged, or `folder` keeps another fine-tuning.
    """
    _check(held_out, measure_every, patience, save_every)
    recipe = replace(recipe, steps=steps)
    started = time.perf_counter()
    read = read_corpus(texts, column=column, on_notice=on_notice)
    chunks, held = hold_out([model.encode(chunk) for chunk in read], held_out)
    longest = min(recipe.window_tokens, model.card.context)
    length = window_length(chunks, longest)
    judges = split_windows(held, longest)
    if held_out and not judges:
        raise CorpusError("The text held out has not even two tokens: hold out more, or give more text.")
    with model.training(recipe) as trainer:
        course = Course(trainer, Path(folder) if folder is not None else None, _identity(model.card, recipe, chunks))
        while len(course.history) < recipe.steps and not course.has_lost(patience):
            number = len(course.history) + 1
            windows = draw_windows(chunks, length, recipe.windows_per_step, (recipe.seed, number))
            loss = trainer.step(windows)
            due = number % measure_every == 0 or number == recipe.steps
            first = course.history[0].loss if course.history else loss
            worst = min(max(loss, first), 2 * first)  # no window is that much harder, so an earlier step led astray
            _require_convergence(trainer, recipe, loss, windows if due else (), worst)
            course.add(Step(number, loss, _mean_loss(trainer, judges) if judges and due else None))
            try:
                if progress is not None:
                    progress(course.history[-1])
            except BaseException:
                course.save()
                raise
            if number % save_every == 0:
                course.save()
        course.save()
        course.take_best()
        _log.info("fine-tuned %s in %d steps: loss %.2f", model.card.name, course.best.number, course.best.loss)
        yield FineTuning(
            recipe=recipe,
            history=tuple(course.history),
            steps=course.best.number,
            window_tokens=length,
            tokens=sum(map(len, chunks)),
            seconds=time.perf_counter() - started,
            card=model.card,
            writers=trainer.writers(course.best.number),
        )


class Course:
    """The steps taken, the best weights among them, and both of them in `folder`, if there is one, for a break."""

    def __init__(self, trainer: Trainer, folder: Path | None, identity: str) -> None:
        self._trainer = trainer
        self._folder = folder
        self._identity = identity
        self._best_weights: dict[str, Array] = {}
        self._saved = 0
        self.history: list[Step] = []
        if folder is not None and (folder / JOURNAL).is_file():
            self._go_on(folder)

    @property
    def best(self) -> Step:
        """The step after which the held-out text was told best, or else the last."""
        judged = [step for step in self.history if step.held_out_loss is not None]
        return min(judged, key=lambda step: step.held_out_loss or 0.0) if judged else self.history[-1]

    def has_lost(self, patience: int) -> bool:
        """Whether the last `patience` judgements, and there were so many, all came after the best."""
        later = [step for step in self.history if step.held_out_loss is not None and step.number > self.best.number]
        return 0 < patience <= len(later)

    def add(self, step: Step) -> None:
        self.history.append(step)
        if step.held_out_loss is not None and step is self.best:
            self._best_weights = {name: array.copy(order="K") for name, array in self._trainer.weights().items()}

    def take_best(self) -> None:
        """Have the trainer go back to the best weights, if it has gone beyond them."""
        if self.best is not self.history[-1]:
            self._trainer.load(self._best_weights)

    def save(self) -> None:
        """Keep all that is needed to go on from here; what was kept before stays until that is done."""
        if self._folder is None or self._saved == len(self.history):
            return
        with os_errors_as_model_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            old = list(self._folder.glob("*.safetensors"))
            number = len(self.history)
            present = {f"weights/{name}": array for name, array in self._trainer.weights().items()}
            present |= {f"moments/{name}": array for name, array in self._trainer.moments().items()}
            present |= {f"best/{name}": array for name, array in self._best_weights.items()}
            save_safetensors(present, self._folder / f"step-{number}.safetensors")
            journal = {"identity": self._identity, "history": [asdict(step) for step in self.history]}
            partial = self._folder / f"{JOURNAL}.part"
            partial.write_text(json.dumps(journal) + "\n", encoding="utf-8", newline="\n")
            replace_file(partial, self._folder / JOURNAL)
            for file in old:
                file.unlink()
        self._saved = number

    def _go_on(self, folder: Path) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            journal: dict[str, Any] = read_json(folder / JOURNAL, ModelError, "begin again in another folder")
            if journal["identity"] != self._identity:
                raise ModelError(f"{folder} keeps another fine-tuning (model, texts or recipe): choose another folder.")
            self.history = [Step(**step) for step in journal["history"]]
            self._saved = len(self.history)
            kept: dict[str, dict[str, Array]] = {"weights": {}, "moments": {}, "best": {}}
            for name, array in load_file(folder / f"step-{self._saved}.safetensors").items():
                kind, _, own = name.partition("/")
                kept[kind][own] = array
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(f"{folder} is damaged ({error!r}): begin again in another folder.") from error
        self._best_weights = kept["best"]
        self._trainer.load(kept["weights"] | kept["moments"])


def _check(held_out: float, measure_every: int, patience: int, save_every: int) -> None:
    if not 0 <= held_out < 1:
        raise SettingsError(f"held_out is {held_out!r}: it must be from 0 to below 1.")
    bounds = (("measure_every", measure_every, 1), ("save_every", save_every, 1), ("patience", patience, 0))
    for name, value, least in bounds:
        if value < least:
            raise SettingsError(f"{name} is {value!r}: it must be at least {least}.")
    if patience and not held_out:
        raise SettingsError(f"patience is {patience}, but there is no text to judge by: set held_out above 0.")


def _require_convergence(
    trainer: Trainer, recipe: TuningRecipe, loss: float, windows: Sequence[Sequence[int]], worst: float
) -> None:
    """Raise `ModelError` if `loss` tells that an earlier step went too far, or `windows`, read again, that this did."""
    require_convergence(loss, recipe, trainer.vocabulary, what="Fine-tuning")
    if windows:
        after = _mean_loss(trainer, windows)
        require_convergence(after, recipe, trainer.vocabulary, before=worst, what="Fine-tuning")


def _mean_loss(trainer: Trainer, windows: Sequence[Sequence[int]]) -> float:
    """Mean cross-entropy a token over all windows."""
    counts = [len(window) - 1 for window in windows]
    total = sum(trainer.loss(window) * count for window, count in zip(windows, counts, strict=True))
    return total / sum(counts)


def _identity(card: ModelCard, recipe: TuningRecipe, chunks: Sequence[Sequence[int]]) -> str:
    """What a break can be gone on with: the same weights, engine, texts and recipe, its steps aside."""
    same = {name: value for name, value in recipe.to_dict().items() if name not in ("name", "steps", "window")}
    about = [card.weights_sha256, card.engine, card.dtype, same, [list(chunk) for chunk in chunks]]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
