"""What sharing passages among workers of one thread each costs or saves, against one process with all the threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.processes import run_subject

TURNS, PASSAGES = 2, 4
"""The two take turns, so that whatever else the machine does falls on both."""


def efficiency(folder: Path, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Seconds a passage (a step, then ten samples of 100 tokens), median of the turns; starting is not counted.

    `efficiency` is the throughput of as many Ray workers with a thread each as the machine has processors, over that of
    one process with as many threads.
    """
    cores = os.cpu_count() or 1
    arguments = [str(folder), str(PASSAGES), "10", "100"]
    one: list[float] = []
    many: list[float] = []
    for turn in range(TURNS):
        threads = {"OMP_NUM_THREADS": str(cores)}
        alone = run_subject("fleet_subject", ["local", "1", *arguments], variables=threads)
        shared = run_subject(
            "fleet_subject",
            ["ray", str(cores), *arguments],
            variables={
                "OMP_NUM_THREADS": "1",
                "RAY_USAGE_STATS_ENABLED": "0",
                "RAY_agent_register_timeout_ms": "120000",
            },
        )
        if (alone.stages["threads"], shared.stages["threads"]) != (cores, 1):
            raise RuntimeError(f"These are not the threads that were asked for: {alone.stages}, {shared.stages}.")
        one.append(alone.stages["passage"])
        many.append(shared.stages["passage"])
        say(f"turn {turn + 1} of {TURNS}: one process {one[-1]:.2f} s a passage, workers {many[-1]:.2f}")
    return {
        "seconds_a_passage": {"one_process": median(one), "workers": median(many)},
        "spread": {"one_process": max(one) / min(one), "workers": max(many) / min(many)},
        "ratio": {"efficiency": median(before / after for before, after in zip(one, many, strict=True))},
    }
