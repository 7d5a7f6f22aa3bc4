"""Figures of the studies, all in one style: grey and marks instead of colours, SVG, the same bytes for the same data.

Each is drawn from a small table that is saved beside it. Knows no statistics: means and intervals are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verbosify.files import whole_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SERIES = (
    {"color": "#000000", "marker": "o", "linestyle": "-"},
    {"color": "#808080", "marker": "s", "linestyle": "--"},
    {"color": "#404040", "marker": "^", "linestyle": ":"},
    {"color": "#a0a0a0", "marker": "D", "linestyle": "-."},
    {"color": "#606060", "marker": "v", "linestyle": (0, (1, 1))},
    {"color": "#202020", "marker": "x", "linestyle": (0, (5, 1))},
)
"""How the lines of a figure differ: in print and for every eye."""
NAMES = {
    "looped": "looped, share",
    "copied": "copied, share",
    "drifted": "drifted, share",
    "reversal": "reversal, share",
    "blank": "blank, share",
    "cut_off": "cut off, share",
    "usable": "something to use, share",
    "usable_words": "words to use",
    "similarity": "closeness to its passage",
    "usual_similarity": "closeness to the passage",
    "new_similarity": "closeness of what is new",
    "distinct_2": "distinct word pairs",
    "edit_distance": "distance of samples",
    "self_bleu": "likeness of samples",
    "fluency": "fluency, nats a token",
    "loss_after": "loss of the passage after, nats a token",
    "trained_tokens": "tokens trained on",
}
_STYLE: Any = {
    "svg.hashsalt": "verbosify",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "sans-serif"],
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.0,
    "legend.frameon": False,
    "figure.dpi": 100,
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure, what it shows in words, and what it is drawn from."""

    name: str
    alt: str
    data: pd.DataFrame
    figure: Figure

    def _repr_svg_(self) -> str:
        """As a notebook shows it."""
        return as_svg(self)


@contextmanager
def style() -> Iterator[None]:
    """Our style, within the block alone."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        yield


def lines(
    name: str,
    data: pd.DataFrame,
    x: str,
    label: str,
    alt: str,
    *,
    series: str = "training",
    log: bool = False,
    names: Sequence[str] = (),
) -> Drawing:
    """A panel for each measure of a `summaries.summary`, a line with intervals for each of a series.

    Args:
        x: the column that goes across; categories if it is not of numbers.
        names: the series in their order; by default as they come.
    """
    from matplotlib.figure import Figure

    measures = list(dict.fromkeys(data["measure"]))
    kinds = [str(kind) for kind in (names or dict.fromkeys(data[series].astype(str)))]
    numeric = data[x].dtype.kind in "fi"
    places = list(dict.fromkeys(data[x].astype(str)))
    with style():
        columns = min(len(measures), 2 if len(measures) in (2, 4) else 3)
        rows = -(-len(measures) // columns)
        figure = Figure(figsize=(3.5 * columns, 2.5 * rows + 0.35), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        for panel, measure in zip(grid.flat, measures, strict=False):
            for number, kind in enumerate(kinds):
                part = data[(data["measure"] == measure) & (data[series].astype(str) == kind)]
                if numeric:
                    part = part.sort_values(x)
                across = part[x].to_numpy(float) if numeric else [places.index(str(value)) for value in part[x]]
                shift = 0 if numeric else (number - (len(kinds) - 1) / 2) * 0.16
                errors = [part["mean"] - part["low"], part["high"] - part["mean"]]
                how: dict[str, Any] = dict(SERIES[number % len(SERIES)])
                if not numeric:
                    how["linestyle"] = "none"
                panel.errorbar(
                    [value + shift for value in across], part["mean"], errors, label=kind, elinewidth=0.7, **how
                )
            panel.set_title(NAMES.get(measure, measure), loc="left", fontsize=9)
            panel.set_xlabel(label)
            if not numeric:
                panel.set_xticks(range(len(places)), places, rotation=30, ha="right")
            if log:
                panel.set_xscale("log")
                ticks = sorted(set(data[x]))
                panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
                panel.minorticks_off()
        for panel in list(grid.flat)[len(measures) :]:
            panel.set_axis_off()
        if len(kinds) > 1:
            handles, labels = grid.flat[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper left", ncols=len(kinds), fontsize=9)
    return Drawing(name, alt, data, figure)


def front(name: str, data: pd.DataFrame, alt: str) -> Drawing:
    """Recipes by how close they stay and how much there is to use; those on the front are filled and named."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(7.0, 4.4), layout="constrained")
        panel = figure.subplots()
        for row in data.to_dict("records"):
            filled = "#000000" if row["front"] else "#ffffff"
            size = 14 + 26 * (row["trained_tokens"] / 256) ** 0.5
            panel.scatter(
                row["usual_similarity"], row["usable"], s=size, c=filled, edgecolors="#404040", linewidths=0.8
            )
            if row["front"]:
                told = f"{row['training']} × {row['strength']:g}"
                panel.annotate(
                    told, (row["usual_similarity"], row["usable"]), (5, 4), textcoords="offset points", fontsize=8
                )
        panel.margins(x=0.14)
        panel.set_xlabel(NAMES["usual_similarity"])
        panel.set_ylabel(NAMES["usable"])
    return Drawing(name, alt, data, figure)


def intervals(name: str, data: pd.DataFrame, label: str, alt: str, *, middle: float, series: str) -> Drawing:
    """A row for each measure, its mean and interval for each of a series, and a line at what would be nothing."""
    from matplotlib.figure import Figure

    measures, kinds = (list(dict.fromkeys(data[column])) for column in ("measure", series))
    with style():
        figure = Figure(figsize=(7.0, 0.42 * len(measures) + 1.1), layout="constrained")
        panel = figure.subplots()
        panel.axvline(middle, color="#808080", linewidth=0.8)
        for number, kind in enumerate(kinds):
            part = data[data[series] == kind]
            heights = [measures.index(measure) + (number - (len(kinds) - 1) / 2) * 0.24 for measure in part["measure"]]
            errors = [part["mean"] - part["low"], part["high"] - part["mean"]]
            how: dict[str, Any] = dict(SERIES[number]) | {"linestyle": "none"}
            panel.errorbar(part["mean"], heights, xerr=errors, label=kind, elinewidth=0.9, **how)
        panel.set_yticks(range(len(measures)), measures)
        panel.invert_yaxis()
        panel.set_xlabel(label)
        figure.legend(loc="outside upper left", ncols=len(kinds), fontsize=9)
    return Drawing(name, alt, data, figure)


def save(drawing: Drawing, folder: Path) -> Path:
    """`NAME.svg`, which tells what it shows to those who cannot see it, and `NAME.csv`, what it is drawn from."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{drawing.name}.svg"
    with whole_file(path) as file:
        file.write(as_svg(drawing).encode())
    with whole_file(path.with_suffix(".csv")) as file:
        file.write(drawing.data.to_csv(index=False, float_format="%.4f", lineterminator="\n").encode())
    return path


def as_svg(drawing: Drawing) -> str:
    """The figure as SVG, the same for the same data and version of matplotlib."""
    memory = BytesIO()
    with style():
        drawing.figure.savefig(memory, format="svg", metadata={"Date": None})
    svg = memory.getvalue().decode()
    told = f'role="img" aria-labelledby="t"><title id="t">{escape(drawing.alt)}</title>'
    svg = re.sub(r"(<svg [^>]*?)>", lambda match: f"{match[1]} {told}", svg, count=1)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"
