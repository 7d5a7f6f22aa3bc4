"""Rows are plain values: they become columns and JSON, and come back the same."""

from __future__ import annotations

import re
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version

import pytest

from tests.pieces import CARD, OPTIONS, TEXT, make_job, make_overfit, make_samples
from verbosify.errors import PieceError
from verbosify.piece.rows import dump, now, to_columns, values_of


def test_time_is_utc_to_the_millisecond() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", now())


def test_a_job_names_the_software_that_made_it() -> None:
    try:
        installed = version("verbosify-studio")
    except PackageNotFoundError:
        installed = "unknown"
    assert make_job().software == {"verbosify": installed}


def test_the_fingerprint_is_that_of_canonical_json() -> None:
    blocks = make_job().essay_blocks
    parts = {"essay text": TEXT, "essay sentences": blocks, "options": OPTIONS, "model weights": CARD["weights_sha256"]}

    assert make_job().fingerprint == sha256(dump(parts, sort_keys=True).encode()).hexdigest()
    assert make_job(title="Other", essay_name="other.md").fingerprint == make_job().fingerprint
    assert make_job(options=OPTIONS | {"target": 2.5}).fingerprint != make_job().fingerprint


def test_a_row_without_an_id_is_left_for_sqlite_to_number() -> None:
    assert to_columns(make_overfit())["id"] is None
    assert to_columns(make_overfit(id=7))["id"] == 7
    assert "id" not in to_columns(make_job())


def test_fields_keep_their_order_and_lists_become_json() -> None:
    sample = make_samples(1)[0]

    assert list(values_of(sample)) == ["id", "batch", "index", "token_ids", "text", "finish", "measures"]
    columns = to_columns(sample)
    assert [columns[name] for name in ("token_ids", "measures")] == ["[11,48000,0]", '{"copied":0.25,"blank":false}']


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object(), b"bytes"])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(PieceError, match=r"A value cannot be recorded as JSON \(.*\): hand over plain, finite values"):
        dump({"value": value})
