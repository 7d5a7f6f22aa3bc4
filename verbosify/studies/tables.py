"""What was drawn and measured as tidy tables: a row a sample, a table a study, in Parquet, with a manifest of sums."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verbosify.errors import RecordError
from verbosify.files import os_errors_as, read_json, sha256_of, whole_file
from verbosify.measures.copying import copied_share
from verbosify.studies.grid import Cell, Study
from verbosify.studies.places import prose_of
from verbosify.studies.store import Store
from verbosify.version import version_of_verbosify
from verbosify.words import word_texts

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.json"
_CATEGORIES = ("training", "text", "place", "finish")


def table_of(store: Store, study: Study, *, texts: bool = False) -> pd.DataFrame:
    """All samples of a study that are drawn and measured, with what they came from; the texts too if asked for.

    `fluency` is the mean log-probability of a sample's tokens under the fresh model, nats; `text_copied` the share of
    its runs of five words that stand anywhere in the studied text; the others are told by `measuring.measured`.
    """
    import pandas as pd

    there = store.measured()
    rows: list[dict[str, Any]] = []
    for cell in study.cells():
        if cell.key in there:
            rows += _rows(store, study, cell, texts=texts)
    if not rows:
        raise RecordError(f"Nothing of the study {study.name} is in {store.folder} yet: run it first.")
    table = pd.DataFrame(rows)
    for name in table.columns:
        if name in _CATEGORIES:
            table[name] = table[name].astype("category")
        elif table[name].dtype == "float64":
            table[name] = table[name].astype("float32")
    return table


def _rows(store: Store, study: Study, cell: Cell, *, texts: bool) -> list[dict[str, Any]]:
    result = store.result(cell.key)
    settings, report = cell.settings, result.report
    common = {
        "training": study.label_of(cell),
        "text": cell.text,
        "place": cell.place,
        "size": cell.size,
        "strength": cell.strength,
        "rate": cell.training.learning_rate * cell.strength,
        "steps": cell.training.steps if cell.training.window else 0,
        "temperature": settings.temperature,
        "top_k": settings.top_k,
        "top_p": settings.top_p,
        "min_p": settings.min_p,
        "loss_before": report.loss_before,
        "loss_after": report.loss_after,
        "trained_tokens": report.trained_tokens,
        "seconds": report.seconds,
    }
    return [
        common
        | {
            "index": row.index,
            "length": row.length,
            "tokens": len(row.token_ids),
            "finish": row.finish,
            "fluency": row.log_probability / len(row.token_ids) if row.token_ids else None,
            "text_copied": copied_share(word_texts(row.text), _words_of(cell.text)),
        }
        | measures
        | ({"seed": settings.seed, "said": row.text} if texts else {})
        for row, measures in zip(result.rows, store.measures(cell.key), strict=True)
    ]


@cache
def _words_of(text: str) -> tuple[str, ...]:
    return tuple(word_texts(prose_of(text)))


def write_tables(store: Store, studies: Iterable[Study], folder: Path, *, texts: bool = False) -> list[Path]:
    """A table for each study in `folder`, and the manifest: how it was made, and the SHA-256 of each.

    Raises `RecordError` for a study of which nothing is there.
    """
    drawn, made = store.drawn(), []
    for study in studies:
        cells = study.cells()
        about = {
            "title": study.title,
            "question": study.question,
            "cells": len(cells),
            "cells_drawn": sum(cell.key in drawn for cell in cells),
            "model": store.model(),
            "command": f"verbosify study run {study.name}",
        }
        made.append(write_table(folder, study.name, table_of(store, study, texts=texts), about))
    return made


def write_table(folder: Path, name: str, table: pd.DataFrame, about: dict[str, Any]) -> Path:
    """One table, with what the manifest is to say `about` it."""
    path = folder / f"{name}.parquet"
    with os_errors_as(RecordError, folder, "choose another folder", cannot="written"):
        folder.mkdir(parents=True, exist_ok=True)
        manifest = read_manifest(folder)
        table.to_parquet(path, index=False, compression="zstd")
        told = {"samples": len(table), "sha256": sha256_of(path), "verbosify": version_of_verbosify()}
        manifest[path.name] = about | told
        with whole_file(folder / MANIFEST) as file:
            file.write((json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())
    return path


def read_manifest(folder: Path) -> dict[str, Any]:
    """What is known of the tables in a folder; empty if there are none."""
    path = folder / MANIFEST
    read: dict[str, Any] = read_json(path, RecordError, "write the tables again") if path.is_file() else {}
    return read


def read_table(folder: Path, study: str) -> pd.DataFrame:
    """The table of a study; `RecordError` if it is not there, or not the one that the manifest speaks of."""
    import pandas as pd

    path, told = folder / f"{study}.parquet", read_manifest(folder).get(f"{study}.parquet")
    if told is None or not path.is_file():
        raise RecordError(f"{folder} holds no table of the study {study}: make it by `verbosify study run {study}`.")
    if sha256_of(path) != told["sha256"]:
        raise RecordError(f"{path} is not the table that {MANIFEST} speaks of: restore it, or write the tables again.")
    return pd.read_parquet(path)
