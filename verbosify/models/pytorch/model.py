"""The fast engine: GPT-2 and Llama models in PyTorch, overfitted and sampled in place.

Knows weights, tokens and steps; knows nothing of essays, and of passages only that they are text.
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
from verbosify.models.formats.vocabulary import load_tokenizer, token_pieces
from verbosify.models.protocol import Continuation, ModelCard, OverfitCopy, TokenChoice, TokenScore
from verbosify.models.pytorch.cache import GROUP
from verbosify.models.pytorch.holding import TorchBatch, TorchHeldText
from verbosify.models.pytorch.packing import packed_projections
from verbosify.models.pytorch.saving import overfit_writers, read_step, whole_model_writers
from verbosify.models.pytorch.strength import Rescaler
from verbosify.models.pytorch.trainer import TorchTrainer
from verbosify.models.pytorch.transformer import Project, attend_causally, hidden_states, plain_projections
from verbosify.models.pytorch.tuning import mean_loss, tune, tuned_names
from verbosify.models.pytorch.weights import Weights
from verbosify.models.rows import prompt_tokens
from verbosify.models.session import Session, sample, token_choices
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe
from verbosify.models.spelling import Spelling
from verbosify.models.training.divergence import require_convergence
from verbosify.models.training.finetuning import finetune
from verbosify.models.training.restoring import RestoreGuard
from verbosify.models.training.saving import Overfitted, SavedOverfit, Writers, read_saved
from verbosify.models.training.windows import training_windows
from verbosify.version import version_of_verbosify

FIRST_WITH_BF16 = (8, 0)
"""The compute capability, major and minor, of the first NVIDIA cards that multiply bf16 themselves: Ampere."""
SCORED_ROWS = 256
"""Rows of logits that exist at once while a text is scored: 256 x 50,000 in float32 are 50 MB."""


class TorchModel:
    """A `LanguageModel` from a folder of `config.json`, `model.safetensors`, and a vocabulary (see `vocabulary`)."""

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
        dtype = pick_dtype(precision, self._device)
        self._tokenizer = load_tokenizer(folder)
        self._weights = Weights(folder, self._device, dtype)
        self._architecture = self._weights.architecture
        self._require_room_for_tokens(folder)
        self.ends = self._end_tokens()
        self._guard = RestoreGuard(self._restore)
        self._pack: Project | None = None
        self.version = 0
        self._spelling: Spelling | None = None
        self.card = ModelCard(
            name=name,
            family=self._architecture.family,
            engine="torch",
            weights_sha256=weights_sha256,
            parameters=self._weights.parameters,
            context=self._architecture.context,
            device=str(self._device),
            dtype=str(dtype).removeprefix("torch."),
            threads=torch.get_num_threads(),
            licence=licence,
            versions={
                "verbosify": version_of_verbosify(),
                "python": platform.python_version(),
                "torch": str(torch.__version__),
                "tokenizers": version("tokenizers"),
                "numpy": version("numpy"),
            },
        )

    def _require_room_for_tokens(self, folder: Path) -> None:
        largest = max(self._tokenizer.get_vocab().values(), default=-1)
        if largest >= self._architecture.vocabulary:
            raise ModelError(
                f"In {folder} the tokenizer numbers its tokens up to {largest}, but the model knows "
                f"{self._architecture.vocabulary}: the two do not belong together; fetch the model again."
            )

    def _end_tokens(self) -> frozenset[int]:
        """Every special token ends a text: none of them can be written down."""
        special = {token for token, added in self._tokenizer.get_added_tokens_decoder().items() if added.special}
        configured = self._weights.config.get("eos_token_id")
        listed = configured if isinstance(configured, list) else [configured]
        return frozenset(special | {token for token in listed if isinstance(token, int)})

    def encode(self, text: str) -> list[int]:
        token_ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return token_ids

    def decode(self, token_ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(token_ids), skip_special_tokens=False)
        return text

    # Training

    @contextmanager
    def overfit(self, text: str, recipe: TuningRecipe = RECIPES["classic"]) -> Iterator[Overfitted]:
        """Fine-tune on `text` alone; see `protocol.LanguageModel.overfit`."""
        windows = [self._tensor(window) for window in training_windows(text, recipe, self.encode, self.card.context)]
        passage = self._tensor(self.encode(text))
        started = time.perf_counter()
        with self._guard.changing() as require:
            loss_before = self._loss(passage)
            self._unpack()
            rounded = recipe.steps == 1 and self._weights.dtype != torch.float32
            directions: dict[str, Tensor] | None = {} if rounded else None
            window_loss = tune(self._weights, windows, recipe, directions)
            loss_after = self._loss(passage)
            require_convergence(loss_after, recipe, self._architecture.vocabulary, before=loss_before)
            yield Overfitted(
                text=text,
                recipe=recipe,
                loss_before=loss_before,
                loss_after=loss_after,
                window_loss=window_loss,
                window_tokens=len(windows[0]),
                seconds=time.perf_counter() - started,
                card=self.card,
                writers=overfit_writers(self._weights, self._folder, recipe.steps, require),
                rescale=self._rescaling(Rescaler(self._weights, recipe, directions), passage, require),
                weights=self._copying(require),
            )

    def _rescaling(self, rescaler: Rescaler, passage: Tensor, require: Callable[[], None]) -> Callable[[float], float]:
        def rescale(strength: float) -> float:
            require()
            with self.using():
                self._unpack()
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
            self._unpack()
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
                writers=overfit_writers(self._weights, self._folder, saved.recipe.steps, require),
                rescale=self._rescaling(rescaler, passage, require),
                weights=self._copying(require),
            )

    def _copying(self, require: Callable[[], None]) -> Callable[[], dict[str, Tensor]]:
        def copied() -> dict[str, Tensor]:
            require()
            return {name: working.detach().clone() for name, working in self._weights.working.items()}

        return copied

    @contextmanager
    def training(self, recipe: TuningRecipe) -> Iterator[TorchTrainer]:
        """Weights to be trained step by step, by the recipe's rate, epsilon and weights; fresh again on exit."""
        with self._guard.changing() as require:

            def writers(masters: Mapping[str, Tensor], steps: int) -> Writers:
                def tensors() -> dict[str, Tensor]:
                    require()
                    return self._weights.to_file_layout(masters)

                return whole_model_writers(tensors, self._folder, steps)

            yield TorchTrainer(
                self._weights,
                tuned_names(self._weights, recipe),
                recipe,
                loss=lambda token_ids: mean_loss(self._architecture, self._weights.working, token_ids),
                vocabulary=self._architecture.vocabulary,
                writers=writers,
                changed=self._unpack,
            )

    finetune = finetune

    def _restore(self) -> None:
        self._unpack()
        self._weights.restore()

    def _unpack(self) -> None:
        self._pack = None
        self.version += 1

    @torch.inference_mode()
    def _loss(self, token_ids: Tensor) -> float:
        return mean_loss(self._architecture, self._weights.working, token_ids).item()

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
            self._spelling = Spelling(token_pieces(self._tokenizer, self._architecture.vocabulary))
        return self._spelling

    def hold(self, rows: int) -> TorchHeldText:
        """See `session.Engine.hold`."""
        return TorchHeldText(self._architecture, self._weights.working, self._packed(rows))

    def batch(self) -> TorchBatch:
        """See `session.Engine.batch`."""
        return TorchBatch(self._architecture, self._weights.working, self._packed(GROUP), self._device)

    def next_tokens(
        self,
        prompt: str,
        top: int = 100,
        settings: SamplingSettings = SamplingSettings(),  # noqa: B008
    ) -> list[TokenChoice]:
        """The `top` most likely next tokens, before and after `settings`; see `protocol.LanguageModel`."""
        with self.using(), torch.inference_mode():
            prompt_ids = prompt_tokens(self, prompt, 1)
            logits = self._logits(self._states(self._tensor(prompt_ids))[-1:])
            return token_choices(self, logits, prompt_ids, settings, top)

    @torch.inference_mode()
    def score(self, text: str) -> list[TokenScore]:
        """Log-probability, rank and entropy of each token but the first."""
        with self.using():
            return self._score(self._prompt(text, 0))

    def _score(self, token_ids: Tensor) -> list[TokenScore]:
        states = self._states(token_ids)[:-1]
        scores = []
        for start in range(0, len(states), SCORED_ROWS):
            log_probabilities = self._logits(states[start : start + SCORED_ROWS]).log_softmax(dim=-1)
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

    def _prompt(self, text: str, length: int) -> Tensor:
        return self._tensor(prompt_tokens(self, text, length))

    def _packed(self, rows: int) -> Project:
        """The projections, the head being one of them, packed once for the weights as they are now."""
        if self._pack is None:
            names = (*self._architecture.projections, "embedding")
            self._pack = packed_projections(self._weights.working, names, rows)
        return self._pack

    def _logits(self, states: Tensor) -> Tensor:
        return functional.linear(states, self._weights.working["embedding"]).float()

    def _states(self, token_ids: Tensor) -> Tensor:
        positions = torch.arange(len(token_ids), device=self._device)
        weights = self._weights.working
        project = plain_projections(weights)
        return hidden_states(self._architecture, weights, token_ids, positions, project, attend_causally)


def pick_device(device: str) -> torch.device:
    """`auto` is cuda where there is one, then mps, then the CPU."""
    if device == "auto":
        if torch.cuda.is_available():
            device = "cuda"
        elif torch.backends.mps.is_available():
            device = "mps"
        else:
            device = "cpu"
    try:
        if device.partition(":")[0] not in ("cpu", "cuda", "mps"):
            raise RuntimeError(device)
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f"The device {device!r} is not available here: choose cpu or auto.") from error


def pick_dtype(precision: str, device: torch.device) -> torch.dtype:
    """`auto` is bf16 where the hardware multiplies it, else fp32."""
    if precision == "auto":
        return torch.bfloat16 if has_fast_bf16(device) else torch.float32
    try:
        return {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    except KeyError:
        raise ModelError(f"There is no precision {precision!r}: choose auto, fp32 or bf16.") from None


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 products are faster than fp32 ones there, told from what the processor or card says of itself."""
    if device.type == "cuda":
        # not `is_bf16_supported`, which says yes of cards that emulate it, and of the current card alone
        try:
            return torch.cuda.get_device_capability(device) >= FIRST_WITH_BF16
        except (RuntimeError, AssertionError):  # there is no such card
            return False
    if device.type != "cpu":
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
