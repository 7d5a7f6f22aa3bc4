from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import tiny_gpt2
from verbosify.errors import ModelError
from verbosify.models.formats.openai import (
    OpenAICheckpoint,
    byte_symbols,
    convert_to_safetensors,
    gpt2_tokenizer,
    is_openai_checkpoint,
    read_openai_checkpoint,
    write_openai_checkpoint,
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the committed run."""
    return Path(shutil.copytree(tiny_gpt2.FOLDER, tmp_path / "run1"))


def test_a_run_that_tensorflow_wrote_is_read_to_the_bit() -> None:
    expected = tiny_gpt2.checkpoint()

    found = read_openai_checkpoint(tiny_gpt2.FOLDER)

    assert (found.hparams, found.encoder, found.merges) == (expected.hparams, expected.encoder, expected.merges)
    assert found.tensors.keys() == expected.tensors.keys()  # and none of the optimiser's
    assert all(np.array_equal(found.tensors[name], value) for name, value in expected.tensors.items())


@pytest.mark.parametrize("step", [None, 12])
def test_what_is_written_is_read_again(tmp_path: Path, step: int | None) -> None:
    checkpoint = tiny_gpt2.checkpoint()

    write_openai_checkpoint(tmp_path / "new", checkpoint, step=step)
    found = read_openai_checkpoint(tmp_path / "new")

    assert (found.hparams, found.encoder, found.merges) == (checkpoint.hparams, checkpoint.encoder, checkpoint.merges)
    assert all(np.array_equal(found.tensors[name], value) for name, value in checkpoint.tensors.items())
    assert is_openai_checkpoint(tmp_path / "new")


def test_a_run_says_its_step_as_gpt_2_simple_does(tmp_path: Path) -> None:
    write_openai_checkpoint(tmp_path, tiny_gpt2.checkpoint(), step=12)

    assert (tmp_path / "counter").read_text() == "12\n"
    assert 'model_checkpoint_path: "model-12"' in (tmp_path / "checkpoint").read_text()
    assert (tmp_path / "model-12.index").is_file()


def test_a_checkpoint_is_never_written_over(tmp_path: Path) -> None:
    write_openai_checkpoint(tmp_path, tiny_gpt2.checkpoint(), step=1)

    with pytest.raises(ModelError, match="model-1 is already there"):
        write_openai_checkpoint(tmp_path, tiny_gpt2.checkpoint(), step=1)


@pytest.mark.parametrize("wrong", [{}, {"model/wte": np.zeros((2, 2), np.float32)}])
def test_tensors_that_do_not_fit_are_not_written(tmp_path: Path, wrong: dict[str, np.ndarray]) -> None:
    with pytest.raises(ModelError, match="model/wte is missing or not of shape"):
        write_openai_checkpoint(tmp_path / "new", replace(tiny_gpt2.checkpoint(), tensors=wrong))

    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "named",
    ["model-7", "./model-7", "/content/checkpoint/run1/model-7", r"C:\\art\\checkpoint\\run1\\model-7"],
)
def test_the_checkpoint_is_found_beside_the_file_that_names_it(copy: Path, named: str) -> None:
    (copy / "checkpoint").write_text(f'model_checkpoint_path: "{named}"\n')

    assert read_openai_checkpoint(copy).hparams == tiny_gpt2.hparams()


def test_the_only_checkpoint_needs_no_file_that_names_it(copy: Path) -> None:
    (copy / "checkpoint").unlink()

    assert read_openai_checkpoint(copy).hparams == tiny_gpt2.hparams()
    assert is_openai_checkpoint(copy)


def test_of_two_checkpoints_one_must_be_named(copy: Path) -> None:
    write_openai_checkpoint(copy, tiny_gpt2.checkpoint(), step=9)
    (copy / "checkpoint").unlink()

    with pytest.raises(ModelError, match="holds 2 checkpoints"):
        read_openai_checkpoint(copy)


@pytest.mark.parametrize("text", ["", 'model_checkpoint_path: ""', "something else"])
def test_a_state_file_that_names_nothing_is_refused(copy: Path, text: str) -> None:
    (copy / "checkpoint").write_text(text)

    with pytest.raises(ModelError, match="does not name a checkpoint"):
        read_openai_checkpoint(copy)


def test_a_named_checkpoint_that_is_gone_is_said(copy: Path) -> None:
    (copy / "checkpoint").write_text('model_checkpoint_path: "model-100"')

    with pytest.raises(ModelError, match=r"model-100\.index is missing"):
        read_openai_checkpoint(copy)


def test_no_folder_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no folder"):
        read_openai_checkpoint(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="holds no checkpoint"):
        read_openai_checkpoint(tmp_path)
    assert not is_openai_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pkl"])
def test_a_pickle_is_never_loaded(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x80\x04.")

    with pytest.raises(ModelError, match=f"{name}, a pickle, which is never loaded"):
        read_openai_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["hparams.json", "encoder.json", "vocab.bpe"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()

    with pytest.raises(ModelError, match=f"{name} is missing"):
        read_openai_checkpoint(copy)


@pytest.mark.parametrize("name", ["hparams.json", "encoder.json", "vocab.bpe", "checkpoint"])
def test_a_git_lfs_pointer_is_recognised(copy: Path, name: str) -> None:
    (copy / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")

    with pytest.raises(ModelError, match=f"{name} is a git-lfs pointer"):
        read_openai_checkpoint(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b'{"n_vocab": 1e999'])
def test_json_that_is_not_sound_is_refused(copy: Path, content: bytes) -> None:
    (copy / "hparams.json").write_bytes(content)

    with pytest.raises(ModelError, match=r"hparams\.json cannot be read \(it is not JSON"):
        read_openai_checkpoint(copy)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n_embd": 8}, r"shape \[265, 4\] where hparams.json calls for \[265, 8\]"),
        ({"n_layer": 2}, "has no tensor 'model/h1/ln_1/g'"),
        ({"n_layer": 10**12}, "has no tensor"),
        ({"n_ctx": 9}, "of different models"),
        ({"n_head": 3}, "n_embd 4 is not a multiple of n_head 3"),
        ({"n_head": 0}, "at least 1 for n_head"),
        ({"n_vocab": "265"}, "at least 1 for n_vocab"),
        ({"n_vocab": True}, "at least 1 for n_vocab"),
        ({"n_vocab": 100}, "an id of its own below n_vocab, 100"),
    ],
)
def test_dimensions_that_do_not_fit_are_refused(copy: Path, changes: dict[str, object], reason: str) -> None:
    values = json.loads((copy / "hparams.json").read_text())
    (copy / "hparams.json").write_text(json.dumps(values | changes))

    with pytest.raises(ModelError, match=reason):
        read_openai_checkpoint(copy)


@pytest.mark.parametrize(
    ("encoder", "reason"),
    [
        ({"a": 0, "b": 0}, "an id of its own"),
        ({"a": -1}, "an id of its own"),
        ({"a": 0.5}, "an id of its own"),
        ({"a": 0}, "no token for 255 of the 256 bytes"),
        (["a"], "something else than names and values"),
    ],
)
def test_a_vocabulary_that_is_not_gpt_2s_is_refused(copy: Path, encoder: object, reason: str) -> None:
    (copy / "encoder.json").write_text(json.dumps(encoder))

    with pytest.raises(ModelError, match=reason):
        read_openai_checkpoint(copy)


@pytest.mark.parametrize("line", ["h", "h e l", "q q", ""])
def test_merges_that_do_not_fit_the_vocabulary_are_refused(copy: Path, line: str) -> None:
    (copy / "vocab.bpe").write_text(f"#version: 0.2\nh e\n{line}\n")

    with pytest.raises(ModelError, match=r"vocab\.bpe is damaged at line 3"):
        read_openai_checkpoint(copy)


def test_a_converted_checkpoint_computes_what_gpt_2_simple_computes(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    expected = json.loads((tiny_gpt2.FOLDER / "logits.json").read_text())

    convert_to_safetensors(tiny_gpt2.FOLDER, tmp_path / "made" / "gpt2")

    model, report = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "made" / "gpt2", output_loading_info=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "made" / "gpt2")
    tokens = tokenizer(tiny_gpt2.PROMPT).input_ids
    with torch.no_grad():
        logits = model.eval()(torch.tensor([tokens])).logits[0, -1]
    assert tokens == expected["tokens"]
    assert not any(report.values())
    assert model.lm_head.weight is model.transformer.wte.weight
    np.testing.assert_allclose(logits.numpy(), expected["last"], atol=1e-5)
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["gpt2"]


def test_the_converted_tokenizer_reads_the_end_of_text_as_characters(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    convert_to_safetensors(tiny_gpt2.FOLDER, tmp_path / "gpt2")

    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "gpt2")

    end = tiny_gpt2.encoder()[tiny_gpt2.END]
    assert end not in tokenizer(tiny_gpt2.END).input_ids
    assert tokenizer.decode([end]) == tiny_gpt2.END
    assert json.loads((tmp_path / "gpt2" / "config.json").read_text())["eos_token_id"] == end


def test_a_converted_checkpoint_can_be_read_by_whoever_may_read_its_folder(tmp_path: Path) -> None:
    convert_to_safetensors(tiny_gpt2.FOLDER, tmp_path / "gpt2")

    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "gpt2").iterdir()}
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain.txt").touch()
    assert modes == {(tmp_path / "plain.txt").stat().st_mode & 0o777}
    assert (tmp_path / "gpt2").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_conversion_never_writes_over_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is already there"):
        convert_to_safetensors(tiny_gpt2.FOLDER, tmp_path)


def test_of_two_conversions_at_once_one_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "gpt2"
    replace = Path.replace

    def be_overtaken(path: Path, to: Path) -> Path:
        shutil.copytree(path, to)
        return replace(path, to)

    monkeypatch.setattr(Path, "replace", be_overtaken)
    convert_to_safetensors(tiny_gpt2.FOLDER, target)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["gpt2"]


def test_a_conversion_that_cannot_be_put_in_place_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, to: Path) -> Path:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(Path, "replace", fail)

    with pytest.raises(ModelError, match="gpt2 cannot be read or written \\(denied\\)"):
        convert_to_safetensors(tiny_gpt2.FOLDER, tmp_path / "gpt2")
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=60))
def test_every_text_comes_back_from_its_tokens(text: str) -> None:
    tokenizer = gpt2_tokenizer(tiny_gpt2.checkpoint())

    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_merges_are_applied_in_order() -> None:
    tokenizer = gpt2_tokenizer(tiny_gpt2.checkpoint())

    assert tokenizer.encode("hello  hello the\n").tokens == ["hello", "Ġ", "Ġhello", "Ġthe", "Ċ"]


def test_each_byte_has_a_symbol_of_its_own() -> None:
    symbols = byte_symbols()

    assert len(set(symbols)) == 256
    assert (symbols[ord("A")], symbols[ord(" ")], symbols[ord("\n")]) == ("A", "Ġ", "Ċ")


def test_a_model_without_an_end_of_text_has_no_end_token(tmp_path: Path) -> None:
    checkpoint = tiny_gpt2.checkpoint()
    encoder = {token: number for token, number in checkpoint.encoder.items() if token != tiny_gpt2.END}
    write_openai_checkpoint(
        tmp_path / "new", OpenAICheckpoint(checkpoint.hparams, checkpoint.tensors, encoder, checkpoint.merges)
    )

    convert_to_safetensors(tmp_path / "new", tmp_path / "gpt2")

    assert json.loads((tmp_path / "gpt2" / "config.json").read_text())["eos_token_id"] is None
