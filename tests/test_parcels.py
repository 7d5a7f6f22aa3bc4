"""A model's files on their way to another computer: what arrives is what was sent, or nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from verbosify.errors import ModelError
from verbosify.models.loading import load_model
from verbosify.models.parcels import Parcel, pack, unpack
from verbosify.models.store.provenance import RECORD_NAME, write_provenance


@pytest.fixture
def folder(tiny_gpt2: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_gpt2, tmp_path / "checkpoints" / "ferry")


def contents(parcel: Parcel) -> dict[str, bytes]:
    return {name: (Path(parcel.folder) / name).read_bytes() for name in parcel.files()}


def test_a_model_among_the_checkpoints_keeps_its_place_and_what_is_known_of_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path / "checkpoints"))
    write_provenance(folder, name="ferry", source="a quay", licence="MIT", fetched="2026-11-26")

    parcel = pack(str(folder))

    assert (parcel.place, parcel.label) == ("ferry", "ferry")
    assert parcel.files() == [*parcel.sums, RECORD_NAME]
    unpack(parcel, contents(parcel), tmp_path / "there" / parcel.place)
    again = load_model(tmp_path / "there" / "ferry", label="boat")
    assert again.card.licence == "MIT"
    assert again.card.name == "boat"
    assert again.card.weights_sha256 == load_model(folder).card.weights_sha256


def test_models_elsewhere_go_where_no_two_meet(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path / "none"))
    first = pack(str(folder))
    (folder / "config.json").write_text((folder / "config.json").read_text() + " ")

    second = pack(str(folder))

    assert first.place != second.place
    assert first.place.startswith("brought/")
    assert not first.is_in(folder)
    assert second.is_in(folder)


def test_what_is_damaged_on_its_way_is_refused_and_leaves_what_was_there(folder: Path, tmp_path: Path) -> None:
    parcel = pack(str(folder))
    there = tmp_path / "there"
    there.mkdir()
    (there / "old").touch()
    damaged = contents(parcel) | {"model.safetensors": b"fog"}

    with pytest.raises(ModelError, match=r"^What was brought of ferry is not what was sent: try again\.$"):
        unpack(parcel, damaged, there)

    assert [path.name for path in there.iterdir()] == ["old"]
    unpack(parcel, contents(parcel), there)
    assert parcel.is_in(there)
    unpack(replace(parcel), {}, there)  # it is there: nothing happens
    assert parcel.is_in(there)
