from __future__ import annotations

import numpy as np
import pytest

from tests import tiny_gpt2
from verbosify.errors import ModelError
from verbosify.models.formats.gpt2_layout import hugging_face_config, hugging_face_tensors, openai_tensors, own_tensors


def test_tensors_go_to_transformers_names_and_back_uncopied() -> None:
    checkpoint = tiny_gpt2.checkpoint()

    theirs = hugging_face_tensors(checkpoint.tensors, checkpoint.hparams)
    ours = openai_tensors(theirs, checkpoint.hparams)

    assert theirs["transformer.h.0.attn.c_attn.weight"].shape == (4, 12)
    assert ours.keys() == checkpoint.tensors.keys()
    for name, tensor in checkpoint.tensors.items():
        assert ours[name].shape == tensor.shape
        assert np.shares_memory(ours[name], tensor)


def test_what_an_optimiser_left_is_no_tensor_of_the_model() -> None:
    checkpoint = tiny_gpt2.checkpoint()
    slots = {f"{name}/Adam": tensor for name, tensor in checkpoint.tensors.items()}

    assert own_tensors({**slots, **checkpoint.tensors}, checkpoint.hparams).keys() == checkpoint.tensors.keys()


@pytest.mark.parametrize("wrong", [{}, {"model/wte": np.zeros((2, 2), np.float32)}])
def test_tensors_of_another_model_are_refused(wrong: dict[str, np.ndarray]) -> None:
    hparams = tiny_gpt2.hparams()

    with pytest.raises(ModelError, match=r"model/wte is missing or not of shape \[265, 4\]"):
        own_tensors(wrong, hparams)
    with pytest.raises(ModelError, match="model/wte is missing or not of shape"):
        hugging_face_tensors(wrong, hparams)
    with pytest.raises(ModelError, match=r"transformer\.wte\.weight is missing or not of shape"):
        openai_tensors(wrong, hparams)


def test_transformers_understands_the_configuration() -> None:
    transformers = pytest.importorskip("transformers")

    config = transformers.GPT2Config(**hugging_face_config(tiny_gpt2.hparams(), 7))

    assert (config.n_positions, config.n_embd, config.n_head, config.n_layer) == (8, 4, 2, 1)
    assert (config.resid_pdrop, config.eos_token_id, config.tie_word_embeddings) == (0.0, 7, True)
