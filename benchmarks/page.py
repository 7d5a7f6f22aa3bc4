"""docs/performance.md from measured figures; the words around them are here, the figures never are."""

from __future__ import annotations

from typing import Any

RATIOS = {
    "ratio_same_work_bf16": "the same work as gpt-2-simple (one window), bf16: times faster",
    "ratio_same_work_fp32": "the same work as gpt-2-simple (one window), fp32: times faster",
    "ratio_defaults": "against gpt-2-simple as installed (five windows), ours with one, bf16: times faster",
    "ratio_passage_recipe": "against gpt-2-simple as installed, our recipe `passage`, bf16: times faster",
    "ratio_sampling_transformers_bf16": "sampling, against transformers' `generate` in bf16: times faster",
    "ratio_peak_memory": "peak memory, as a share of gpt-2-simple's",
    "sampling_ms_per_step": "milliseconds a sampling step, 10 rows, bf16, prompt read and weights packed",
}


def performance_page(found: dict[str, Any]) -> str:
    """The page as Markdown: the machine, a passage by contenders, the ratios, the roofline, growth, tricks."""
    machine = found["machine"]
    passage = found["per-passage"]
    parts = [
        "# Performance",
        (
            "Made by `python -m benchmarks page`; every number was measured in that one run, side by side, on "
            f"{machine['processor']} with {machine['cores']} cores and {machine['threads']} threads, no GPU, "
            f"PyTorch {machine['torch']}. Times vary by machine and hour; ratios are what to keep. Weights are random: "
            "speed does not depend on what a model has learned."
        ),
        "## One passage, GPT-2 124M, ten samples of 100 tokens",
        (
            "gpt-2-simple's passage is a process of its own, since its user restarts the kernel for each; the others "
            "stay loaded. *Spread* is the longest over the shortest run."
        ),
        _table(
            ("", "overfit s", "sample s", "whole passage s", "peak memory GB", "written MB", "spread"),
            [
                (
                    name,
                    f"{row['overfit']:.2f}",
                    f"{row['sample']:.2f}",
                    f"{row['passage']:.2f}",
                    f"{row['peak_memory'] / 1e9:.2f}",
                    f"{row['written'] / 1e6:.0f}",
                    f"{row['spread']:.2f}",
                )
                for name, row in passage["contenders"].items()
            ],
        ),
        _table(
            ("figure", "name", "value"), [(RATIOS[k], f"`{k}`", f"{passage[k]:.2f}") for k in RATIOS if k in passage]
        ),
        "## Against what the machine can do",
        (
            "The bound of an overfit is its matrix products at the best rate measured here; that of a sampling step is "
            "reading every weight once at the best rate measured here. AMX lifts the first five times and more, and "
            "nothing but products with it; *without AMX* is the same run with AMX switched off, as on processors that "
            "know bf16 by AVX-512 alone."
        ),
        _table(
            ("figure", *found["roofline"]),
            [
                (
                    key.replace("_", " "),
                    *(f"{found['roofline'][precision][key]:.2f}" for precision in found["roofline"]),
                )
                for key in next(iter(found["roofline"].values()))
            ],
        ),
        "## Processors",
        (
            "An overfit (recipe `classic`) beside the same step by plain transformers in the same precision, in turn, "
            "each in a process of its own, on this processor and as lesser ones would run it: variables of oneDNN, "
            "PyTorch and MKL hold the libraries back. The ways of products are measured once for each. *Tuned* is "
            "transformers in a process that comes by memory as ours does (`verbosify.models.process`)."
        ),
        _table(
            ("processor, precision", "transformers s", "tuned s", "verbosify s", "times faster", "than tuned"),
            [(name, *(f"{figure:.2f}" for figure in row.values())) for name, row in found["processors"].items()],
        ),
        "## How cost grows",
        *[
            f"{name.replace('_', ' ').capitalize()}:\n\n"
            + _table(("", ""), [(k, f"{v:.2f}") for k, v in curve.items()])
            for name, curve in found["scaling"].items()
        ],
        "## What each trick gains",
        "Each stage with and without one trick, in turn, in one process.",
        _table(
            ("trick", "without s", "with s", "ratio"),
            [
                (name, f"{row['seconds_without']:.2f}", f"{row['seconds_with']:.2f}", f"{row['ratio']:.2f}")
                for name, row in found["tricks"].items()
            ],
        ),
        "Tricks that cannot be switched off, as measured when they were made, are in [the log](LOG.md).",
    ]
    if "fidelity" in found:
        parts += [
            "## What bf16 costs",
            (
                "Over the passages below: the cosine of the weight update in bf16 with that in fp32, and the "
                "Kullback-Leibler divergence of the next-token distribution at each place of the passage (nats, mean)."
            ),
            _table(("figure", "value"), [(key, f"{value:.4f}") for key, value in found["fidelity"].items()]),
        ]
    return "\n\n".join(parts) + "\n"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
