"""One passage: gpt-2-simple, transformers and verbosify side by side on the same random 124M weights."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.processes import Run, Runs, run_subject
from benchmarks.weights import safetensors_folder

PASSAGE = (
    "Every photograph of Mars is old news. Radio waves need between about 3 and 22 minutes to make the crossing, "
    "depending on where the two planets stand. A driver on Earth who sees a cliff is looking at a place where the "
    "rover was some time ago."
)
WORDS = 1024


def compare(
    work: Path, *, size: str, repeats: int, tensorflow_python: str | None, say: Callable[[str], None]
) -> dict[str, object]:
    """Every contender `repeats` times, in turn, so that a slow minute of the machine falls on all; the figures.

    Args:
        work: a folder for weights, about 2 GB.
        size: a shape of `weights.SHAPES`.
        tensorflow_python: the interpreter that has gpt-2-simple; None leaves it out.
    """
    models = work / "models"
    folder = safetensors_folder(work, size)
    copies = -(-WORDS // len(PASSAGE.split()))
    text = work / "passage.txt"
    text.write_text(" ".join([PASSAGE] * copies), encoding="utf-8")
    contenders: dict[str, Callable[[], Run]] = {}
    results: dict[str, list[Run]] = {}

    def theirs(windows: int) -> Run:
        scratch = work / "gpt-2-simple"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        arguments = [str(models), size, str(text), str(windows), str(scratch), PASSAGE]
        python = tensorflow_python or sys.executable
        return run_subject("gpt_2_simple_subject", arguments, python=python, writes_to=scratch)

    def plain(precision: str) -> Run:
        return run_subject("transformers_subject", [str(folder), precision, PASSAGE, "1024"])

    def ours(precision: str, recipe: str) -> Run:
        return run_subject("verbosify_subject", [str(folder), precision, recipe, PASSAGE, "10", "100", "2"])

    if tensorflow_python:
        contenders["gpt-2-simple, 1 window"] = lambda: theirs(1)
        contenders["gpt-2-simple, 5 windows (its default)"] = lambda: theirs(5)
    contenders["transformers, fp32"] = lambda: plain("fp32")
    contenders["transformers, bf16"] = lambda: plain("bf16")
    contenders["verbosify classic, fp32"] = lambda: ours("fp32", "classic")
    contenders["verbosify classic, bf16"] = lambda: ours("bf16", "classic")
    contenders["verbosify passage, bf16"] = lambda: ours("bf16", "passage")
    for number in range(repeats):
        for name, contender in contenders.items():
            say(f"{name}, run {number + 1} of {repeats}")
            results.setdefault(name, []).append(contender())
    return figures({name: Runs(tuple(runs)) for name, runs in results.items()})


def figures(runs: dict[str, Runs]) -> dict[str, object]:
    """Seconds a passage of each contender, and the ratios under stable names.

    gpt-2-simple's passage is a whole process, since its user must start one for each; transformers' and ours are an
    overfit, its sampling and the undoing in a process that stays.
    """
    table = {}
    for name, measured in runs.items():
        own_process = name.startswith("gpt-2-simple")
        stages = {stage: measured.stage(stage) for stage in ("import", "load", "overfit", "sample", "step")}
        passage = measured.seconds if own_process else measured.stage("passage") or stages["overfit"] + stages["sample"]
        table[name] = stages | {
            "passage": passage,
            "peak_memory": measured.peak_memory,
            "written": measured.written,
            "spread": measured.spread,
        }
    found: dict[str, object] = {"contenders": table}
    ours = table["verbosify classic, bf16"]
    found["sampling_ms_per_step"] = 1000 * ours["step"]
    found["ratio_sampling_transformers_bf16"] = table["transformers, bf16"]["sample"] / ours["sample"]
    if "gpt-2-simple, 1 window" in table:
        one, five = table["gpt-2-simple, 1 window"], table["gpt-2-simple, 5 windows (its default)"]
        found["ratio_same_work_bf16"] = one["passage"] / ours["passage"]
        found["ratio_same_work_fp32"] = one["passage"] / table["verbosify classic, fp32"]["passage"]
        found["ratio_defaults"] = five["passage"] / ours["passage"]
        found["ratio_passage_recipe"] = five["passage"] / table["verbosify passage, bf16"]["passage"]
        found["ratio_peak_memory"] = ours["peak_memory"] / one["peak_memory"]
        found["bytes_written_gpt_2_simple"] = one["written"]
        found["bytes_written_verbosify"] = ours["written"]
    return found
