"""The reference engine: GPT-2 through gpt-2-simple's own graph, in one TensorFlow session that stays alive.

Knows text and recipes; `tensorflow_graph` knows TensorFlow. For users of gpt-2-simple: its checkpoints and runs load
as they are, and no kernel need be restarted. What its graph's sampler has (temperature, top_k or top_p) is sampled
there, a batch for each settings; all else, and sessions, by PyTorch from the graph's logits, without a cache: slowly.
"""

from __future__ import annotations

import importlib
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from verbosify.errors import ModelError
from verbosify.models.formats.hugging_face import read_gpt2
from verbosify.models.formats.openai import END_OF_TEXT, OpenAICheckpoint, write_openai_checkpoint
from verbosify.models.formats.tensor_bundle import Array
from verbosify.models.protocol import Continuation, ModelCard, OverfitCopy, TextSession, TokenChoice, TokenScore
from verbosify.models.rows import Rows, listed, prompt_tokens, uniform_streams
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe
from verbosify.models.spelling import Spelling
from verbosify.models.store.provenance import weights_sha256
from verbosify.models.tensorflow.graph import GPT2Graph, import_gpt2_simple, require_tensorflow
from verbosify.models.training.divergence import in_float32, require_convergence
from verbosify.models.training.finetuning import finetune
from verbosify.models.training.restoring import RestoreGuard
from verbosify.models.training.saving import Overfitted, Writers, read_saved
from verbosify.models.training.windows import training_windows
from verbosify.version import version_of_verbosify

if TYPE_CHECKING:
    from verbosify.models.tensorflow.holding import TensorFlowBatch, TensorFlowHeldText

EMBEDDINGS = ("model/wte", "model/wpe")
COLDEST = 1e-6
"""A lower temperature would lift its scaled logits beyond what gpt-2-simple writes over those it rules out."""


class TensorFlowModel:
    """A `LanguageModel` from a GPT-2 checkpoint of OpenAI's kind, a run of gpt-2-simple, or safetensors.

    Raises `ModelError` if TensorFlow or gpt-2-simple is not installed, or the files are damaged.
    """

    def __init__(self, folder: Path, *, name: str, licence: str = "unknown") -> None:
        require_tensorflow()
        self._checkpoint = read_gpt2(folder)
        self._encoder = import_gpt2_simple(".src.encoder").Encoder(
            encoder=self._checkpoint.encoder, bpe_merges=self._checkpoint.merges
        )
        self.ends = frozenset({self._checkpoint.encoder.get(END_OF_TEXT, -1)})
        threads = os.cpu_count() or 1
        self._graph = GPT2Graph(self._checkpoint.hparams, self._checkpoint.tensors, threads)
        self._guard = RestoreGuard(self._restore)
        self.version = 0
        self._spelling: Spelling | None = None
        self._size = self._checkpoint.hparams.n_vocab
        tensorflow: Any = importlib.import_module("tensorflow")
        self.card = ModelCard(
            name=name,
            family="gpt2",
            engine="tensorflow",
            weights_sha256=weights_sha256(folder),
            parameters=sum(tensor.size for tensor in self._checkpoint.tensors.values()),
            context=self._checkpoint.hparams.n_ctx,
            device="cuda" if tensorflow.config.list_physical_devices("GPU") else "cpu",
            dtype="float32",
            threads=threads,
            licence=licence,
            versions={
                "verbosify": version_of_verbosify(),
                "python": platform.python_version(),
                "tensorflow": str(tensorflow.__version__),
                "gpt-2-simple": version("gpt-2-simple"),
                "numpy": version("numpy"),
            },
        )

    def encode(self, text: str) -> list[int]:
        token_ids: list[int] = self._encoder.encode(text)
        return token_ids

    def decode(self, token_ids: Sequence[int]) -> str:
        text: str = self._encoder.decode([token for token in token_ids if token in self._encoder.decoder])
        return text

    # Training

    @contextmanager
    def overfit(self, text: str, recipe: TuningRecipe = RECIPES["classic"]) -> Iterator[Overfitted]:
        """Fine-tune on `text` alone; see `protocol.LanguageModel.overfit`."""
        windows = training_windows(text, recipe, self.encode, self.card.context)
        passage = self.encode(text)
        started = time.perf_counter()
        with self.training(recipe) as trainer:
            loss_before = trainer.loss(passage)
            window_losses = [trainer.step(windows) for _ in range(recipe.steps)]
            loss_after = trainer.loss(passage)
            require_convergence(loss_after, recipe, trainer.vocabulary, before=loss_before)
            yield Overfitted(
                text=text,
                recipe=recipe,
                loss_before=loss_before,
                loss_after=loss_after,
                window_loss=window_losses[0],
                window_tokens=len(windows[0]),
                seconds=time.perf_counter() - started,
                card=self.card,
                writers=trainer.writers(recipe.steps),
                rescale=trainer.rescaling(recipe, passage),
            )

    @contextmanager
    def redo(self, folder: str | Path | OverfitCopy) -> Iterator[Overfitted]:
        """The overfit saved in `folder`, made again by its recipe; else as `overfit`. `ModelError` as `read_saved`."""
        saved = folder if isinstance(folder, OverfitCopy) else read_saved(Path(folder), self.card)
        with self.overfit(saved.text, saved.recipe) as overfit:
            yield overfit

    @contextmanager
    def training(self, recipe: TuningRecipe) -> Iterator[TensorFlowTrainer]:
        """Weights to be trained step by step, by the recipe's rate, epsilon and weights; fresh again on exit."""
        with self._guard.changing() as require:
            self._changed()
            yield TensorFlowTrainer(self._graph, self._checkpoint, recipe, require, self._changed)

    finetune = finetune

    def _restore(self) -> None:
        self._changed()
        self._graph.restore()

    def _changed(self) -> None:
        self.version += 1

    # Reading and sampling

    def sample(
        self,
        prompt: str,
        settings: SamplingSettings | Sequence[SamplingSettings] = SamplingSettings(),  # noqa: B008
    ) -> list[Continuation]:
        """Continuations of `prompt`, a batch for each settings; see `protocol.LanguageModel.sample`.

        Raises `ModelError` if PyTorch is needed for a setting and not installed.
        """
        several = listed(settings)
        truncations = [_truncation(each) for each in several]
        if any(truncation is None for truncation in truncations):
            sampled: list[Continuation] = _sessions().sample(self, prompt, several)
            return sampled
        token_ids = prompt_tokens(self, prompt, max(each.length for each in several))
        pairs = zip(several, truncations, strict=True)
        with self.using():
            return [
                row for each, truncation in pairs if truncation for row in self._sample(token_ids, each, truncation)
            ]

    def session(self, prompt: str | Sequence[int]) -> TextSession:
        """`prompt`, held; see `protocol.LanguageModel.session`. `ModelError` if PyTorch is not installed."""
        session: TextSession = _sessions().Session(self, prompt)
        return session

    def using(self) -> AbstractContextManager[None]:
        """See `session.Engine.using`."""
        return self._guard.using()

    def spelling(self) -> Spelling:
        """See `session.Engine.spelling`."""
        if self._spelling is None:
            decoder, special = self._encoder.decoder, self.ends
            pieces = [b"" if token in special else self._spell(decoder.get(token, "")) for token in range(self._size)]
            self._spelling = Spelling(pieces)
        return self._spelling

    def _spell(self, content: str) -> bytes:
        return bytes(self._encoder.byte_decoder[character] for character in content)

    def hold(self, rows: int) -> TensorFlowHeldText:  # noqa: ARG002
        """See `session.Engine.hold`."""
        from verbosify.models.tensorflow.holding import TensorFlowHeldText

        return TensorFlowHeldText(self._graph)

    def batch(self) -> TensorFlowBatch:
        """See `session.Engine.batch`."""
        from verbosify.models.tensorflow.holding import TensorFlowBatch

        return TensorFlowBatch(self._graph)

    def _sample(
        self, token_ids: Sequence[int], settings: SamplingSettings, truncation: dict[str, Any]
    ) -> list[Continuation]:
        uniforms = uniform_streams(settings)
        if settings.temperature == 0:
            uniforms = np.zeros_like(uniforms)  # the first of the likeliest, should several be so
        sampled = self._graph.sample(token_ids, uniforms, **truncation)
        rows = Rows(settings, self.ends, self.decode)
        for drawn in sampled.T:
            rows.add(drawn[rows.active].tolist())
        return rows.continuations()

    def next_tokens(
        self,
        prompt: str,
        top: int = 100,
        settings: SamplingSettings = SamplingSettings(),  # noqa: B008
    ) -> list[TokenChoice]:
        """The `top` most likely next tokens, before and after `settings`; see `protocol.LanguageModel`."""
        if top < 1:
            raise ModelError(f"top is {top}: ask for at least one token.")
        token_ids, truncation = prompt_tokens(self, prompt, 1), _truncation(settings)
        with self.using():
            logits = self._graph.logits(token_ids)[-1:]
        if truncation is None:
            sessions, torch = _sessions(), importlib.import_module("torch")
            choices: list[TokenChoice] = sessions.token_choices(
                self, torch.from_numpy(logits), token_ids, settings, top
            )
            return choices
        before = np.exp(_log_softmax(logits))[0]
        after = self._graph.probabilities(logits, **truncation)[0]
        if settings.temperature == 0:
            after = np.arange(len(after)) == logits.argmax()
        best = np.argsort(-before, kind="stable")[:top].tolist()
        return [TokenChoice(token, self.decode([token]), float(before[token]), float(after[token])) for token in best]

    def score(self, text: str | Sequence[int], alternatives: int = 0) -> list[TokenScore]:
        """Log-probability, rank and entropy of each token but the first."""
        token_ids = prompt_tokens(self, text, 0)
        with self.using():
            log_probabilities = _log_softmax(self._graph.logits(token_ids)[:-1])
        scores = []
        for token, row in zip(token_ids[1:], log_probabilities, strict=True):
            entropy = -float(np.sum(np.exp(row) * row))
            rank = int(np.count_nonzero(row > row[token])) + 1
            best = np.argsort(-row, kind="stable")[:alternatives]
            others = tuple((int(other), float(row[other])) for other in best)
            scores.append(TokenScore(token, self.decode([token]), float(row[token]), rank, entropy, others))
        return scores


class TensorFlowTrainer:
    """A model's weights on their way, and a fresh optimiser's memory of it."""

    def __init__(
        self,
        graph: GPT2Graph,
        checkpoint: OpenAICheckpoint,
        recipe: TuningRecipe,
        require: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self._changed = changed
        self.vocabulary = checkpoint.hparams.n_vocab
        self._graph = graph
        self._checkpoint = checkpoint
        self._rate, self._epsilon = in_float32(recipe.rate), in_float32(recipe.epsilon)
        self._require = require
        self._kept = EMBEDDINGS if recipe.weights == "blocks" else ()
        graph.forget()

    def step(self, windows: Sequence[Sequence[int]]) -> float:
        """Step along the sum of the windows' gradients; returns their mean loss before."""
        self._changed()
        return self._graph.step(windows, self._rate, self._epsilon, kept=self._kept)

    def rescaling(self, recipe: TuningRecipe, passage: Sequence[int]) -> Callable[[float], float]:
        """What makes the weights those of another strength of the one step taken, and returns the loss of `passage`."""
        steps: dict[str, Array] = {}

        def rescale(strength: float) -> float:
            self._require()
            if not steps and recipe.strength == 0:
                raise ModelError("The step of this overfit is not known: take it anew, with another strength.")
            base = self._checkpoint.tensors
            if not steps:
                steps.update({name: weight - base[name] for name, weight in self._graph.weights().items()})
            factor = np.float32(strength / recipe.strength)
            self.load({name: base[name] + step * factor for name, step in steps.items()})
            return self.loss(passage)

        return rescale

    def loss(self, token_ids: Sequence[int]) -> float:
        """Mean cross-entropy, nats a token, from the second token on."""
        return self._graph.loss(token_ids)

    def weights(self) -> dict[str, Array]:
        """The weights, by OpenAI's names."""
        return self._graph.weights()

    def moments(self) -> dict[str, Array]:
        """The optimiser's memory, by TensorFlow's names."""
        return self._graph.moments()

    def load(self, arrays: Mapping[str, Array]) -> None:
        """Go back to those weights and moments."""
        self._changed()
        self._graph.assign(arrays)

    def writers(self, steps: int) -> Writers:
        """What can be written of the weights, `steps` having been taken; `ModelError` once they are fresh again."""

        def write(made: Path) -> None:
            self._require()
            write_openai_checkpoint(made, replace(self._checkpoint, tensors=self._graph.weights()), step=steps)

        return {"openai": write}


def _sessions() -> Any:
    """The module of sessions, which computes with PyTorch."""
    try:
        return importlib.import_module("verbosify.models.session")
    except ImportError as error:
        raise ModelError(
            "Sessions and settings that gpt-2-simple's sampler has not need PyTorch: run `pip install "
            "'verbosify-studio[torch]'`."
        ) from error


def _truncation(settings: SamplingSettings) -> dict[str, Any] | None:
    """What the graph is told of the settings; None if its sampler has not all of them."""
    s = settings
    known = SamplingSettings(
        n=s.n, length=s.length, temperature=s.temperature, top_k=s.top_k, top_p=s.top_p, stops=s.stops, seed=s.seed
    )
    if settings != known or (settings.temperature > 0 and settings.top_p < 1 and settings.top_k > 0):
        return None
    if settings.temperature == 0:
        return {"temperature": 1.0, "top_k": 1, "top_p": 1.0}
    return {
        "temperature": max(settings.temperature, COLDEST),
        "top_k": settings.top_k,
        "top_p": settings.top_p,
    }


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
