"""A pipeline as it is declared: the way from a question to an answer, said beforehand. Knows no model, no server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from verbosify.errors import InputError, SettingsError
from verbosify.files import read_json, read_toml
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe
from verbosify.pipeline.context import Context
from verbosify.pipeline.registry import Kind, Stage, find_stage
from verbosify.pipeline.template import check_template, fill
from verbosify.words import perceived_characters

Rule = Literal["first", "best", "person"]
MOST_ROUNDS = 100
_CODE_POINTS = 12
"""How many of them a user-perceived character may have on average: a family in emoji has seven to eleven."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stage and its parameters; a measure's `weight` is what it is multiplied by where several are added up."""

    stage: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0

    def of(self, kind: Kind) -> Stage:
        """The stage; `SettingsError` if there is none of that kind, or the parameters are not its own."""
        stage = find_stage(self.stage, kind)
        stage.check(self.parameters)
        return stage

    def apply(self, kind: Kind, text: str, context: Context) -> Any:
        """What the stage, which is checked, makes of a text."""
        return find_stage(self.stage, kind).function(text, context, **self.parameters)

    def to_dict(self) -> dict[str, Any]:
        """`stage`, the weight if it is not 1, and the parameters beside them."""
        return {"stage": self.stage, **({} if self.weight == 1 else {"weight": self.weight}), **self.parameters}

    @classmethod
    def from_dict(cls, values: Any) -> Step:
        if isinstance(values, str):
            return cls(values)
        if not isinstance(values, dict) or not isinstance(values.get("stage"), str):
            raise SettingsError(f'A step of a pipeline is {values!r}: it must be a stage, as in {{ stage = "trim" }}.')
        weight = values.get("weight", 1.0)
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise SettingsError(f"The weight of the stage {values['stage']} is {weight!r}: it must be a number.")
        return cls(values["stage"], {k: v for k, v in values.items() if k not in ("stage", "weight")}, weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something that is given with a question.

    Attributes:
        name: what templates call it.
        least, most: its length in user-perceived characters, when it is cleaned.
        clean: cleaners for it, in order.
        refuse: refusals of it.
    """

    name: str
    least: int = 1
    most: int = 10_000
    clean: tuple[Step, ...] = ()
    refuse: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise SettingsError(f"An input is called {self.name!r}: choose letters, digits and underscores.")
        if not 0 <= self.least <= self.most:
            raise SettingsError(f"The input {self.name} has {self.least} to {self.most} characters: mend that.")
        for step in self.clean:
            step.of("cleaner")
        for step in self.refuse:
            step.of("refusal")

    def taken(self, value: object) -> str:
        """`value`, cleaned; `InputError` if it will not do."""
        if not isinstance(value, str):
            raise InputError(f"{self.name} is {type(value).__name__}: give a text.")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{self.name} holds half a character: remove {value[error.start]!r}.") from error
        if len(value) > self.most * _CODE_POINTS + 1000:  # before anything is done with it
            raise InputError(f"{self.name} is too long: give at most {self.most} characters.")
        context, text = Context({self.name: value}), value
        for step in self.clean:
            text = str(step.apply("cleaner", text, context))
        if len(perceived_characters(text)) > self.most or len(text) > self.most * _CODE_POINTS:
            raise InputError(f"{self.name} is too long: give at most {self.most} characters.")
        if len(perceived_characters(text)) < self.least or (self.least and not text.strip()):
            raise InputError(f"{self.name} is {'too short' if text.strip() else 'empty'}: give some text.")
        for step in self.refuse:
            if reason := step.apply("refusal", text, context):
                raise InputError(f"{self.name} will not do: it {reason}.")
        return text

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "least": self.least,
            "most": self.most,
            "clean": [step.to_dict() for step in self.clean],
            "refuse": [step.to_dict() for step in self.refuse],
        }

    @classmethod
    def from_dict(cls, values: Any) -> Input:
        known = _known(cls, values, "An input")
        return cls(**known | {name: _steps(known[name]) for name in ("clean", "refuse") if name in known})


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfitting:
    """Fresh weights are overfitted on a text before they answer: the text, a template, and the recipe."""

    on: str
    recipe: TuningRecipe = RECIPES["classic"]

    def to_dict(self) -> dict[str, Any]:
        return {"on": self.on, "recipe": self.recipe.to_dict()}

    @classmethod
    def from_dict(cls, values: Any) -> Overfitting:
        known = _known(cls, values, "overfit")
        recipe = known.get("recipe", "classic")
        if isinstance(recipe, str) and recipe not in RECIPES:
            raise SettingsError(f"There is no recipe called {recipe!r}: choose one of {', '.join(RECIPES)}.")
        made = RECIPES[recipe] if isinstance(recipe, str) else TuningRecipe.from_dict(recipe)
        return cls(on=known.get("on", ""), recipe=made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which of the answers that pass are taken.

    Attributes:
        rule: `first` of them, as drawn; `best`, by the weighted sum of `measures`; or none: a `person` chooses.
        answers: how many are wanted, >= 1.
        enough: it is drawn again until so many pass, >= `answers`; so that `best` and a person have a choice.
        rounds: how often it is drawn at most, 1 to 100.
        measures: steps with measures.
    """

    rule: Rule = "first"
    answers: int = 1
    enough: int = 0
    rounds: int = 4
    measures: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if self.rule not in ("first", "best", "person"):
            raise SettingsError(f"The rule of choice is {self.rule!r}: it must be first, best or person.")
        for name, low, high in (("answers", 1, 10_000), ("enough", 0, 10_000), ("rounds", 1, MOST_ROUNDS)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise SettingsError(f"{name} is {value!r}: it must be a whole number from {low} to {high}.")
        if self.rule == "best" and not self.measures:
            raise SettingsError("The rule of choice is best, but by no measure: name one in measures.")
        for step in self.measures:
            step.of("measure")

    @property
    def wanted(self) -> int:
        """How many answers must pass before it is drawn no more."""
        return max(self.answers, self.enough)

    def to_dict(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in ("rule", "answers", "enough", "rounds")}
        return plain | {"measures": [step.to_dict() for step in self.measures]}

    @classmethod
    def from_dict(cls, values: Any) -> Choice:
        known = _known(cls, values, "choose")
        return cls(**known | ({"measures": _steps(known["measures"])} if "measures" in known else {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A declared way from a question to an answer.

    Attributes:
        name: what it is called in records.
        template: the prompt, with places for the inputs: see `template`.
        opening: a template too, which ends the prompt and begins the answer.
        inputs: what is given with a question.
        model: a name or a folder, as `load_model` takes it; that of a fine-tuned run too.
        overfit: whether fresh weights are overfitted before, and on what.
        settings: how to sample, `settings.n` answers at a time. Its length, least length, stops and seed are not its
            own: they follow from what is here, and from the question's seed.
        least, most: tokens of an answer. One that stops before it has `least` is refused.
        stops: an answer ends before the first of these.
        clean: cleaners, in order.
        refuse: refusals, in order; the first that has a reason ends it. What is blank or garbled is always refused.
        choose: which of the answers are taken.

    Raises `SettingsError` when it is made if anything in it is unknown or out of its range.
    """

    name: str
    template: str
    opening: str = ""
    inputs: tuple[Input, ...] = ()
    model: str = "smollm2-135m"
    overfit: Overfitting | None = None
    settings: SamplingSettings = field(default_factory=SamplingSettings)
    least: int = 1
    most: int = 100
    stops: tuple[str, ...] = ()
    clean: tuple[Step, ...] = ()
    refuse: tuple[Step, ...] = ()
    choose: Choice = Choice()

    def __post_init__(self) -> None:
        for name in ("name", "template", "opening", "model"):
            if not isinstance(getattr(self, name), str):
                raise SettingsError(f"{name} of a pipeline is {getattr(self, name)!r}: it must be a text.")
        if not self.name or not (self.template or self.opening):
            raise SettingsError(f"A pipeline has {'no template' if self.name else 'no name'}: give it one.")
        names = [each.name for each in self.inputs]
        if len(set(names)) < len(names):
            raise SettingsError(f"The pipeline {self.name} has two inputs of one name: rename one.")
        check_template(self.template, names, f"The template of {self.name}")
        check_template(self.opening, names, f"The opening of {self.name}")
        if self.overfit is not None:
            check_template(self.overfit.on, names, f"What {self.name} overfits on")
        self.drawn(0)
        for step in self.clean:
            step.of("cleaner")
        for step in self.refuse:
            step.of("refusal")

    def drawn(self, seed: int) -> SamplingSettings:
        """The settings that a model samples with."""
        if isinstance(self.least, bool) or not isinstance(self.least, int) or self.least < 0:
            raise SettingsError(f"least is {self.least!r}: it must be a whole number from 0 up.")
        return replace(self.settings, length=self.most, least_length=self.least, stops=self.stops, seed=seed)

    def taken(self, inputs: Mapping[str, object]) -> dict[str, str]:
        """The inputs, cleaned and in order; `InputError` if one is missing, unknown, or will not do."""
        known = {each.name for each in self.inputs}
        for name in inputs:
            if name not in known:
                raise InputError(f"{self.name} takes no {name!r}: it takes {', '.join(known) or 'nothing'}.")
        for name in known:
            if name not in inputs:
                raise InputError(f"The pipeline {self.name!r} needs an input {name!r}: give it.")
        return {each.name: each.taken(inputs[each.name]) for each in self.inputs}

    def prompt(self, inputs: Mapping[str, str]) -> str:
        """What the model is to continue, for inputs as `taken` returns them."""
        return fill(self.template + self.opening, inputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, from which `from_dict` makes it again."""
        return {
            "name": self.name,
            "model": self.model,
            "template": self.template,
            "opening": self.opening,
            "inputs": [each.to_dict() for each in self.inputs],
            "overfit": None if self.overfit is None else self.overfit.to_dict(),
            "settings": {k: v for k, v in self.settings.to_dict().items() if k not in _OURS},
            "least": self.least,
            "most": self.most,
            "stops": list(self.stops),
            "clean": [step.to_dict() for step in self.clean],
            "refuse": [step.to_dict() for step in self.refuse],
            "choose": self.choose.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Any) -> Pipeline:
        """A pipeline of plain values, as TOML and JSON have them; `SettingsError` if they are none."""
        known = dict(_known(cls, values, "A pipeline"))
        settings = known.get("settings", {})
        if not isinstance(settings, dict):
            raise SettingsError(f"settings is {settings!r}: it must be a table.")
        for name in _OURS:
            if name in settings:
                raise SettingsError(f"settings has {name}: say least, most and stops beside it, not in it.")
        read: dict[str, Any] = {"settings": SamplingSettings.from_dict(settings)}
        for name in ("clean", "refuse"):
            read[name] = _steps(known.get(name, []))
        read["inputs"] = tuple(map(Input.from_dict, _list(known.get("inputs", []), "inputs")))
        read["stops"] = tuple(_list(known.get("stops", []), "stops"))
        read["choose"] = Choice.from_dict(known.get("choose", {}))
        read["overfit"] = None if known.get("overfit") is None else Overfitting.from_dict(known["overfit"])
        for name in ("name", "template"):
            if name not in known:
                raise SettingsError(f"A pipeline has no {name}: give it one.")
        return cls(**known | read)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that is declared, in hexadecimal."""
        plain = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return sha256(plain.encode()).hexdigest()


_OURS = ("length", "least_length", "stops", "seed")
"""Settings that a pipeline says by itself."""


def read_pipeline(path: str | Path) -> Pipeline:
    """The pipeline in a TOML or JSON file. Raises `SettingsError`: it cannot be read, or is none."""
    place = Path(path)
    read = read_json if place.suffix == ".json" else read_toml
    return Pipeline.from_dict(read(place, SettingsError, "check the file"))


def _known(kind: type, values: Any, called: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise SettingsError(f"{called} is {values!r}: it must be a table.")
    names = [each.name for each in fields(kind)]
    for name in values:
        if name not in names:
            raise SettingsError(f"{called} has {name!r}, which is not known: choose {', '.join(names)}.")
    return values


def _list(values: Any, called: str) -> list[Any]:
    if not isinstance(values, list | tuple):
        raise SettingsError(f"{called} is {values!r}: it must be a list.")
    return list(values)


def _steps(values: Any) -> tuple[Step, ...]:
    return tuple(map(Step.from_dict, _list(values, "a list of stages")))
