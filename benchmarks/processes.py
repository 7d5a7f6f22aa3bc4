"""Run subjects in processes of their own: one, for its stages, time, memory and bytes written, or several in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from types import MappingProxyType

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Run:
    """One process. `seconds` of wall time in all, `stages` as it reports them, `peak_memory` and `written` in bytes."""

    seconds: float
    stages: dict[str, float]
    peak_memory: int
    written: int


@dataclass(frozen=True, slots=True)
class Runs:
    """Several runs of one subject; medians, and how far apart the runs were."""

    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        return median(run.seconds for run in self.runs)

    @property
    def spread(self) -> float:
        """Longest over shortest wall time; 1 is perfectly steady."""
        times = [run.seconds for run in self.runs]
        return max(times) / min(times)

    def stage(self, name: str) -> float:
        return median(run.stages.get(name, 0.0) for run in self.runs)

    @property
    def peak_memory(self) -> int:
        return max(run.peak_memory for run in self.runs)

    @property
    def written(self) -> int:
        return max(run.written for run in self.runs)


def run_subject(
    module: str,
    arguments: Sequence[str],
    *,
    python: str = sys.executable,
    writes_to: Path | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Run:
    """Run `python -m benchmarks.subjects.MODULE ARGUMENTS`, with these environment variables too, and wait for it.

    Peak memory is what the kernel says the process held at most; bytes written are counted in `writes_to`.
    Raises `RuntimeError` with what it said if it fails.
    """
    environment = _environment(variables)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        started = perf_counter()
        process = os.posix_spawn(
            python,
            [python, "-W", "ignore", "-m", f"benchmarks.subjects.{module}", *arguments],
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, errors.fileno(), 2)],
        )
        _, status, usage = os.wait4(process, 0)
        seconds = perf_counter() - started
        out.seek(0)
        errors.seek(0)
        lines = out.read().decode().strip().splitlines()
        if status or not lines:
            raise RuntimeError(f"{module} failed:\n{errors.read().decode()[-2000:]}")
    written = sum(path.stat().st_size for path in writes_to.rglob("*") if path.is_file()) if writes_to else 0
    return Run(seconds, json.loads(lines[-1]), usage.ru_maxrss * 1024, written)


def in_turn(
    module: str, contenders: Mapping[str, Sequence[str]], rounds: int, *, variables: Mapping[str, str]
) -> dict[str, float]:
    """Median seconds of each, which works in a process of its own while the others wait, so that load falls on all.

    A subject of that module works once for every line it reads, and answers with a line: the seconds it took. The first
    round warms up. Raises `RuntimeError` naming the contender if its process ends.
    """
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-W", "ignore", "-m", f"benchmarks.subjects.{module}", *arguments],
                    env=_environment(variables),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name, arguments in contenders.items()
        }
        times: dict[str, list[float]] = {name: [] for name in processes}
        for _ in range(rounds + 1):
            for name, process in processes.items():
                times[name].append(_told_once(name, process))
    return {name: median(seconds[1:]) for name, seconds in times.items()}


def _told_once(name: str, process: subprocess.Popen[str]) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):  # it ended before it was asked: nothing will be answered
        process.stdin.write("\n")
        process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{name} ended.")
    return float(line)


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(REPOSITORY), "TF_ENABLE_ONEDNN_OPTS": "1"} | dict(variables)
