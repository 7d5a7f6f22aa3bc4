"""Fine-tuning as a job: watched, stopped in time, killed and gone on with, and kept as a run."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Call, Commands, Moment
from tests.tiny_models import TRAINING_TEXT, write_gpt2, write_llama
from verbosify.errors import ModelError, OutputError, SettingsError
from verbosify.models.loading import load_model
from verbosify.models.protocol import Step
from verbosify.models.settings import SamplingSettings
from verbosify.workflow.tuning import CORPUS, Job, Said, state_folder, tune

SHORT = SamplingSettings(n=2, length=6, temperature=0.7, top_k=0)
OPTIONS = (
    "--steps", 6, "--window", 16, "--learning-rate", 3e-3, "--measure-every", 2, "--sample-every", 2, "--save-every", 2,
    "--precision", "fp32", "--held-out", 0.2,
)  # fmt: skip


def corpus_file(folder: Path) -> Path:
    (folder / "corpus.txt").write_text(TRAINING_TEXT * 2, encoding="utf-8")
    return folder / "corpus.txt"


def job(folder: Path, **changed: Any) -> Job:
    recipe = replace(CORPUS, steps=6, window_tokens=16, learning_rate=3e-3)
    values: dict[str, Any] = {"corpus": corpus_file(folder), "out": folder / "run", "recipe": recipe, "held_out": 0.2}
    often = {"measure_every": 2, "save_every": 2, "sample_every": 2, "settings": SHORT}
    return Job(**values | often | changed)


def tiny(folder: Path) -> Any:
    return load_model(write_gpt2(folder / "model"), precision="fp32")


def weights(run: Path) -> dict[str, bytes]:
    """All that the run's weights are, whatever form they are kept in."""
    return {path.name: path.read_bytes() for path in sorted(run.iterdir()) if "model" in path.name}


def test_a_run_holds_its_losses_its_samples_and_weights_that_can_be_loaded(tmp_path: Path) -> None:
    model = tiny(tmp_path)
    steps: list[Step] = []
    said: list[Said] = []

    tuned = tune(job(tmp_path), model, on_step=steps.append, on_said=said.append, on_notice=lambda _: None)

    account = json.loads((tmp_path / "run" / "run.json").read_text())
    assert [step["number"] for step in account["history"]] == [1, 2, 3, 4, 5, 6]
    assert [step.held_out_loss is not None for step in steps] == [False, True] * 3
    assert [(one["step"], tuple(one["texts"])) for one in account["samples"]] == [(one.step, one.texts) for one in said]
    assert account["steps"] == tuned.steps
    assert account["base"]["name"] == model.card.name
    assert len(said) == 3
    assert not state_folder(tmp_path / "run").exists()
    assert load_model(tmp_path / "run", precision="fp32").card.weights_sha256 != model.card.weights_sha256


def test_a_llama_is_kept_in_the_form_that_knows_it(tmp_path: Path) -> None:
    model = load_model(write_llama(tmp_path / "model"), precision="fp32")

    tune(job(tmp_path, sample_every=0), model)

    assert (tmp_path / "run" / "model.safetensors").is_file()
    assert load_model(tmp_path / "run", precision="fp32").card.family == "llama"


def test_it_stops_early_when_the_held_out_text_gets_no_easier(tmp_path: Path) -> None:
    recipe = replace(CORPUS, steps=60, window_tokens=16, learning_rate=5e-2)

    tuned = tune(job(tmp_path, recipe=recipe, measure_every=1, patience=3, sample_every=0), tiny(tmp_path))

    assert len(tuned.history) < 60
    assert tuned.steps == len(tuned.history) - 3


def test_what_makes_no_job_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="sample_every is -1"):
        job(tmp_path, sample_every=-1)
    with pytest.raises(SettingsError, match="The prompt is empty"):
        job(tmp_path, prompt="")
    (tmp_path / "run").mkdir()
    with pytest.raises(ModelError, match="is already there"):
        tune(job(tmp_path), tiny(tmp_path))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        tune(job(tmp_path, out=tmp_path / "file" / "run"), load_model(tmp_path / "model", precision="fp32"))


@pytest.mark.parametrize("count", [4])
def test_killed_and_run_again_the_weights_are_those_of_one_go(commands: Commands, tmp_path: Path, count: int) -> None:
    write_gpt2(tmp_path / "model")
    words = ("finetune", corpus_file(tmp_path), "--model", tmp_path / "model", *OPTIONS)
    whole = commands.run(*words, "--out", tmp_path / "whole")
    assert whole.code == 0, whole.err
    assert "step 6 of 6: loss" in whole.out
    assert whole.out.count("  > ") == 9

    killed = commands.run(*words, "--out", tmp_path / "run", kill_at=Moment("corpus.py", "draw_windows", "call", count))
    assert killed.code == -signal.SIGKILL
    assert not (tmp_path / "run").exists()
    again = commands.run(*words, "--out", tmp_path / "run")

    assert again.code == 0, again.err
    assert "step 6 of 6" in again.out
    assert "step 2 of 6" not in again.out
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")
    first, second = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("whole", "run"))
    assert first["history"] == second["history"]
    assert first["samples"] == second["samples"]


def test_killed_while_the_run_is_saved_nothing_is_lost(commands: Commands, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "model")
    words = ("finetune", corpus_file(tmp_path), "--model", tmp_path / "model", *OPTIONS, "--out", tmp_path / "run")

    killed = commands.run(*words, kill_at=Moment("provenance.py", "write_provenance"))
    assert killed.code == -signal.SIGKILL
    assert not (tmp_path / "run").exists()
    again = commands.run(*words)

    assert again.code == 0, again.err
    assert (tmp_path / "run" / "run.json").is_file()


def test_the_command_stops_at_ctrl_c_and_says_how_to_go_on(commands: Commands, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "model")
    words = ("finetune", corpus_file(tmp_path), "--model", tmp_path / "model", *OPTIONS, "--out", tmp_path / "run")

    stopped = commands.run(*words, interrupt_at=Moment("corpus.py", "draw_windows", "call", 4))

    assert stopped.code == 130
    assert "run the same command to go on" in stopped.err


def test_the_command_can_speak_json_and_has_a_place_of_its_own(call: Call, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "model")

    said = call("finetune", corpus_file(tmp_path), "--model", tmp_path / "model", *OPTIONS, "--json", "--column", "0")

    assert said.code == 0
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line["number"] for line in lines if "number" in line] == [1, 2, 3, 4, 5, 6]
    assert [line["step"] for line in lines if "texts" in line] == [2, 4, 6]
    assert (tmp_path / "runs" / "corpus" / "run.json").is_file()
