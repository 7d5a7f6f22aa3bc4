"""Run a subject in a process of its own: its stages, wall time, peak memory and bytes written."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
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
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "TF_ENABLE_ONEDNN_OPTS": "1"} | dict(variables)
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
