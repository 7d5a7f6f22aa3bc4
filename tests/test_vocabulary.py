"""Vocabularies as Hugging Face lays them out: tokenizer.json, and the pair of files that is older."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import ModelError
from verbosify.models.formats.hugging_face import read_gpt2
from verbosify.models.formats.vocabulary import describe_tokenizer, load_tokenizer
from verbosify.models.loading import load_model
from verbosify.models.settings import SamplingSettings

TEXTS = [
    "",
    "A kettle sings before it boils.",
    "“Ångström”, 漢字, 🦆🏽!\n\n  Tabs\tand 12,5 %",
    "<|endoftext|> and <pad>",
]


def write_pair(folder: Path, names: tuple[str, str] = ("vocab.json", "merges.txt")) -> Path:
    """Lay the folder's tokenizer.json out as the pair of files."""
    model = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    merges = [" ".join(pair) for pair in model["merges"]]
    (folder / names[0]).write_text(json.dumps(model["vocab"]), encoding="utf-8")
    (folder / names[1]).write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8", newline="\n")
    (folder / "tokenizer.json").unlink()
    return folder


@pytest.fixture
def folder(tiny_gpt2: Path, tmp_path: Path) -> Path:
    """A GPT-2 with the pair of files."""
    return write_pair(Path(shutil.copytree(tiny_gpt2, tmp_path / "mine")))


@pytest.fixture(scope="module")
def both(tiny_gpt2: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """One vocabulary, read from tokenizer.json and from the pair."""
    pair = write_pair(Path(shutil.copytree(tiny_gpt2, tmp_path_factory.mktemp("pair") / "mine")))
    return load_tokenizer(tiny_gpt2), load_tokenizer(pair)


@given(st.text(max_size=80) | st.sampled_from(TEXTS))
def test_the_pair_encodes_as_the_one_file_does(both: tuple[Any, Any], text: str) -> None:
    one, pair = both
    ids = one.encode(text, add_special_tokens=False).ids

    assert pair.encode(text, add_special_tokens=False).ids == ids
    assert pair.decode(ids, skip_special_tokens=False) == text


@pytest.mark.parametrize("text", TEXTS[:3])
def test_the_pair_encodes_as_transformers_does(folder: Path, text: str) -> None:
    from transformers import GPT2Tokenizer

    theirs = GPT2Tokenizer.from_pretrained(folder)

    assert load_tokenizer(folder).encode(text, add_special_tokens=False).ids == theirs(text)["input_ids"]


def test_a_model_with_the_pair_is_the_model_with_the_one_file(folder: Path, tiny_gpt2: Path) -> None:
    one, pair = (load_model(place, device="cpu", precision="fp32") for place in (tiny_gpt2, folder))

    assert pair.score(TEXTS[1]) == one.score(TEXTS[1])
    settings = SamplingSettings(n=3, length=12)
    assert pair.sample(TEXTS[1], settings) == one.sample(TEXTS[1], settings)
    assert pair.card.weights_sha256 == one.card.weights_sha256


def test_an_end_of_text_ends_a_text_and_is_ordinary_characters_in_one(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)

    assert {n: t.content for n, t in tokenizer.get_added_tokens_decoder().items() if t.special} == {0: "<|endoftext|>"}
    assert len(tokenizer.encode("<|endoftext|>").ids) > 1


@pytest.mark.parametrize("form", ["openai", "safetensors"])
def test_an_overfit_of_such_a_model_is_saved_whole(folder: Path, tmp_path: Path, form: str) -> None:
    model = load_model(folder, device="cpu", precision="fp32")

    with model.overfit(TEXTS[1]) as overfit:
        overfit.save(tmp_path / "kept", form)  # type: ignore[arg-type]
        scores = model.score(TEXTS[1])

    again = load_model(tmp_path / "kept", device="cpu", precision="fp32")
    assert [(score.text, score.rank) for score in again.score(TEXTS[1])] == [(s.text, s.rank) for s in scores]


def test_openais_names_of_the_pair_are_read_as_well(tiny_gpt2: Path, tmp_path: Path) -> None:
    folder = write_pair(Path(shutil.copytree(tiny_gpt2, tmp_path / "mine")), ("encoder.json", "vocab.bpe"))

    assert describe_tokenizer(folder)["model"]["vocab"] == read_gpt2(tiny_gpt2).encoder


def test_the_reference_engine_reads_the_same_vocabulary(folder: Path, tiny_gpt2: Path) -> None:
    one, pair = read_gpt2(tiny_gpt2), read_gpt2(folder)

    assert (pair.encoder, pair.merges) == (one.encoder, one.merges)


def test_a_file_without_a_version_or_a_last_line_break_loses_no_merge(folder: Path) -> None:
    merges = (folder / "merges.txt").read_text(encoding="utf-8")
    before = describe_tokenizer(folder)["model"]["merges"]

    for text in (merges.removesuffix("\n"), merges.removeprefix("#version: 0.2\n"), merges.replace("\n", "\r\n")):
        (folder / "merges.txt").write_text(text, encoding="utf-8", newline="")
        assert describe_tokenizer(folder)["model"]["merges"] == before


# Special tokens


def write_json(name: str, values: Any) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(json.dumps(values), encoding="utf-8")


@pytest.mark.parametrize(
    ("files", "special"),
    [
        ([], set()),
        ([write_json("special_tokens_map.json", {"eos_token": "k"})], {"k"}),
        ([write_json("special_tokens_map.json", {"eos_token": {"content": "k", "lstrip": False}})], {"k"}),
        ([write_json("special_tokens_map.json", {"additional_special_tokens": ["e", "s"]})], {"e", "s"}),
        ([write_json("tokenizer_config.json", {"eos_token": "k", "model_max_length": 64})], {"k"}),
        ([write_json("tokenizer_config.json", {"eos_token": None, "pad_token": "not in it"})], set()),
        ([write_json("tokenizer_config.json", {"added_tokens_decoder": {"0": {"content": "<|endoftext|>"}}})], set()),
    ],
)
def test_special_tokens_are_the_end_of_text_and_those_that_the_files_beside_it_name(
    folder: Path, files: list[Callable[[Path], object]], special: set[str]
) -> None:
    for write in files:
        write(folder)

    tokenizer = load_tokenizer(folder)

    found = {token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special}
    assert found == special | {"<|endoftext|>"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("added_tokens.json", {"<|song|>": 320, "<|verse|>": 321}),
        (
            "tokenizer_config.json",
            {
                "added_tokens_decoder": {
                    "321": {"content": "<|verse|>"},
                    "320": {"content": "<|song|>", "special": True},
                }
            },
        ),
    ],
)
def test_tokens_that_were_added_later_keep_their_numbers(folder: Path, name: str, values: Any) -> None:
    write_json(name, values)(folder)

    vocabulary = load_tokenizer(folder).get_vocab()

    assert (vocabulary["<|song|>"], vocabulary["<|verse|>"]) == (320, 321)


def test_a_vocabulary_that_sets_a_blank_before_a_text_does_so(folder: Path) -> None:
    plain = load_tokenizer(folder).encode("kettle").tokens
    write_json("tokenizer_config.json", {"add_prefix_space": True})(folder)

    assert load_tokenizer(folder).encode("kettle").tokens != plain
    assert load_tokenizer(folder).encode("kettle").tokens[0].startswith("Ġ")


# What is refused


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            lambda folder: (folder / "vocab.json").unlink(),
            r"vocab\.json is missing, and merges\.txt says nothing without",
        ),
        (
            lambda folder: (folder / "merges.txt").unlink(),
            r"merges\.txt is missing, and vocab\.json says nothing without",
        ),
        (write_json("vocab.json", ["a"]), r"vocab\.json holds something else than names and values"),
        (write_json("vocab.json", {"a": 0}), r"vocab\.json has no token for 255 of the 256 bytes"),
        (write_json("vocab.json", {"a": 1, "b": 1}), r"vocab\.json does not give each token an id of its own"),
        (write_json("vocab.json", {"a": "1"}), r"vocab\.json does not give each token an id of its own"),
        (lambda folder: (folder / "vocab.json").write_bytes(b"{"), r"vocab\.json cannot be read \(it is not JSON"),
        (
            lambda folder: (folder / "vocab.json").write_bytes(b"\xff"),
            r"vocab\.json cannot be read \(it is not JSON: .utf-8. codec",
        ),
        (lambda folder: (folder / "merges.txt").write_text("a b c"), r"merges\.txt is damaged at line 1"),
        (lambda folder: (folder / "merges.txt").write_text("q q\n"), r"merges\.txt is damaged at line 1"),
        (write_json("special_tokens_map.json", []), r"special_tokens_map\.json holds something else"),
    ],
)
def test_a_damaged_pair_is_told(folder: Path, damage: Callable[[Path], object], said: str) -> None:
    damage(folder)

    with pytest.raises(ModelError, match=said):
        load_model(folder)


def test_a_folder_without_any_vocabulary_is_told(folder: Path) -> None:
    for name in ("vocab.json", "merges.txt"):
        (folder / name).unlink()

    with pytest.raises(ModelError, match=r"missing or damaged, and there is no vocab\.json with merges\.txt instead"):
        load_model(folder)
