"""A small study in one call, for notebooks: drawn with a model that is there, measured, and back as a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verbosify.models.fleet import LocalFleet
from verbosify.models.protocol import LanguageModel
from verbosify.studies.grid import study_from
from verbosify.studies.measuring import Embed, measure_missing
from verbosify.studies.running import draw
from verbosify.studies.sampling import is_on_card
from verbosify.studies.store import Store
from verbosify.studies.tables import table_of

if TYPE_CHECKING:
    import pandas as pd


def run_here(declared: Mapping[str, Any], model: LanguageModel, embed: Embed, folder: str | Path) -> pd.DataFrame:
    """All samples of a study, their texts among them; what is in `folder` already is not drawn again.

    Args:
        declared: what a study's TOML holds, as plain values; see `grid`.
    """
    study = study_from(Path(folder).name, declared)
    with Store(Path(folder)) as store, store.lock():
        for _ in draw(store, [study], LocalFleet(model), at_once=is_on_card(model)):
            pass
        for _ in measure_missing(store, embed):
            pass
        return table_of(store, study, texts=True)
