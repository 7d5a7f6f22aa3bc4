"""The fast engine: GPT-2 and Llama models in PyTorch, overfitted and sampled in place.

Knows weights, tokens and steps; knows nothing of essays, and of passages only that they are text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from verbosify.errors import ModelError
from verbosify.models.formats.vocabulary import load_tokenizer, token_pieces
from verbosify.models.pytorch.attention import attend_causally
from verbosify.models.pytorch.cache import GROUP
from verbosify.models.pytorch.choosing import multiplies_bf16
from verbosify.models.pytorch.engine import TorchEngine
from verbosify.models.pytorch.holding import TorchBatch, TorchHeldText
from verbosify.models.pytorch.packing import packed_projections
from verbosify.models.pytorch.saving import whole_model_writers
from verbosify.models.pytorch.transformer import (
    Architecture,
    Project,
    hidden_states,
    plain_projections,
)
from verbosify.models.pytorch.tuning import mean_loss, tune, tuned_names
from verbosify.models.pytorch.weights import Weights
from verbosify.models.settings import TuningRecipe
from verbosify.models.training.saving import Writers

FIRST_WITH_BF16 = (8, 0)
"""The compute capability, major and minor, of the first NVIDIA cards that multiply bf16 themselves: Ampere."""
FIRST_WITH_FP16 = (7, 0)
"""That of the first with units for products in float16: Volta."""


class TorchModel(TorchEngine[Weights]):
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
        super().__init__()
        self._folder = folder
        self._device = pick_device(device)
        self._in_half = samples_in_fp16(precision, self._device)
        dtype = torch.float32 if self._in_half else pick_dtype(precision, self._device)
        self._tokenizer = load_tokenizer(folder)
        self._weights = Weights(folder, self._device, dtype)
        self._architecture = self._weights.architecture
        self.vocabulary = self._architecture.vocabulary
        self._require_room_for_tokens(max(self._tokenizer.get_vocab().values(), default=-1))
        self.ends = self._end_tokens()
        self._pack: Project | None = None
        self._half: Mapping[str, Tensor] | None = None
        card = self._card(name, weights_sha256, licence, "torch", self._architecture.family, self._architecture.context)
        self.card = replace(card, dtype="float16") if self._in_half else card

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

    def _tune(
        self, windows: Sequence[Tensor], recipe: TuningRecipe, directions: dict[str, Tensor] | None
    ) -> list[Tensor]:
        return tune(self._weights, windows, recipe, directions)

    def _tuned(self, recipe: TuningRecipe) -> Sequence[str]:
        return tuned_names(self._weights, recipe)

    def _mean_loss(self, token_ids: Tensor) -> Tensor:
        return mean_loss(self._architecture, self._weights.working, token_ids)

    def _writers(self, tensors: Callable[[], Mapping[str, Tensor]], steps: int) -> Writers:
        return whole_model_writers(tensors, self._folder, steps)

    def _changed(self) -> None:
        super()._changed()
        self._pack = self._half = None

    # Sampling

    def _pieces(self) -> list[bytes]:
        return token_pieces(self._tokenizer, self.vocabulary)

    def hold(self, rows: int) -> TorchHeldText:
        """See `session.Engine.hold`."""
        return TorchHeldText(self._architecture, self.working_weights(), self._packed(rows))

    def batch(self) -> TorchBatch:
        """See `session.Engine.batch`."""
        return TorchBatch(self._architecture, self.working_weights(), self._packed(GROUP), self._device)

    @property
    def architecture(self) -> Architecture:
        return self._architecture

    def working_weights(self) -> Mapping[str, Tensor]:
        """The weights that texts are read and continued with: the working ones, or those in float16."""
        if not self._in_half:
            return self._weights.working
        if self._half is None:
            self._half = {name: weight.half() for name, weight in self._weights.working.items()}
        return self._half

    def _packed(self, rows: int) -> Project:
        """The projections, the head being one of them, packed once for the weights as they are now."""
        if self._pack is None:
            names = (*self._architecture.projections, "embedding")
            self._pack = packed_projections(self.working_weights(), names, rows)
        return self._pack

    def _logits_after(self, token_ids: Tensor) -> Callable[[slice], Tensor]:
        weights = self._weights.working
        positions = torch.arange(len(token_ids), device=self._device)
        project = plain_projections(weights)
        states = hidden_states(self._architecture, weights, token_ids, positions, project, attend_causally)
        return lambda places: functional.linear(states[places], weights["embedding"]).float()


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
    """What weights are held in: `auto` is bf16 where the hardware multiplies it, else fp32."""
    if precision == "auto":
        return torch.bfloat16 if has_fast_bf16(device) else torch.float32
    try:
        return {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    except KeyError:
        raise ModelError(
            f"There is no precision {precision!r}: choose auto, fp32, bf16, or fp16 on the fast engine."
        ) from None


def samples_in_fp16(precision: str, device: torch.device) -> bool:
    """Whether weights are held and overfitted in float32, and texts continued with a copy of them in float16.

    That is `fp16`, and `auto` on cards that multiply float16 themselves, and bf16 not.
    """
    if precision != "auto" or device.type != "cuda":
        return precision == "fp16"
    return FIRST_WITH_FP16 <= _capability(device) < FIRST_WITH_BF16


def _capability(device: torch.device) -> tuple[int, int]:
    """The compute capability of a card of NVIDIA's; (0, 0) if there is no such card."""
    try:
        return torch.cuda.get_device_capability(device)
    except (RuntimeError, AssertionError):
        return 0, 0


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 products are faster than fp32 ones there, told from what the processor or card says of itself."""
    if device.type == "cuda":
        # not `is_bf16_supported`, which says yes of cards that emulate it, and of the current card alone
        return _capability(device) >= FIRST_WITH_BF16
    return device.type == "cpu" and bool(multiplies_bf16())
