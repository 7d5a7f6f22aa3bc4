"""The protocol over the universal engine: GPT-2 through it, and small, briefly trained models of other architectures."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.conformance")

from tests import conformance  # noqa: E402
from tests.conformance import *  # noqa: E402, F403
from tests.speaking_model import harbour_sentences  # noqa: E402
from tests.tiny_models import train_briefly, write_architecture  # noqa: E402
from verbosify.errors import ModelError  # noqa: E402
from verbosify.models.loading import load_model  # noqa: E402
from verbosify.models.protocol import LanguageModel  # noqa: E402

KINDS = ("gpt2", "opt", "gpt_neo", "gpt_neox", "bloom", "qwen2", "gemma2", "mistral")
"""What differs: positions learnt, turned or by distance; blocks one after another or parallel; windows; shared heads."""


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    if request.param == "gpt2":
        folder: Path = request.getfixturevalue("speaking_model")
    else:
        folder = write_architecture(tmp_path_factory.mktemp("models") / "tiny", request.param)
        train_briefly(folder, harbour_sentences(300))
    model = load_model(folder, engine="universal", precision="fp32")
    assert (model.card.engine, model.card.family) == ("universal", request.param)
    return model


def test_an_overfit_kept_in_openais_format_is_what_it_was(  # type: ignore[no-redef]
    model: LanguageModel, tmp_path: Path
) -> None:
    if model.card.family == "gpt2":
        conformance.test_an_overfit_kept_in_openais_format_is_what_it_was(model, tmp_path)
        return
    with model.overfit(conformance.PASSAGE, conformance.ONCE) as overfit, pytest.raises(ModelError) as error:
        overfit.save(tmp_path / "run1", "openai")
    assert str(error.value).startswith("The engine universal cannot save that in the form openai: choose safetensors")


def test_a_fine_tuned_model_can_be_kept(  # type: ignore[no-redef]
    model: LanguageModel, tmp_path: Path
) -> None:
    if model.card.family == "gpt2":
        conformance.test_a_fine_tuned_model_can_be_kept(model, tmp_path)
        return
    with model.finetune(conformance.TEXTS, conformance.CORPUS.steps, conformance.CORPUS) as tuning:
        scores = model.score(conformance.PASSAGE)
        folder = tuning.save(tmp_path / "tuned")

    assert conformance.are_alike(load_model(folder, precision="fp32").score(conformance.PASSAGE), scores)
