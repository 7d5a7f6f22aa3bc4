"""What every part that keeps files needs of the disk, and what a disk may lack. Knows not what the files are for."""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
import re
import secrets
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep, time
from typing import IO, Any

from verbosify.errors import ModelError, OutputError, VerbosifyError

_SHARED_BYTES = 32768  # as much as SQLite maps for its log
_ON_WINDOWS = os.name == "nt"
_PATIENCE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)  # seconds between tries
_DRAFT_SECONDS = 60.0
"""A younger draft may be one that its writer is about to lock."""
_DISTANT = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "gluster", "fuse.sshfs", "fuse.gluster", "fuse.ceph")
"""How the kinds of file systems begin that several computers may have mounted."""


_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # by Windows, and so by a disk that is shared with it
DEVICES = frozenset(
    (
        "con",
        "prn",
        "aux",
        "nul",
        "conin$",
        "conout$",
        *(f"{kind}{n}" for kind in ("com", "lpt") for n in "0123456789¹²³"),
    )
)
"""Names that Windows keeps for devices, in any case and with any suffix."""


def file_name(text: str, most_bytes: int = 120, empty: str = "unnamed") -> str:
    """`text` as the name of a file or folder that every system takes, or `empty` if nothing is left of it.

    What is forbidden anywhere becomes `-`. A name of more than `most_bytes` is cut, and a sum tells it from others that
    begin like it.
    """
    name = _FORBIDDEN.sub("-", printable(text)).rstrip(" .").lstrip() or empty
    if name.split(".")[0].rstrip().lower() in DEVICES:
        name = f"_{name}"
    content = name.encode()
    if len(content) <= most_bytes:
        return name
    cut = content[: most_bytes - 7].decode(errors="ignore").rstrip(" .")
    return f"{cut}-{hashlib.sha256(content).hexdigest()[:6]}"


def printable(name: str) -> str:
    """A file's name without half characters, which stand for bytes of it that are no UTF-8 (of UTF-16 on Windows)."""
    return re.sub("[\ud800-\udfff]", "\ufffd", name)


def replace_file(draft: Path, target: Path) -> None:
    """Put `draft` in the place of `target`, whole. Raises `OSError`.

    On Windows that fails while any program has the target open, as a virus scanner or a synchronizer does for a moment:
    then it is tried again for a second and a half.
    """
    for pause in _PATIENCE if _ON_WINDOWS else ():
        try:
            draft.replace(target)
        except PermissionError:
            sleep(pause)
        else:
            return
    draft.replace(target)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which takes its place at `path` when the block ends: nobody ever finds half of it.

    A link stays one; what it points to is replaced. If anything fails, all is as it was. What killed writers have left
    beside it goes. Raises `OSError`.
    """
    target = path.resolve()
    _sweep(target.parent)
    draft = target.with_name(f".verbosify-{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:
            _mark_as_in_use(file)
            yield file
            file.flush()
            _sync(file)
        replace_file(draft, target)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def _mark_as_in_use(file: IO[bytes]) -> None:
    """Lock a draft for as long as it is open. Windows removes no open file, and so needs no mark."""
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sweep(folder: Path) -> None:
    """Remove the drafts in `folder` whose writers were killed: those that nobody holds any more, a minute old."""
    for draft in folder.glob(".verbosify-*.tmp"):
        with suppress(OSError):
            if time() - draft.stat().st_mtime > _DRAFT_SECONDS and not _is_in_use(draft):
                draft.unlink()


def _is_in_use(draft: Path) -> bool:
    try:
        import fcntl
    except ImportError:
        return False
    try:
        with draft.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _sync(file: IO[bytes]) -> None:
    """Have the disk keep what was written, where it can be asked to."""
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise


@contextmanager
def file_lock(path: Path, when_taken: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock at `path`, which ends with the process.

    Args:
        when_taken: called if another process has it; if that raises nothing, the lock is waited for.

    Raises:
        OutputError: the lock's file cannot be made, or its disk cannot lock.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if (trouble := lock_trouble(path.parent, whole=True)) is not None:  # some of which look like a lock of others
            raise trouble
        try:
            lock.acquire(timeout=0)
        except Timeout:
            when_taken()
            lock.acquire()
    except OSError as error:
        raise OutputError(
            f"{path} cannot be locked ({error.strerror or error}): check that you may write there, or choose a folder "
            "on a disk of this computer."
        ) from error
    try:
        yield
    finally:
        lock.release()


def lock_trouble(folder: Path, *, whole: bool = False) -> OSError | None:
    """Why parts of files in `folder`, or `whole` files, cannot be locked; None if they can or that cannot be told."""
    try:
        import fcntl
    except ImportError:  # Windows, where every disk locks
        return None
    lock = fcntl.flock if whole else fcntl.lockf
    return _trouble(folder, lambda file: lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB))


def can_share_memory(folder: Path) -> bool:
    """Whether processes that map a file in `folder` see what the others write, wherever they run."""

    def map_shared(file: IO[bytes]) -> None:
        file.truncate(_SHARED_BYTES)
        mmap.mmap(file.fileno(), _SHARED_BYTES).close()

    return not _is_distant(folder) and _trouble(folder, map_shared) is None


def _trouble(folder: Path, act: Callable[[IO[bytes]], None]) -> OSError | None:
    """What `act` fails with on a new file in `folder`; None if it does not, or if there can be none."""
    with suppress(OSError), tempfile.TemporaryFile(dir=folder) as file:
        try:
            act(file)
        except OSError as error:
            return error
    return None


def _is_distant(folder: Path) -> bool:
    """Whether the disk of `folder` may be another computer's, as far as the system tells."""
    place = str(folder.resolve())
    if _ON_WINDOWS:
        import ctypes

        remote = 4  # DRIVE_REMOTE
        root = os.path.splitdrive(place)[0] + "\\"
        return bool(ctypes.windll.kernel32.GetDriveTypeW(root) == remote)  # type: ignore[attr-defined]
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    kinds = {}
    for line in mounts.splitlines():
        _, mounted, kind, *_ = line.split(" ")
        kinds[mounted.replace("\\040", " ")] = kind  # the last one mounted there is seen
    for parent in (place, *map(str, Path(place).parents)):
        if parent in kinds:
            return kinds[parent].startswith(_DISTANT)
    return False


def sha256_of(file: Path) -> str:
    """The SHA-256 of the file's bytes, in hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def os_errors_as(kind: type[VerbosifyError], path: str | Path, advice: str, *, cannot: str = "read") -> Iterator[None]:
    """Turn the system's errors into a `kind`, one sentence: PATH cannot be read (what the system says): ADVICE."""
    try:
        yield
    except OSError as error:
        raise kind(f"{path} cannot be {cannot} ({error.strerror or error}): {advice}.") from error


@contextmanager
def os_errors_as_model_errors(path: Path) -> Iterator[None]:
    """The same for several files of a model: the sentence names the file concerned, or else `path`."""
    try:
        yield
    except OSError as error:
        with os_errors_as(
            ModelError, error.filename or path, "mend that or choose another folder", cannot="read or written"
        ):
            raise


def read_json(path: Path, kind: type[VerbosifyError], advice: str) -> Any:
    """The JSON in a file, in UTF-8.

    Raises:
        VerbosifyError: of that `kind`; it cannot be read or is no JSON. The sentence ends in `advice`.
    """
    return _parsed(path, json.loads, "JSON", kind, advice)


def read_toml(path: Path, kind: type[VerbosifyError], advice: str) -> dict[str, Any]:
    """The TOML in a file, in UTF-8; raises as `read_json` does."""
    values: dict[str, Any] = _parsed(path, tomllib.loads, "TOML", kind, advice)
    return values


def _parsed(path: Path, parse: Callable[[str], Any], form: str, kind: type[VerbosifyError], advice: str) -> Any:
    with os_errors_as(kind, path, advice):
        content = path.read_bytes()
    try:
        return parse(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise kind(f"{path} cannot be read (it is not {form}: {error}): {advice}.") from error


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names in `folder`, where the system and the disk can be asked to."""
    if os.name == "posix":
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
