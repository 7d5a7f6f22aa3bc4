"""A GPT-2 in Hugging Face's layout, seen as OpenAI's checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny_gpt2
from tests.tiny_models import write_gpt2, write_llama
from verbosify.errors import ModelError
from verbosify.models.formats.hugging_face import read_gpt2
from verbosify.models.formats.openai import convert_to_safetensors, read_openai_checkpoint, write_openai_checkpoint


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads(path.read_text(encoding="utf-8"))
    edit(values)
    path.write_text(json.dumps(values), encoding="utf-8")


def test_a_checkpoint_converted_and_read_again_is_what_it_was(tmp_path: Path) -> None:
    write_openai_checkpoint(tmp_path / "run", tiny_gpt2.checkpoint())
    convert_to_safetensors(tmp_path / "run", tmp_path / "converted")

    first, again = read_gpt2(tmp_path / "run"), read_gpt2(tmp_path / "converted")

    assert (again.hparams, again.encoder, again.merges) == (first.hparams, first.encoder, first.merges)
    assert again.tensors.keys() == first.tensors.keys()
    assert all(np.array_equal(again.tensors[name], tensor) for name, tensor in first.tensors.items())


def test_a_model_of_transformers_becomes_a_run_of_gpt_2_simple(tmp_path: Path) -> None:
    checkpoint = read_gpt2(write_gpt2(tmp_path / "tiny"))
    write_openai_checkpoint(tmp_path / "run", checkpoint, step=3)

    assert read_openai_checkpoint(tmp_path / "run").encoder == checkpoint.encoder
    assert checkpoint.hparams.n_ctx == 64


def test_merges_may_be_strings_as_older_files_have_them(tmp_path: Path) -> None:
    folder = write_gpt2(tmp_path / "tiny")
    before = read_gpt2(folder).merges

    change(
        folder / "tokenizer.json",
        lambda values: values["model"].update(merges=[" ".join(pair) for pair in values["model"]["merges"]]),
    )

    assert read_gpt2(folder).merges == before


def test_another_family_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match="of the kind 'llama', and OpenAI's format and the engine tensorflow know GPT-2 only"
    ):
        read_gpt2(write_llama(tmp_path / "llama"))


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("config.json", lambda values: values.update(layer_norm_epsilon=1e-6), "sets layer_norm_epsilon to 1e-06"),
        ("config.json", lambda values: values.update(n_inner=7), "sets n_inner to 7"),
        ("config.json", lambda values: values.pop("n_layer"), "does not describe a GPT-2"),
        ("config.json", lambda values: values.update(n_layer=3), "h.2.ln_1.weight is missing"),
        ("tokenizer.json", lambda values: values["model"].update(vocab=[]), "holds no byte-pair encoding"),
        ("tokenizer.json", lambda values: values["model"]["vocab"].pop("a"), "is not the vocabulary of a GPT-2"),
        (
            "tokenizer.json",
            lambda values: values["model"]["vocab"].update(more=10**6),
            "is not the vocabulary of a GPT-2",
        ),
    ],
)
def test_what_openais_format_has_no_room_for_is_told(
    tmp_path: Path, name: str, edit: Callable[[dict[str, Any]], object], message: str
) -> None:
    folder = write_gpt2(tmp_path / "tiny")
    change(folder / name, edit)

    with pytest.raises(ModelError, match=message):
        read_gpt2(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", b"{", "it is not JSON"),
        ("config.json", b"[]", "something else than names and values"),
        ("model.safetensors", b"junk", "is damaged"),
        ("model.safetensors", None, "cannot be read"),
    ],
)
def test_damaged_files_are_told(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    folder = write_gpt2(tmp_path / "tiny")
    if content is None:
        (folder / name).unlink()
        (folder / name).mkdir()
    else:
        (folder / name).write_bytes(content)

    with pytest.raises(ModelError, match=message):
        read_gpt2(folder)
