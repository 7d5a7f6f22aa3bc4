"""OpenAI's format against TensorFlow and gpt-2-simple themselves. Runs where those are installed."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import tiny_gpt2
from verbosify.models.formats.gpt2_layout import hugging_face_tensors, openai_tensors
from verbosify.models.formats.openai import (
    OpenAICheckpoint,
    gpt2_tokenizer,
    read_openai_checkpoint,
    write_openai_checkpoint,
)
from verbosify.models.formats.tensor_bundle import list_tensors, read_tensors, write_bundle

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    tf: Any = pytest.importorskip("tensorflow")
    gpt2: Any = pytest.importorskip("gpt_2_simple")
    from gpt_2_simple.src import encoder as gpt2_encoder
    from gpt_2_simple.src import model as gpt2_model

pytestmark = pytest.mark.filterwarnings("ignore")  # theirs, and many


@pytest.fixture
def session() -> Iterator[Any]:
    tf.compat.v1.reset_default_graph()
    session = gpt2.start_tf_sess(threads=1)
    yield session
    session.close()


def save_with_tensorflow(session: Any, prefix: Path, tensors: dict[str, np.ndarray]) -> None:
    v1 = tf.compat.v1
    variables = [v1.get_variable(name, initializer=tf.constant(value)) for name, value in tensors.items()]
    session.run(v1.global_variables_initializer())
    v1.train.Saver(variables).save(session, str(prefix), write_meta_graph=False)


def everything() -> dict[str, Any]:
    """The tiny model's weights, and what an optimiser leaves beside them."""
    weights = dict(tiny_gpt2.checkpoint().tensors)
    slots: dict[str, Any] = {
        f"{name}/{slot}": np.full_like(value, 0.5) for name, value in weights.items() for slot in ("Adam", "Adam_1")
    }
    return weights | slots | {"beta1_power": np.float32(0.9), "global_step": np.asarray(7, np.int64)}


def test_the_committed_checkpoint_is_what_tensorflow_writes(session: Any, tmp_path: Path) -> None:
    save_with_tensorflow(session, tmp_path / "model-7", everything())

    for name in ("model-7.index", "model-7.data-00000-of-00001"):
        assert (tmp_path / name).read_bytes() == (tiny_gpt2.FOLDER / name).read_bytes()


def test_tensors_of_every_type_and_shape_come_back_from_tensorflow_as_they_were(session: Any, tmp_path: Path) -> None:
    tensors: dict[str, Any] = {
        "scalar": np.float32(3.5),
        "empty": np.zeros((0, 3), np.float32),
        "double": np.arange(6, dtype=np.float64).reshape(1, 2, 3),
        "half": np.ones(3, np.float16),
        "int32": np.arange(-3, 3, dtype=np.int32),
        "int64": np.arange(2**40, 2**40 + 4),
    } | {f"model/h{layer}/attn/c_attn/w": np.full((1, 8, 24), layer, np.float32) for layer in range(60)}
    save_with_tensorflow(session, tmp_path / "theirs", tensors)

    read = read_tensors(tmp_path / "theirs", list_tensors(tmp_path / "theirs"))
    write_bundle(tmp_path / "ours", {name: np.asarray(value) for name, value in tensors.items()})

    assert set(read) == set(tensors)
    assert all(read[name].dtype == np.asarray(value).dtype for name, value in tensors.items())
    assert all(np.array_equal(read[name], value) for name, value in tensors.items())
    for suffix in (".index", ".data-00000-of-00001"):
        assert Path(f"{tmp_path}/ours{suffix}").read_bytes() == Path(f"{tmp_path}/theirs{suffix}").read_bytes()


def test_tensorflow_reads_what_we_write(tmp_path: Path) -> None:
    checkpoint = tiny_gpt2.checkpoint()

    write_openai_checkpoint(tmp_path, checkpoint)

    reader = tf.train.load_checkpoint(str(tmp_path))
    assert set(reader.get_variable_to_shape_map()) == set(checkpoint.tensors)
    assert all(np.array_equal(reader.get_tensor(name), value) for name, value in checkpoint.tensors.items())


def test_gpt_2_simple_loads_our_run_and_generates_from_it(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = tiny_gpt2.checkpoint(tiny_gpt2.hparams(n_ctx=64))
    write_openai_checkpoint(tmp_path / "checkpoint" / "run1", checkpoint, step=3)
    monkeypatch.chdir(tmp_path)

    gpt2.load_gpt2(session, run_name="run1")
    (text,) = gpt2.generate(session, run_name="run1", prefix="hello the", length=5, seed=1, return_as_list=True)

    assert text.startswith("hello the")
    assert len(text) > len("hello the")


def test_we_read_the_run_that_gpt_2_simple_goes_on_with(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tiny_gpt2.checkpoint(tiny_gpt2.hparams(n_ctx=1024))
    run = tmp_path / "checkpoint" / "run1"
    write_openai_checkpoint(run, before, step=3)
    write_openai_checkpoint(tmp_path / "models" / "124M", before)
    (tmp_path / "text.txt").write_text("hello the hello " * 1000)
    monkeypatch.chdir(tmp_path)

    gpt2.finetune(session, "text.txt", model_name="124M", run_name="run1", steps=2, accumulate_gradients=1)

    after = read_openai_checkpoint(run)
    latest = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(run)))
    assert int((run / "counter").read_text()) > 3
    assert all(np.array_equal(latest.get_tensor(name), value) for name, value in after.tensors.items())
    assert 0 < np.abs(after.tensors["model/wte"] - before.tensors["model/wte"]).max() < 0.01
    assert (after.hparams, after.encoder, after.merges) == (before.hparams, before.encoder, before.merges)


def test_the_committed_logits_are_those_of_gpt_2_simple(session: Any) -> None:
    tokens = gpt2_encoder.get_encoder(str(tiny_gpt2.FOLDER)).encode(tiny_gpt2.PROMPT)
    hparams = gpt2_model.default_hparams()
    hparams.override_from_dict(json.loads((tiny_gpt2.FOLDER / "hparams.json").read_text()))
    output = gpt2_model.model(hparams=hparams, X=tf.constant([tokens]))
    tf.compat.v1.train.Saver(tf.compat.v1.trainable_variables()).restore(session, str(tiny_gpt2.FOLDER / "model-7"))

    logits = session.run(output["logits"])[0]

    expected = json.loads((tiny_gpt2.FOLDER / "logits.json").read_text())
    assert tokens == expected["tokens"]
    np.testing.assert_allclose(logits[-1], expected["last"], atol=1e-5)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """gpt-2-simple's encoder and our tokenizer, over one vocabulary."""
    folder = tmp_path_factory.mktemp("vocabulary")
    write_openai_checkpoint(folder, tiny_gpt2.checkpoint())
    return gpt2_encoder.get_encoder(str(folder)), gpt2_tokenizer(read_openai_checkpoint(folder))


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=("Cs", "Cn"), max_codepoint=0x10FFFF), max_size=60),
    st.lists(
        st.sampled_from(
            ["hello", " hello", " the", "  ", "\n", "\t", "'s", "'LL", "don't", "1987", " 3.5%", "é", "e\u0301"]
        )
    ).map("".join),
    st.text(" \n\t\r\x0b\x0c\x1c\x1f\x85\xa0\u2003\u3000'sthelo1²Ⅷ", max_size=40),
)


@settings(max_examples=1500, deadline=None)
@given(text=TEXTS)
def test_every_text_has_the_same_tokens_as_in_gpt_2_simple(pair: tuple[Any, Any], text: str) -> None:
    theirs, ours = pair

    assert ours.encode(text).ids == theirs.encode(text)


@settings(max_examples=500, deadline=None)
@given(tokens=st.lists(st.integers(0, len(tiny_gpt2.encoder()) - 1), max_size=30))
def test_any_tokens_have_the_same_text_as_in_gpt_2_simple(pair: tuple[Any, Any], tokens: list[int]) -> None:
    theirs, ours = pair

    assert ours.decode(tokens, skip_special_tokens=False) == theirs.decode(tokens)


def test_the_end_of_text_is_ordinary_characters_in_a_text(pair: tuple[Any, Any]) -> None:
    theirs, ours = pair

    tokens = ours.encode(f"hello{tiny_gpt2.END}").ids

    assert tokens == theirs.encode(f"hello{tiny_gpt2.END}")
    assert tiny_gpt2.encoder()[tiny_gpt2.END] not in tokens


def test_an_overfitted_model_goes_back_to_gpt_2_simple_under_its_own_names(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = read_openai_checkpoint(tiny_gpt2.FOLDER)
    tuned = hugging_face_tensors(fresh.tensors, fresh.hparams)
    tuned = {name: value + np.float32(0.25) for name, value in tuned.items()}
    run = tmp_path / "checkpoint" / "run1"
    write_openai_checkpoint(
        run, OpenAICheckpoint(fresh.hparams, openai_tensors(tuned, fresh.hparams), fresh.encoder, fresh.merges), step=1
    )
    monkeypatch.chdir(tmp_path)

    gpt2.load_gpt2(session, run_name="run1")

    values = {v.op.name: session.run(v) for v in tf.compat.v1.trainable_variables()}
    assert all(np.array_equal(values[name], fresh.tensors[name] + np.float32(0.25)) for name in fresh.tensors)
