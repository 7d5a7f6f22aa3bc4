"""Any causal language model of transformers behind `LanguageModel`: overfitted in place, sampled through its own cache.

Knows weights, tokens and steps. Where the fast engine computes as it likes, this one asks the model's own code, and
does everything around it the same way: windows, Adam's step, truncation, streams of random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from torch import Tensor
from torch.nn import functional

from verbosify.models.formats.openai import read_object
from verbosify.models.pytorch.engine import TorchEngine
from verbosify.models.pytorch.model import pick_device, pick_dtype
from verbosify.models.settings import TuningRecipe
from verbosify.models.training.saving import Writers
from verbosify.models.universal.building import build, context_of, read_configuration, require_causality
from verbosify.models.universal.reading import Forward, UniversalBatch, UniversalHeldText
from verbosify.models.universal.saving import model_writers
from verbosify.models.universal.tokens import Tokens
from verbosify.models.universal.tuning import tune
from verbosify.models.universal.weights import UniversalWeights


class UniversalModel(TorchEngine[UniversalWeights]):
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
        super().__init__()
        self._folder = folder
        self._device = pick_device(device)
        config = read_configuration(folder)
        self._tokens = Tokens(folder)
        self.vocabulary = int(config.get_text_config(decoder=True).vocab_size)
        self._require_room_for_tokens(self._tokens.largest)
        self._module = build(folder, config, self._device, pick_dtype(precision, self._device))
        self._forward = Forward(self._module, self._device, self._tokens.lead)
        require_causality(self._forward, self.vocabulary, self._device, folder)
        self._weights = UniversalWeights(self._module, folder, self._device, self._module.dtype)
        generation = folder / "generation_config.json"
        self.ends = self._tokens.ends(config.to_dict(), read_object(generation) if generation.is_file() else {})
        context = context_of(config) - len(self._tokens.lead)
        self.card = self._card(
            name, weights_sha256, licence, "universal", str(config.model_type), context, packages=("transformers",)
        )

    def encode(self, text: str) -> list[int]:
        return self._tokens.encode(text)

    def decode(self, token_ids: Sequence[int]) -> str:
        return self._tokens.decode(token_ids)

    # Training

    def _tune(
        self, windows: Sequence[Tensor], recipe: TuningRecipe, directions: dict[str, Tensor] | None
    ) -> list[Tensor]:
        return tune(self._weights, windows, recipe, self._losses, directions)

    def _tuned(self, recipe: TuningRecipe) -> Sequence[str]:
        return self._weights.tuned(recipe)

    def _writers(self, tensors: Callable[[], Mapping[str, Tensor]], steps: int) -> Writers:
        return model_writers(tensors, self._folder, self.card.family, steps)

    def _mean_loss(self, token_ids: Tensor) -> Tensor:
        return self._losses(token_ids).mean()

    def _losses(self, token_ids: Tensor) -> Tensor:
        return functional.cross_entropy(self._forward.whole(token_ids)[:-1].float(), token_ids[1:], reduction="none")

    # Sampling

    def _pieces(self) -> list[bytes]:
        return self._tokens.pieces(self.vocabulary)

    def hold(self, rows: int) -> UniversalHeldText:  # noqa: ARG002
        """See `session.Engine.hold`."""
        return UniversalHeldText(self._forward)

    def batch(self) -> UniversalBatch:
        """See `session.Engine.batch`."""
        return UniversalBatch()

    def _logits_after(self, token_ids: Tensor) -> Callable[[slice], Tensor]:
        logits = self._forward.whole(token_ids)
        return lambda places: logits[places].float()
