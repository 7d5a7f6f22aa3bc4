"""Work in a child process that is watched: how long it takes, how much memory, and how it ends."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended.

    Attributes:
        code: its exit code, or minus the signal that ended it.
        seconds: until then.
        memory: bytes it held at most, beyond what its parent gave it, free or not.
        said: all that it sent by `tell`, in order, whole lines only.
    """

    code: int
    seconds: float
    memory: int
    said: tuple[str, ...]


Tell = Callable[[str], None]
"""Sends the parent one line; what was sent has arrived when it returns, whatever becomes of the child."""


def watch(work: Callable[[Tell], object], *, kill_after: float = 600.0, silent_for: float = 600.0) -> End:
    """Do `work` in a child, and end it by SIGKILL after `kill_after` seconds, or as many in which it told nothing.

    The child's standard output and error go nowhere; a traceback is told as lines beginning with `!`.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _become(work, writing)
    os.close(writing)
    said = _listen(reading, child, started + kill_after, silent_for)
    os.close(reading)
    _, status, usage = os.wait4(child, 0)
    given, *lines = said.decode(errors="replace").split("\n")[:-1] or ["0"]
    memory = max(0, usage.ru_maxrss * 1024 - int(given))
    return End(os.waitstatus_to_exitcode(status), time.monotonic() - started, memory, tuple(lines))


def _listen(reading: int, child: int, deadline: float, silent_for: float) -> bytes:
    said = bytearray()
    heard = time.monotonic()
    while True:
        patience = min(deadline, heard + silent_for) - time.monotonic()
        ready, _, _ = select.select([reading], [], [], max(patience, 0))
        if not ready:
            os.kill(child, signal.SIGKILL)
            deadline, silent_for = time.monotonic() + 60, 60  # it is dead; what it said is read to the end
        elif chunk := os.read(reading, 65536):
            said += chunk
            heard = time.monotonic()
        else:
            return bytes(said)


def _become(work: Callable[[Tell], object], writing: int) -> None:
    def tell(line: str) -> None:
        os.write(writing, (line.replace("\n", " ") + "\n").encode(errors="replace"))

    code = 0
    tell(str(psutil.Process().memory_info().rss))  # before it has taken anything
    try:
        with open(os.devnull, "r+b", buffering=0) as nowhere:  # noqa: PTH123
            for number in (0, 1, 2):
                os.dup2(nowhere.fileno(), number)
        work(tell)
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # told whole
        for line in traceback.format_exc().splitlines():
            tell(f"!{line}")
        code = 70
    os._exit(code)
