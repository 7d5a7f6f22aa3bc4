"""What a language model is to the rest of the house. Knows no engine and no essay.

Every engine (PyTorch, universal, TensorFlow) implements `LanguageModel`; one conformance suite runs over all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from verbosify.models.settings import SamplingSettings, TuningRecipe

Finish = Literal["length", "end", "stop"]
SavedForm = Literal["openai", "safetensors", "delta", "recipe"]
OnProgress = Callable[[str, int, int | None], None]
"""Called with what is at work, how much of it is done, and of how much, if that is known."""
Notify = Callable[[str], None]
"""Called with one sentence that should be known."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """What the model produced after a prompt, the prompt not included.

    `index` counts the rows of the settings it was drawn with, from 0. `finish` is `length` (the limit was reached),
    `end` (the model ended the text) or `stop`. With `stop`, `text` ends before the stop string, while `token_ids` still
    hold the tokens that spelt it.
    """

    index: int
    token_ids: tuple[int, ...]
    text: str
    finish: Finish


@dataclass(frozen=True, slots=True)
class StreamStep:
    """One token of one row, as a stream yields it.

    `probability` is the model's own, `sampled_probability` that after settings. `text` is what may be shown now and has
    not been: whole characters, and nothing that may turn out to be a stop. The texts of a row are those of its
    continuation. With the row's last token, `finish` says how it ends; an end of text is a token here. `alternatives`
    are the likeliest tokens at its place by the model's own probability, as many as were asked for, with it.
    """

    row: int
    token_id: int
    probability: float
    sampled_probability: float
    text: str
    finish: Finish | None
    alternatives: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TokenChoice:
    """One possible next token: its probability as the model gives it, and after settings are applied."""

    token_id: int
    text: str
    probability: float
    sampled_probability: float


@dataclass(frozen=True, slots=True)
class TokenScore:
    """One token of a text under the model, given those before it.

    Attributes:
        log_probability: natural logarithm, <= 0.
        rank: 1 for the token the model thought most likely.
        entropy: of the model's whole distribution at that place, in nats, >= 0.
        alternatives: the likeliest tokens there and their log-probabilities, as many as were asked for.
    """

    token_id: int
    text: str
    log_probability: float
    rank: int
    entropy: float
    alternatives: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Which weights, on which engine: everything about the model that a sample's record must carry."""

    name: str
    family: str
    engine: str
    weights_sha256: str
    parameters: int
    context: int
    device: str
    dtype: str
    threads: int
    licence: str
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class OverfitCopy:
    """An overfit put aside in memory, for the model that made it to `redo`: its `weights`, and what it reports."""

    text: str
    recipe: TuningRecipe
    loss_before: float
    loss_after: float
    window_loss: float
    window_tokens: int
    weights: Any = field(repr=False)


class Overfit(Protocol):
    """What a finished overfit reports.

    Losses are mean cross-entropy in nats a token, over the passage read once from its second token on;
    `window_loss` is the same over the training windows, before the first step.
    """

    @property
    def recipe(self) -> TuningRecipe: ...
    @property
    def loss_before(self) -> float: ...
    @property
    def loss_after(self) -> float: ...
    @property
    def window_loss(self) -> float: ...
    @property
    def window_tokens(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def strength(self) -> float:
        """By how much of its step the overfit is applied. Setting it, 0 to 2, changes the weights at once.

        They are as a run of that strength would make them, but for rounding, without another gradient; `recipe` and
        `loss_after` follow. Only for one step: `SettingsError` otherwise, `ModelError` once the overfit has ended.
        """

    @strength.setter
    def strength(self, strength: float) -> None: ...

    def copy(self) -> OverfitCopy | None:
        """The overfit as it is, in memory, to `redo` without another gradient; None if the engine cannot."""

    def save(self, folder: str | Path, form: SavedForm = ...) -> Path:
        """Save the overfit in a new folder, in one of the forms that `training.saving` lists; returns the folder."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step that was taken: its windows' mean loss before it, and the held-out text's after it, if measured."""

    number: int
    loss: float
    held_out_loss: float | None


class FineTuned(Protocol):
    """What a finished fine-tuning reports: see `finetuning.FineTuning`."""

    @property
    def recipe(self) -> TuningRecipe: ...
    @property
    def history(self) -> tuple[Step, ...]: ...
    @property
    def steps(self) -> int: ...
    @property
    def window_tokens(self) -> int: ...
    @property
    def tokens(self) -> int: ...
    @property
    def seconds(self) -> float: ...

    def save(self, folder: str | Path, form: SavedForm | None = ..., *, beside: Mapping[str, str] | None = ...) -> Path:
        """Save the weights in a new folder, as `openai` or `safetensors`, with files `beside`; returns the folder."""


Until = Callable[[], bool]
"""Asked before every token whether to stop, as `threading.Event().is_set`."""


class TextSession(Protocol):
    """A text that a model holds in its cache. If the model's weights change, it is read again when next used."""

    @property
    def text(self) -> str: ...
    @property
    def token_ids(self) -> tuple[int, ...]: ...

    def extend(self, more: str | Sequence[int]) -> None:
        """Go on with the text, or with these tokens; `ModelError` if nothing more would fit the context.

        Only what is new is read, and tokens are those of the whole text, as if it had been given at once.
        """

    def become(self, whole: Sequence[int]) -> None:
        """Hold these tokens instead; what both begin with is not read again. `ModelError` if they do not fit."""

    def fork(self) -> TextSession:
        """A session of its own on the same text, which it shares until one of the two goes on."""

    def top(self, n: int = 100, settings: SamplingSettings = ...) -> list[TokenChoice]:
        """The `n` most likely next tokens, before and after `settings`, most likely first; from the cache."""

    def likelihoods(self, rows: Sequence[Sequence[int]]) -> list[list[float]]:
        """How likely each row of tokens is as what follows the text: the log-probability of each of its tokens, <= 0.

        Every row follows the text alone, which is read once for them all; the session itself stays as it is.
        `ModelError` if a row would not fit the context.
        """

    def stream(
        self, settings: SamplingSettings = ..., until: Until | None = None, *, alternatives: int = 0
    ) -> Iterator[StreamStep]:
        """The continuations that `sample` would give, token by token; the session itself stays as it is.

        Ends early, before the next token, once `until` says so. Beams come all at once when the search is over, and
        without alternatives.
        """


@runtime_checkable
class LanguageModel(Protocol):
    """A language model that can be overfitted and always comes back fresh."""

    @property
    def card(self) -> ModelCard: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, token_ids: Sequence[int]) -> str: ...

    def overfit(self, text: str, recipe: TuningRecipe = ...) -> AbstractContextManager[Overfit]:
        """Fine-tune on `text` alone; on exit, however it comes, the fresh weights are back bit for bit.

        Raises `ModelError` for a text that is empty, of one token, longer than the context, or inside another overfit.
        """

    def redo(self, folder: str | Path | OverfitCopy) -> AbstractContextManager[Overfit]:
        """The overfit that was saved in `folder`, or put aside in memory, again; otherwise as `overfit`."""

    def finetune(
        self,
        texts: str | Path | Sequence[str],
        steps: int,
        recipe: TuningRecipe = ...,
        *,
        held_out: float = ...,
        measure_every: int = ...,
        patience: int = ...,
        column: str | int | None = ...,
        folder: str | Path | None = ...,
        save_every: int = ...,
        progress: Callable[[Step], None] | None = ...,
        on_notice: Callable[[str], None] = ...,
    ) -> AbstractContextManager[FineTuned]:
        """Many steps on a corpus, as `finetuning.finetune` has it; on exit the fresh weights are back."""

    def sample(self, prompt: str, settings: SamplingSettings | Sequence[SamplingSettings] = ...) -> list[Continuation]:
        """`settings.n` continuations of `prompt`, in row order.

        Of several settings, those of each follow those of the one before, and each draws the same rows, numbered from
        0, as it would alone; an engine that can makes one batch of them all. Raises `ModelError` if one would not fit
        the context, and `SettingsError` for an empty list.
        """

    def session(self, prompt: str | Sequence[int]) -> TextSession:
        """`prompt`, a text or tokens, read once and held. `ModelError` if it is empty or leaves no room for a token."""

    def next_tokens(self, prompt: str, top: int = 100, settings: SamplingSettings = ...) -> list[TokenChoice]:
        """The `top` most likely next tokens, most likely first."""

    def score(self, text: str | Sequence[int], alternatives: int = 0) -> list[TokenScore]:
        """Every token of `text`, which may be given as tokens, but the first, scored."""
