"""Write with overfitted language models: an essay in, a longer one out, and a page to read it on.

Importing this is quick: every name below is loaded when it is first used. What it logs goes to the logger `verbosify`,
which is silent until a program sets logging up.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verbosify.errors import VerbosifyError as VerbosifyError
    from verbosify.essay.passages import essay_passages as essay_passages
    from verbosify.essay.passages import essay_sentences as essay_sentences
    from verbosify.essay.reading import essay_from_text as essay_from_text
    from verbosify.essay.reading import read_essay as read_essay
    from verbosify.essay.writing import write_essay as write_essay
    from verbosify.models.loading import load_model as load_model
    from verbosify.models.process import tune_process as tune_process
    from verbosify.models.protocol import LanguageModel as LanguageModel
    from verbosify.models.settings import RECIPES as RECIPES
    from verbosify.models.settings import SamplingSettings as SamplingSettings
    from verbosify.models.settings import TuningRecipe as TuningRecipe
    from verbosify.piece import Piece as Piece
    from verbosify.site import build_site as build_site
    from verbosify.workflow import Options as Options
    from verbosify.workflow import replay as replay
    from verbosify.workflow import verbosify as verbosify

    __version__: str

_HOMES = {
    "LanguageModel": "verbosify.models.protocol",
    "Options": "verbosify.workflow",
    "Piece": "verbosify.piece",
    "RECIPES": "verbosify.models.settings",
    "SamplingSettings": "verbosify.models.settings",
    "TuningRecipe": "verbosify.models.settings",
    "VerbosifyError": "verbosify.errors",
    "build_site": "verbosify.site",
    "essay_from_text": "verbosify.essay.reading",
    "essay_passages": "verbosify.essay.passages",
    "essay_sentences": "verbosify.essay.passages",
    "load_model": "verbosify.models.loading",
    "read_essay": "verbosify.essay.reading",
    "replay": "verbosify.workflow",
    "tune_process": "verbosify.models.process",
    "verbosify": "verbosify.workflow",
    "write_essay": "verbosify.essay.writing",
}

__all__ = list(_HOMES)  # one list of names, not two

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("verbosify.version").version_of_verbosify()
    if name not in _HOMES:
        raise AttributeError(f"module 'verbosify' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
