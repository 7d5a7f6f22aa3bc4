"""What this machine can do at most, and how near our stages come (Williams et al. 2009, the roofline model)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from benchmarks.per_passage import PASSAGE
from benchmarks.processes import run_subject

if TYPE_CHECKING:
    from verbosify.models.pytorch.transformer import Architecture

GIGA = 1e9
WITHOUT_AMX = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"}
"""oneDNN's own variable; PyTorch's products in bf16 are its work."""


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


def rooflines(folder: Path, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """`stages` in bf16 and fp32; on a processor with AMX also in bf16 without it, as on most that know bf16."""
    found = {precision: stages(folder, precision, say) for precision in ("bf16", "fp32")}
    if has_amx():
        found["bf16 without AMX"] = stages(folder, "bf16", say, WITHOUT_AMX)
    return found


def has_amx() -> bool:
    flags = Path("/proc/cpuinfo")
    return flags.is_file() and "amx_bf16" in flags.read_text(encoding="utf-8")


def stages(
    folder: Path, precision: str, say: Callable[[str], None], variables: Mapping[str, str] = MappingProxyType({})
) -> dict[str, float]:
    """Each of our stages as a multiple of its bound on this machine; that of the overfit counts products only.

    `variables` are environment variables under which both the machine and we are measured.
    """
    from verbosify.models.pytorch.transformer import read_architecture

    say(f"measuring the machine, {precision} {' '.join(variables)}".rstrip())
    peaks = run_subject("machine_subject", [precision], variables=variables).stages
    say("measuring verbosify")
    arguments = [str(folder), precision, "classic", PASSAGE, "10", "100", "3"]
    run = run_subject("verbosify_subject", arguments, variables=variables)
    architecture = read_architecture(json.loads((folder / "config.json").read_text(encoding="utf-8")), str(folder))
    overfit_bound = overfit_operations(architecture, 1023) / peaks["products"]
    step_bound = (2 if precision == "bf16" else 4) * product_weights(architecture) / peaks["memory"]
    step = run.stages["step"]
    return {
        "matrix_gflops": peaks["products"] / GIGA,
        "memory_gb_per_second": peaks["memory"] / GIGA,
        "overfit_bound_seconds": overfit_bound,
        "overfit_seconds": run.stages["overfit"],
        "overfit_over_roofline": run.stages["overfit"] / overfit_bound,
        "sampling_bound_ms_per_step": 1000 * step_bound,
        "sampling_ms_per_step": 1000 * step,
        "sampling_over_roofline": step / step_bound,
    }
