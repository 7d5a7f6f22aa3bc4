"""What a model is taught before it continues a passage. Knows recipes and texts; takes no step itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from verbosify.errors import SettingsError
from verbosify.models.settings import RECIPES, TuningRecipe

WINDOWS = ("", "once", "copies", "repeat", "original")


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Up to three stages, in this order: a corpus, the whole text, the passage. None of them: the fresh model.

    Attributes:
        corpus_steps: steps of one window on the corpus of `places.corpus`.
        epochs: how often the text is read, in steps of one window.
        window: what of the passage is one window: `once`, `copies` of it, `repeat` to fill the context, or the art
            project's cut from a file of copies, `original`; empty if the passage is not taught.
        copies: how many, for that kind of window.
        steps, windows, learning_rate: see `TuningRecipe`; the rate is that of all three stages.
    """

    corpus_steps: int = 0
    epochs: int = 0
    window: str = ""
    copies: int = 1
    steps: int = 1
    windows: int = 1
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        if self.window not in WINDOWS:
            raise SettingsError(f"window is {self.window!r}: it must be one of {', '.join(WINDOWS[1:])}, or left out.")
        if self.window and (self.corpus_steps or self.epochs):
            raise SettingsError("A training has a passage as its window, or a corpus and a text: leave one out.")
        for name in ("corpus_steps", "epochs", "copies", "steps", "windows"):
            value, least = getattr(self, name), int(name not in ("corpus_steps", "epochs"))
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise SettingsError(f"{name} is {value!r}: it must be a whole number of at least {least}.")
        if self.window:
            self.recipe(2)

    @property
    def is_fresh(self) -> bool:
        return not (self.corpus_steps or self.epochs or self.window)

    @property
    def is_shared(self) -> bool:
        """Whether passages of one text share it."""
        return not self.window

    def recipe(self, tokens: int, strength: float = 1.0) -> TuningRecipe:
        """The recipe for a passage of which `copies` come to so many tokens."""
        kinds: dict[str, dict[str, Any]] = {
            "once": {"window": "once"},
            "copies": {"window": "repeat", "window_tokens": max(tokens, 2)},
            "repeat": {"window": "repeat"},
            "original": {"window": "original"},
        }
        return TuningRecipe(
            name="study",
            steps=self.steps,
            windows_per_step=self.windows,
            learning_rate=self.learning_rate,
            strength=strength,
            **kinds[self.window],
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields that are not at their defaults."""
        return {name: value for name, value in asdict(self).items() if value != getattr(DEFAULT, name)}

    @classmethod
    def from_dict(cls, values: Any) -> Training:
        """The inverse; `SettingsError` for what is no training."""
        if not isinstance(values, dict) or (unknown := sorted(set(values) - {field.name for field in fields(cls)})):
            told = f"has no field {unknown[0]!r}" if isinstance(values, dict) else f"is {values!r}"
            raise SettingsError(f"A training {told}: give some of {', '.join(field.name for field in fields(cls))}.")
        return cls(**values)


DEFAULT = Training()


def of_recipe(name: str) -> Training:
    """The training of a named recipe, as `verbosify run` takes it."""
    recipe = RECIPES[name]
    return replace(
        DEFAULT,
        window=recipe.window,
        steps=recipe.steps,
        windows=recipe.windows_per_step,
        learning_rate=recipe.learning_rate,
    )
