"""Which of several ways of computing something is quickest on this machine: measured once, and remembered in a file.

Knows what the processor says of itself, and neither what is computed nor how. What was found holds for a processor and
its limits, a PyTorch and its threads.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import torch

from verbosify.errors import ModelError
from verbosify.files import read_json, whole_file

ISA_LIMITS = ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS")
"""Variables that hold oneDNN, PyTorch and MKL back from what the processor can do."""
WITHOUT_BF16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
"""oneDNN's names of the instruction sets without products in bf16."""
SECONDS, MOST_ROUNDS = 0.08, 6
"""How long a choice is measured for, at most one round more; and how many rounds at most."""


def quickest(what: str, usual: str, ways: Mapping[str, Callable[[], object]], *, share: float) -> str:
    """The name of the quickest of `ways`; `usual`, one of them, unless another takes less than a `share` of its time.

    Measured when it is first asked for on a machine, for about a tenth of a second; then it is remembered, in a file
    that may be missing, damaged or impossible to write.

    Args:
        what: names what is computed, the same for the same work.
        share: above 0, at most 1. The lower, the less chance decides.
    """
    if len(ways) == 1:
        return usual
    path, here = memory_file(), machine()
    way = _read(path).get(here, {}).get(what)
    if way is None or way not in ways:
        way = _measured(usual, ways, share)
        _write(path, here, what, way)
    return way


def _measured(usual: str, ways: Mapping[str, Callable[[], object]], share: float) -> str:
    """In turn, so that a slow moment falls on all; the best time of each counts, after a round to warm up."""
    best = dict.fromkeys(ways, float("inf"))
    for run in ways.values():
        run()
    begun = perf_counter()
    for _ in range(MOST_ROUNDS):
        for name, run in ways.items():
            started = perf_counter()
            run()
            best[name] = min(best[name], perf_counter() - started)
        if perf_counter() - begun > SECONDS:
            break
    first = min(best, key=lambda name: best[name])
    return first if best[first] < share * best[usual] else usual


def memory_file() -> Path:
    """Where choices are remembered, in the user's folder for caches; it may be removed at any time."""
    import platformdirs

    return platformdirs.user_cache_path("verbosify", appauthor=False) / "quickest.json"


def machine() -> str:
    """What choices hold for: the processor, what the libraries may use of it, PyTorch, and its threads."""
    name, flags = processor()
    traits = hashlib.sha256(flags.encode()).hexdigest()[:8]
    limits = " ".join(os.environ.get(limit, "-") for limit in ISA_LIMITS)
    return f"{name} {traits}, {limits}, PyTorch {torch.__version__}, {torch.get_num_threads()} threads"


def processor() -> tuple[str, str]:
    """Its name and what it can do, as far as the system tells."""
    told: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            told.setdefault(name.strip(), value.strip())
    return told.get("model name") or platform.processor() or platform.machine(), told.get("flags", "")


def multiplies_bf16() -> bool | None:
    """Whether the processor has instructions for products in bf16 that oneDNN may use; None if nothing tells.

    Where it has none, or is told to leave them alone (`ONEDNN_MAX_CPU_ISA`), it emulates them.
    """
    if os.environ.get("ONEDNN_MAX_CPU_ISA", os.environ.get("DNNL_MAX_CPU_ISA", "DEFAULT")).upper() in WITHOUT_BF16:
        return False
    _, flags = processor()
    return ("avx512_bf16" in flags or "amx_bf16" in flags) if flags else None


def _read(path: Path) -> dict[str, dict[str, str]]:
    """What a file remembers, without what makes no sense; nothing if it cannot be read."""
    content = None
    with suppress(ModelError):
        content = read_json(path, ModelError, "remove it")
    if not isinstance(content, dict):
        return {}
    return {
        machine: {what: way for what, way in found.items() if isinstance(way, str)}
        for machine, found in content.items()
        if isinstance(found, dict)
    }


def _write(path: Path, here: str, what: str, way: str) -> None:
    """Add what was found to what is there, if the folder can be written to."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        content = _read(path)
        content.setdefault(here, {})[what] = way
        with whole_file(path) as file:
            file.write(json.dumps(content, indent=1, sort_keys=True).encode())
