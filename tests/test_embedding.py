import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.pieces import run_python
from tests.seeds import seeded
from verbosify.errors import ModelError
from verbosify.measures import THRESHOLDS
from verbosify.measures.drift import drift_cut
from verbosify.models.embedding import LONGEST, SentenceEmbedder

WORDS = ["a", "the", "cat", "dog", "sat", "ran", "on", "under", "mat", "rug", "kitten", "#a", "##s", ".", ","]
ESSAYS = Path(__file__).parent.parent / "essays"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers, 16 wide, with random weights and sixteen words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny")
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(length=128)  # as the file of all-MiniLM-L6-v2 has it
    tokenizer.save(str(folder / "tokenizer.json"))
    with torch.random.fork_rng():
        torch.manual_seed(seeded())
        config = BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            initializer_range=0.5,
        )
        BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def embedder(tiny: Path) -> SentenceEmbedder:
    return SentenceEmbedder(tiny)


@pytest.fixture(scope="module")
def minilm_folder() -> Path:
    from verbosify.models.store.catalog import locate_model

    try:
        return locate_model("minilm")
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def minilm(minilm_folder: Path) -> SentenceEmbedder:
    return SentenceEmbedder(minilm_folder)


def copy(folder: Path, target: Path) -> Path:
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_a_vector_is_the_normalised_mean_of_its_tokens_states(tiny: Path, embedder: SentenceEmbedder) -> None:
    from transformers import BertModel

    model = BertModel.from_pretrained(tiny).eval()
    ids = [2, *(4 + WORDS.index(word) for word in ["the", "cat", "sat", "."]), 3]
    with torch.inference_mode():
        mean = model(torch.tensor([ids])).last_hidden_state[0].mean(dim=0).numpy()

    vectors = embedder.embed(["The CAT sat."])

    assert vectors.dtype == np.float32
    assert vectors.shape == (1, embedder.width) == (1, 16)
    np.testing.assert_allclose(vectors[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_texts_come_back_in_order_whatever_their_length(embedder: SentenceEmbedder) -> None:
    texts = [" ".join(WORDS[: 1 + number * 5 % 11]) for number in range(40)]

    vectors = embedder.embed(texts)

    alone = np.concatenate([embedder.embed([text]) for text in texts])
    np.testing.assert_allclose(vectors, alone, atol=1e-6)


def test_the_same_texts_give_the_same_vectors(embedder: SentenceEmbedder) -> None:
    texts = ["the cat", "a dog sat on the mat", "the kitten ran under the rug"]

    assert np.array_equal(embedder.embed(texts), embedder.embed(texts))


@pytest.mark.parametrize("empty", ["", " \n\t", "\x00", "\u200b"])
def test_a_text_without_word_pieces_is_zero(embedder: SentenceEmbedder, empty: str) -> None:
    vectors = embedder.embed(["the cat", empty])

    assert not vectors[1].any()
    assert vectors[0] @ vectors[0] == pytest.approx(1)


def test_no_texts_give_no_vectors(embedder: SentenceEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 16)


def test_what_lies_beyond_the_longest_text_is_not_seen(embedder: SentenceEmbedder) -> None:
    pieces = LONGEST - 2
    vectors = embedder.embed(["cat " * pieces, "cat " * pieces + "dog", "cat " * (pieces - 1) + "dog"])

    assert np.array_equal(vectors[0], vectors[1])
    assert not np.allclose(vectors[0], vectors[2])


def test_a_spelt_special_token_is_only_its_characters(embedder: SentenceEmbedder) -> None:
    vectors = embedder.embed(["the [PAD] cat", "the cat", "the [ pad ] cat"])

    assert not np.allclose(vectors[0], vectors[1])
    np.testing.assert_allclose(vectors[0], vectors[2], atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(st.characters(), max_size=30), max_size=5))
def test_any_text_has_a_vector_of_length_one_or_zero(embedder: SentenceEmbedder, texts: list[str]) -> None:
    lengths = np.linalg.norm(embedder.embed(texts), axis=1)

    assert np.all(np.isclose(lengths, 1, atol=1e-5) | (lengths == 0))


def test_half_a_surrogate_pair_is_read_as_a_question_mark(embedder: SentenceEmbedder) -> None:
    vectors = embedder.embed(["cat \ud800", "cat ?"])

    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


def test_loading_says_nothing_and_leaves_everything_as_it_was(
    tiny: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = torch.get_num_threads()
    state = torch.get_rng_state()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SentenceEmbedder(tiny).embed(["the cat"])

    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    assert torch.get_num_threads() == before
    assert torch.equal(torch.get_rng_state(), state)


def test_sentences_are_embedded_without_the_library_of_all_models(tiny: Path) -> None:
    """Its import takes longer than what a short run measures."""
    said = run_python(
        "import sys; from verbosify.models.embedding import SentenceEmbedder;"
        "SentenceEmbedder(sys.argv[1]).embed(['the cat']); print('transformers' in sys.modules)",
        tiny,
    )

    assert said.split() == ["False"]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(tiny: Path, tmp_path: Path, name: str) -> None:
    folder = copy(tiny, tmp_path)
    (folder / name).unlink()

    with pytest.raises(ModelError, match=f"holds no {re.escape(name)}: fetch the model again"):
        SentenceEmbedder(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\x00 no file of that kind"])
def test_a_damaged_file_is_refused(tiny: Path, tmp_path: Path, name: str, content: bytes) -> None:
    folder = copy(tiny, tmp_path)
    (folder / name).write_bytes(content)

    with pytest.raises(ModelError, match=r"is damaged: fetch it again|config\.json cannot be read \(it is not JSON"):
        SentenceEmbedder(folder)


def test_a_pickle_in_the_place_of_weights_is_not_read(tiny: Path, tmp_path: Path) -> None:
    folder = copy(tiny, tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    with pytest.raises(ModelError, match=r"holds no model\.safetensors"):
        SentenceEmbedder(folder)


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"model_type": "gpt2"}, "of type 'gpt2'"), ({"hidden_act": "relu"}, "sets hidden_act to 'relu'")],
    ids=["another kind of model", "a bert that computes otherwise"],
)
def test_what_computes_otherwise_is_refused(tiny: Path, tmp_path: Path, changes: dict[str, str], told: str) -> None:
    folder = copy(tiny, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))

    with pytest.raises(ModelError, match=told):
        SentenceEmbedder(folder)


@pytest.mark.parametrize(
    "of", ["embeddings.word_embeddings", "encoder.layer.1.attention.self.key", "encoder.layer.0.output.LayerNorm"]
)
def test_missing_weights_are_not_made_up(
    tiny: Path, tmp_path: Path, of: str, capfd: pytest.CaptureFixture[str]
) -> None:
    from safetensors.torch import load_file, save_file

    folder = copy(tiny, tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights[f"{of}.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(ModelError, match=re.escape(f"lacks the weights {of}.weight")):
        SentenceEmbedder(folder)
    assert capfd.readouterr() == ("", "")


@pytest.mark.embedded
def test_minilm_agrees_with_the_library_it_was_published_for(minilm: SentenceEmbedder, minilm_folder: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    texts = ["A cat sat on the mat.", "Überall Flechten, on every stone — 12.5 mm a year…", "word " * 400]
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder)
    model = AutoModel.from_pretrained(minilm_folder, attn_implementation="eager").eval()
    means = []
    for text in texts:
        tokens = tokenizer(text, return_tensors="pt", padding=False, truncation=True, max_length=LONGEST)
        with torch.inference_mode():
            means.append(model(**tokens).last_hidden_state[0].mean(dim=0).numpy())

    vectors = minilm.embed(texts)

    assert vectors.shape == (3, 384)
    for vector, mean in zip(vectors, means, strict=True):
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


@pytest.mark.embedded
def test_minilm_puts_like_meanings_close_together(minilm: SentenceEmbedder) -> None:
    cat, kitten, shares = minilm.embed(
        ["A cat sat on the mat.", "A kitten was sitting on the rug.", "Share prices fell sharply on Monday."]
    )

    assert cat @ kitten > 0.6
    assert cat @ shares < 0.2


def runs_of(essay: str, split: Callable[[str], list[str]]) -> list[tuple[str, list[str]]]:
    """Each passage of an essay, and the up to four sentences its writer put after it."""
    runs = []
    for block in (ESSAYS / f"{essay}.md").read_text(encoding="utf-8").split("\n\n"):
        sentences = split(" ".join(block.split()))
        if block[0].isalpha() and 4 <= len(sentences) < 10:  # neither headings and lists nor the sources
            runs += [
                (" ".join(sentences[first : first + 3]), sentences[first + 3 : first + 7])
                for first in range(len(sentences) - 3)
            ]
    return runs


@pytest.mark.embedded
def test_the_default_thresholds_tell_a_writers_own_sentences_from_anothers(minilm: SentenceEmbedder) -> None:
    from sentencex import segment

    def split(text: str) -> list[str]:
        return [sentence.strip() for sentence in segment("en", text) if sentence.strip()]

    runs = {essay: runs_of(essay, split) for essay in ("lengths", "lichen", "rovers")}
    passages = {essay: minilm.embed([passage for passage, _ in runs[essay]]) for essay in runs}
    whole = {essay: minilm.embed([" ".join(after) for _, after in runs[essay]]) for essay in runs}
    curves: dict[str, list[NDArray[np.float32]]] = {
        essay: [minilm.embed(after) @ vector for (_, after), vector in zip(runs[essay], passages[essay], strict=True)]
        for essay in runs
    }

    own = np.concatenate([(passages[essay] * whole[essay]).sum(axis=1) for essay in runs])
    others = np.concatenate([(passages[one] @ whole[two].T).ravel() for one in runs for two in runs if one != two])
    uncut = np.mean(
        [drift_cut(curve.tolist(), THRESHOLDS.sentence_similarity) is None for essay in runs for curve in curves[essay]]
    )

    assert len(own) >= 40
    assert np.mean(own < THRESHOLDS.similarity) < 0.2
    assert np.mean(others < THRESHOLDS.similarity) > 0.75
    assert uncut > 0.7
