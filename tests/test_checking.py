"""Only what has the shape of piece.json passes; the rest is refused by its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.pieces import make_full_piece, put
from verbosify.errors import PieceError
from verbosify.piece import export_piece, read_export
from verbosify.piece.checking import check, schema


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with make_full_piece(tmp_path_factory.mktemp("good") / "piece") as piece:
        return export_piece(piece)


DEEP: list[Any] = []
for _ in range(5000):
    DEEP = [DEEP]


def test_an_export_passes(good: dict[str, Any]) -> None:
    check(good)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("version", 4, r"\$\.version: 4 is newer than this verbosify, which knows 3: update it"),
        ("version", "3", r"\$\.version: '3' should be 3"),
        ("version", True, r"\$\.version: True should be 3"),
        ("format", "other", r"\$\.format: 'other' should be 'verbosify/piece'"),
        ("title", None, r"\$\.title: None should be a valid string"),
        ("more", 1, r"\$\.more: it is not known here"),
        ("fingerprint", "x", r"\$\.fingerprint: 'x' should match pattern"),
        ("job.seed", 2**63, r"\$\.job\.seed: the number does not fit 64 bits"),
        ("job.seed", 10**400, r"\$\.job\.seed: the number does not fit 64 bits"),
        ("job.seed", float("nan"), r"\$\.job\.seed: nan is no number"),
        ("job.seed", float("-inf"), r"\$\.job\.seed: -inf is no number"),
        ("job.seed", object(), r"\$\.job\.seed: a value of type object is no JSON"),
        ("job", {1: 2}, r"\$\.job\[1\]: 1 should be a valid string"),
        ("job.recipe", {1: 2}, r"\$\.job\.recipe: 1 is no name"),
        ("job", DEEP, r"\$\.job: \[\[.* should be an object"),
        ("job.recipe", DEEP, r"nested more than 64 levels deep"),
        ("essay.text", "half \ud83d", r"\$\.essay\.text: '\\ud83d' is half a character"),
        ("essay.blocks.0.start", -1, r"\$\.essay\.blocks\[0\]\.start: -1 should be greater than or equal to 0"),
        ("model.weights_sha256", 5, r"\$\.model\.weights_sha256: 5 should be a valid string"),
        ("passages.1.start", -1, r"\$\.passages\[1\]\.start: -1 should be greater"),
        ("passages.1.start", 0.0, r"\$\.passages\[1\]\.start: 0\.0 should be a valid integer"),
        ("passages.1.start", True, r"\$\.passages\[1\]\.start: True should be a valid integer"),
        ("passages.1", [], r"\$\.passages\[1\]: \[\] should be an object"),
        ("passages", {}, r"\$\.passages: \{\} should be a valid list"),
        ("overfits.2.loss_after", float("inf"), r"\$\.overfits\[2\]\.loss_after: inf should be a finite number"),
        ("overfits.2.model", {}, r"\$\.overfits\[2\]\.model\.name: it is missing"),
        ("batches.1.seconds", "1", r"\$\.batches\[1\]\.seconds: '1' should be a valid number"),
        ("samples.5.id", 0, r"\$\.samples\[5\]\.id: 0 should be greater than or equal to 1"),
        ("samples.5.token_ids", [1, -1], r"\$\.samples\[5\]\.token_ids\[1\]: -1 should be greater than or equal to 0"),
        ("samples.5.token_ids", [1, 2.0], r"\$\.samples\[5\]\.token_ids\[1\]: 2\.0 should be a valid integer"),
        ("samples.5.token_ids", "1", r"\$\.samples\[5\]\.token_ids: '1' should be a valid list"),
        ("samples.5.text", ["x" * 500], r"\$\.samples\[5\]\.text: .{60,90}….*should be a valid string\.$"),
        ("picks.0.action", "liked", r"\$\.picks\[0\]\.action: 'liked' should be 'chosen', 'picked'"),
        ("readings.fluffy.gaps.x", [], r"\$\.readings\.fluffy\.gaps\.x: 'x' should match pattern"),
        ("log.0.detail", None, r"\$\.log\[0\]\.detail: None should be an object"),
        ("log.0.event", "", r"\$\.log\[0\]\.event: '' should have at least 1 character"),
    ],
)
def test_what_has_another_shape_is_refused_by_its_place(good: dict[str, Any], path: str, value: Any, told: str) -> None:
    with pytest.raises(PieceError, match=told) as caught:
        check(put(good, path, value))

    assert str(caught.value).startswith("piece.json is wrong at $")
    assert len(str(caught.value)) < 400


def test_a_record_from_before_there_were_scores_is_read(good: dict[str, Any]) -> None:
    old = {name: value for name, value in good.items() if name != "scores"} | {"version": 1}
    old["batches"] = [{name: value for name, value in row.items() if name != "prompt"} for row in good["batches"]]
    old["samples"] = [{name: value for name, value in row.items() if name != "parent"} for row in good["samples"]]

    assert check(old) == check(good | {"scores": []})


@pytest.mark.parametrize("key", schema()["required"])
def test_every_key_is_needed(good: dict[str, Any], key: str) -> None:
    with pytest.raises(PieceError, match=rf"at \$: '{key}' is missing"):
        check({name: value for name, value in good.items() if name != key})


@pytest.mark.parametrize("data", [None, [], 5, "piece", {}, {"version": [2]}])
def test_what_is_no_piece_at_all_is_refused(data: object) -> None:
    with pytest.raises(PieceError, match=r"piece.json is wrong at \$"):
        check(data)


def test_numbers_too_big_for_json_readers_are_refused(good: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "piece.json"
    for number, told in (
        ("1e999", "inf is no number"),
        ("NaN", "nan is no number"),
        ("-Infinity", "-inf is no number"),
    ):
        path.write_text(json.dumps(put(good, "job.seed", 7)).replace('"seed": 7', f'"seed": {number}'))
        with pytest.raises(PieceError, match=rf"\$\.job\.seed: {told}"):
            check(read_export(path))
