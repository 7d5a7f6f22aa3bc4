"""The settings of a job as a form. Knows the catalogue of models, and loads none."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from traitlets import TraitError

from verbosify.curation import portfolio
from verbosify.errors import SettingsError
from verbosify.essay.reading import Essay
from verbosify.models.loading import DEFAULT_MODEL
from verbosify.models.settings import RECIPES, SamplingSettings, recipe_named
from verbosify.models.store.catalog import list_models
from verbosify.notebook.essay_form import status
from verbosify.notebook.failures import told
from verbosify.notebook.form_state import recall, remember
from verbosify.notebook.plain import settings_text, with_text
from verbosify.workflow import Options
from verbosify.workflow.outputs import piece_folder

_LABELS = {"description_width": "10em"}
_RECIPES = {
    "classic": "classic: the passage again and again, until the window is full",
    "passage": "passage: the passage once; quicker, and it loops less",
    "two-steps": "two-steps: the passage once, two steps; closer, and more to use (docs/findings.md)",
    "original": "original: as the art project did it; slower",
}


class SettingsForm(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Everything one may choose for a job, with words for it. `options`, `limit` and `folder_for` are what it holds.

    Args:
        home: the folder of the pieces, where the choices are remembered.
        values: what the form holds at first, unless something else was chosen before, by the names of its fields:
            model, recipe, strength, n, length, temperature, top_k, top_p, target, seed, limit, name.
    """

    def __init__(self, home: str | Path = "pieces", **values: Any) -> None:
        self._home = Path(home)
        statuses = [status for status in list_models() if status.writes]
        where = "; ".join(
            f"{s.name}: {'on this computer' if s.on_disk else f'{s.size / 1e6:,.0f} MB to fetch'}" for s in statuses
        )
        names = [s.name for s in statuses]
        self.fields: dict[str, widgets.Widget] = {
            "model": widgets.Combobox(value=DEFAULT_MODEL, options=names, description="Model"),
            "recipe": widgets.Dropdown(options=[(_RECIPES.get(n, n), n) for n in RECIPES], description="Recipe"),
            "strength": widgets.FloatSlider(1.0, min=0, max=2, step=0.1, description="Strength of its step"),
            "n": widgets.BoundedIntText(10, min=1, max=100, description="Samples"),
            "length": widgets.BoundedIntText(100, min=1, max=900, description="Tokens of a sample"),
            "temperature": widgets.FloatSlider(0.8, min=0, max=1.5, step=0.05, description="Temperature"),
            "top_k": widgets.BoundedIntText(30, min=0, max=1000, description="Top-k (0: all)"),
            "top_p": widgets.FloatSlider(1.0, min=0.05, max=1, step=0.05, description="Top-p"),
            "target": widgets.FloatSlider(2.0, min=1, max=5, step=0.25, description="Target (× words)"),
            "seed": widgets.BoundedIntText(0, min=0, max=2**31 - 1, description="Seed"),
            "limit": widgets.BoundedIntText(0, min=0, max=10_000, description="Passages (0: all)"),
            "name": widgets.Text(description="Folder", placeholder="as the essay is called"),
        }
        for name, value in (values | recall(self._home, "settings")).items():
            with suppress(KeyError, TraitError):  # remembered by another version
                self.fields[name].value = value
        self.said = widgets.HTML()
        for field in self.fields.values():
            field.style, field.layout.width, field.layout.max_width = _LABELS, "98%", "40em"
            field.observe(lambda _: self._check(), "value")
        super().__init__([*self.fields.values(), widgets.HTML(f"<small>{where}</small>"), self.said])
        self._check()

    @property
    def options(self) -> Options:
        """The options as chosen; `SettingsError` or `ModelError` if they will not do."""
        value = {name: field.value for name, field in self.fields.items()}
        settings = SamplingSettings(**{name: value[name] for name in ("n", "length", "temperature", "top_k", "top_p")})
        return Options(
            model=value["model"].strip() or DEFAULT_MODEL,
            recipe=replace(recipe_named(value["recipe"]), strength=value["strength"]),
            settings=settings,
            target=value["target"],
            seed=value["seed"],
            most_samples=4 * settings.n,
        )

    @property
    def limit(self) -> int | None:
        """How many passages to visit at most; None for all."""
        return self.fields["limit"].value or None

    def folder_for(self, essay: Essay) -> Path:
        """Where the piece of that essay goes: the folder named in the form, else one called as the essay's file."""
        named: str = self.fields["name"].value.strip()
        return self._home / named if named else piece_folder(self._home, essay.name)

    def change(self, **values: Any) -> None:
        """Set fields by their names, as a click does. `SettingsError` if one is unknown or a value will not do."""
        for name, value in values.items():
            if name not in self.fields:
                raise SettingsError(f"There is no setting {name!r}: choose one of {', '.join(self.fields)}.")
            try:
                self.fields[name].value = value
            except TraitError as error:
                raise SettingsError(f"{name} cannot be {value!r}: {error}") from error

    def _repr_mimebundle_(self, **circumstances: Any) -> Any:
        return with_text(super()._repr_mimebundle_(**circumstances), settings_text(self))

    def _check(self) -> None:
        with told(lambda sentence: setattr(self.said, "value", status(sentence))):
            options = self.options
            remember(self._home, "settings", {name: field.value for name, field in self.fields.items()})
            visited = f"{self.limit} passages" if self.limit else "all passages"
            kinds = len(portfolio(options.settings))
            drawn = (
                f"{options.settings.n} samples of up to {options.settings.length} tokens with each of {kinds} settings"
            )
            self.said.value = status(f"{options.model} on {visited}: {drawn}, those chosen and their neighbours.")
