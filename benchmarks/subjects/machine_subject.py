"""What this machine can do at most: floating-point operations and bytes a second. Argument: precision."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter


def matrix_peak(precision: str) -> float:
    """The best rate of matrix products, in floating-point operations a second."""
    import torch

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    rates = []
    for size in (1024, 2048, 3072):
        one, other = (torch.randn(size, size).to(dtype) for _ in range(2))
        rates.append(2 * size**3 / best_seconds(partial(torch.matmul, one, other)))
    return max(rates)


def memory_peak() -> float:
    """The best rate at which memory too large for any cache is read, in bytes a second."""
    import torch

    data = torch.ones(256 * 2**20, dtype=torch.float32)
    return data.numel() * 4 / best_seconds(data.sum)


def best_seconds(work: Callable[[], object], repeats: int = 7) -> float:
    times = []
    for _ in range(repeats):
        started = perf_counter()
        work()
        times.append(perf_counter() - started)
    return min(times)


if __name__ == "__main__":
    print(json.dumps({"products": matrix_peak(sys.argv[1]), "memory": memory_peak()}), flush=True)
