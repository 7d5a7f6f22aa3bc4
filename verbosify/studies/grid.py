"""A study as it is declared, in TOML, and the cells it asks for. Knows no model.

title = "Temperature"
question = "What does a higher temperature do?"
places = 3                            # of each text; `texts` names them, by default all
samples = 10                          # of each cell

[trainings.classic]                   # see `training.Training`
window = "repeat"

[[cells]]                             # every combination of what is listed, at every place
trainings = ["classic"]
strengths = [0.5, 1.0]                # by default 1
sizes = [3]                           # sentences of the passage; by default 3
lengths = [25, 100]                   # tokens; the shorter are the beginnings of the longest
settings = { temperature = [0.4, 0.8], top_k = [30] }
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from verbosify.errors import SettingsError
from verbosify.files import os_errors_as
from verbosify.models.settings import SamplingSettings
from verbosify.studies.places import TEXTS, USUAL, Place, corpus, places_in, prose_of
from verbosify.studies.training import Training

_STUDY = {"title", "question", "texts", "places", "samples", "trainings", "cells"}
_CELLS = {"trainings", "strengths", "sizes", "lengths", "settings"}
_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Cell:
    """What is drawn at once: `settings.n` samples after one passage, from a model taught in one way.

    Attributes:
        lengths: tokens at which each sample is looked at, ascending; the last is that of the settings.
    """

    text: str
    place: str
    size: int
    passage: str
    training: Training
    strength: float
    settings: SamplingSettings
    lengths: tuple[int, ...]

    @property
    def taught(self) -> tuple[str, str, str]:
        """Which cells one training can serve: the same for those that differ in its strength alone."""
        training = json.dumps(self.training.to_dict(), sort_keys=True)
        if not self.training.is_shared:
            return training, self.text, self.passage
        return training, self.text if self.training.epochs else "", ""

    @property
    def key(self) -> str:
        """The same for the same work, wherever it is asked for; with the model it decides what comes out."""
        told = self.to_dict()
        del told["place"], told["text"], told["size"]
        if self.training.epochs:
            told["prose"] = _sha256(prose_of(self.text))
        if self.training.corpus_steps:
            told["corpus"] = _sha256(corpus())
        return _sha256(json.dumps(told, sort_keys=True, ensure_ascii=False))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, of which `from_dict` makes the cell again."""
        return {
            "text": self.text,
            "place": self.place,
            "size": self.size,
            "passage": self.passage,
            "training": self.training.to_dict(),
            "strength": self.strength,
            "settings": self.settings.to_dict(),
            "lengths": list(self.lengths),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Cell:
        read = dict(values)
        return cls(
            **read
            | {
                "training": Training.from_dict(read["training"]),
                "settings": SamplingSettings.from_dict(read["settings"]),
                "lengths": tuple(read["lengths"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Study:
    """A declared study."""

    name: str
    title: str
    question: str
    texts: tuple[str, ...]
    places: int
    samples: int
    trainings: Mapping[str, Training]
    grids: Sequence[Mapping[str, Any]] = field(repr=False)

    def chosen(self) -> list[Place]:
        """The places that are studied."""
        return [place for text in self.texts for place in places_in(text, self.places)]

    def cells(self) -> list[Cell]:
        """All cells, each once, in the order they are declared."""
        places = self.chosen()
        found: dict[str, Cell] = {}
        for grid in self.grids:
            for cell in self._cells(grid, places):
                found.setdefault(cell.key, cell)
        return list(found.values())

    def label_of(self, cell: Cell) -> str:
        """What the study calls the cell's training."""
        return next(name for name, training in self.trainings.items() if training == cell.training)

    def _cells(self, grid: Mapping[str, Any], places: Sequence[Place]) -> Iterator[Cell]:
        axes = grid["settings"]
        lengths = grid["lengths"]
        for name, strength, size, values in product(
            grid["trainings"], grid["strengths"], grid["sizes"], product(*axes.values())
        ):
            for place in places:
                told = dict(zip(axes, values, strict=True))
                settings = SamplingSettings.from_dict(
                    {"n": self.samples, "length": max(lengths), "seed": seed_of(place)} | told
                )
                passage = place.passage(size)
                yield Cell(
                    place.text,
                    place.name,
                    size,
                    passage,
                    self.trainings[name],
                    strength,
                    settings,
                    tuple(sorted(lengths)),
                )


def seed_of(place: Place) -> int:
    """The seed of all samples at a place: cells differ in what they ask, not in luck."""
    return int(_sha256(place.name)[:8], 16)


def study_names() -> list[str]:
    """The studies that come with verbosify."""
    return sorted(path.name.removesuffix(".toml") for path in _grids().iterdir() if path.name.endswith(".toml"))


def read_study(name_or_path: str | Path) -> Study:
    """One of `study_names`, or a file of one's own; `SettingsError` in one sentence if it makes no sense."""
    if str(name_or_path) in study_names():
        name, content = str(name_or_path), (_grids() / f"{name_or_path}.toml").read_bytes()
    else:
        path = Path(name_or_path)
        if path.suffix != ".toml":
            raise SettingsError(
                f"There is no study {str(name_or_path)!r}: choose {', '.join(study_names())}, or a .toml file."
            )
        with os_errors_as(SettingsError, path, "check the path"):
            name, content = path.stem, path.read_bytes()
    try:
        return study_from(name, tomllib.loads(content.decode("utf-8-sig")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{name_or_path} is no TOML ({error}): mend that place.") from error
    except SettingsError as error:
        raise SettingsError(f"In the study {name}: {error}") from error


def study_from(name: str, values: Mapping[str, Any]) -> Study:
    """A study of plain values, as TOML has them."""
    _require_known(values, _STUDY, "A study")
    for key, kind, told in (
        ("texts", list, 'a list of names: write texts = ["lamp"]'),
        ("trainings", dict, "tables: write [trainings.NAME]"),
        ("cells", list, "tables: write [[cells]]"),
    ):
        if not isinstance(values.get(key, kind()), kind):
            raise SettingsError(f"{key} is {values[key]!r}: it must be {told}.")
    trainings = {label: Training.from_dict(each) for label, each in values.get("trainings", {}).items()}
    grids = [_grid(each, trainings) for each in values.get("cells", [])]
    if not grids:
        raise SettingsError("A study without cells asks nothing: add [[cells]].")
    study = Study(
        name,
        str(values.get("title", name)),
        str(values.get("question", "")),
        tuple(values.get("texts", TEXTS)),
        _count(values.get("places", 3), "places"),
        _count(values.get("samples", 10), "samples"),
        trainings,
        grids,
    )
    if not study.cells():
        raise SettingsError("No text has a place with six sentences before it: give longer texts.")
    return study


def _grid(values: Any, trainings: Mapping[str, Training]) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise SettingsError(f"cells holds {values!r}: it must be tables: write [[cells]].")
    _require_known(values, _CELLS, "[[cells]]")
    grid: dict[str, Any] = {"strengths": [1.0], "sizes": [USUAL], "lengths": [_LENGTH], "settings": {}} | dict(values)
    for name in ("trainings", "strengths", "sizes", "lengths"):
        if not isinstance(grid.get(name), list) or not grid[name]:
            raise SettingsError(f"{name} of [[cells]] must be a list of at least one: write {name} = [...].")
    if unknown := [name for name in grid["trainings"] if name not in list(trainings)]:
        raise SettingsError(f"There is no [trainings.{unknown[0]}]: add it, or name another.")
    for size in grid["sizes"]:
        _count(size, "a size")
    for name, strength in product(grid["trainings"], grid["strengths"]):
        if strength != 1 and not trainings[name].window:
            raise SettingsError(f"Only a passage is taught by a strength: leave strengths out for {name}.")
        if trainings[name].window:
            trainings[name].recipe(2, strength)
    for length in grid["lengths"]:
        _count(length, "a length")
    if not isinstance(grid["settings"], dict) or not all(isinstance(each, list) for each in grid["settings"].values()):
        raise SettingsError("settings of [[cells]] must be a table of lists: write settings = { top_k = [30] }.")
    return grid


def _require_known(values: Mapping[str, Any], known: set[str], what: str) -> None:
    if unknown := sorted(set(values) - known):
        raise SettingsError(f"{what} has no {unknown[0]!r}: leave it out.")


def _count(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise SettingsError(f"{name} is {value!r}: it must be a whole number of at least 1.")
    return value


def _grids() -> Any:
    return files("verbosify.studies") / "grids"


@lru_cache(64)
def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
