from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM

from verbosify.errors import ModelError
from verbosify.models.pytorch.weights import Weights

CPU = torch.device("cpu")
DTYPES = [torch.float32, torch.bfloat16]


def digest(weights: Weights) -> str:
    found = hashlib.sha256()
    for name, tensor in weights.working.items():
        found.update(name.encode() + tensor.contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def copy(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target, dirs_exist_ok=True)
    return target


def change_tensors(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors")


def refused(folder: Path) -> str:
    with pytest.raises(ModelError) as error:
        Weights(folder, CPU, torch.float32)
    message = str(error.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert str(folder) in message
    return message


# Working copy and base


def test_every_weight_of_the_file_is_there_once(tiny_folder: Path) -> None:
    weights = Weights(tiny_folder, CPU, torch.float32)

    assert weights.parameters == AutoModelForCausalLM.from_pretrained(tiny_folder).num_parameters()
    assert sum(tensor.numel() for tensor in weights.working.values()) == weights.parameters


def test_the_working_weights_go_back_to_the_files_layout_bit_for_bit(tiny_folder: Path) -> None:
    weights = Weights(tiny_folder, CPU, torch.float32)

    found = weights.to_file_layout()

    in_file = load_file(tiny_folder / "model.safetensors")
    plain = {name.removeprefix("model.").removeprefix("transformer."): tensor for name, tensor in in_file.items()}
    assert found.keys() == plain.keys()
    assert all(torch.equal(found[name], tensor) and found[name].is_contiguous() for name, tensor in plain.items())


def test_some_weights_can_be_laid_out_instead(tiny_folder: Path) -> None:
    weights = Weights(tiny_folder, CPU, torch.bfloat16)
    other = torch.randn(weights.working["1.mlp_out"].shape)

    changed, plain = weights.to_file_layout({"1.mlp_out": other}), weights.to_file_layout()

    differing = [name for name, tensor in plain.items() if not torch.equal(changed[name], tensor)]
    assert len(differing) == 1
    assert torch.equal(changed[differing[0]], other) or torch.equal(changed[differing[0]], other.t())
    assert {tensor.dtype for tensor in changed.values()} == {torch.float32}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_whatever_was_done_to_them_the_working_weights_come_back_bit_for_bit(
    tiny_folder: Path, dtype: torch.dtype
) -> None:
    weights = Weights(tiny_folder, CPU, dtype)
    before, file_before = digest(weights), (tiny_folder / "model.safetensors").read_bytes()
    memory = {name: tensor.data_ptr() for name, tensor in weights.working.items()}
    for number, tensor in enumerate(weights.working.values()):
        tensor.fill_(float("nan")) if number % 2 else tensor.mul_(-3).add_(1)
    assert digest(weights) != before

    weights.restore()

    assert digest(weights) == before == digest(Weights(tiny_folder, CPU, dtype))
    assert (tiny_folder / "model.safetensors").read_bytes() == file_before
    assert {name: tensor.data_ptr() for name, tensor in weights.working.items()} == memory  # and no memory is taken


def test_restoring_forgets_gradients(tiny_gpt2: Path) -> None:
    weights = Weights(tiny_gpt2, CPU, torch.float32)
    tensor = weights.working["0.mlp_in"].requires_grad_()
    tensor.sum().backward()

    weights.restore()

    assert not tensor.requires_grad
    assert tensor.grad is None


def test_the_base_is_oriented_like_the_working_copy(tiny_folder: Path) -> None:
    weights = Weights(tiny_folder, CPU, torch.float32)

    for name, working in weights.working.items():
        assert torch.equal(torch.cat(weights.base(name)), working)
        again = torch.empty_like(working)
        weights.copy_base(name, again)
        assert torch.equal(again, working)


@pytest.mark.parametrize("kept", [torch.bfloat16, torch.float16, torch.float64], ids=str)
def test_a_file_of_another_precision_is_converted(tiny_folder: Path, tmp_path: Path, kept: torch.dtype) -> None:
    exact = Weights(tiny_folder, CPU, torch.float32)
    folder = copy(tiny_folder, tmp_path)
    change_tensors(folder, lambda tensors: tensors.update({name: t.to(kept) for name, t in tensors.items()}))

    weights = Weights(folder, CPU, torch.float32)

    for name, tensor in weights.working.items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, exact.working[name].to(kept).float(), atol=0, rtol=0)


@pytest.mark.parametrize(
    ("family", "prefix"), [("gpt2", "transformer."), ("gpt2", ""), ("llama", "model."), ("llama", "")]
)
def test_names_may_have_the_models_prefix_or_not(
    tiny_gpt2: Path, tiny_llama: Path, tmp_path: Path, family: str, prefix: str
) -> None:
    source = {"gpt2": tiny_gpt2, "llama": tiny_llama}[family]
    folder = copy(source, tmp_path)

    def rename(tensors: dict[str, Tensor]) -> None:
        for name in list(tensors):
            plain = name.removeprefix("transformer.").removeprefix("model.")
            tensors[prefix + plain] = tensors.pop(name)

    change_tensors(folder, rename)

    assert digest(Weights(folder, CPU, torch.float32)) == digest(Weights(source, CPU, torch.float32))


def test_what_else_is_in_the_file_is_left_alone(tiny_gpt2: Path, tmp_path: Path) -> None:
    folder = copy(tiny_gpt2, tmp_path)
    change_tensors(folder, lambda tensors: tensors.update({"h.0.attn.bias": torch.ones(1, 1, 4, 4, dtype=torch.bool)}))

    assert digest(Weights(folder, CPU, torch.float32)) == digest(Weights(tiny_gpt2, CPU, torch.float32))


# What is refused


def test_a_missing_configuration_is_told(tiny_folder: Path, tmp_path: Path) -> None:
    folder = copy(tiny_folder, tmp_path)
    (folder / "config.json").unlink()

    assert refused(folder) == f"{folder} holds no config.json: it is not a model folder."


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"model_type": "gpt2",}', b"[]", b"null", b'"gpt2"'])
def test_a_damaged_configuration_is_told(tiny_folder: Path, tmp_path: Path, content: bytes) -> None:
    folder = copy(tiny_folder, tmp_path)
    (folder / "config.json").write_bytes(content)

    assert "config.json" in refused(folder)


def test_a_configuration_that_is_a_folder_is_told(tiny_folder: Path, tmp_path: Path) -> None:
    folder = copy(tiny_folder, tmp_path)
    (folder / "config.json").unlink()
    (folder / "config.json").mkdir()

    assert "config.json cannot be read" in refused(folder)


def test_missing_weights_are_told(tiny_folder: Path, tmp_path: Path) -> None:
    folder = copy(tiny_folder, tmp_path)
    (folder / "model.safetensors").unlink()

    assert refused(folder) == f"{folder} holds no model.safetensors: weights are read from safetensors only."


def cut(content: bytes) -> bytes:
    return content[:-100]


def garble(content: bytes) -> bytes:
    return b"\xff" * 16 + content[16:]


def pickled(_: bytes) -> bytes:
    return pickle.dumps({"weight": [1.0, 2.0]})


@pytest.mark.parametrize("damage", [cut, garble, pickled, lambda _: b""])
def test_damaged_weights_are_told(tiny_folder: Path, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    folder = copy(tiny_folder, tmp_path)
    path = folder / "model.safetensors"
    path.write_bytes(damage(path.read_bytes()))

    assert "is damaged or no safetensors file" in refused(folder)


def test_weights_that_are_a_folder_are_told(tiny_folder: Path, tmp_path: Path) -> None:
    folder = copy(tiny_folder, tmp_path)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()

    assert "is damaged or no safetensors file" in refused(folder)


def test_a_lacking_tensor_is_named(tiny_folder: Path, tmp_path: Path) -> None:
    folder = copy(tiny_folder, tmp_path)
    change_tensors(folder, lambda tensors: tensors.pop(max(tensors)))

    assert "model.safetensors lacks the tensor" in refused(folder)


def reshape(tensors: dict[str, Tensor], ending: str, change: Callable[[Tensor], Tensor]) -> None:
    name = next(name for name in tensors if name.endswith(ending))
    tensors[name] = change(tensors[name])


@pytest.mark.parametrize(
    ("family", "ending", "change"),
    [
        ("gpt2", "wte.weight", lambda t: t[:-1]),
        ("gpt2", "wpe.weight", lambda t: t[:, :-1]),
        ("gpt2", "h.0.attn.c_attn.weight", lambda t: t.t()),
        ("gpt2", "h.1.mlp.c_fc.weight", lambda t: t[None]),
        ("gpt2", "h.1.mlp.c_fc.bias", lambda t: t[0]),
        ("gpt2", "ln_f.bias", lambda t: t[:, None]),
        ("llama", "embed_tokens.weight", lambda t: t[:, :1]),
        ("llama", "layers.0.self_attn.q_proj.weight", lambda t: t[:-1]),
        ("llama", "layers.0.self_attn.k_proj.weight", lambda t: t[:, :1]),  # which would fill any width
        ("llama", "layers.0.self_attn.v_proj.weight", lambda t: t[:, :-1]),
        ("llama", "layers.1.mlp.up_proj.weight", lambda t: torch.cat((t, t))),
        ("llama", "layers.1.mlp.gate_proj.weight", lambda t: t.flatten()),
        ("llama", "layers.1.input_layernorm.weight", lambda t: t.sum()),
    ],
)
def test_weights_of_another_shape_are_told(
    request: pytest.FixtureRequest, tmp_path: Path, family: str, ending: str, change: Callable[[Tensor], Tensor]
) -> None:
    folder = copy(request.getfixturevalue(f"tiny_{family}"), tmp_path)
    change_tensors(folder, lambda tensors: reshape(tensors, ending, change))

    message = refused(folder)

    assert ending in message
    assert "the two files do not belong together" in message


def test_a_configuration_of_another_size_is_told(tiny_folder: Path, tmp_path: Path) -> None:
    folder = copy(tiny_folder, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": config["vocab_size"] + 1}))

    assert "the two files do not belong together" in refused(folder)


def test_weights_in_whole_numbers_are_told(tiny_folder: Path, tmp_path: Path) -> None:
    folder = copy(tiny_folder, tmp_path)
    change_tensors(folder, lambda tensors: tensors.update({name: t.to(torch.int8) for name, t in tensors.items()}))

    assert refused(folder).endswith(" holds torch.int8: weights must be floats.")
