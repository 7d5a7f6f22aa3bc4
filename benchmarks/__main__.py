"""`python -m benchmarks per-passage | roofline | scaling | sentences`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any


def machine() -> dict[str, object]:
    """The machine that figures belong to."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        models = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    import torch

    return {"processor": name, "cores": os.cpu_count(), "threads": torch.get_num_threads(), "torch": torch.__version__}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", choices=("per-passage", "roofline", "scaling", "sentences"))
    parser.add_argument("--json", action="store_true", help="print figures under stable names")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each contender (per-passage)")
    parser.add_argument("--size", default="124M", help="124M, 355M or tiny")
    parser.add_argument("--work", type=Path, help="keep weights in this folder; otherwise a temporary one")
    parser.add_argument("--tensorflow-python", default=sys.executable, help="interpreter with gpt-2-simple; none: ''")
    arguments = parser.parse_args()
    if arguments.what == "sentences":
        from benchmarks.sentences import main as sentences

        sentences()
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        found = {"machine": machine(), **measure(arguments, work)}
    print(json.dumps(found, indent=2) if arguments.json else told(found))


def measure(arguments: argparse.Namespace, work: Path) -> dict[str, Any]:
    def say(what: str) -> None:
        print(f"… {what}", file=sys.stderr, flush=True)

    if arguments.what == "per-passage":
        from benchmarks.per_passage import compare

        return compare(
            work,
            size=arguments.size,
            repeats=arguments.repeats,
            tensorflow_python=arguments.tensorflow_python or None,
            say=say,
        )
    from verbosify.models.catalog import checkpoints_folder

    if arguments.what == "scaling":
        from benchmarks.scaling import curves

        embedded = checkpoints_folder() / "smollm2-135m"
        return dict(curves(work, embedded if embedded.is_dir() else None, say))
    from benchmarks.roofline import stages
    from benchmarks.weights import write_checkpoint
    from verbosify.models.openai_format import convert_to_safetensors

    folder = work / f"{arguments.size}-safetensors"
    if not folder.exists():
        convert_to_safetensors(write_checkpoint(work / "models" / arguments.size, arguments.size), folder)
    return {precision: stages(folder, precision, say) for precision in ("bf16", "fp32")}


def told(found: Any, depth: int = 0) -> str:
    """Nested figures as indented lines, numbers to three digits."""
    lines = []
    for name, value in found.items():
        if isinstance(value, dict):
            lines += ["  " * depth + name, told(value, depth + 1)]
        else:
            lines.append("  " * depth + f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
