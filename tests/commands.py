"""Command lines, most of them in processes of their own, without the seconds that each would spend on imports.

One process imports what is slow and then forks for every command, so that a command can be timed, limited, interrupted
or killed as any other. A sentence is embedded by the first command that has it; the others read its vector from a file. A command may be told to send itself a signal on entering or leaving a function: a moment that no
clock could hit.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from verbosify.workflow.visit import Embed

ROOT = Path(__file__).parent.parent
CHECKPOINTS = Path(os.environ.get("VERBOSIFY_CHECKPOINTS", ROOT / "checkpoints"))
PATIENCE = 400.0
"""Seconds after which a command hangs."""
WIDTH = 384
"""Numbers of a sentence's vector."""
EMBED_ANEW = {"VERBOSIFY_TEST_EMBED_ANEW": "1"}
"""For `env`: the command computes its vectors itself, as one in another process would, to the last bit."""


@dataclass(frozen=True)
class Moment:
    """When `function`, in a file of this name, is entered (`call`) or left (`return`) for the `count`-th time."""

    file: str
    function: str
    event: str = "call"
    count: int = 1


@dataclass(frozen=True)
class Result:
    """The result of a command: exit code (minus the signal that ended it), what it said, bytes of memory at most."""

    code: int
    out: str
    err: str
    memory: int

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The output of a command with `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]


class Said(NamedTuple):
    """The result of a command in the process of the tests."""

    code: int
    out: str
    err: str


Call = Callable[..., Said]
"""Runs the command line in the process of the tests."""


@dataclass(frozen=True)
class Running:
    """A command at work, whose output so far is in the files `out` and `err` of its folder."""

    folder: Path

    @property
    def pid(self) -> int:
        await_that((self.folder / "pid").exists)
        return int((self.folder / "pid").read_text())

    def await_output(self, text: str, times: int = 1) -> None:
        """Return as soon as `text` stands so many times in what was printed; fail if the command ends before."""
        while (self.folder / "out").read_text().count(text) < times:
            assert not (self.folder / "result").exists(), self.wait()
            time.sleep(0.005)

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self) -> Result:
        await_that((self.folder / "result").exists)
        code, memory = json.loads((self.folder / "result").read_text())
        return Result(code, (self.folder / "out").read_text(), (self.folder / "err").read_text(), memory)


def lasting(piece: Path) -> dict[str, Any]:
    """What piece.json says, but for the times of day, the time things took, and the log."""
    return lasting_parts(json.loads((piece / "piece.json").read_text()))


def lasting_parts(record: dict[str, Any]) -> dict[str, Any]:
    """The parts of a record that two runs of the same work share."""

    def without_times(value: Any) -> Any:
        if isinstance(value, dict):
            times = {"created", "seconds", "finished"}
            return {key: without_times(item) for key, item in value.items() if key not in times}
        return [without_times(item) for item in value] if isinstance(value, list) else value

    return {key: without_times(value) for key, value in record.items() if key not in {"log", "created"}}


def await_that(condition: Callable[[], bool]) -> None:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < PATIENCE, "the command hangs"
        time.sleep(0.005)


class Commands:
    """The process that forks; `folder` takes what the commands print."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands", str(folder)],
            cwd=ROOT,
            env=os.environ | {"VERBOSIFY_CHECKPOINTS": str(CHECKPOINTS)},
            stdin=subprocess.PIPE,
            text=True,
        )

    def start(
        self,
        *arguments: object,
        cwd: Path = ROOT,
        env: dict[str, str] | None = None,
        kill_at: Moment | None = None,
        interrupt_at: Moment | None = None,
        most_bytes: int | None = None,
    ) -> Running:
        """Begin `verbosify ARGUMENTS`; files may not grow beyond `most_bytes`, as on a disk that is full."""
        moment, number = (kill_at, signal.SIGKILL) if kill_at else (interrupt_at, signal.SIGINT)
        folder = self._folder / str(self._count)
        folder.mkdir()
        (folder / "out").touch()
        self._count += 1
        request = {
            "folder": str(folder),
            "arguments": list(map(str, arguments)),
            "cwd": str(cwd),
            "env": env or {},
            "signal": [vars(moment), number] if moment else None,
            "most_bytes": most_bytes,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Running(folder)

    def run(self, *arguments: object, **circumstances: Any) -> Result:
        return self.start(*arguments, **circumstances).wait()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:  # a fork of the tests' own process still holds the other end
            self._process.kill()
            self._process.wait()


def _serve(folder: Path) -> None:
    warm_up()
    _remember_vectors(folder / "vectors")
    gc.collect()
    gc.freeze()  # the children share what is imported as long as nobody touches it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            _attend(json.loads(line))


def warm_up() -> None:
    """Import what is slow."""
    import docx  # noqa: F401
    import jinja2  # noqa: F401
    import markdown_it  # noqa: F401
    import PIL.ImageDraw  # noqa: F401
    import pydantic  # noqa: F401
    import rapidfuzz.distance  # noqa: F401
    import rich.progress  # noqa: F401
    import sentencex  # noqa: F401
    import torch  # noqa: F401

    from verbosify import cli, site, workflow  # noqa: F401
    from verbosify.models import bert  # noqa: F401
    from verbosify.models.pytorch import model  # noqa: F401
    from verbosify.workflow import together  # noqa: F401


def _remember_vectors(folder: Path) -> None:
    """Have commands keep in `folder` what all-MiniLM-L6-v2 made of a sentence, and load it for new sentences alone."""
    import numpy as np

    from verbosify.workflow import apart, run

    folder.mkdir()
    load = run.load_embedder

    def load_if_needed(*how: Any) -> Embed:
        if os.environ["VERBOSIFY_CHECKPOINTS"] != str(CHECKPOINTS) or EMBED_ANEW.keys() <= os.environ.keys():
            return load(*how)

        def embed(texts: Sequence[str]) -> Any:
            places = [folder / hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for text in texts]
            new = {place: text for place, text in zip(places, texts, strict=True) if not place.exists()}
            for place, vector in zip(new, load(*how)(list(new.values())) if new else (), strict=True):
                _write(place, vector.tobytes())
            return np.array([np.fromfile(place, np.float32) for place in places], np.float32).reshape(-1, WIDTH)

        return embed

    for module in (apart, run):
        module.load_embedder = load_if_needed  # type: ignore[attr-defined]


def _attend(request: dict[str, Any]) -> NoReturn:
    """Fork once more: the child becomes the command, the parent waits for it and writes down how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    folder = Path(request["folder"])
    child = os.fork()
    if child == 0:
        _become_command(request)
    _write(folder / "pid", str(child))
    _, status, usage = os.wait4(child, 0)
    kilobytes = usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss // 1024
    _write(folder / "result", json.dumps([os.waitstatus_to_exitcode(status), kilobytes * 1024]))
    os._exit(0)


def _become_command(request: dict[str, Any]) -> NoReturn:
    from verbosify import cli

    code = 0

    for number, name in enumerate((os.devnull, "out", "err")):
        file = os.open(Path(request["folder"]) / name, os.O_RDWR | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = ["verbosify", *request["arguments"]]
    if request["most_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["most_bytes"],) * 2)
    if request["signal"]:
        moment, number = request["signal"]
        sys.setprofile(_signaller(Moment(**moment), number))
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # told as the interpreter would
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _signaller(moment: Moment, number: int) -> Callable[[FrameType, str, Any], None]:
    left = moment.count

    def look(frame: FrameType, event: str, _: Any) -> None:
        nonlocal left
        code = frame.f_code
        if event == moment.event and code.co_name == moment.function and code.co_filename.endswith(moment.file):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), number)

    return look


def _write(path: Path, content: str | bytes) -> None:
    """Whole or not at all, for somebody waits for the file to appear."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(content.encode() if isinstance(content, str) else content)
    draft.replace(path)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
