"""Rows are plain values: they become columns and JSON, and come back the same."""

from __future__ import annotations

import re
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

import pytest

from tests.pieces import make_job, make_overfit, make_samples
from verbosify.errors import RecordError
from verbosify.piece import Batch, Job, PickEvent, Sample, Scores
from verbosify.record.fields import dump, json_fields, moment, now, to_columns, values_of


def test_time_is_utc_to_the_millisecond() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", now())
    assert moment(datetime.fromisoformat("2024-05-01T01:30:00.1234+02:00")) == "2024-04-30T23:30:00.123Z"


def test_a_job_names_the_software_that_made_it() -> None:
    try:
        installed = version("verbosify-studio")
    except PackageNotFoundError:
        installed = "unknown"
    assert make_job().software == {"verbosify": installed}


def test_a_row_without_an_id_is_left_for_sqlite_to_number() -> None:
    assert to_columns(make_overfit())["id"] is None
    assert to_columns(make_overfit(id=7))["id"] == 7
    assert "id" not in to_columns(make_job())


def test_fields_keep_their_order_and_lists_become_json() -> None:
    sample = make_samples(1)[0]

    assert list(values_of(sample)) == ["id", "batch", "index", "parent", "token_ids", "text", "finish", "measures"]
    columns = to_columns(sample)
    assert [columns[name] for name in ("token_ids", "measures")] == ["[11,48000,0]", '{"copied":0.25,"blank":false}']


def test_what_no_column_holds_as_it_is_becomes_json() -> None:
    assert json_fields(Job) == {"software", "essay_blocks", "options", "model"}
    assert json_fields(Batch) == {"model", "settings", "diversity"}
    assert json_fields(Sample) == {"token_ids", "measures"}
    assert json_fields(Scores) == {"tokens", "base", "overfitted"}
    assert json_fields(PickEvent) == {"picks"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object(), b"bytes"])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(RecordError, match=r"A value cannot be recorded as JSON \(.*\): hand over plain, finite values"):
        dump({"value": value})
