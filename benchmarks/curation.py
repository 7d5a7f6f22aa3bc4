"""What of a candidate tells whether people keep it: ratings against measures, told on texts that were not learnt from.

`ratings.json` holds 300 candidates and 200 pairs from five texts (smollm2-135m, recipe `passage`), rated blind by a
reader, which was a language model asked to read as an editor. 30 of the candidates were rated twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verbosify.studies.statistics import Numbers, discrimination

RATINGS = Path(__file__).parent / "ratings.json"
LEARNT = ("lengths", "rovers", "lemons")
"""The texts whose ratings the curator learnt from; the others tell whether it did."""
MEASURES: dict[str, Callable[[dict[str, Any]], float]] = {
    "information, less": lambda row: -row["information"],
    "words, fewer": lambda row: -row["words"],
    "closeness": lambda row: row["closeness"],
    "fluency": lambda row: row["fluency"],
    "surprise, less": lambda row: -row["surprise"],
    "flow": lambda row: row["flow"] or 0.0,
}


def kappa(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Cohen's kappa: agreement beyond chance, at most 1."""
    by_chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return float((np.mean(one == other) - by_chance) / (1 - by_chance))


def fitted(information: Numbers, worth: Numbers, steps: int = 20_000) -> tuple[float, float]:
    """Log-odds at nothing new, and by how much each nat lowers them: a logistic regression by gradient ascent."""
    scale = information.std()
    x, slope, offset = (information - information.mean()) / scale, 0.0, 0.0
    for _ in range(steps):
        missed = worth - 1 / (1 + np.exp(-(slope * x + offset)))
        slope, offset = slope + 0.5 * float(np.mean(missed * x)), offset + 0.5 * float(missed.mean())
    return offset - slope * float(information.mean() / scale), -slope / float(scale)


def answers(rows: Sequence[dict[str, Any]], name: str) -> Numbers:
    """The share of raters who said yes, row by row."""
    return np.array([np.mean([each[name] for each in row["answers"]]) for row in rows])


def page(ratings: dict[str, Any]) -> str:
    """All of it as Markdown."""
    single = ratings["single"]
    names = list(single[0]["answers"][0])
    kept = answers(single, "keep")
    sound = np.min([answers(single, name) for name in names if name != "keep"], axis=0)
    learnt = np.array([row["essay"] in LEARNT for row in single])
    information = np.array([row["information"] for row in single])
    certain, risk = fitted(information[learnt], (kept[learnt] + sound[learnt]) / 2)
    twice = [row["answers"] for row in single if len(row["answers"]) == 2]
    lines = [
        f"{len(single)} candidates: "
        + ", ".join(f"{name} {np.mean(answers(single, name)):.0%}" for name in names)
        + f"; all of the first three {sound.mean():.0%}.",
        f"{len(twice)} rated twice, Cohen's kappa: "
        + ", ".join(
            f"{name} {kappa(np.array([a[name] for a, _ in twice]), np.array([b[name] for _, b in twice])):.2f}"
            for name in names
        )
        + ".",
        f"Learnt from {learnt.sum()} candidates: log-odds {certain:.2f} - {risk:.3f} a nat.",
        "",
        "| measure | kept, other texts | sound, other texts | kept, all | the better of a pair |",
        "|---|---|---|---|---|",
    ]
    pairs = [row for row in ratings["pairs"] if row["better"] != "neither"]
    for name, measure in MEASURES.items():
        scores = np.array([measure(row) for row in single])
        won = [
            np.sign(measure(row["first"]) - measure(row["second"])) * (1 if row["better"] == "first" else -1)
            for row in pairs
        ]
        told = (
            discrimination(scores[~learnt], kept[~learnt] >= 0.5),
            discrimination(scores[~learnt], sound[~learnt] >= 0.5),
            discrimination(scores, kept >= 0.5),
            float(np.mean((np.array(won) + 1) / 2)),
        )
        lines.append(f"| {name} | " + " | ".join(f"{value:.2f}" for value in told) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table of docs/measures.md."""
    print(page(json.loads(RATINGS.read_text("utf-8"))))


if __name__ == "__main__":
    main()
