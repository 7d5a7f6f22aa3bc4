"""The studio: widgets, tables and figures over a piece, for Jupyter, Colab and VS Code. Samples nothing by itself.

`%load_ext verbosify.notebook` makes every mistake one sentence in its cell. Importing this is quick: every name
below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verbosify.notebook.curator import Curator as Curator
    from verbosify.notebook.essay_form import EssayForm as EssayForm
    from verbosify.notebook.essay_form import SentencesForm as SentencesForm
    from verbosify.notebook.exporting import export_reading as export_reading
    from verbosify.notebook.exporting import words_so_far as words_so_far
    from verbosify.notebook.figures import drift_figure as drift_figure
    from verbosify.notebook.figures import loss_figure as loss_figure
    from verbosify.notebook.frames import passages_frame as passages_frame
    from verbosify.notebook.frames import picks_frame as picks_frame
    from verbosify.notebook.frames import samples_frame as samples_frame
    from verbosify.notebook.frames import write_frame as write_frame
    from verbosify.notebook.job import load as load
    from verbosify.notebook.job import run as run
    from verbosify.notebook.rating_form import RatingForm as RatingForm
    from verbosify.notebook.settings_form import SettingsForm as SettingsForm
    from verbosify.notebook.tinting import entropy_view as entropy_view
    from verbosify.notebook.tinting import side_by_side as side_by_side
    from verbosify.notebook.tinting import tinted as tinted
    from verbosify.notebook.token_tables import alternatives_frame as alternatives_frame
    from verbosify.notebook.token_tables import overfit_frame as overfit_frame
    from verbosify.notebook.token_tables import tokens_frame as tokens_frame

_HOMES = {
    "Curator": "curator",
    "EssayForm": "essay_form",
    "RatingForm": "rating_form",
    "SentencesForm": "essay_form",
    "SettingsForm": "settings_form",
    "alternatives_frame": "token_tables",
    "drift_figure": "figures",
    "entropy_view": "tinting",
    "export_reading": "exporting",
    "load": "job",
    "loss_figure": "figures",
    "overfit_frame": "token_tables",
    "passages_frame": "frames",
    "picks_frame": "frames",
    "run": "job",
    "samples_frame": "frames",
    "side_by_side": "tinting",
    "tinted": "tinting",
    "tokens_frame": "token_tables",
    "words_so_far": "exporting",
    "write_frame": "frames",
}

__all__ = list(_HOMES)  # one list of names, not two


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'verbosify.notebook' has no attribute {name!r}")
    return getattr(import_module(f"verbosify.notebook.{_HOMES[name]}"), name)


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext verbosify.notebook` does: mistakes become sentences, and Colab shows our widgets."""
    from verbosify.notebook.failures import allow_widgets_in_colab, speak_plainly

    speak_plainly(shell)
    allow_widgets_in_colab()
