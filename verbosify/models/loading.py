"""From a model's name or folder to a language model that runs. The one place that knows all engines."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from verbosify.errors import ModelError
from verbosify.files import file_lock, os_errors_as_model_errors, printable
from verbosify.models.protocol import LanguageModel, OnProgress
from verbosify.models.store.catalog import catalogue_entry, checkpoints_folder, get_model, locate_model
from verbosify.models.store.provenance import read_provenance, weights_sha256

_log = logging.getLogger(__name__)

DEFAULT_MODEL = "smollm2-135m"


def load_model(
    name_or_path: str | Path = DEFAULT_MODEL,
    *,
    engine: str = "torch",
    device: str = "auto",
    precision: str = "auto",
    progress: OnProgress | None = None,
) -> LanguageModel:
    """A language model, ready to be overfitted. Changes nothing else in the process: see `process.tune_process`.

    Args:
        name_or_path: a name in the catalogue or another name of that model (`gpt2`, `355M`), fetched first if it is
            not on this computer; or a folder with safetensors, with OpenAI's GPT-2 files, or with a run of
            gpt-2-simple. A folder goes before the other names, and after the catalogue's own: see `catalogue_entry`.
        engine: `torch`, or `tensorflow` for gpt-2-simple's own graph.
        device: `auto`, `cpu`, `cuda` or `mps` (torch only).
        precision: `auto`, `fp32` or `bf16` (torch only).
        progress: called while fetching with what is being done, how much of it is, and how much there is.

    Raises:
        ModelError: there is no such model or engine, a package is missing, or the files are damaged.
    """
    if engine not in ("torch", "tensorflow"):
        raise ModelError(f"There is no engine {engine!r}: choose torch or tensorflow.")
    started = time.perf_counter()
    folder = model_folder(name_or_path, progress=progress)
    entry = catalogue_entry(name_or_path)
    name = printable(folder.resolve().name) if entry is None else entry.name
    if engine == "tensorflow":
        from verbosify.models.tensorflow.model import TensorFlowModel

        return _logged(TensorFlowModel(folder, name=name, licence=_licence(folder)), started)
    _require_torch()
    from verbosify.models.pytorch.model import TorchModel

    sha256 = weights_sha256(folder)
    model = TorchModel(
        _in_safetensors(folder, sha256),
        name=name,
        weights_sha256=sha256,
        licence=_licence(folder),
        device=device,
        precision=precision,
    )
    return _logged(model, started)


def _logged(model: LanguageModel, started: float) -> LanguageModel:
    card, seconds = model.card, time.perf_counter() - started
    about = (card.name, f"{card.parameters:,}", card.dtype, card.device, seconds)
    _log.info("loaded %s: %s parameters, %s on %s, in %.1f s", *about)
    return model


def model_folder(name_or_path: str | Path, *, progress: OnProgress | None = None) -> Path:
    """Where that model's files lie, fetched first if they are in the catalogue and not here."""
    entry = catalogue_entry(name_or_path)
    try:
        return locate_model(name_or_path)
    except ModelError:
        if entry is None:
            raise
        return get_model(entry.name, progress=progress)


def _in_safetensors(folder: Path, sha256: str) -> Path:
    """The folder itself, or a converted copy of an OpenAI checkpoint, made once and kept by its weights' hash."""
    from verbosify.models.formats.openai import convert_to_safetensors

    if (folder / "model.safetensors").is_file():
        return folder
    target = checkpoints_folder() / "converted" / sha256[:16]
    if not (target / "model.safetensors").is_file():
        with os_errors_as_model_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with file_lock(target.parent / f".{target.name}.lock"):
                if not (target / "model.safetensors").is_file():
                    convert_to_safetensors(folder, target)
    return target


def _licence(folder: Path) -> str:
    record = read_provenance(folder)
    return record.licence if record else "unknown"


def _require_torch() -> None:
    import importlib.util

    for package in ("torch", "safetensors", "tokenizers"):
        if importlib.util.find_spec(package) is None:
            raise ModelError(
                f"The torch engine needs the package {package}: run `pip install 'verbosify-studio[torch]'`."
            )
