"""`python -m benchmarks WHAT`, one of MEASURED, `desk`, `fleets` (which needs Ray) or `sentences`.

`page` measures all of MEASURED and writes the page of the docs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
MEASURED = ("per-passage", "roofline", "scaling", "portfolio", "sessions", "processors", "tricks", "fidelity")


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
    parser.add_argument("what", choices=(*MEASURED, "desk", "fleets", "sentences", "replies", "page"))
    parser.add_argument("--json", action="store_true", help="print figures under stable names")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each contender (per-passage)")
    parser.add_argument("--size", default="124M", help="124M, 355M or tiny")
    parser.add_argument("--seconds", type=float, default=180.0, help="how long eight users write at once (desk)")
    parser.add_argument("--work", type=Path, help="keep weights in this folder; otherwise a temporary one")
    parser.add_argument("--tensorflow-python", default=sys.executable, help="interpreter with gpt-2-simple; none: ''")
    arguments = parser.parse_args()
    if arguments.what == "replies":
        from benchmarks.replies import main as replies

        replies(arguments.repeats)
        return
    if arguments.what == "sentences":
        from benchmarks.sentences import main as sentences

        sentences()
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        if arguments.what == "page":
            from benchmarks.page import performance_page

            every = {name: measure(name, arguments, work) for name in MEASURED}
            PAGE.write_text(performance_page({"machine": machine(), **every}), encoding="utf-8")
            print(PAGE)
            return
        found = {"machine": machine(), **measure(arguments.what, arguments, work)}
    print(json.dumps(found, indent=2) if arguments.json else told(found))


def measure(what: str, arguments: argparse.Namespace, work: Path) -> dict[str, Any]:
    from benchmarks import portfolio, sessions
    from benchmarks.fidelity import losses_of_precision
    from benchmarks.per_passage import compare
    from benchmarks.processors import overfits
    from benchmarks.roofline import rooflines
    from benchmarks.scaling import curves
    from benchmarks.tricks import gains
    from benchmarks.weights import safetensors_folder
    from verbosify.models.store.catalog import checkpoints_folder

    def say(doing: str) -> None:
        print(f"… {what}: {doing}", file=sys.stderr, flush=True)

    python = arguments.tensorflow_python or None
    if what == "per-passage":
        return compare(work, size=arguments.size, repeats=arguments.repeats, tensorflow_python=python, say=say)
    embedded = checkpoints_folder() / "smollm2-135m"
    if what == "scaling":
        return dict(curves(work, embedded if embedded.is_dir() else None, say))
    if what == "fleets":
        from benchmarks.fleets import efficiency

        return dict(efficiency(embedded, say))
    if what == "desk":
        from benchmarks import desk

        return dict(desk.costs(embedded, say, arguments.seconds))
    if what == "fidelity":
        return dict(losses_of_precision(embedded, ROOT / "essays" / "rovers.md", say))
    of_folder: dict[str, Callable[[Path, Callable[[str], None]], Mapping[str, Any]]] = {
        "portfolio": portfolio.costs,
        "sessions": sessions.costs,
        "processors": overfits,
        "tricks": gains,
        "roofline": rooflines,
    }
    return dict(of_folder[what](safetensors_folder(work, arguments.size), say))


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
