from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import tiny_gguf
from verbosify.errors import ModelError
from verbosify.models.formats.gguf import convert_gguf
from verbosify.models.formats.openai import byte_symbols
from verbosify.models.store.entries import CATALOG

FILES = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    tiny_gguf.write_gguf(file)
    return file


@pytest.fixture(scope="module")
def converted(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converted")
    convert_gguf(gguf, folder)
    return folder


def reference_encoder(tokens: Sequence[str], merges: Sequence[str]) -> Callable[[str], list[int]]:
    """Byte-pair encoding as it is defined, over every digit alone, then GPT-2's pieces: slow, plain, another's code."""
    regex = pytest.importorskip("regex")
    digits = regex.compile(r"\p{N}|[^\p{N}]+")
    pieces = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
    ids = {token: number for number, token in enumerate(tokens)}
    ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(merges)}
    symbols = byte_symbols()

    def encode(text: str) -> list[int]:
        found: list[int] = []
        for piece in (piece for run in digits.findall(text) for piece in pieces.findall(run)):
            parts = [symbols[byte] for byte in piece.encode() if symbols[byte] in ids]
            while pairs := [pair for pair in itertools.pairwise(parts) if pair in ranks]:
                place = list(itertools.pairwise(parts)).index(min(pairs, key=ranks.__getitem__))
                parts[place : place + 2] = [parts[place] + parts[place + 1]]
            found += [ids[part] for part in parts]
        return found

    return encode


def test_four_files_are_written(converted: Path) -> None:
    assert sorted(path.name for path in converted.iterdir()) == FILES


def test_two_conversions_are_the_same_to_the_byte(gguf: Path, converted: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []

    convert_gguf(gguf, tmp_path / "new" / "again", progress=lambda *state: told.append(state))

    assert all((tmp_path / "new" / "again" / name).read_bytes() == (converted / name).read_bytes() for name in FILES)
    assert told == [("converting to float32", done, 20) for done in range(1, 21)]


def test_weights_are_those_that_transformers_dequantises(gguf: Path, converted: Path) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)

    ours, report = transformers.AutoModelForCausalLM.from_pretrained(converted, output_loading_info=True)

    assert not any(report.values())
    assert ours.dtype == torch.float32
    assert ours.lm_head.weight is ours.model.embed_tokens.weight
    for (name, mine), (_, other) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert torch.equal(mine, other), name
    with torch.no_grad():
        tokens = torch.arange(10)[None]
        assert torch.equal(ours.eval()(tokens).logits, theirs.eval()(tokens).logits)


def test_transformers_finds_the_same_dimensions(gguf: Path, converted: Path) -> None:
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoConfig.from_pretrained(gguf.parent, gguf_file=gguf.name)

    ours = transformers.AutoConfig.from_pretrained(converted)

    for name in ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ("max_position_embeddings", "rms_norm_eps", "rope_parameters", "vocab_size", "eos_token_id"):
        assert getattr(ours, name) == getattr(theirs, name)


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=60),
    st.lists(
        st.sampled_from(["hello", " hello", " t", "  ", "\n", "\n\n", "19", "1987", "3.5%", "²", "'s", "é", "e\u0301"])
    ).map("".join),
)


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_the_tokenizer_follows_the_vocabulary_and_the_merges(converted: Path, text: str) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(converted / "tokenizer.json"))

    tokens = tokenizer.encode(text).ids

    assert tokens == reference_encoder(tiny_gguf.TOKENS, tiny_gguf.MERGES)(text)
    assert tokenizer.decode(tokens, skip_special_tokens=False) == text


def test_digits_are_never_merged_and_never_join_what_is_before(converted: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(converted / "tokenizer.json"))

    assert tokenizer.encode("hello  1987\n\n19").tokens == ["hello", "ĠĠ", "1", "9", "8", "7", "ĊĊ", "1", "9"]


def test_control_tokens_are_one_token_each(converted: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(converted / "tokenizer.json"))

    assert tokenizer.encode("hello<|im_end|>").ids == [tiny_gguf.TOKENS.index("hello"), 2]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"general__architecture": "gpt2"}, "general.architecture 'gpt2' where only 'llama'"),
        ({"tokenizer__ggml__pre": "llama-bpe"}, "tokenizer.ggml.pre 'llama-bpe' where only 'smollm'"),
        ({"tokenizer__ggml__model": None}, "tokenizer.ggml.model None where only 'gpt2'"),
        ({"llama__rope__scaling__type": "yarn"}, "scales its rotary positions"),
        ({"llama__context_length": None}, "does not say its 'llama.context_length'"),
        ({"tensors": {"output.weight": np.zeros((64, 64), np.float32)}}, "the tensor output.weight, which"),
        ({"tensors": {"blk.0.attn_q.bias": np.zeros(64, np.float32)}}, "the tensor blk.0.attn_q.bias, which"),
        ({"tensors": {"blk.1.ffn_up.weight": None}}, "holds 19 tensors where 20 belong"),
    ],
)
def test_what_would_not_be_exact_is_refused(tmp_path: Path, metadata: dict[str, Any], reason: str) -> None:
    tiny_gguf.write_gguf(tmp_path / "other.gguf", **metadata)

    with pytest.raises(ModelError, match=reason):
        convert_gguf(tmp_path / "other.gguf", tmp_path / "made")

    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("length", [0, 3, 20, 5_000, -1000])
def test_a_file_cut_short_is_refused(gguf: Path, tmp_path: Path, length: int) -> None:
    (tmp_path / "cut.gguf").write_bytes(gguf.read_bytes()[:length])

    with pytest.raises(ModelError, match=r"cut\.gguf is damaged or no GGUF file"):
        convert_gguf(tmp_path / "cut.gguf", tmp_path / "made")


def test_a_place_that_cannot_be_written_is_named(gguf: Path, tmp_path: Path) -> None:
    (tmp_path / "made").touch()

    with pytest.raises(ModelError, match="made cannot be read or written"):
        convert_gguf(gguf, tmp_path / "made")


@pytest.mark.embedded
def test_the_embedded_tokenizer_follows_its_own_vocabulary_and_merges(embedded: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(embedded / "tokenizer.json"))
    stored = json.loads((embedded / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    tokens = sorted(stored["vocab"], key=stored["vocab"].__getitem__)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in stored["merges"]]
    encode = reference_encoder(tokens, merges)
    essay = "In 1987,  12.5 people — “nobody” — said: don't!\n\n  It cost €3½ (naïve, 東京, Ω, 👩‍🚀, é)."

    assert len(tokens) == 49_152
    assert tokenizer.encode(essay).ids == encode(essay)
    assert tokenizer.decode(tokenizer.encode(essay).ids, skip_special_tokens=False) == essay


@pytest.mark.embedded
def test_the_embedded_model_is_the_one_of_the_catalogue(embedded: Path) -> None:
    from verbosify.models.store.provenance import read_provenance

    record = read_provenance(embedded)

    assert record is not None
    assert record.weights_sha256 == CATALOG["smollm2-135m"].weights_sha256
    assert sorted(record.files) == FILES


@pytest.fixture(scope="session")
def embedded() -> Path:
    from verbosify.models.store.catalog import get_model

    return get_model("smollm2-135m")
