"""A path -> the folder of weights it is, or one sentence about what it is instead and which was perhaps meant.

Knows what the files of a model are called. Of an archive it reads the names within, and nothing is ever unpacked.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors
from verbosify.models.formats.openai import PICKLES, VOCABULARY, has_bundle, released_size
from verbosify.models.formats.pickled import PICKLED, PICKLED_INDEX, pickled_files
from verbosify.models.formats.safetensors import INDEX, WEIGHTS, is_git_lfs_pointer, weight_files

DEEPEST = 3
"""Folders below the one named in which models are looked for; so deep they lie in the cache of Hugging Face's hub."""
MOST_FOLDERS = 2000
MOST_NAMED = 6
_TARS = re.compile(r"\.(tar(\.\w+)?|tgz|tbz2?|txz)$", re.IGNORECASE)
_UNREADABLE_HERE = re.compile(r"\.(lz4?|lzma|zst|z)$", re.IGNORECASE)
"""Archives that `tar` unpacks on many systems, and Python does not."""


def existing_path(name: str | Path) -> Path | None:
    """The path of that name, of a file or a folder; None if there is none, or the system knows no such path."""
    try:
        path = Path(name).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long, behind a closed door; a user that there is not
        return None


def folder_of_weights(path: Path) -> Path:
    """`path`, which exists, if it is a folder with weights that may be read; `ModelError` if it is anything else."""
    with os_errors_as_model_errors(path):
        return _folder_of_weights(path)


def _folder_of_weights(path: Path) -> Path:
    if path.is_file() and path.name in (WEIGHTS, INDEX, PICKLED, PICKLED_INDEX):
        path = path.parent
    if not path.is_dir():
        raise ModelError(_about_file(path))
    weights = weight_files(path) or ([] if has_bundle(path) else pickled_files(path))
    for file in weights:
        if is_git_lfs_pointer(file):
            raise ModelError(f"{file} is a git-lfs pointer and not the weights: run `git lfs pull` where it lies.")
    if weights:
        return path
    if not has_bundle(path):
        raise ModelError(_about_folder(path))
    missing = [name for name in VOCABULARY if not (path / name).is_file()]
    if missing:
        raise ModelError(_about_vocabulary(path, missing))
    return path


def folders_meant(name: str) -> list[Path]:
    """What may be meant by a path where nothing lies: the folder of a checkpoint, those beside it, a run, its tar."""
    if existing_path(f"{name}.index"):  # TensorFlow's name for the files NAME.index and NAME.data-...
        return [Path(name).parent]
    if name and Path(name).name == name:  # gpt-2-simple's places for the run of that name
        places = (Path("checkpoint", name), Path(f"{name}.tar"), Path(f"checkpoint_{name}.tar"))
        return [place for place in places if existing_path(place)]
    around = existing_path(Path(name).parent)
    return list(_folders_within(around, 1)) if around is not None and around != Path() else []


def listed(things: Sequence[object], last: str = "and") -> str:
    """Them in words, the first of them if they are many: `a, b and c`."""
    words = [str(thing) for thing in things[:MOST_NAMED]]
    words += [f"{len(things) - MOST_NAMED} more"] if len(things) > MOST_NAMED else []
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _about_file(path: Path) -> str:
    if path.suffix in PICKLES:
        return f"{path} may be a pickle, which can run any code and is never loaded: use safetensors."
    packed = _about_archive(path) if path.is_file() else ""
    if packed:
        return f"{path} is {packed}"
    if has_bundle(path.parent) or (path.parent / "model.safetensors").is_file():
        return f"{path} is a file: name the folder that holds it, {path.parent}."
    return f"{path} is a file: name the folder that holds it with its config.json and tokenizer.json."


def _about_folder(path: Path) -> str:
    within = list(_folders_within(path))
    if within:
        return f"{path} holds no weights itself: did you mean {listed(within, 'or')}?"
    names = sorted((file.name for file in path.iterdir() if file.is_file()), key=_in_order)
    archives = [name for name in names if _TARS.search(name) or name.lower().endswith(".zip")]
    packed = _about_archive(path / archives[0]) if archives else ""
    if packed:
        return f"{path} holds {listed(archives)} and no weights; {archives[0]} is {packed}"
    return _about_files(path, names)


def _about_files(path: Path, names: Sequence[str]) -> str:
    pickles = [name for name in names if Path(name).suffix in PICKLES]
    if pickles:
        return f"{path} holds {pickles[0]}, a pickle, which can run any code and is never loaded: use safetensors."
    parts = [name for name in names if re.search(r"-\d+-of-\d+\.safetensors$", name)]
    if parts:
        return f"{path} holds weights in several files ({parts[0]}): they are read from one, model.safetensors."
    data = [name for name in names if re.search(r"\.data-\d+-of-\d+$", name)]
    if data:
        index = data[0].rpartition(".data-")[0] + ".index"
        return f"{path / index} is missing, and {data[0]} cannot be read without it: copy it there as well."
    if set(VOCABULARY) & set(names):
        return (
            f"{path} holds no weights but {listed([name for name in VOCABULARY if name in names])}: copy the "
            "checkpoint's files there as well, model-N.index, model-N.data-00000-of-00001 and checkpoint."
        )
    return f"{path} holds no weights: there is neither model.safetensors nor a GPT-2 checkpoint in it."


def _about_vocabulary(path: Path, missing: Sequence[str]) -> str:
    size = released_size(path)
    base = f"models/{size or '124M'}/" + ("" if size else " or that of another size")
    return (
        f"{path} lacks {listed(missing)}: copy {'them' if len(missing) > 1 else 'it'} there from gpt-2-simple's folder "
        f"of the model that was fine-tuned, {base}; `verbosify models get gpt2-{(size or '124M').lower()}` fetches "
        "the same files."
    )


def _about_archive(path: Path) -> str:
    """What to do with an archive, as the end of a sentence; nothing if `path` is none."""
    if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
        return f"packed: unpack it with `{_command('python', '-m', 'zipfile', '-e', path, '.')}` and name the folder."
    readable, folder = _look_into(path)
    if not readable and not _TARS.search(path.name):
        return ""
    if not readable and not _UNREADABLE_HERE.search(path.name):
        return "no archive for all its name, or a damaged one: copy it again."
    return f"packed: unpack it with `{_command('tar', 'xf', path)}` and name the folder{folder and f', {folder}'}."


def _look_into(path: Path) -> tuple[bool, str]:
    """Whether it is an archive that tar unpacks, and the folder of its first file, if that can be told and trusted."""
    try:
        with tarfile.open(path) as archive:
            member = archive.next()
            while member is not None and member.isdir():
                member = archive.next()
    except (tarfile.TarError, OSError, EOFError, zlib.error, LZMAError, ValueError):
        return False, ""
    folder = PurePosixPath(member.name).parent if member is not None else PurePosixPath()
    plain = str(folder).isprintable() and not folder.is_absolute() and ".." not in folder.parts
    return True, str(folder) if plain and folder.parts else ""


def _command(*words: object) -> str:
    texts = [str(word) for word in words]
    return subprocess.list2cmdline(texts) if os.name == "nt" else shlex.join(texts)


def _folders_within(path: Path, deepest: int = DEEPEST) -> Iterator[Path]:
    """Folders of weights below `path`, whole or not, level by level and in the order of their names."""
    level, seen = [path], 0
    for _ in range(deepest):
        below: list[Path] = []
        for folder in level:
            with suppress(OSError):  # what may not be looked into is passed by
                below += sorted(
                    (Path(entry) for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")),
                    key=lambda found: _in_order(found.name),
                )
        seen += len(below)
        if seen > MOST_FOLDERS:
            return
        level = []
        for folder in below:
            if has_bundle(folder) or (folder / "model.safetensors").is_file():
                yield folder
            else:
                level.append(folder)


def _in_order(name: str) -> list[tuple[int, str]]:
    """A key by which run2 comes before run10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
