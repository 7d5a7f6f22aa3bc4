from __future__ import annotations

import pytest

from verbosify.models.store.entries import CATALOG
from verbosify.models.store.names import entry_called, entry_nearly_called

CALLED = {
    "gpt2-124m": [
        "gpt2",
        "124M",
        "117M",
        "gpt2-small",
        "GPT-2",
        "models/124M",
        "gpt_2",
        "GPT2_124M",
        "openai-community/gpt2",
    ],
    "gpt2-355m": ["gpt2-medium", "355M", "345m", "GPT-2 Medium", "gpt2_medium", "gpt2medium", "gpt2-345M"],
    "gpt2-774m": ["gpt2-large", "774M", "762M", "Gpt2_Large", "openai-community/gpt2-large"],
    "gpt2-1558m": ["gpt2-xl", "1558M", "1542M", "GPT2-XL", "gpt-2-xl", "gpt2-1.5B", " 1558m "],
    "smollm2-135m": ["SmolLM2", "smollm2_135m", "SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct"],
    "minilm": ["MiniLM", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"],
}


@pytest.mark.parametrize(("canonical", "name"), [(own, name) for own in CALLED for name in [own, *CALLED[own]]])
def test_a_model_goes_by_the_names_people_have_for_it(canonical: str, name: str) -> None:
    entry = entry_called(name, CATALOG)

    assert entry is not None
    assert entry.name == canonical


@pytest.mark.parametrize("name", ["", " ", "gpt", "gpt3", "gpt2-124", "small", "xl", "124", "smollm2-1.7b"])
def test_no_other_name_is_taken_for_one_of_them(name: str) -> None:
    assert entry_called(name, CATALOG) is None


def test_no_two_models_go_by_one_name() -> None:
    names = [name for entry in CATALOG.values() for name in (entry.name, *entry.aliases)]

    assert len({name.casefold() for name in names}) == len(names)
    for entry in CATALOG.values():
        assert all(entry_called(name, CATALOG) is entry for name in (entry.name, *entry.aliases))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gtp2", "gpt2-124m"),
        ("gpt2-medum", "gpt2-355m"),
        ("gpt2-1558", "gpt2-1558m"),
        ("smolm2-135m", "smollm2-135m"),
        ("smollm-135m", "smollm2-135m"),
        ("models/774M", "gpt2-774m"),
        ("C:\\models\\124M\\", "gpt2-124m"),
    ],
)
def test_a_misspelt_name_is_like_the_right_one(name: str, meant: str) -> None:
    entry = entry_nearly_called(name, CATALOG)

    assert entry is not None
    assert entry.name == meant


@pytest.mark.parametrize("name", ["", "llama", "bert-base-uncased", "mistral-7b", "x" * 10_000])
def test_a_name_that_is_like_none_is_like_none(name: str) -> None:
    assert entry_nearly_called(name, CATALOG) is None
