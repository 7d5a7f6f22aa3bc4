"""Figures of a piece: losses over all passages, and how a sample drifts. Told apart by shape and grey, not by hue."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from verbosify.errors import PieceError
from verbosify.essay.sentences import split_sentences
from verbosify.measures import THRESHOLDS, Measures
from verbosify.piece import Piece, Sample

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK, _GREY, _ACCENT = "#111111", "#777777", "#c46a00"


def loss_figure(piece: Piece) -> Figure:
    """The loss of each passage before and after its last overfit, in nats a token."""
    from matplotlib.ticker import MaxNLocator

    overfits = {overfit.passage: overfit for overfit in piece.overfits()}
    if not overfits:
        raise PieceError("No passage is overfitted yet: run the piece first.")
    figure = _figure(max(6.0, 0.22 * len(overfits)), 3.2)
    axes = figure.add_subplot()
    places = [number + 1 for number in overfits]
    before = [overfit.loss_before for overfit in overfits.values()]
    after = [overfit.loss_after for overfit in overfits.values()]
    axes.vlines(places, after, before, color=_GREY, linewidth=1.5)
    axes.plot(places, before, "o", color="white", markeredgecolor=_INK, label="before")
    axes.plot(places, after, "s", color=_ACCENT, markeredgecolor=_INK, label="after")
    axes.set(xlabel="passage", ylabel="loss (nats a token)", ylim=(0, max(before) * 1.1))
    axes.set_title("What one overfit teaches", loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, ncols=2, loc="lower right")
    return figure


def drift_figure(sample: Sample) -> Figure:
    """How close each sentence of a sample is to the passage, and where a cut is suggested."""
    measures = Measures.from_dict(sample.measures)
    curve, cut = measures.sentence_similarities, measures.drift_cut()
    if not curve:
        raise PieceError(f"Sample {sample.id} has no sentences that were embedded: choose another one.")
    figure = _figure(7.5, max(1.8, 0.5 * len(curve) + 0.9))
    axes = figure.add_subplot()
    rows = range(len(curve))
    colours = [_ACCENT if cut is None or row < cut else "white" for row in rows]
    axes.barh(rows, curve, color=colours, edgecolor=_INK, height=0.55)
    floor = THRESHOLDS.sentence_similarity
    axes.axvline(floor, color=_INK, linestyle=":", linewidth=1.5)
    axes.text(floor, 1.0, " floor", transform=axes.get_xaxis_transform(), va="bottom", fontsize=9)
    if cut is not None:
        axes.axhline(cut - 0.5, color=_INK, linewidth=1.5)
        axes.annotate(
            "cut here", (1, cut - 0.5), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=9
        )
    said = [" ".join(sample.text[start:end].split()) for start, end in split_sentences(sample.text)]
    if len(said) != len(curve):  # another splitter measured it
        said = [f"sentence {row + 1}" for row in rows]
    axes.set_yticks(rows, [text if len(text) <= 44 else text[:43] + "…" for text in said], parse_math=False)
    axes.invert_yaxis()
    axes.set(xlabel="closeness to the passage (cosine)", xlim=(min(0, *curve) - 0.02, max(0.6, *curve) + 0.02))
    axes.set_title("Where a sample drifts", loc="left", pad=14)
    return figure


def _figure(width: float, height: float) -> Figure:
    """A figure of its own, outside of pyplot's registry, so that nothing lingers in memory."""
    return _shown_figure()(figsize=(width, height), layout="constrained")


@cache
def _shown_figure() -> type[Figure]:
    """matplotlib's figure, which a notebook shows as a picture: without pyplot it shows but its size in words."""
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
            """Twice as fine as it is large, for screens that can tell."""
            file = BytesIO()
            self.savefig(file, format="png", dpi=2 * self.dpi)
            width, height = (round(inches * self.dpi) for inches in self.get_size_inches())
            return file.getvalue(), {"width": width, "height": height}

    return ShownFigure
