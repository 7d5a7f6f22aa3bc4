from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from verbosify.models.pytorch import choosing
from verbosify.models.pytorch.choosing import machine, quickest

WAYS = {"slow": lambda: time.sleep(0.02), "quick": lambda: None}


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "verbosify" / "quickest.json"
    monkeypatch.setattr(choosing, "memory_file", lambda: path)
    return path


def never_run() -> None:
    raise AssertionError("it was measured again")


def test_another_way_is_taken_only_if_it_is_clearly_quicker() -> None:
    assert quickest("a", "slow", WAYS, share=0.9) == "quick"
    assert quickest("b", "slow", WAYS, share=1e-9) == "slow"
    assert quickest("c", "quick", WAYS, share=0.9) == "quick"


def test_a_choice_is_remembered_beside_others(memory: Path) -> None:
    memory.parent.mkdir()
    memory.write_text(json.dumps({"another machine": {"a": "slow"}}), encoding="utf-8")

    quickest("a", "slow", WAYS, share=0.9)
    quickest("b", "slow", WAYS, share=0.9)

    found = json.loads(memory.read_text(encoding="utf-8"))
    assert found == {"another machine": {"a": "slow"}, machine(): {"a": "quick", "b": "quick"}}
    assert quickest("a", "slow", dict.fromkeys(WAYS, never_run), share=0.9) == "quick"


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff{", b"[]", b'{"HERE": []}', b'{"HERE": {"a": 1}}', b'{"HERE": {"a": "gone"}}', b"[" * 100_000],
)
def test_a_file_that_makes_no_sense_is_ignored_and_mended(content: bytes, memory: Path) -> None:
    memory.parent.mkdir()
    memory.write_bytes(content.replace(b"HERE", machine().encode()))

    assert quickest("a", "slow", WAYS, share=0.9) == "quick"

    assert json.loads(memory.read_text(encoding="utf-8"))[machine()] == {"a": "quick"}


def test_where_nothing_can_be_written_the_choice_is_made_all_the_same(memory: Path) -> None:
    memory.parent.write_text("no folder", encoding="utf-8")

    assert quickest("a", "slow", WAYS, share=0.9) == "quick"


def test_a_choice_between_one_way_is_none(memory: Path) -> None:
    assert quickest("a", "only", {"only": never_run}, share=0.9) == "only"
    assert not memory.exists()


@pytest.mark.parametrize("limit", choosing.ISA_LIMITS)
def test_a_processor_that_is_held_back_is_another_machine(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(limit, raising=False)
    before = machine()

    monkeypatch.setenv(limit, "AVX2")

    assert machine() != before


def test_the_memory_is_in_the_folder_for_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert choosing.memory_file().name == "quickest.json"
