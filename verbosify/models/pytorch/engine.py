"""What engines in PyTorch share: overfits, strength, saving, fine-tuning, sessions, scores; see `TorchEngine`.

Knows weights that can be changed and put back, and no architecture: an engine says what its weights compute, and
which of them a recipe trains.
"""

from __future__ import annotations

import platform
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Generic, Protocol, TypeVar, cast

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.models.decoding import PLACES
from verbosify.models.protocol import Continuation, ModelCard, OverfitCopy, TokenChoice, TokenScore
from verbosify.models.pytorch.saving import read_step, save_step
from verbosify.models.pytorch.strength import Rescaler
from verbosify.models.pytorch.trainer import TorchTrainer
from verbosify.models.pytorch.tuning import Tunable, in_fixed_order
from verbosify.models.rows import prompt_tokens
from verbosify.models.session import Batch, HeldText, Session, sample, token_choices
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe
from verbosify.models.spelling import Spelling
from verbosify.models.training.divergence import require_convergence
from verbosify.models.training.finetuning import finetune
from verbosify.models.training.restoring import RestoreGuard
from verbosify.models.training.saving import Overfitted, SavedOverfit, Writers, read_saved
from verbosify.models.training.windows import training_windows
from verbosify.version import version_of_verbosify


class HeldWeights(Tunable, Protocol):
    """Weights that can be put back, laid out as their file, and replaced."""

    @property
    def parameters(self) -> int: ...

    def restore(self) -> None:
        """Copy the base over the working weights."""

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Make the working weights those, by the same names."""

    def to_file_layout(self, instead: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The working weights, or those given `instead` of them, as the file has them: float32, on the CPU."""


AnyWeights = TypeVar("AnyWeights", bound=HeldWeights)


class TorchEngine(ABC, Generic[AnyWeights]):
    """A `LanguageModel` but for what its weights compute."""

    card: ModelCard
    ends: frozenset[int]
    vocabulary: int
    _folder: Path
    _device: torch.device
    _weights: AnyWeights

    def __init__(self) -> None:
        self._guard = RestoreGuard(self._restore)
        self._spelling: Spelling | None = None
        self.version = 0

    def _card(
        self,
        name: str,
        weights_sha256: str,
        licence: str,
        engine: str,
        family: str,
        context: int,
        packages: Sequence[str] = (),
    ) -> ModelCard:
        """The card of the weights that are held, with the versions of what computes with them."""
        return ModelCard(
            name=name,
            family=family,
            engine=engine,
            weights_sha256=weights_sha256,
            parameters=self._weights.parameters,
            context=context,
            device=str(self._device),
            dtype=str(self._weights.dtype).removeprefix("torch."),
            threads=torch.get_num_threads(),
            licence=licence,
            versions={
                "verbosify": version_of_verbosify(),
                "python": platform.python_version(),
                "torch": str(torch.__version__),
                **{package: version(package) for package in (*packages, "tokenizers", "numpy")},
            },
        )

    def _require_room_for_tokens(self, largest: int) -> None:
        """Raise `ModelError` if the tokenizer numbers a token beyond what the model knows."""
        if largest >= self.vocabulary:
            raise ModelError(
                f"In {self._folder} the tokenizer numbers its tokens up to {largest}, but the model knows "
                f"{self.vocabulary}: the two do not belong together; fetch the model again."
            )

    @abstractmethod
    def encode(self, text: str) -> list[int]: ...

    @abstractmethod
    def decode(self, token_ids: Sequence[int]) -> str: ...

    @abstractmethod
    def _pieces(self) -> list[bytes]:
        """The bytes that each token spells, by its number."""

    @abstractmethod
    def hold(self, rows: int) -> HeldText:
        """See `session.Engine.hold`."""

    @abstractmethod
    def batch(self) -> Batch:
        """See `session.Engine.batch`."""

    @abstractmethod
    def _tune(
        self, windows: Sequence[Tensor], recipe: TuningRecipe, directions: dict[str, Tensor] | None
    ) -> list[Tensor]:
        """Take the recipe's steps on the working weights; returns the losses before the first.

        They are those of every window's tokens from the second on, in nats: for each window (tokens - 1,), float32.
        """

    @abstractmethod
    def _tuned(self, recipe: TuningRecipe) -> Sequence[str]:
        """Names of the weights that a recipe trains."""

    @abstractmethod
    def _mean_loss(self, token_ids: Tensor) -> Tensor:
        """Mean cross-entropy, nats a token, of tokens 2..n given those before them; can be differentiated."""

    @abstractmethod
    def _logits_after(self, token_ids: Tensor) -> Callable[[slice], Tensor]:
        """What follows each token: a function from a slice of their places to logits, (places, vocabulary), float32."""

    @abstractmethod
    def _writers(self, tensors: Callable[[], Mapping[str, Tensor]], steps: int) -> Writers:
        """Writers of all weights, which `tensors` gives as their file has them."""

    # Training

    @contextmanager
    def overfit(self, text: str, recipe: TuningRecipe = RECIPES["classic"]) -> Iterator[Overfitted]:
        """Fine-tune on `text` alone; see `protocol.LanguageModel.overfit`."""
        windows = [self._tensor(window) for window in training_windows(text, recipe, self.encode, self.card.context)]
        passage = self._tensor(self.encode(text))
        started = time.perf_counter()
        with self._guard.changing() as require:
            told_on_the_way = torch.equal(windows[0][: len(passage)], passage)  # whose tokens do not look ahead
            loss_before = None if told_on_the_way else self._loss(passage)
            self._changed()
            rounded = recipe.steps == 1 and self._weights.dtype != torch.float32
            directions: dict[str, Tensor] | None = {} if rounded else None
            with in_fixed_order(self._device):
                losses = self._tune(windows, recipe, directions)
            if loss_before is None:
                loss_before = losses[0][: len(passage) - 1].mean().item()
            loss_after = self._loss(passage)
            require_convergence(loss_after, recipe, self.vocabulary, before=loss_before)
            yield Overfitted(
                text=text,
                recipe=recipe,
                loss_before=loss_before,
                loss_after=loss_after,
                window_loss=fmean(each.mean().item() for each in losses),
                window_tokens=len(windows[0]),
                seconds=time.perf_counter() - started,
                card=self.card,
                writers=self._overfit_writers(recipe.steps, require),
                rescale=self._rescaling(Rescaler(self._weights, recipe, directions), passage, require),
                weights=self._copying(require),
            )

    def _rescaling(self, rescaler: Rescaler, passage: Tensor, require: Callable[[], None]) -> Callable[[float], float]:
        def rescale(strength: float) -> float:
            require()
            with self.using():
                self._changed()
                rescaler.apply(strength)
                return self._loss(passage)

        return rescale

    @contextmanager
    def redo(self, folder: str | Path | OverfitCopy) -> Iterator[Overfitted]:
        """The overfit saved in `folder`, from its packed step if it has one, else made again by its recipe; or a copy.

        Otherwise as `overfit`. Raises `ModelError` if the folder keeps none, or one of other weights than these.
        """
        saved = folder if isinstance(folder, OverfitCopy) else read_saved(Path(folder), self.card)
        if isinstance(saved, SavedOverfit) and saved.form != "delta":
            with self.overfit(saved.text, saved.recipe) as overfit:
                yield overfit
            return
        started = time.perf_counter()
        with self._guard.changing() as require:
            self._changed()
            with torch.no_grad():
                if isinstance(saved, SavedOverfit):
                    read_step(Path(cast(str, folder)), self._weights, saved.dtype)
                else:
                    self._weights.load(saved.weights)
            rescaler, passage = Rescaler(self._weights, saved.recipe, None), self._tensor(self.encode(saved.text))
            yield Overfitted(
                text=saved.text,
                recipe=saved.recipe,
                loss_before=saved.loss_before,
                loss_after=saved.loss_after,
                window_loss=saved.window_loss,
                window_tokens=saved.window_tokens,
                seconds=time.perf_counter() - started,
                card=self.card,
                writers=self._overfit_writers(saved.recipe.steps, require),
                rescale=self._rescaling(rescaler, passage, require),
                weights=self._copying(require),
            )

    def _copying(self, require: Callable[[], None]) -> Callable[[], dict[str, Tensor]]:
        def copied() -> dict[str, Tensor]:
            require()
            return {name: working.detach().clone() for name, working in self._weights.working.items()}

        return copied

    def _overfit_writers(self, steps: int, require: Callable[[], None]) -> Writers:
        """Writers of what an overfit left in the weights; `require` raises once that is gone."""

        def tensors() -> dict[str, Tensor]:
            require()
            return self._weights.to_file_layout()

        def write_step(made: Path) -> None:
            require()
            save_step(self._weights, made)

        return {**self._writers(tensors, steps), "delta": write_step}

    @contextmanager
    def training(self, recipe: TuningRecipe) -> Iterator[TorchTrainer]:
        """Weights to be trained step by step, by the recipe's rate, epsilon and weights; fresh again on exit."""
        with self._guard.changing() as require:

            def writers(masters: Mapping[str, Tensor], steps: int) -> Writers:
                def tensors() -> dict[str, Tensor]:
                    require()
                    return self._weights.to_file_layout(masters)

                return self._writers(tensors, steps)

            yield TorchTrainer(
                self._weights,
                self._tuned(recipe),
                recipe,
                loss=self._mean_loss,
                vocabulary=self.vocabulary,
                writers=writers,
                changed=self._changed,
            )

    finetune = finetune

    def _changed(self) -> None:
        """Forget what was made of the weights as they were."""
        self.version += 1

    def _restore(self) -> None:
        self._changed()
        self._weights.restore()

    @torch.inference_mode()
    def _loss(self, token_ids: Tensor) -> float:
        return self._mean_loss(token_ids).item()

    # Sampling

    def sample(
        self,
        prompt: str,
        settings: SamplingSettings | Sequence[SamplingSettings] = SamplingSettings(),  # noqa: B008
    ) -> list[Continuation]:
        """Continuations of `prompt`, all in one batch; see `protocol.LanguageModel.sample`."""
        return sample(self, prompt, settings)

    def session(self, prompt: str | Sequence[int]) -> Session:
        """`prompt`, read once and held; see `protocol.LanguageModel.session`."""
        return Session(self, prompt)

    def spelling(self) -> Spelling:
        """See `session.Engine.spelling`."""
        if self._spelling is None:
            self._spelling = Spelling(self._pieces())
        return self._spelling

    def using(self) -> AbstractContextManager[None]:
        """See `session.Engine.using`."""
        return self._guard.using()

    def next_tokens(
        self,
        prompt: str,
        top: int = 100,
        settings: SamplingSettings = SamplingSettings(),  # noqa: B008
    ) -> list[TokenChoice]:
        """The `top` most likely next tokens, before and after `settings`; see `protocol.LanguageModel`."""
        with self.using(), torch.inference_mode():
            prompt_ids = prompt_tokens(self, prompt, 1)
            logits = self._logits_after(self._tensor(prompt_ids))(slice(-1, None))
            return token_choices(self, logits, prompt_ids, settings, top)

    @torch.inference_mode()
    def score(self, text: str | Sequence[int], alternatives: int = 0) -> list[TokenScore]:
        """Log-probability, rank and entropy of each token but the first."""
        with self.using():
            return self._score(self._tensor(prompt_tokens(self, text, 0)), alternatives)

    def _score(self, token_ids: Tensor, alternatives: int) -> list[TokenScore]:
        logits_after, last = self._logits_after(token_ids), len(token_ids) - 1
        scores = []
        for start in range(0, last, PLACES):
            log_probabilities = logits_after(slice(start, min(start + PLACES, last))).log_softmax(dim=-1)
            targets = token_ids[start + 1 : start + 1 + len(log_probabilities), None]
            chosen = log_probabilities.gather(1, targets)
            ranks = (log_probabilities > chosen).sum(dim=-1) + 1
            entropies = torch.special.entr(log_probabilities.exp()).sum(dim=-1)
            columns = (targets[:, 0], chosen[:, 0], ranks, entropies)
            best = log_probabilities.topk(min(alternatives, log_probabilities.shape[-1]), dim=-1)
            others = [
                tuple(zip(*row, strict=True)) for row in zip(best.indices.tolist(), best.values.tolist(), strict=True)
            ]
            scores += [
                TokenScore(token, self.decode([token]), log_probability, rank, entropy, likeliest)
                for token, log_probability, rank, entropy, likeliest in zip(
                    *(c.tolist() for c in columns), others, strict=True
                )
            ]
        return scores

    def _tensor(self, token_ids: Sequence[int]) -> Tensor:
        return torch.tensor(token_ids, device=self._device)
