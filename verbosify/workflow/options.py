"""Everything one chooses for a job, validated where it enters. Knows no model and no essay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from verbosify.errors import PieceError, SettingsError
from verbosify.essay.passages import ShortParagraphs
from verbosify.files import printable
from verbosify.models.loading import DEFAULT_MODEL, ModelSpec
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe, derived_seed

SAMPLES, MOST_SAMPLES = 10, 40
"""Of a batch and of a passage, as the artist had it: four batches of ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to verbosify an essay.

    Attributes:
        model: a name in the catalogue or at Hugging Face's hub, or a folder.
        engine, device, precision: as `load_model` takes them.
        recipe: how to overfit.
        settings: how to sample, in batches of `settings.n`.
        portfolio: whether to draw batches of several settings at once, before any is judged: those to which the
            artist's rule may lead (`verbosify.curation.portfolio`). Otherwise batch after batch is judged.
        target: words after, as a multiple of words before, 1 to 10.
        seed: all randomness follows from it, 0 to 2^63 - 1.
        most_samples: a passage without enough that is fit gets more, up to so many in all, >= `settings.n`.
        passage_size: sentences in a passage, >= 1.
        stride: sentences from one passage to the next, >= 1.
        short_paragraphs: `keep` a paragraph with fewer sentences as one passage, or `skip` it.
        splitter: which sentence splitter.
    """

    model: str = DEFAULT_MODEL
    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    recipe: TuningRecipe = RECIPES["classic"]
    settings: SamplingSettings = field(default_factory=SamplingSettings)
    portfolio: bool = True
    target: float = 2.0
    seed: int = 0
    most_samples: int = MOST_SAMPLES
    passage_size: int = 3
    stride: int = 1
    short_paragraphs: ShortParagraphs = "keep"
    splitter: str = "sentencex"

    def __post_init__(self) -> None:
        if isinstance(self.target, bool) or not isinstance(self.target, int | float) or not 1 <= self.target <= 10:
            raise SettingsError(f"target is {self.target!r}: it must be a number from 1 to 10.")
        for name in ("passage_size", "stride", "most_samples"):
            if not _whole(getattr(self, name)) or getattr(self, name) < 1:
                raise SettingsError(f"{name} is {getattr(self, name)!r}: it must be a whole number of at least 1.")
        if self.most_samples < self.settings.n:
            raise SettingsError(
                f"most_samples is {self.most_samples}: it must be at least {self.settings.n}, the samples of one batch."
            )
        if not isinstance(self.portfolio, bool):
            raise SettingsError(f"portfolio is {self.portfolio!r}: it must be True or False.")
        if self.short_paragraphs not in ("keep", "skip"):
            raise SettingsError(f"short_paragraphs is {self.short_paragraphs!r}: it must be keep or skip.")
        if not _whole(self.seed) or not 0 <= self.seed < 2**63:
            raise SettingsError(f"seed is {self.seed!r}: it must be a whole number from 0 to 2^63 - 1.")

    @property
    def spec(self) -> ModelSpec:
        """Which model, on which engine."""
        return ModelSpec(name=self.model, engine=self.engine, device=self.device, precision=self.precision)

    def to_dict(self) -> dict[str, Any]:
        """For the record: plain values, enough to make these options again."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {
            "model": printable(self.model),
            "recipe": _recorded("recipe", self.recipe.to_dict(), TuningRecipe().to_dict()),
            "settings": _recorded("settings", self.settings.to_dict(), SamplingSettings().to_dict()),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Options:
        recipe = TuningRecipe.from_dict(values["recipe"])
        settings = SamplingSettings.from_dict(values["settings"])
        return cls(**({"portfolio": False} | values | {"recipe": recipe, "settings": settings}))


_FROM_THE_FIRST = {
    "recipe": [
        "name",
        "window",
        "window_tokens",
        "steps",
        "windows_per_step",
        "learning_rate",
        "epsilon",
        "weights",
        "seed",
    ],
    "settings": ["n", "length", "temperature", "top_k", "top_p", "repetition_penalty", "stops", "seed"],
}
"""The fields of which a record has always told."""


def _recorded(part: str, values: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    """`values` without fields that came later and say what was so before: an older piece is still the same work."""
    return {name: value for name, value in values.items() if name in _FROM_THE_FIRST[part] or value != usual.get(name)}


# What a record says of its options, which may be fewer or others than these: any object is a job.


def recorded_model_name(options: Mapping[str, Any]) -> str:
    """The model that a record names, for `load_model`; `PieceError` if it names none."""
    name = options.get("model")
    if not isinstance(name, str) or not name:
        raise PieceError("The record does not say where its model was: name it, or its folder, with --model.")
    return name


def recorded_recipe(options: Mapping[str, Any]) -> TuningRecipe:
    """The recipe that a record tells; `PieceError` if it tells none."""
    recipe = options.get("recipe")
    if not isinstance(recipe, dict):
        raise PieceError("The record does not say how it overfits: its samples can be picked, but no more be drawn.")
    return TuningRecipe.from_dict(recipe)


def recorded_target(options: Mapping[str, Any]) -> float:
    """Words after, as a multiple of words before; the usual 2 where a record tells none."""
    target = options.get("target")
    return float(target) if isinstance(target, int | float) else 2.0


def batch_seed(seed: object, passage: int, number: int) -> int:
    """The seed of a run's batch `number`, from 0, at a passage."""
    return derived_seed(seed, passage, number)


def control_seed(seed: object, passage: int) -> int:
    """That of the samples of the fresh base there."""
    return derived_seed(seed, passage, -1)


def hand_seed(seed: object, passage: int, number: int) -> int:
    """That of batch `number` there, of all from 0, if a person asks for it: none that a run would take."""
    return derived_seed(seed, passage, -2 - number)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
