"""GPT-2 checkpoints as OpenAI released them and as gpt-2-simple leaves them, read, written and converted.

Such a folder holds `hparams.json`, `encoder.json` (token -> id), `vocab.bpe` (merges), a TensorFlow tensor bundle, and
a file `checkpoint` that names the bundle. A run of gpt-2-simple adds a file `counter` and names its bundles `model-N`.
TensorFlow is not needed. Optimiser state and the graph (`.meta`) are neither read nor written.

Knows nothing of running a model: names, shapes and numbers only.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors, read_json, replace_file
from verbosify.models.formats.gpt2_layout import HParams, hugging_face_config, hugging_face_tensors, layout, own_tensors
from verbosify.models.formats.safetensors import is_git_lfs_pointer, save_safetensors
from verbosify.models.formats.tensor_bundle import DTYPES, Array, list_tensors, read_tensors, write_bundle

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END_OF_TEXT = "<|endoftext|>"
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
VOCABULARY = ("hparams.json", "encoder.json", "vocab.bpe")
"""What a run of gpt-2-simple has from the model that was fine-tuned: its dimensions, tokens and merges."""
RELEASED_LAYERS = {12: "124M", 24: "355M", 36: "774M", 48: "1558M"}
_VERSION_LINE = "#version: 0.2"


@dataclass(frozen=True, slots=True)
class OpenAICheckpoint:
    """One GPT-2, whole.

    Attributes:
        tensors: float32, by OpenAI's names (`model/h0/attn/c_attn/w`); when read, copy-on-write views into the files.
        encoder: token, spelt in byte symbols, to id below `hparams.n_vocab`.
        merges: pairs of byte-pair encoding, the first to be applied first.
    """

    hparams: HParams
    tensors: Mapping[str, Array]
    encoder: dict[str, int]
    merges: list[tuple[str, str]]


def is_openai_checkpoint(folder: Path) -> bool:
    """Whether the folder looks like a GPT-2 checkpoint of OpenAI's kind, sound or not."""
    return (folder / "hparams.json").is_file() and has_bundle(folder)


def has_bundle(folder: Path) -> bool:
    """Whether the folder looks as if it held a checkpoint of TensorFlow's, of any model, sound or not."""
    return (folder / "checkpoint").is_file() or any(folder.glob("*.index"))


def released_size(folder: Path) -> str:
    """Which of OpenAI's four sizes the checkpoint in `folder` has, told from its index; nothing if that cannot be."""
    try:
        names = list_tensors(_bundle_prefix(folder))
    except (ModelError, OSError):
        return ""
    return RELEASED_LAYERS.get(len({name.split("/")[1] for name in names if name.startswith("model/h")}), "")


def read_openai_checkpoint(folder: Path) -> OpenAICheckpoint:
    """The checkpoint that the folder's file `checkpoint` names, or else the only one there is.

    Raises `ModelError` if a file is missing, cut short, damaged, or does not fit the others.
    """
    with os_errors_as_model_errors(folder):
        prefix = _bundle_prefix(folder)
        hparams = _read_hparams(folder / "hparams.json")
        encoder = read_encoder(folder / "encoder.json", hparams.n_vocab)
        merges = read_merges(folder / "vocab.bpe", encoder)
        return OpenAICheckpoint(hparams, read_tensors(prefix, _names(prefix, hparams)), encoder, merges)


def write_openai_checkpoint(folder: Path, checkpoint: OpenAICheckpoint, *, step: int | None = None) -> None:
    """Write the checkpoint so that gpt-2-simple loads it.

    Without `step` it is laid out as OpenAI's own (`model.ckpt`); with it as a run of gpt-2-simple that has made that
    many steps (`model-STEP` and a `counter`). The file `checkpoint` is written last, when all else is in place.
    Raises `ModelError` if tensors are missing or misshapen, or if the folder already has a checkpoint of that name.
    """
    bundle = "model.ckpt" if step is None else f"model-{step}"
    if (folder / f"{bundle}.index").exists():
        raise ModelError(f"{folder / bundle} is already there: choose another folder or step.")
    own = own_tensors(checkpoint.tensors, checkpoint.hparams)
    tensors = {name: np.asarray(tensor, np.float32) for name, tensor in own.items()}
    merges = [_VERSION_LINE, *(" ".join(pair) for pair in checkpoint.merges)]
    with os_errors_as_model_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_bundle(folder / bundle, tensors)
        _write_text(folder / "hparams.json", json.dumps(asdict(checkpoint.hparams), indent=2) + "\n")
        _write_text(folder / "encoder.json", json.dumps(checkpoint.encoder))
        _write_text(folder / "vocab.bpe", "\n".join(merges) + "\n")
        if step is not None:
            _write_text(folder / "counter", f"{step}\n")
        named = f'model_checkpoint_path: "{bundle}"\nall_model_checkpoint_paths: "{bundle}"\n'
        _write_text(folder / "checkpoint", named)


def convert_to_safetensors(folder: Path, target: Path) -> None:
    """Write the checkpoint in `folder` to the new folder `target` in Hugging Face's layout for GPT-2.

    `config.json`, `model.safetensors` (float32, the head tied and so stored once), `tokenizer.json` and
    `tokenizer_config.json`. `target` appears when it is whole. Raises `ModelError` as `read_openai_checkpoint` does,
    and if `target` exists.
    """
    if target.exists():
        raise ModelError(f"{target} is already there: remove it or name another folder.")
    checkpoint = read_openai_checkpoint(folder)
    with os_errors_as_model_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as work:
            made = Path(work) / "made"  # for TemporaryDirectory keeps its own folder to the user alone
            made.mkdir()
            _write_converted(checkpoint, made)
            try:
                replace_file(made, target)
            except OSError:
                if not (target / "model.safetensors").is_file():  # else another process was faster
                    raise


def gpt2_tokenizer(checkpoint: OpenAICheckpoint) -> Tokenizer:
    """A tokenizer that encodes as gpt-2-simple does: `<|endoftext|>` in a text is ordinary characters.

    Both split by the same pattern. Their tables of letters differ only by characters that Unicode gained after one of
    the two libraries was released.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab=checkpoint.encoder, merges=checkpoint.merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def byte_symbols() -> list[str]:
    """GPT-2's character for each of the 256 bytes: itself if it prints, else the next one from U+0100 on."""
    printing = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printing else next(others)) for byte in range(256)]


def _write_converted(checkpoint: OpenAICheckpoint, folder: Path) -> None:
    # No special tokens are named in tokenizer_config.json: transformers would then find them in the text.
    tokenizer_config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": checkpoint.hparams.n_ctx}
    config = hugging_face_config(checkpoint.hparams, checkpoint.encoder.get(END_OF_TEXT))
    _write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")
    _write_text(folder / "tokenizer.json", gpt2_tokenizer(checkpoint).to_str())
    _write_text(folder / "tokenizer_config.json", json.dumps(tokenizer_config, indent=2) + "\n")
    save_safetensors(hugging_face_tensors(checkpoint.tensors, checkpoint.hparams), folder / "model.safetensors")


def _names(prefix: Path, hparams: HParams) -> list[str]:
    """The tensors to read, after a look at the index whether they are there in the shapes that `hparams` calls for."""
    entries = list_tensors(prefix)
    names = []
    for name, _, shape in layout(hparams):
        if name not in entries:
            raise ModelError(f"{prefix}.index has no tensor {name!r}, which hparams.json calls for: get both again.")
        entry = entries[name]
        if entry.shape != shape or DTYPES.get(entry.dtype) != np.float32:
            raise ModelError(
                f"The tensor {name} in {prefix}.index has the shape {list(entry.shape)} where hparams.json calls for "
                f"{list(shape)} in float32: they are of different models, so copy the folder again."
            )
        names.append(name)
    return names


def _bundle_prefix(folder: Path) -> Path:
    if not folder.is_dir():
        raise ModelError(f"There is no folder {folder}: give the one that holds the checkpoint.")
    state = folder / "checkpoint"
    if state.is_file():
        # Often an absolute path from the machine that trained it: its last part is what counts here.
        named = re.search(r'^model_checkpoint_path:\s*"([^"]*)"', _read_text(state), re.MULTILINE)
        name = re.split(r"[/\\]", named[1])[-1] if named else ""
        if not name:
            raise ModelError(f"{state} does not name a checkpoint: remove the file if there is only one here.")
        return folder / name
    indexes = sorted(folder.glob("*.index"))
    if len(indexes) == 1:
        return indexes[0].with_suffix("")
    if indexes:
        raise ModelError(f"{folder} holds {len(indexes)} checkpoints and no file `checkpoint` to say which: add it.")
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
    if pickles:
        raise ModelError(f"{folder} holds {pickles[0]}, a pickle, which is never loaded: convert it to safetensors.")
    raise ModelError(f"{folder} holds no checkpoint: there is no model.ckpt.index or model-N.index in it.")


def _read_hparams(path: Path) -> HParams:
    values = read_object(path)
    names = [field.name for field in fields(HParams)]
    wrong = [name for name in names if not _is_whole(values.get(name)) or values[name] < 1]
    if wrong:
        raise ModelError(f"{path} has no whole number of at least 1 for {', '.join(wrong)}: get the file again.")
    hparams = HParams(**{name: values[name] for name in names})
    if hparams.n_embd % hparams.n_head:
        raise ModelError(f"{path} is wrong: n_embd {hparams.n_embd} is not a multiple of n_head {hparams.n_head}.")
    return hparams


def read_encoder(path: Path, n_vocab: int | None = None) -> dict[str, int]:
    """Token -> id, of a vocabulary that is GPT-2's or made like it. `ModelError` if the file is not that."""
    encoder = read_object(path)
    ids = list(encoder.values())
    if not all(_is_whole(number) and number >= 0 for number in ids) or len(set(ids)) < len(ids):
        raise ModelError(f"{path} does not give each token an id of its own: get the file again.")
    if n_vocab is not None and max(ids, default=0) >= n_vocab:
        raise ModelError(f"{path} does not give each token an id of its own below n_vocab, {n_vocab}.")
    missing = [symbol for symbol in byte_symbols() if symbol not in encoder]
    if missing:
        raise ModelError(f"{path} has no token for {len(missing)} of the 256 bytes: it is not GPT-2's; get it again.")
    return encoder


def read_merges(path: Path, encoder: dict[str, int]) -> list[tuple[str, str]]:
    """Pairs of tokens of `encoder`, the first to be merged first. `ModelError` if the file does not hold such."""
    merges = []
    for number, line in enumerate(_read_text(path).removesuffix("\n").split("\n"), start=1):
        if number == 1 and line.startswith("#version"):
            continue
        pair = line.split()
        if len(pair) != 2 or not encoder.keys() >= {pair[0], pair[1], pair[0] + pair[1]}:
            raise ModelError(f"{path} is damaged at line {number}, or not of one kind with its tokens: get both again.")
        merges.append((pair[0], pair[1]))
    return merges


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in the file. `ModelError` if it is missing or holds none."""
    _require_file(path)
    values = read_json(path, ModelError, "get the file again")
    if not isinstance(values, dict):
        raise ModelError(f"{path} holds something else than names and values: get the file again.")
    return values


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"{path} is missing: copy it there from the folder the checkpoint came from.")
    if is_git_lfs_pointer(path):
        raise ModelError(f"{path} is a git-lfs pointer and not the file itself: run `git lfs pull` where it lies.")


def _read_text(path: Path) -> str:
    _require_file(path)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(f"{path} is not UTF-8 text: get the file again.") from error


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
