"""Models of Hugging Face's hub -> verified folders, by their commit. Knows the hub's protocol by its own library.

    checkpoints/hub/OWNER--NAME/COMMIT/     the files of one commit, with their source.json
    checkpoints/hub/OWNER--NAME/revisions.json    which commit a branch or tag was, when it was last fetched

A model that was fetched stays the one it was until it is fetched again: nothing asks the hub about it. Only safetensors
or, where a repository has nothing else, PyTorch's `.bin` files are taken, which are read as data (`weights_only`) and
written as safetensors at once; no code that lies in a repository is fetched.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from verbosify.errors import ModelError
from verbosify.files import file_lock, os_errors_as_model_errors, replace_file, sha256_of, sync_folder
from verbosify.models.formats.pickled import convert_pickled
from verbosify.models.protocol import Notify, OnProgress
from verbosify.models.store.download import require_space
from verbosify.models.store.provenance import altered_files, damaged_files, read_provenance, write_provenance
from verbosify.streams import say

DEFAULT_REVISION = "main"
_NAME = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+)(?:@([\w./-]+))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SAFETENSORS = re.compile(r"model(-\d+-of-\d+)?\.safetensors")
_PICKLED = re.compile(r"pytorch_model(-\d+-of-\d+)?\.bin")
_WORDS = re.compile(r"[\w-]+\.(model|tiktoken)|merges\.txt|vocab\.(txt|json|bpe)|(?!.*index)[\w-]+\.json")
"""Configuration and vocabulary. A name with a folder in it, or of Python, is none of these."""


@dataclass(frozen=True, slots=True)
class HubName:
    """A repository, `owner/name`, at a revision: a branch, a tag or a commit."""

    repository: str
    revision: str = DEFAULT_REVISION

    def __str__(self) -> str:
        return self.repository if self.revision == DEFAULT_REVISION else f"{self.repository}@{self.revision}"


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file there: bytes, and its SHA-256 or, of small files, the SHA-1 that git has for it."""

    name: str
    size: int
    sha256: str | None
    git_sha1: str | None


def hub_name(text: object) -> HubName | None:
    """What `owner/name` or `owner/name@revision` means; None if the text is no such name."""
    match = _NAME.fullmatch(text) if isinstance(text, str) else None
    if match is None or ".." in match[1] or "--" in match[1]:
        return None
    return HubName(match[1], match[2] or DEFAULT_REVISION)


def find_commit(home: Path, name: HubName) -> str | None:
    """The commit of `name` that is in the checkpoints folder `home`; None if there is none."""
    commit = name.revision
    if not _COMMIT.fullmatch(commit):
        commit = _read_revisions(_place(home, name)).get(commit, "")
    return commit if commit and (_place(home, name) / commit).is_dir() else None


def folder_of_commit(home: Path, name: HubName) -> Path | None:
    """Where that commit lies, if it was fetched; nothing is verified."""
    commit = find_commit(home, name)
    return _place(home, name) / commit if commit else None


def locate_from_hub(home: Path, name: HubName) -> Path:
    """The folder of a model fetched before; files touched since then are read again.

    Raises `ModelError` if it is not there, or not what it was.
    """
    mend = f"run `verbosify models get {name}`"
    commit = find_commit(home, name)
    if commit is None:
        raise ModelError(f"The model {name} is not in {home}: {mend} to fetch it.")
    folder = _place(home, name) / commit
    record = read_provenance(folder)
    altered = ["source.json"] if record is None else altered_files(folder, record)
    if altered:
        raise ModelError(f"{folder / altered[0]} is missing or not what it was when it was fetched: {mend} to mend it.")
    return folder


def fetch_from_hub(home: Path, name: HubName, *, progress: OnProgress | None = None, on_notice: Notify = say) -> Path:
    """The folder of that model as the hub has it now, fetched if it is not here, every byte verified.

    Where the hub cannot be asked (HF_HUB_OFFLINE is set), the model that is here is verified. What has arrived of a
    fetch that broke off is gone on with. `on_notice` is told where weights come as a pickle.

    Raises `ModelError` if there is no such model or revision, it is gated, the hub cannot be reached, or it cannot be
    verified or written.
    """
    _require_library()
    place = _place(home, name)
    with os_errors_as_model_errors(place):
        if _offline():
            return _verify(locate_from_hub(home, name))
        info = _ask(name)
        folder = place / str(info.sha)
        place.mkdir(parents=True, exist_ok=True)
        with file_lock(place / ".lock", lambda: progress and progress(f"waiting for {name}", 0, None)):
            if not _is_sound(folder):
                shutil.rmtree(folder, ignore_errors=True)
                _put_in_place(name, info, folder, progress, on_notice)
            revisions = _read_revisions(place) | {name.revision: str(info.sha)}
            draft = place / "revisions.json.part"
            draft.write_text(json.dumps(revisions, indent=2) + "\n", encoding="utf-8", newline="\n")
            replace_file(draft, place / "revisions.json")
    return folder


def _place(home: Path, name: HubName) -> Path:
    return home / "hub" / name.repository.replace("/", "--")


def _read_revisions(place: Path) -> dict[str, str]:
    try:
        values = json.loads((place / "revisions.json").read_text(encoding="utf-8"))
        return {str(name): str(commit) for name, commit in values.items() if _COMMIT.fullmatch(str(commit))}
    except (OSError, ValueError, AttributeError):
        return {}


def _is_sound(folder: Path) -> bool:
    record = read_provenance(folder)
    return record is not None and not damaged_files(folder, record)


def _verify(folder: Path) -> Path:
    if not _is_sound(folder):
        raise ModelError(f"{folder} is damaged, and HF_HUB_OFFLINE is set: go online to have it mended.")
    return folder


def _offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"


def _require_library() -> None:
    import importlib.util

    if importlib.util.find_spec("huggingface_hub") is None:
        raise ModelError(
            "Models of Hugging Face's hub need the package huggingface-hub: run "
            "`pip install 'verbosify-studio[torch]'`."
        )


def _ask(name: HubName) -> Any:
    """What the hub says of the model: its commit, its licence, and its files with their sums."""
    from huggingface_hub import HfApi

    with _telling(name):
        return HfApi(endpoint=_endpoint(), library_name="verbosify").model_info(
            name.repository, revision=name.revision, files_metadata=True, timeout=30
        )


def _put_in_place(name: HubName, info: Any, folder: Path, progress: OnProgress | None, on_notice: Notify) -> None:
    files = wanted_files(name, info.siblings)
    pickled = [file.name for file in files if _PICKLED.fullmatch(file.name)]
    if pickled:
        on_notice(
            f"{name.repository} has no safetensors, only {pickled[0]}, a pickle: it is read as data alone, so that "
            "nothing in it can run, and saved as safetensors."
        )
    work = folder.parent / f".{info.sha}.partial"
    work.mkdir(parents=True, exist_ok=True)
    have = sum(path.stat().st_size for path in work.rglob("*") if path.is_file())
    require_space(work, max(0, sum(file.size for file in files) * (2 if pickled else 1) - have))
    for file in files:
        _fetch(name, str(info.sha), file, work, progress)
    if pickled:
        convert_pickled(work, work)
        for path in work.glob("pytorch_model*"):
            path.unlink()
    shutil.rmtree(work / ".cache", ignore_errors=True)
    write_provenance(
        work,
        name=name.repository,
        source=f"{_endpoint()}/{name.repository}",
        licence=_licence(info),
        fetched=datetime.now(UTC).date().isoformat(),
        revision=str(info.sha),
    )
    replace_file(work, folder)
    sync_folder(folder.parent)


def wanted_files(name: HubName, siblings: Any) -> list[HubFile]:
    """What is fetched of all that lies in a repository: configuration and vocabulary first, then weights.

    Raises `ModelError` if there is no configuration, or no weights in safetensors or `.bin`.
    """
    files = [
        HubFile(s.rfilename, int(s.size or 0), s.lfs.sha256 if s.lfs else None, None if s.lfs else s.blob_id)
        for s in siblings or ()
    ]
    words = [file for file in files if _WORDS.fullmatch(file.name)]
    weights = [file for file in files if _SAFETENSORS.fullmatch(file.name)]
    index = "model.safetensors.index.json"
    if not weights:
        weights = [file for file in files if _PICKLED.fullmatch(file.name)]
        index = "pytorch_model.bin.index.json"
    single = [file for file in weights if "-of-" not in file.name]
    if not any(file.name == "config.json" for file in words) or not weights:
        lacking = "weights in safetensors or .bin" if weights == [] else "config.json"
        raise ModelError(
            f"{name.repository} has no {lacking}, so it is no model of transformers: choose another repository, often "
            "one that this was made from."
        )
    return [*words, *(single or [*(file for file in files if file.name == index), *weights])]


def _fetch(name: HubName, commit: str, file: HubFile, work: Path, progress: OnProgress | None) -> None:
    """One file, verified; one that has arrived already is verified alone."""
    from huggingface_hub import hf_hub_download

    path = work / file.name
    for attempt in (1, 2):
        if not path.is_file():
            with _telling(name):
                hf_hub_download(
                    name.repository,
                    file.name,
                    revision=commit,
                    local_dir=work,
                    endpoint=_endpoint(),
                    library_name="verbosify",
                    tqdm_class=_bar(file.name, progress),
                )
        if _is_as_announced(path, file):
            return
        path.unlink()
        if attempt == 2:
            raise ModelError(
                f"{file.name} of {name.repository} is not the file that the hub announces and was removed: try again."
            )


def _is_as_announced(path: Path, file: HubFile) -> bool:
    if path.stat().st_size != file.size:
        return False
    if file.sha256 is not None:
        return sha256_of(path) == file.sha256
    if file.git_sha1 is None:
        return True
    blob = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
    blob.update(path.read_bytes())
    return blob.hexdigest() == file.git_sha1


def _licence(info: Any) -> str:
    tags = [tag.removeprefix("license:") for tag in info.tags or () if tag.startswith("license:")]
    data = info.card_data
    named = data.get("license_name") if data is not None and tags[:1] in ([], ["other"]) else None
    return str(named or (tags[0] if tags else "unknown"))


def _bar(label: str, progress: OnProgress | None) -> Any:
    """The class of progress bars that the hub's library is to use: ours, which shows nothing by itself."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]  # tqdm has no types
        def __init__(self, *args: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*args, **(options | {"disable": True}))
            self.n = options.get("initial", 0) or 0

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            if progress is not None:
                progress(label, int(self.n), None if self.total is None else int(self.total))

    return Bar


@contextmanager
def _telling(name: HubName) -> Iterator[None]:
    """Turn what the hub's library raises into one sentence."""
    from huggingface_hub import errors

    here, repository = _endpoint(), name.repository
    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelError(
            f"{repository} is gated: accept its terms at {here}/{repository}, then log in here with `hf auth login`."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(
            f"{repository} has no revision {name.revision!r}: name a branch, tag or commit that it has at {here}."
        ) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise ModelError(
            f"There is no folder {str(name)!r} here and no model of that name at {here}, or it is private: check the "
            "name, or log in with `hf auth login`."
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        raise ModelError(f"{here} answered {status} when asked for {name}: try again later.") from error
    except Exception as error:
        # its library speaks HTTP by httpx or by httpx2, and wraps what it cannot reach in errors of its own
        own = isinstance(error, errors.OfflineModeIsEnabled | errors.LocalEntryNotFoundError | ConnectionError)
        if not own and not type(error).__module__.startswith("httpx"):
            raise
        cause = error.__cause__ or error
        said = (str(cause).strip().splitlines() or [type(cause).__name__])[0][:150].rstrip(" .:")
        raise ModelError(
            f"{name} is not on this computer, and {here} could not be reached ({said}): check that this computer is "
            "online, or fetch it elsewhere and name its folder; what has arrived is kept."
        ) from error
