from __future__ import annotations

import math

import pytest

from verbosify.errors import ModelError
from verbosify.models.settings import TuningRecipe
from verbosify.models.training.divergence import require_convergence

RECIPE = TuningRecipe(learning_rate=0.5)
NOTHING = math.log(1000)
"""The loss of a model of a thousand tokens that knows nothing."""


@pytest.mark.parametrize(
    ("loss", "before"),
    [
        (2.0, 3.0),
        (3.5, 3.0),  # a step that made it worse, and has not ruined it
        (NOTHING + 1, NOTHING + 2),  # a model that knew less than nothing, and has learned
        (NOTHING + 2, NOTHING + 2),
    ],
)
def test_a_loss_that_tells_of_knowledge_passes(loss: float, before: float) -> None:
    require_convergence(loss, RECIPE, 1000, before=before)


@pytest.mark.parametrize("loss", [math.nan, math.inf, NOTHING, NOTHING + 1e-6, 1e9])
def test_a_loss_of_a_model_that_knows_nothing_any_more_is_told(loss: float) -> None:
    with pytest.raises(ModelError, match=r"^Overfitting diverged at learning rate 0\.5: choose a lower one\.$"):
        require_convergence(loss, RECIPE, 1000, before=3.0)


@pytest.mark.parametrize("before", [math.nan, math.inf])
def test_a_loss_that_is_no_number_never_passes(before: float) -> None:
    with pytest.raises(ModelError, match="diverged"):
        require_convergence(math.inf, RECIPE, 1000, before=before)


def test_without_a_loss_to_compare_with_any_number_passes() -> None:
    require_convergence(1e9, RECIPE, 1000)
    with pytest.raises(ModelError, match=r"^Fine-tuning diverged"):
        require_convergence(math.nan, RECIPE, 1000, what="Fine-tuning")
