"""A folder -> a model of transformers with its weights, or one sentence about why not. Runs no code but transformers'.

What a repository brings along as Python (`trust_remote_code`) is never run, whatever its configuration asks for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors
from verbosify.models.formats.openai import read_object
from verbosify.models.formats.safetensors import weight_files

USUAL_CONTEXT = 2048
"""Tokens read at once by models that name no limit (alibi, state spaces): what most of them were trained on."""


def read_configuration(folder: Path) -> Any:
    """The configuration of the causal language model in `folder`, as transformers has it.

    Raises `ModelError` if there is none, or it is of a model that cannot be used here; the sentence says why.
    """
    path = folder / "config.json"
    with os_errors_as_model_errors(path):
        if not path.is_file():
            raise ModelError(f"{folder} holds no config.json: it is not a model folder.")
        values = read_object(path)
    from transformers import CONFIG_MAPPING, MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, __version__

    kind = values.get("model_type")
    if kind not in CONFIG_MAPPING:
        if values.get("auto_map"):
            raise ModelError(
                f"{folder} is a model ({kind}) that needs Python code of its own, and verbosify never runs code that "
                "comes with a model: choose one that transformers knows."
            )
        raise ModelError(
            f"{path} says that its model_type is {kind!r}, which transformers {__version__} does not know: "
            "update transformers, or choose another model."
        )
    if values.get("quantization_config"):
        raise ModelError(f"{folder} holds quantised weights, which cannot be trained: take the model it was made from.")
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # a configuration's own checks raise what they like
        raise ModelError(f"{path} does not describe a {kind} model ({_said(error)}): fetch the model again.") from error
    masked = any("MaskedLM" in name for name in values.get("architectures") or ())
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING or config.is_encoder_decoder or masked:
        raise ModelError(
            f"{folder} is a {kind} model, which is not a causal language model: verbosify needs one that continues "
            "a text from left to right."
        )
    return config


def build(folder: Path, config: Any, device: torch.device, dtype: torch.dtype) -> Any:
    """The model with its weights, ready to read and not to train. `ModelError` if they are damaged or too large."""
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    _require_memory(folder, device, dtype)
    try:
        with _quietly():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                config=config,
                dtype=dtype,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
            )
        module, found = loaded
        module = module.to(device)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise _too_large(folder, device) from error
    except ImportError as error:
        raise ModelError(f"{folder} needs a package that is not installed ({_said(error)}): install it.") from error
    except (OSError, SafetensorError, ValueError, KeyError, RuntimeError, AttributeError, TypeError) as error:
        if "allocate memory" in str(error):
            raise _too_large(folder, device) from error
        raise ModelError(f"{folder} cannot be loaded ({_said(error)}): fetch the model again.") from error
    lacking = sorted([*found["missing_keys"], *(name for name, *_ in found["mismatched_keys"])])
    if lacking:
        raise ModelError(
            f"{folder} lacks {len(lacking)} weights that its config.json asks for, {lacking[0]} the first: the two do "
            "not belong together; fetch the model again."
        )
    module.eval()  # no dropout, in training either
    module.requires_grad_(False)  # noqa: FBT003  # torch's own signature
    return module


def context_of(config: Any) -> int:
    """Tokens that the model reads at once."""
    text = config.get_text_config(decoder=True)
    names = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length")
    found = [value for name in names if isinstance(value := getattr(text, name, None), int) and value > 0]
    return found[0] if found else USUAL_CONTEXT


def require_causality(forward: Any, vocabulary: int, device: torch.device, folder: Path) -> None:
    """`ModelError` if a later token changes what the model says of an earlier one, as in models of the kind of BERT."""
    texts = torch.tensor([[1, 2, 3, last] for last in (4, 5)], device=device) % vocabulary
    with torch.inference_mode():
        one, other = forward(texts)[:, :3].float()
    if not torch.allclose(one, other, rtol=1e-2, atol=1e-2 * one.abs().max().item()):
        raise ModelError(f"{folder} is not a causal language model: what it says of a word depends on later ones.")


def _require_memory(folder: Path, device: torch.device, dtype: torch.dtype) -> None:
    """Look before loading: a system short of memory ends programs rather than to tell them."""
    from safetensors import safe_open

    numbers = 0
    for path in weight_files(folder):
        with safe_open(path, framework="pt") as file:
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118  # not a mapping
        numbers += sum(torch.Size(shape).numel() for shape in shapes)
    needed, there = numbers * dtype.itemsize, _memory(device)
    if there is not None and needed > there:
        raise ModelError(
            f"{folder} needs {needed / 1e9:,.1f} GB for its weights in {str(dtype).removeprefix('torch.')}, and "
            f"{'this computer' if device.type == 'cpu' else device} has {there / 1e9:,.1f}: take a smaller model"
            f"{', or the precision bf16' if dtype == torch.float32 else ''}."
        )


def _memory(device: torch.device) -> int | None:
    """Bytes of memory there, whether they are free or not; None if that cannot be told."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not on Windows
        return None


def _too_large(folder: Path, device: torch.device) -> ModelError:
    return ModelError(f"{folder} is too large for the memory of {device}: take a smaller model.")


def _said(error: BaseException) -> str:
    """The beginning of what a library's error says, as part of a sentence."""
    return (str(error).strip().splitlines() or [repr(error)])[0][:200].rstrip(" .:")


@contextmanager
def _quietly() -> Iterator[None]:
    """Without transformers' bar and warnings: what matters of them is told as an error here."""
    from transformers.utils import logging as its_logging

    logging: Any = its_logging

    level, shown = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
