"""A GPT-2 in Hugging Face's layout, seen as OpenAI's checkpoint. Knows files and names, no engine.

Such a folder holds `config.json`, `model.safetensors`, and a vocabulary (see `vocabulary`). The other way is
`openai_format.convert_to_safetensors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors
from verbosify.models.formats.gpt2_layout import HParams, openai_tensors
from verbosify.models.formats.openai import (
    OpenAICheckpoint,
    byte_symbols,
    is_openai_checkpoint,
    read_object,
    read_openai_checkpoint,
)
from verbosify.models.formats.tensor_bundle import Array
from verbosify.models.formats.vocabulary import describe_tokenizer

Merges = list[tuple[str, str]]


def read_gpt2(folder: Path) -> OpenAICheckpoint:
    """The GPT-2 in `folder`, in OpenAI's format or in Hugging Face's.

    Raises `ModelError` if it is another kind of model, or a file is missing or damaged.
    """
    if is_openai_checkpoint(folder) and not (folder / "model.safetensors").is_file():
        return read_openai_checkpoint(folder)
    return as_openai_checkpoint(_read_safetensors(folder / "model.safetensors"), folder)


def as_openai_checkpoint(tensors: Mapping[str, Array], folder: Path) -> OpenAICheckpoint:
    """Weights by Hugging Face's names, with the dimensions and the vocabulary of the model in `folder`.

    Raises `ModelError` if OpenAI's format has no room for such a model.
    """
    hparams = _read_hparams(folder / "config.json")
    encoder, merges = _read_vocabulary(folder, hparams)
    named = {f"transformer.{name.removeprefix('transformer.')}": tensor for name, tensor in tensors.items()}
    return OpenAICheckpoint(hparams, openai_tensors(named, hparams), encoder, merges)


def _read_hparams(path: Path) -> HParams:
    with os_errors_as_model_errors(path):
        config = read_object(path)
    if config.get("model_type") != "gpt2":
        raise ModelError(
            f"{path} describes a model of the kind {config.get('model_type')!r}, and OpenAI's format and the engine "
            "tensorflow know GPT-2 only: use safetensors and the engine torch."
        )
    fixed: dict[str, tuple[object, ...]] = {
        "n_inner": (None, 4 * config.get("n_embd", 0)),
        "layer_norm_epsilon": (1e-5,),
        "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
        "scale_attn_weights": (True,),
        "scale_attn_by_inverse_layer_idx": (False,),
        "add_cross_attention": (False,),
        "tie_word_embeddings": (True,),
    }
    odd = [name for name, values in fixed.items() if name in config and config[name] not in values]
    if odd:
        raise ModelError(f"{path} sets {odd[0]} to {config[odd[0]]!r}, which OpenAI's format has no room for.")
    try:
        names = ("vocab_size", "n_positions", "n_embd", "n_head", "n_layer")
        return HParams(*(int(config[name]) for name in names))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} does not describe a GPT-2 ({error!r}): get the model again.") from error


def _read_vocabulary(folder: Path, hparams: HParams) -> tuple[dict[str, int], Merges]:
    path = folder / "tokenizer.json"
    tokenizer = describe_tokenizer(folder)
    try:
        added = {token["content"]: int(token["id"]) for token in tokenizer.get("added_tokens", ())}
        encoder = {str(token): int(number) for token, number in tokenizer["model"]["vocab"].items()} | added
        pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in tokenizer["model"]["merges"])
        merges = [(str(first), str(second)) for first, second in pairs]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} holds no byte-pair encoding, as a GPT-2 has: OpenAI's format needs one.") from error
    if not encoder.keys() >= set(byte_symbols()) or max(encoder.values()) >= hparams.n_vocab:
        raise ModelError(f"{path} is not the vocabulary of a GPT-2 of {hparams.n_vocab} tokens: OpenAI's format is.")
    return encoder, merges


def _read_safetensors(path: Path) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        with os_errors_as_model_errors(path):
            tensors = load_file(path)
    except (SafetensorError, TypeError, KeyError) as error:  # the latter two for types numpy has not
        raise ModelError(f"{path} is damaged, or not of a type that numpy knows ({error}): get it again.") from error
    return {name: np.asarray(tensor, np.float32) for name, tensor in tensors.items()}
