"""What this machine can do at most, and how near our stages come (Williams et al. 2009, the roofline model)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.per_passage import PASSAGE
from benchmarks.processes import run_subject

if TYPE_CHECKING:
    from verbosify.models.transformer import Architecture

GIGA = 1e9


def matrix_peak(precision: str) -> float:
    """The best rate of matrix products, in floating-point operations a second."""
    import torch

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    rates = []
    for size in (1024, 2048, 3072):
        one, other = (torch.randn(size, size).to(dtype) for _ in range(2))
        rates.append(2 * size**3 / _best_seconds(lambda one=one, other=other: one @ other))
    return max(rates)


def memory_peak() -> float:
    """The best rate at which memory too large for any cache is read, in bytes a second."""
    import torch

    data = torch.ones(256 * 2**20, dtype=torch.float32)
    return data.numel() * 4 / _best_seconds(data.sum)


def _best_seconds(work: Callable[[], object], repeats: int = 7) -> float:
    times = []
    for _ in range(repeats):
        started = perf_counter()
        work()
        times.append(perf_counter() - started)
    return min(times)


def product_weights(a: Architecture) -> int:
    """How many weights take part in matrix products, the head included."""
    inner = a.inner * (2 if a.family == "gpt2" else 3)
    attention = a.head_width * (2 * a.heads + 2 * a.kv_heads)
    return a.layers * a.width * (attention + inner) + a.vocabulary * a.width


def overfit_operations(a: Architecture, tokens: int) -> float:
    """Multiplications and additions of one training step over `tokens` tokens.

    Six for each weight of a product and token (two forward, four backward); and attention, where on average half of
    all tokens are seen: 2 products of 2 operations forward, twice that backward.
    """
    attention = a.layers * a.heads * a.head_width * tokens / 2 * 4 * 3
    return tokens * (6.0 * product_weights(a) + attention)


def stages(folder: Path, precision: str, say: Callable[[str], None]) -> dict[str, float]:
    """Each of our stages as a multiple of its bound on this machine; that of the overfit counts products only."""
    from verbosify.models.transformer import read_architecture

    say("measuring the machine")
    products, memory = matrix_peak(precision), memory_peak()
    say("measuring verbosify")
    run = run_subject("verbosify_subject", [str(folder), precision, "classic", PASSAGE, "10", "100", "3"])
    architecture = read_architecture(json.loads((folder / "config.json").read_text(encoding="utf-8")), str(folder))
    overfit_bound = overfit_operations(architecture, 1023) / products
    step_bound = (2 if precision == "bf16" else 4) * product_weights(architecture) / memory
    step = run.stages["step"]
    return {
        "matrix_gflops": products / GIGA,
        "memory_gb_per_second": memory / GIGA,
        "overfit_bound_seconds": overfit_bound,
        "overfit_seconds": run.stages["overfit"],
        "overfit_over_roofline": run.stages["overfit"] / overfit_bound,
        "sampling_bound_ms_per_step": 1000 * step_bound,
        "sampling_ms_per_step": 1000 * step,
        "sampling_over_roofline": step / step_bound,
    }
