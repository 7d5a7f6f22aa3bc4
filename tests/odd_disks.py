"""Disks that cannot do what others can, told by the system itself: a process forbids itself some of its system calls.

The filter is the kernel's (seccomp), so it holds for SQLite and every other library as for Python. It is never lifted:
use it in a process of its own.
"""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import ROOT

_NUMBERS = {  # of system calls, by machine: its name for seccomp, fcntl, flock, mmap
    "x86_64": (0xC000003E, 72, 73, 9),
    "aarch64": (0xC00000B7, 25, 32, 222),
}
_LOAD, _JUMP_IF_EQUAL, _AND, _RETURN = 0x20, 0x15, 0x54, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_SET_LOCK = (6, 7, 37, 38)  # F_SETLK, F_SETLKW and those of open file descriptions
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2

Condition = tuple[int, int, int]
"""Which argument of a call, a mask, and what is left of it under the mask."""


def forbid_locks(number: int) -> None:
    """From now on locking any part of a file, or all of it, fails with the error `number`."""
    _, fcntl, flock, _ = _NUMBERS[platform.machine()]
    _forbid([(fcntl, [(1, 0xFFFFFFFF, command)]) for command in _SET_LOCK] + [(flock, [])], number)


def forbid_flock(number: int) -> None:
    """From now on locking a whole file fails with the error `number`; locks of parts are as ever."""
    _forbid([(_NUMBERS[platform.machine()][2], [])], number)


def forbid_shared_memory(number: int) -> None:
    """From now on no file can be mapped into memory to be written to: error `number`."""
    shared_and_of_a_file, writable = (3, 0x21, 0x01), (2, 0x02, 0x02)
    _forbid([(_NUMBERS[platform.machine()][3], [shared_and_of_a_file, writable])], number)


def in_a_process(code: str, *arguments: object, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    """Run Python code that may forbid itself what it likes; the test is skipped where nothing can be forbidden."""
    if sys.platform != "linux" or platform.machine() not in _NUMBERS:
        pytest.skip("only Linux can forbid system calls")
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def _forbid(calls: list[tuple[int, list[Condition]]], number: int) -> None:
    """Let each of these system calls fail if all its conditions hold."""
    program = [_step(_LOAD, 4), _step(_JUMP_IF_EQUAL, _NUMBERS[platform.machine()][0], 1, 0), _step(_RETURN, _ALLOW)]
    for call, conditions in calls:
        body = [
            step
            for position, (argument, mask, value) in enumerate(conditions)
            for step in (
                _step(_LOAD, 16 + 8 * argument),
                _step(_AND, mask),
                _step(_JUMP_IF_EQUAL, value, 0, 3 * (len(conditions) - position - 1) + 1),
            )
        ]
        program += [
            _step(_LOAD, 0),
            _step(_JUMP_IF_EQUAL, call, 0, len(body) + 1),
            *body,
            _step(_RETURN, _ERROR | number),
        ]
    program.append(_step(_RETURN, _ALLOW))
    steps = ctypes.create_string_buffer(b"".join(program))
    described = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(steps)))
    libc = ctypes.CDLL(None, use_errno=True)
    for request in ((_NO_NEW_PRIVILEGES, 1, 0), (_SET_SECCOMP, _FILTER, ctypes.addressof(described))):
        if libc.prctl(request[0], ctypes.c_ulong(request[1]), ctypes.c_ulong(request[2]), 0, 0):
            raise OSError(ctypes.get_errno(), "the system forbids nothing")


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[Callable[[str], None]]:
    """A file system in memory at `place`; yields what mounts it again otherwise. Skipped where none can be mounted."""
    place.mkdir()

    def mount(*words: str) -> bool:
        return subprocess.run(["mount", *words, str(place)], capture_output=True, check=False).returncode == 0

    def remount(option: str) -> None:
        assert mount("-o", f"remount,{option}")

    if not shutil.which("mount") or not mount("-t", "tmpfs", "-o", ",".join(options), "tmpfs"):
        pytest.skip("only root may mount a file system")
    try:
        yield remount
    finally:
        gc.collect()  # the frames of an error keep a file open
        subprocess.run(["umount", str(place)], check=True)
