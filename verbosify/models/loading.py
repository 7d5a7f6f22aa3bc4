"""From a model's name or folder to a language model that runs. The one place that knows all engines."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from verbosify.errors import ModelError
from verbosify.files import file_lock, os_errors_as_model_errors, printable, replace_file
from verbosify.models.formats.openai import read_object
from verbosify.models.formats.pickled import convert_pickled, pickled_files
from verbosify.models.formats.safetensors import WEIGHTS, weight_files
from verbosify.models.protocol import LanguageModel, Notify, OnProgress
from verbosify.models.store.catalog import (
    catalogue_entry,
    checkpoints_folder,
    get_model,
    locate_model,
    repository_meant,
)
from verbosify.models.store.folders import existing_path
from verbosify.models.store.provenance import read_provenance, weights_sha256
from verbosify.plugins import Plugin, find_plugin, find_plugins
from verbosify.streams import say

_log = logging.getLogger(__name__)

ENGINES = ("auto", "torch", "universal", "tensorflow")
DEFAULT_MODEL = "smollm2-135m"
FAST = ("gpt2", "llama")
_PACKAGES = {
    "torch": ("torch", "safetensors", "tokenizers"),
    "universal": ("torch", "safetensors", "tokenizers", "transformers"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Which model, on which engine, as plain values: see `load_model`."""

    name: str = DEFAULT_MODEL
    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"

    def load(
        self, *, label: str | None = None, progress: OnProgress | None = None, on_notice: Notify = say
    ) -> LanguageModel:
        """The model; arguments and errors are those of `load_model`."""
        return load_model(
            self.name,
            engine=self.engine,
            device=self.device,
            precision=self.precision,
            label=label,
            progress=progress,
            on_notice=on_notice,
        )


def load_model(
    name_or_path: str | Path = DEFAULT_MODEL,
    *,
    engine: str = "auto",
    device: str = "auto",
    precision: str = "auto",
    label: str | None = None,
    progress: OnProgress | None = None,
    on_notice: Notify = say,
) -> LanguageModel:
    """A language model, ready to be overfitted. Changes nothing else in the process: see `process.tune_process`.

    Args:
        name_or_path: a name in the catalogue or another name of that model (`gpt2`, `355M`), fetched first if it is
            not on this computer; the name of any causal language model at Hugging Face's hub, `owner/name` or
            `owner/name@revision`, fetched likewise; a folder with safetensors, with PyTorch's `.bin` files, with
            OpenAI's GPT-2 files, or with a run of gpt-2-simple; or one of those files, or a SmolLM2 in GGUF. A folder
            goes before the other names, and after the catalogue's own: see `catalogue_entry`.
        engine: `torch` for GPT-2 and Llama models, `universal` for any causal language model of transformers, `auto`
            for the first of them that knows the model, or `tensorflow` for gpt-2-simple's own graph; or the name of a
            plug-in's (see `verbosify.plugins`), which is called as our own are built: with the folder, and by name
            `name`, `weights_sha256`, `licence`, `device` and `precision`.
        device: `auto`, `cpu`, `cuda` or `mps` (not for tensorflow).
        precision: `auto`, `fp32` or `bf16` (not for tensorflow); for torch also `fp16`, which samples in float16 and
            overfits in float32.
        label: what the model's card calls it; by default as `model_label` has it.
        progress: called while fetching with what is being done, how much of it is, and how much there is.
        on_notice: called with what should be known of the model's files; by default that is printed to standard
            error.

    Raises:
        ModelError: there is no such model or engine, a package is missing, or the files are damaged.
        PluginError: the model or the engine is a plug-in's, and failed.
    """
    plugin = None if engine in ENGINES else _engine_of_plugin(engine)
    started = time.perf_counter()
    folder = model_folder(name_or_path, progress=progress, on_notice=on_notice)
    name = label or model_label(name_or_path, folder)
    if plugin is not None:
        made = plugin.call(folder, name=name, licence=_licence(folder), device=device, precision=precision)
        if not isinstance(made, LanguageModel):
            raise plugin.error("made no language model", TypeError(type(made).__name__))
        return _logged(made, started)
    if engine == "tensorflow":
        from verbosify.models.tensorflow.model import TensorFlowModel

        return _logged(TensorFlowModel(folder, name=name, licence=_licence(folder)), started)
    _require_packages("torch")
    licence = _licence(folder)
    folder, sha256 = _in_safetensors(folder, on_notice)
    if engine == "universal" or (engine == "auto" and not _is_fast(folder)):
        _require_packages("universal")
        from verbosify.models.universal.model import UniversalModel as Model
    else:
        from verbosify.models.pytorch.model import TorchModel as Model  # type: ignore[assignment]
    model = Model(
        folder,
        name=name,
        weights_sha256=sha256,
        licence=licence,
        device=device,
        precision=precision,
    )
    return _logged(model, started)


def _engine_of_plugin(engine: str) -> Plugin:
    plugin = find_plugin("verbosify.engines", engine)
    if plugin is None:
        known = [*ENGINES, *(other.name for other in find_plugins("verbosify.engines"))]
        raise ModelError(f"There is no engine {engine!r}: choose {', '.join(known[:-1])} or {known[-1]}.")
    return plugin


def _logged(model: LanguageModel, started: float) -> LanguageModel:
    card, seconds = model.card, time.perf_counter() - started
    about = (card.name, f"{card.parameters:,}", card.dtype, card.device, seconds)
    _log.info("loaded %s: %s parameters, %s on %s, in %.1f s", *about)
    return model


def model_folder(name_or_path: str | Path, *, progress: OnProgress | None = None, on_notice: Notify = say) -> Path:
    """Where that model's files lie, fetched first if the catalogue or the hub has them and they are not here."""
    path = existing_path(name_or_path)
    if path is not None and path.suffix == ".gguf" and path.is_file():
        return _from_gguf(path, progress)
    entry, repository = catalogue_entry(name_or_path), repository_meant(name_or_path)
    try:
        return locate_model(name_or_path)
    except ModelError:
        if entry is None and repository is None:
            raise
        name = str(repository) if repository is not None or entry is None else entry.name
        return get_model(name, progress=progress, on_notice=on_notice)


def require_model(name_or_path: str | Path) -> None:
    """`ModelError` if no model is meant by that which could write, here or to be fetched; its weights are not read."""
    entry = catalogue_entry(name_or_path)
    if entry is not None and not entry.writes:
        raise ModelError(f"{entry.name} writes nothing: choose another model, such as {DEFAULT_MODEL}.")
    path = existing_path(name_or_path)
    is_file = path is not None and path.suffix == ".gguf" and path.is_file()
    if entry is None and repository_meant(name_or_path) is None and not is_file:
        locate_model(name_or_path)


def model_label(name_or_path: str | Path, folder: Path) -> str:
    """What the model is called: as the catalogue or the hub calls it, else as its folder or file is."""
    entry, repository = catalogue_entry(name_or_path), repository_meant(name_or_path)
    if repository is not None:
        return repository.repository
    if entry is not None:
        return entry.name
    path = existing_path(name_or_path)
    if path is None:  # a plug-in's
        return str(name_or_path)
    return printable(path.stem if path.suffix == ".gguf" else folder.resolve().name)


def _is_fast(folder: Path) -> bool:
    """Whether the fast engine is to load that: it knows the model, or should say what is wrong with the folder."""
    from verbosify.models.pytorch.transformer import read_architecture

    path = folder / "config.json"
    try:
        config = read_object(path)
    except (ModelError, OSError):
        return True
    if config.get("model_type") not in FAST:
        return False
    try:
        read_architecture(config, str(path))
    except ModelError:
        return False
    return True


def _in_safetensors(folder: Path, on_notice: Notify) -> tuple[Path, str]:
    """The folder itself, or a converted copy of it, made once; and the sum of the weights."""
    from verbosify.models.formats.openai import convert_to_safetensors, is_openai_checkpoint

    if weight_files(folder):
        return folder, weights_sha256(folder)
    if is_openai_checkpoint(folder) or not pickled_files(folder):
        sha256 = weights_sha256(folder)
        return _converted(sha256[:16], lambda made: convert_to_safetensors(folder, made)), sha256
    pickled = pickled_files(folder)
    on_notice(
        f"{pickled[0]} is a pickle: it is read as data alone, so that nothing in it can run, and saved as safetensors."
    )

    def convert(made: Path) -> None:
        convert_pickled(folder, made)
        for path in folder.iterdir():
            if path.is_file() and path not in pickled and path.suffix != ".bin":
                shutil.copyfile(path, made / path.name)

    copy = _converted(_traces(*pickled), convert)
    return copy, weights_sha256(copy)


def _from_gguf(file: Path, progress: OnProgress | None) -> Path:
    from verbosify.models.formats.gguf import convert_gguf

    _require_packages("torch")
    return _converted(_traces(file), lambda made: convert_gguf(file, made, progress=progress))


def _converted(name: str, convert: Callable[[Path], None]) -> Path:
    """The folder of that name among the converted ones, made by `convert` if there is none."""
    target = checkpoints_folder() / "converted" / name
    if not (target / WEIGHTS).is_file():
        with os_errors_as_model_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with file_lock(target.parent / f".{target.name}.lock"):
                if not (target / WEIGHTS).is_file():
                    work = target.parent / f".{name}.partial"
                    shutil.rmtree(work, ignore_errors=True)
                    convert(work)
                    shutil.rmtree(target, ignore_errors=True)
                    replace_file(work, target)
    return target


def _traces(*files: Path) -> str:
    """A short name for files as they are now, told by their places, sizes and times."""
    traces = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(traces).encode(errors="surrogateescape")).hexdigest()[:16]


def _licence(folder: Path) -> str:
    record = read_provenance(folder)
    return record.licence if record else "unknown"


def _require_packages(engine: str) -> None:
    for package in _PACKAGES[engine]:
        if importlib.util.find_spec(package) is None:
            raise ModelError(
                f"The {engine} engine needs the package {package}: run `pip install 'verbosify-studio[torch]'`."
            )
