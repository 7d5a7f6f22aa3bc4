"""An overfit beside plain transformers' in the same precision, as this processor and as lesser ones would run it.

Plain is a process as Python begins it. Since part of what makes ours faster is how its process comes by memory, a third
contender is transformers' step with those settings.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.per_passage import PASSAGE
from benchmarks.processes import in_turn

VARIABLES = ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS")
KINDS: dict[str, tuple[str, str, str] | None] = {
    "as it is": None,
    "AVX-512 with bf16, MKL up to AVX2": ("AVX512_CORE_BF16", "avx512", "AVX2"),
    "AVX-512": ("AVX512_CORE", "avx512", "AVX512"),
    "AVX2": ("AVX2", "avx2", "AVX2"),
    "AVX2, MKL up to SSE4.2": ("AVX2", "default", "SSE4_2"),
}
"""Values of `VARIABLES`, which hold the libraries back; they cannot give them what the processor lacks."""
NEEDED = {"AVX512_CORE_BF16": "avx512_bf16", "AVX512_CORE": "avx512f"}
"""What a processor says of itself, to be held back to that and no further."""
WITH_BF16 = ("as it is", "AVX-512 with bf16, MKL up to AVX2")
CONTENDERS = ("transformers", "transformers tuned", "verbosify")
ROUNDS = 3


def overfits(folder: Path, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Median seconds of all, taken in turn, and how many times faster ours is than each, for each kind."""
    from verbosify.models.pytorch.choosing import processor
    from verbosify.models.pytorch.model import has_fast_bf16, pick_device

    found = {}
    flags = processor()[1].split()
    for kind, values in KINDS.items():
        if values and NEEDED.get(values[0], "fpu") not in flags:
            say(f"{kind}: this processor has less")
            continue
        variables = dict(zip(VARIABLES, values, strict=True)) if values else {}
        for precision in ("fp32", "bf16"):
            if precision == "bf16" and not (kind in WITH_BF16 and has_fast_bf16(pick_device("cpu"))):
                continue
            say(f"{kind}, {precision}")
            arguments = [str(folder), precision, PASSAGE, "1024"]
            contenders = {contender: [contender, *arguments] for contender in CONTENDERS}
            seconds = in_turn("overfit_subject", contenders, ROUNDS, variables=variables)
            found[f"{kind}, {precision}"] = seconds | {
                "ratio_overfit": seconds["transformers"] / seconds["verbosify"],
                "ratio_overfit_tuned": seconds["transformers tuned"] / seconds["verbosify"],
            }
    return found
