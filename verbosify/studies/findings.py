"""`docs/findings.md` and its figures, drawn from the tables: nothing in it is written down that they could tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verbosify.errors import RecordError
from verbosify.files import read_json, whole_file
from verbosify.studies.claims import EQUAL_LOSS, SMALLEST, Compared, chosen_against, judged, windows_compared
from verbosify.studies.figures import NAMES, Drawing, front, intervals, lines, save
from verbosify.studies.grid import study_names
from verbosify.studies.planted import detections, fluency_threshold
from verbosify.studies.statistics import Difference
from verbosify.studies.summaries import agreement, picked, recipes_compared, summary
from verbosify.studies.tables import read_manifest, read_table

if TYPE_CHECKING:
    import pandas as pd

TABLES = "tables"
PLANTED = "planted"
_TEMPLATES = Path(__file__).parent / "templates"
MATERIALS = ("nothing", "corpus", "corpus-essay", "essay-1", "essay-2", "essay-5", "classic", "passage")
WINDOWS = ("once", "twice", "four", "full", "cut", "cut-5")


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables of all studies that are there; `RecordError` if none is."""
    there = read_manifest(folder)
    tables = {name: read_table(folder, name) for name in study_names() if f"{name}.parquet" in there}
    if not tables:
        raise RecordError(f"{folder} holds no table of a study: make them by `verbosify study run --all`.")
    return tables


def write_findings(tables_folder: Path, page: Path, ratings: Path | None = None) -> list[Path]:
    """Draw all figures beside `page`, in a folder of its name, and write the page; returns what was written."""
    tables, manifest = read_tables(tables_folder), read_manifest(tables_folder)
    judgements = None if ratings is None else read_json(ratings, RecordError, "restore it")
    planted = read_table(tables_folder, PLANTED) if f"{PLANTED}.parquet" in manifest else None
    drawings = drawings_of(tables, judgements)
    folder = page.with_suffix("")
    written = [save(drawing, folder) for drawing in drawings.values()]
    text = rendered(tables, manifest, drawings, planted, folder.name)
    with whole_file(page) as file:
        file.write(text.encode())
    return [*written, page]


def drawings_of(tables: Mapping[str, pd.DataFrame], ratings: Mapping[str, Any] | None = None) -> dict[str, Drawing]:
    """Every figure that these tables can make, by its name."""
    found = [make(tables) for study, make in _MAKERS if study in tables]
    if "window" in tables and "steps" in tables:
        found.append(_front(tables))
    if ratings is not None:
        found.append(_ratings(ratings))
    return {drawing.name: drawing for drawing in found}


def _temperature(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    table = picked(tables["sampling"], top_k=30)
    data = summary(table, ["looped", "copied", "usable", "similarity"], ["training", "temperature"])
    return lines(
        "temperature",
        data,
        "temperature",
        "temperature",
        "Four panels over temperatures from 0.1 to 1.2: how many samples loop, copy the passage, or hold "
        "something to use, and how close they are to the passage; a line each for the passage repeated and once.",
    )


def _truncation(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    table = picked(tables["sampling"], temperature=0.8)
    labels = [
        f"top-p {p:g}" if p < 1 else f"min-p {m:g}" if m > 0 else f"top-k {k}" if k else "all"
        for p, m, k in zip(table["top_p"].round(3), table["min_p"].round(3), table["top_k"], strict=True)
    ]
    order = [f"top-k {k}" for k in (10, 20, 30, 40, 80, 200)]
    order += [
        "all",
        "top-p 0.9",
        "top-p 0.95",
        "min-p 0.1",
        "min-p 0.05",
    ]
    table = table.assign(truncation=labels)
    data = summary(table, ["looped", "copied", "usable", "similarity"], ["training", "truncation"])
    data = data.sort_values("truncation", key=lambda column: column.map(order.index), kind="stable")
    return lines(
        "truncation",
        data,
        "truncation",
        "",
        "Four panels over ways of truncating at temperature 0.8, from the ten likeliest tokens to all of them: looped, "
        "copied, something to use, closeness; a mark each for the passage repeated and once.",
    )


def _length(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    data = summary(tables["length"], ["new_similarity", "cut_off", "usable", "looped"], ["training", "length"])
    return lines(
        "length",
        data,
        "length",
        "tokens",
        "Four panels over lengths from 25 to 400 tokens: closeness of what was said since the length before, how many "
        "samples are cut off, hold something to use, and loop.",
        log=True,
    )


def _material(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    table = tables["material"]
    table = table.assign(kind="all", training=table["training"].astype(str))
    data = summary(table, ["similarity", "usable", "distinct_2", "looped", "reversal", "fluency"], ["kind", "training"])
    data = data.sort_values("training", key=lambda column: column.map(MATERIALS.index), kind="stable")
    return lines(
        "material",
        data,
        "training",
        "",
        "Six panels over what the model was taught: nothing, a corpus, a corpus and then the essay, the essay one, two "
        "and five times, the passage repeated, the passage once.",
        series="kind",
    )


def _window(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    return _by_loss("window", tables["window"], WINDOWS, "windows")


def _steps(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    table = tables["steps"]
    kinds = ["full" if name.startswith("full") else "once" for name in table["training"].astype(str)]
    table = table.assign(kind=[f"{kind}, {steps}" for kind, steps in zip(kinds, table["steps"], strict=True)])
    table = table.assign(training=table["kind"], strength=table["rate"])
    order = [f"{kind}, {steps}" for kind in ("once", "full") for steps in (1, 2, 4)]
    return _by_loss("steps", table, order, "windows and numbers of steps")


def _by_loss(name: str, table: pd.DataFrame, order: Any, what: str) -> Drawing:
    """Measures over the loss that each strength leaves the passage."""
    table = table.assign(training=table["training"].astype(str))
    data = summary(table, ["looped", "copied", "usual_similarity", "usable"], ["training", "strength"])
    losses = summary(table, ["loss_after"], ["training", "strength"]).set_index(["training", "strength"])["mean"]
    data["loss_after"] = [losses[row.training, row.strength] for row in data.itertuples()]
    there = [kind for kind in order if kind in set(data["training"])]
    return lines(
        name,
        data[data["training"].isin(there)],
        "loss_after",
        "loss of the passage after, nats a token",
        f"Four panels over the loss that the passage is left with, a line for each of several {what}, a point for each "
        "strength: looped, copied, closeness, something to use.",
        names=there,
    )


def _size(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    data = summary(tables["size"], ["looped", "copied", "usual_similarity", "usable"], ["training", "size"])
    return lines(
        "size",
        data,
        "size",
        "sentences",
        "Four panels over passages of one to six sentences: looped, copied, closeness to the usual passage, something "
        "to use; a line each for the passage repeated and once.",
    )


def _front(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    data = recipes_compared([tables["window"], tables["steps"]])
    return front(
        "front",
        data,
        "Recipes as points: closeness to the passage across, the share of samples with something to use upwards, "
        "larger where more tokens are trained on. Those that no other beats in all three are black and named.",
    )


def _ratings(ratings: Mapping[str, Any]) -> Drawing:
    return intervals(
        "ratings",
        agreement(ratings),
        "area under the ROC curve",
        "For each of six measures, how well it tells candidates that blind readers would keep, and those they found "
        "sound, with intervals; a line marks one half, which is chance.",
        middle=0.5,
        series="asked",
    )


_MAKERS = (
    ("sampling", _temperature),
    ("sampling", _truncation),
    ("length", _length),
    ("material", _material),
    ("window", _window),
    ("steps", _steps),
    ("size", _size),
)


def rendered(
    tables: Mapping[str, pd.DataFrame],
    manifest: Mapping[str, Any],
    drawings: Mapping[str, Drawing],
    planted: pd.DataFrame | None,
    folder: str,
) -> str:
    """The page as Markdown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # Markdown of our own numbers, not HTML
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
    )
    environment.filters |= {"n": _number, "signed": _signed, "p": _p, "named": _named}
    windows = windows_compared(tables["window"]) if "window" in tables else []
    values = {
        "tables": tables,
        "manifest": manifest,
        "model": next(iter(manifest.values()))["model"],
        "drawings": drawings,
        "folder": folder,
        "told": judged(tables),
        "smallest": SMALLEST,
        "equal_loss": EQUAL_LOSS,
        "compared": windows,
        "recipes": drawings["front"].data.to_dict("records") if "front" in drawings else [],
        "agreement": drawings["ratings"].data.to_dict("records") if "ratings" in drawings else [],
        "detections": detections(planted) if planted is not None else [],
        "fluency_threshold": fluency_threshold(planted) if planted is not None else None,
        "mean": _mean,
        "compared_with": partial(_compared_with, windows),
        "chosen": chosen_against(tables["steps"]) if "steps" in tables else [],
    }
    text: str = environment.get_template("findings.md.j2").render(values)
    return text.rstrip() + "\n"


def _compared_with(windows: Sequence[Compared], first: str, second: str, how: str, measure: str) -> Difference:
    wanted = (first, second, how, measure)
    return next(each.difference for each in windows if (each.first, each.second, each.how, each.measure) == wanted)


def _mean(tables: Mapping[str, pd.DataFrame], study: str, measure: str, **fields: Any) -> float:
    """The mean over places of a measure in a part of a study."""
    table = picked(tables[study], **fields)
    means = table[measure].astype("float64").groupby(table["place"].astype(str)).mean()
    return float(means.mean())


def _named(measure: str) -> str:
    return NAMES.get(measure, measure)


def _number(value: float, places: int = 2) -> str:
    return f"{value:.{places}f}".replace("-", "−")


def _signed(value: float, places: int = 2) -> str:
    return f"{value:+.{places}f}".replace("-", "−")


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
