"""What is the reference engine's own: no growth, no restart, no quarrel with the other engine, and clear refusals."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import PASSAGE, PROMPT
from verbosify.errors import ModelError
from verbosify.models.loading import load_model
from verbosify.models.settings import RECIPES, SamplingSettings
from verbosify.models.training.saving import ACCOUNT

ENGINES = """
from pathlib import Path
import sys
from verbosify.models.loading import load_model
from verbosify.models.settings import RECIPES, SamplingSettings
said = {}
models = {}
for engine in sys.argv[2:]:
    models[engine] = load_model(Path(sys.argv[1]), engine=engine, precision="fp32")
for engine, model in models.items():
    with model.overfit("The ferry leaves the stone pier as soon as the rain stops.", RECIPES["passage"]) as overfit:
        assert overfit.loss_after < overfit.loss_before
        assert len(model.sample("The ferry", SamplingSettings(n=2, length=20))) == 2
        said[engine] = [score.log_probability for score in model.score("The baker greets the night watch.")]
assert max(abs(a - b) for a, b in zip(said["torch"], said["tensorflow"], strict=True)) < 1e-2
print("same")
"""


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_twenty_overfits_leave_the_graph_and_the_memory_as_they_were(engines: dict[str, Any]) -> None:
    model = engines["tensorflow"]
    operations = len(model._graph.graph.get_operations())
    settings = [SamplingSettings(n=n, length=length, top_k=0, top_p=p) for n, length, p in ((2, 30, 1.0), (3, 20, 0.9))]
    sizes = []

    for number in range(20):
        with model.overfit(PASSAGE, replace(RECIPES["passage"], learning_rate=1e-4 * (number + 1))):
            model.sample(PROMPT, settings[number % 2])
        if number in (7, 19):
            gc.collect()
            sizes.append(resident_bytes())

    assert model._graph.graph.finalized
    assert len(model._graph.graph.get_operations()) == operations
    assert sizes[1] - sizes[0] < 12e6  # twelve overfits, of which each has used more


def test_the_engines_work_in_one_process_also_when_pytorch_is_loaded_second(trained: Path) -> None:
    """All other tests here load it first."""
    assert python("-c", ENGINES, str(trained), "tensorflow", "torch") == "same\n"


def test_importing_verbosify_imports_no_engine() -> None:
    code = "import sys, verbosify, verbosify.models.loading, verbosify.models.tensorflow.model, verbosify.models.training.saving; "
    code += "print([name for name in ('tensorflow', 'gpt_2_simple', 'torch') if name in sys.modules])"

    assert python("-c", code) == "[]\n"


@pytest.mark.parametrize(("module", "package"), [("tensorflow", "tensorflow"), ("gpt_2_simple", "gpt-2-simple")])
def test_a_missing_package_is_named_with_what_to_install(
    trained: Path, monkeypatch: pytest.MonkeyPatch, module: str, package: str
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else find_spec(name))

    with pytest.raises(
        ModelError, match=f"needs the package {package}: run `pip install 'verbosify-studio\\[tensorflow\\]'`"
    ):
        load_model(trained, engine="tensorflow")


@pytest.mark.parametrize("settings", [SamplingSettings(repetition_penalty=1.2), SamplingSettings(top_p=0.9)], ids=str)
def test_settings_that_its_sampler_has_not_need_pytorch(
    engines: dict[str, Any], settings: SamplingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "verbosify.models.session", None)

    for ask in (engines["tensorflow"].sample, lambda *args: engines["tensorflow"].next_tokens(args[0], 5, args[1])):
        with pytest.raises(ModelError, match="need PyTorch: run `pip install 'verbosify-studio"):
            ask(PROMPT, settings)


def test_a_model_of_another_family_is_refused(speaking_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(speaking_model, tmp_path / "llama")
    (folder / "config.json").write_text('{"model_type": "llama"}')

    with pytest.raises(ModelError, match="know GPT-2 only"):
        load_model(folder, engine="tensorflow")


def test_tokens_beyond_the_vocabulary_are_skipped_in_decoding(engines: dict[str, Any]) -> None:
    model = engines["tensorflow"]

    assert model.decode([*model.encode("ferry"), 10**6]) == "ferry"


def test_an_overfit_of_other_weights_is_not_redone(engines: dict[str, Any], tmp_path: Path) -> None:
    model = engines["tensorflow"]
    with model.overfit(PASSAGE, RECIPES["passage"]) as overfit:
        account = overfit.save(tmp_path / "kept", "recipe") / ACCOUNT
    account.write_text(account.read_text().replace(model.card.weights_sha256, "0" * 64))

    with pytest.raises(ModelError, match="holds an overfit of run1 with weights 000"), model.redo(tmp_path / "kept"):
        pass
