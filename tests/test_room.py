from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from verbosify.errors import ModelError
from verbosify.models.loading import load_model
from verbosify.models.pytorch import holding, room
from verbosify.models.pytorch.room import free_memory
from verbosify.models.settings import SamplingSettings

PROMPT = "The ferry leaves the pier at dawn."
SETTINGS = [SamplingSettings(n=3, length=20, seed=seed) for seed in range(4)]


def test_the_free_memory_of_this_computer_is_told_where_the_system_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meminfo = tmp_path / "meminfo"
    monkeypatch.setattr(room, "MEMINFO", meminfo)
    assert free_memory(torch.device("cpu")) is None

    meminfo.write_text("MemTotal:  900 kB\nMemAvailable:  123 kB\n", encoding="utf-8")

    assert free_memory(torch.device("cpu")) == 123 * 1024
    assert free_memory(torch.device("mps")) is None


def test_what_pytorch_keeps_of_a_card_in_reserve_counts_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (100, 1000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 50)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 20)

    assert free_memory(torch.device("cuda")) == 130


def test_rows_for_which_there_is_no_room_come_in_further_batches(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(tiny_folder, precision="fp32")
    expected = model.sample(PROMPT, SETTINGS)
    held = model.hold(1)  # type: ignore[attr-defined]
    held.read(model.encode(PROMPT))
    two = 2 * model.batch()._cache.bytes_for(held.keys, 3, 20, together=False)  # type: ignore[attr-defined]
    monkeypatch.setattr(holding, "free_memory", lambda _: two)
    make, batches = model.batch, []  # type: ignore[attr-defined]

    def noted() -> object:
        batches.append(make())
        return batches[-1]

    monkeypatch.setattr(model, "batch", noted)

    assert model.sample(PROMPT, SETTINGS) == expected
    assert len(batches) == 2


def test_rows_that_never_fit_are_refused_in_a_sentence(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(tiny_folder, precision="fp32")
    monkeypatch.setattr(holding, "free_memory", lambda _: 1000)

    with pytest.raises(ModelError, match=r"3 rows of 20 tokens need .* ask for fewer or shorter samples\."):
        model.sample(PROMPT, SETTINGS)

    monkeypatch.undo()
    assert model.sample(PROMPT, replace(SETTINGS[0], n=1))


def test_the_room_that_is_told_is_the_room_that_is_taken(tiny_folder: Path) -> None:
    model = load_model(tiny_folder, precision="fp32")
    held = model.hold(1)  # type: ignore[attr-defined]
    held.read(model.encode(PROMPT))
    batch = model.batch()  # type: ignore[attr-defined]

    for rows, together in ((23, False), (12, True), (1, False), (21, False)):
        cache = batch._cache
        expected = cache.bytes + cache.bytes_for(held.keys, rows, 7, together=together)
        batch.add(held, rows, 7, together=together)
        assert cache.bytes == expected
