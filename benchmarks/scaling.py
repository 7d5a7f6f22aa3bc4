"""How cost grows: with samples, length, the size of the model, and threads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.per_passage import PASSAGE
from benchmarks.processes import run_subject
from benchmarks.weights import safetensors_folder


def curves(work: Path, embedded: Path | None, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Seconds of sampling (and of the overfit, by model), each point a process of its own, in bf16.

    Args:
        work: a folder for weights.
        embedded: the folder of SmolLM2-135M, or None to leave it out.
    """
    folders = {f"GPT-2 {size}": safetensors_folder(work, size) for size in ("124M", "355M")}
    if embedded:
        folders["SmolLM2-135M"] = embedded

    def point(folder: Path, samples: int, length: int) -> dict[str, float]:
        say(f"{folder.name}, {samples} samples of {length} tokens")
        arguments = [str(folder), "bf16", "classic", PASSAGE, str(samples), str(length), "2"]
        return run_subject("verbosify_subject", arguments).stages

    small = folders["GPT-2 124M"]
    by_samples = {samples: point(small, samples, 100)["sample"] for samples in (1, 10, 40)}
    by_length = {length: point(small, 10, length)["sample"] for length in (50, 100, 200, 400, 800)}
    by_model = {name: point(folder, 10, 100) for name, folder in folders.items()}
    return {
        "sample_seconds_by_samples": {str(key): value for key, value in by_samples.items()},
        "sample_seconds_by_length": {str(key): value for key, value in by_length.items()},
        "sample_seconds_by_model": {name: stages["sample"] for name, stages in by_model.items()},
        "overfit_seconds_by_model": {name: stages["overfit"] for name, stages in by_model.items()},
        "ratio_40_samples": {"40 / 10": by_samples[40] / by_samples[10]},
    }
