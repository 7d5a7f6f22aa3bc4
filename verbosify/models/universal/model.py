"""Any causal language model of transformers behind `LanguageModel`: overfitted in place, sampled through its own cache.

Knows weights, tokens and steps. Where the fast engine computes as it likes, this one asks the model's own code, and
does everything around it the same way: windows, Adam's step, truncation, streams of random numbers.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from verbosify.errors import ModelError
from verbosify.models.formats.openai import read_object
from verbosify.models.protocol import Continuation, ModelCard, OverfitCopy, TokenChoice, TokenScore
from verbosify.models.pytorch.model import SCORED_ROWS, pick_device, pick_dtype
from verbosify.models.pytorch.saving import read_step
from verbosify.models.pytorch.strength import Rescaler
from verbosify.models.pytorch.trainer import TorchTrainer
from verbosify.models.rows import prompt_tokens
from verbosify.models.session import Session, sample, token_choices
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe
from verbosify.models.spelling import Spelling
from verbosify.models.training.divergence import require_convergence
from verbosify.models.training.finetuning import finetune
from verbosify.models.training.restoring import RestoreGuard
from verbosify.models.training.saving import Overfitted, SavedOverfit, Writers, read_saved
from verbosify.models.training.windows import training_windows
from verbosify.models.universal.building import build, context_of, read_configuration, require_causality
from verbosify.models.universal.reading import Forward, UniversalBatch, UniversalHeldText
from verbosify.models.universal.saving import model_writers, overfit_writers
from verbosify.models.universal.tokens import Tokens
from verbosify.models.universal.tuning import tune
from verbosify.models.universal.weights import UniversalWeights
from verbosify.version import version_of_verbosify


class UniversalModel:
    """A `LanguageModel` from a folder in Hugging Face's layout: `config.json`, safetensors, and a vocabulary.

    Raises `ModelError`, in one sentence, for anything that is no causal language model, needs code of its own, holds
    quantised or damaged weights, or does not fit the memory.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        weights_sha256: str,
        licence: str = "unknown",
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        self._folder = folder
        self._device = pick_device(device)
        config = read_configuration(folder)
        self._tokens = Tokens(folder)
        self._vocabulary = int(config.get_text_config(decoder=True).vocab_size)
        self._require_room_for_tokens(folder)
        self._module = build(folder, config, self._device, pick_dtype(precision, self._device))
        self._forward = Forward(self._module, self._device, self._tokens.lead)
        require_causality(self._forward, self._vocabulary, self._device, folder)
        self._weights = UniversalWeights(self._module, folder, self._device, self._module.dtype)
        generation = folder / "generation_config.json"
        self.ends = self._tokens.ends(config.to_dict(), read_object(generation) if generation.is_file() else {})
        self._guard = RestoreGuard(self._restore)
        self.version = 0
        self._spelling: Spelling | None = None
        self.card = ModelCard(
            name=name,
            family=str(config.model_type),
            engine="universal",
            weights_sha256=weights_sha256,
            parameters=self._weights.parameters,
            context=context_of(config) - len(self._tokens.lead),
            device=str(self._device),
            dtype=str(self._weights.dtype).removeprefix("torch."),
            threads=torch.get_num_threads(),
            licence=licence,
            versions={
                "verbosify": version_of_verbosify(),
                "python": platform.python_version(),
                "torch": str(torch.__version__),
                "transformers": version("transformers"),
                "tokenizers": version("tokenizers"),
                "numpy": version("numpy"),
            },
        )

    def _require_room_for_tokens(self, folder: Path) -> None:
        if self._tokens.largest >= self._vocabulary:
            raise ModelError(
                f"In {folder} the tokenizer numbers its tokens up to {self._tokens.largest}, but the model knows "
                f"{self._vocabulary}: the two do not belong together; fetch the model again."
            )

    def encode(self, text: str) -> list[int]:
        return self._tokens.encode(text)

    def decode(self, token_ids: Sequence[int]) -> str:
        return self._tokens.decode(token_ids)

    # Training

    @contextmanager
    def overfit(self, text: str, recipe: TuningRecipe = RECIPES["classic"]) -> Iterator[Overfitted]:
        """Fine-tune on `text` alone; see `protocol.LanguageModel.overfit`."""
        windows = [self._tensor(window) for window in training_windows(text, recipe, self.encode, self.card.context)]
        passage = self._tensor(self.encode(text))
        started = time.perf_counter()
        with self._guard.changing() as require:
            loss_before = self._loss(passage)
            self.version += 1
            rounded = recipe.steps == 1 and self._weights.dtype != torch.float32
            directions: dict[str, Tensor] | None = {} if rounded else None
            window_loss = tune(self._weights, windows, recipe, self._mean_loss, directions)
            loss_after = self._loss(passage)
            require_convergence(loss_after, recipe, self._vocabulary, before=loss_before)
            yield Overfitted(
                text=text,
                recipe=recipe,
                loss_before=loss_before,
                loss_after=loss_after,
                window_loss=window_loss,
                window_tokens=len(windows[0]),
                seconds=time.perf_counter() - started,
                card=self.card,
                writers=overfit_writers(self._weights, self._folder, self.card.family, recipe.steps, require),
                rescale=self._rescaling(Rescaler(self._weights, recipe, directions), passage, require),
                weights=self._copying(require),
            )

    def _rescaling(self, rescaler: Rescaler, passage: Tensor, require: Callable[[], None]) -> Callable[[float], float]:
        def rescale(strength: float) -> float:
            require()
            with self.using():
                self.version += 1
                rescaler.apply(strength)
                return self._loss(passage)

        return rescale

    def _copying(self, require: Callable[[], None]) -> Callable[[], dict[str, Tensor]]:
        def copied() -> dict[str, Tensor]:
            require()
            return {name: working.detach().clone() for name, working in self._weights.working.items()}

        return copied

    @contextmanager
    def redo(self, folder: str | Path | OverfitCopy) -> Iterator[Overfitted]:
        """The overfit saved in `folder`, from its packed step if it has one, else made again by its recipe; or a copy.

        Otherwise as `overfit`. Raises `ModelError` if the folder holds none, or one of other weights than these.
        """
        saved = folder if isinstance(folder, OverfitCopy) else read_saved(Path(folder), self.card)
        if isinstance(saved, SavedOverfit) and saved.form != "delta":
            with self.overfit(saved.text, saved.recipe) as overfit:
                yield overfit
            return
        started = time.perf_counter()
        with self._guard.changing() as require, torch.no_grad():
            self.version += 1
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
                writers=overfit_writers(self._weights, self._folder, self.card.family, saved.recipe.steps, require),
                rescale=self._rescaling(rescaler, passage, require),
                weights=self._copying(require),
            )

    @contextmanager
    def training(self, recipe: TuningRecipe) -> Iterator[TorchTrainer]:
        """Weights to be trained step by step, by the recipe's rate, epsilon and weights; fresh again on exit."""
        with self._guard.changing() as require:

            def writers(masters: Mapping[str, Tensor], steps: int) -> Writers:
                def tensors() -> dict[str, Tensor]:
                    require()
                    return self._weights.to_file_layout(masters)

                return model_writers(tensors, self._folder, self.card.family, steps)

            yield TorchTrainer(
                self._weights,
                self._weights.tuned(recipe),
                recipe,
                loss=self._mean_loss,
                vocabulary=self._vocabulary,
                writers=writers,
                changed=self._changed,
            )

    finetune = finetune

    def _changed(self) -> None:
        self.version += 1

    def _restore(self) -> None:
        self._changed()
        self._weights.restore()

    @torch.inference_mode()
    def _loss(self, token_ids: Tensor) -> float:
        return self._mean_loss(token_ids).item()

    def _mean_loss(self, token_ids: Tensor) -> Tensor:
        """Mean cross-entropy, nats a token, of tokens 2..n given those before them; can be differentiated."""
        return functional.cross_entropy(self._forward.whole(token_ids)[:-1].float(), token_ids[1:])

    # Sampling

    def sample(
        self,
        prompt: str,
        settings: SamplingSettings | Sequence[SamplingSettings] = SamplingSettings(),  # noqa: B008
    ) -> list[Continuation]:
        """Continuations of `prompt`, all in one batch; see `protocol.LanguageModel.sample`."""
        return sample(self, prompt, settings)

    def session(self, prompt: str) -> Session:
        """`prompt`, read once and held; see `protocol.LanguageModel.session`."""
        return Session(self, prompt)

    def using(self) -> AbstractContextManager[None]:
        """See `session.Engine.using`."""
        return self._guard.using()

    def spelling(self) -> Spelling:
        """See `session.Engine.spelling`."""
        if self._spelling is None:
            self._spelling = Spelling(self._tokens.pieces(self._vocabulary))
        return self._spelling

    def hold(self, rows: int) -> UniversalHeldText:  # noqa: ARG002
        """See `session.Engine.hold`."""
        return UniversalHeldText(self._forward)

    def batch(self) -> UniversalBatch:
        """See `session.Engine.batch`."""
        return UniversalBatch()

    @torch.inference_mode()
    def next_tokens(
        self,
        prompt: str,
        top: int = 100,
        settings: SamplingSettings = SamplingSettings(),  # noqa: B008
    ) -> list[TokenChoice]:
        """The `top` most likely next tokens, before and after `settings`; see `protocol.LanguageModel`."""
        with self.using():
            prompt_ids = prompt_tokens(self, prompt, 1)
            logits = self._forward.whole(self._tensor(prompt_ids))[-1:].float()
            return token_choices(self, logits, prompt_ids, settings, top)

    @torch.inference_mode()
    def score(self, text: str) -> list[TokenScore]:
        """Log-probability, rank and entropy of each token but the first."""
        with self.using():
            return self._score(self._tensor(prompt_tokens(self, text, 0)))

    def _score(self, token_ids: Tensor) -> list[TokenScore]:
        logits = self._forward.whole(token_ids)[:-1]
        scores = []
        for start in range(0, len(logits), SCORED_ROWS):
            log_probabilities = logits[start : start + SCORED_ROWS].float().log_softmax(dim=-1)
            targets = token_ids[start + 1 : start + 1 + len(log_probabilities), None]
            chosen = log_probabilities.gather(1, targets)
            ranks = (log_probabilities > chosen).sum(dim=-1) + 1
            entropies = torch.special.entr(log_probabilities.exp()).sum(dim=-1)
            columns = (targets[:, 0], chosen[:, 0], ranks, entropies)
            scores += [
                TokenScore(token, self.decode([token]), log_probability, rank, entropy)
                for token, log_probability, rank, entropy in zip(*(c.tolist() for c in columns), strict=True)
            ]
        return scores

    # Shared steps

    def _tensor(self, token_ids: Sequence[int]) -> Tensor:
        return torch.tensor(token_ids, device=self._device)
