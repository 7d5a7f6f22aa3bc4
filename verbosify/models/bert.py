"""BERT's encoder, of PyTorch's own layers: tokens -> hidden states. Knows no words.

transformers has one too, and its import takes longer than everything that a short run measures.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from verbosify.errors import ModelError
from verbosify.files import read_json

COMPUTED = {"hidden_act": "gelu", "position_embedding_type": "absolute"}
"""How it computes, by the fields of its configuration, where they are given."""
_NAMES = {
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "linear1",
    "output.dense": "linear2",
    "output.LayerNorm": "norm2",
}
"""A layer's weights as their file names them, and PyTorch."""


class BertEncoder(nn.Module):
    """Devlin et al. 2018, without what they put on top of the last layer.

    Args:
        config: the fields of a Hugging Face `config.json`.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.width, self.longest = int(config["hidden_size"]), int(config["max_position_embeddings"])
        epsilon = float(config.get("layer_norm_eps", 1e-12))
        self.words = _table(int(config["vocab_size"]), self.width)
        self.places = _table(self.longest, self.width)
        self.kinds = _table(int(config.get("type_vocab_size", 2)), self.width)
        self.norm = nn.LayerNorm(self.width, epsilon)
        layer = nn.TransformerEncoderLayer(
            self.width,
            int(config["num_attention_heads"]),
            int(config["intermediate_size"]),
            dropout=0.0,
            activation="gelu",
            layer_norm_eps=epsilon,
            batch_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, int(config["num_hidden_layers"]), enable_nested_tensor=False)

    def forward(self, tokens: Tensor, is_padding: Tensor) -> Tensor:
        """The last layer's states, (rows, places, width), of `tokens`, (rows, places), by a mask of the same shape."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        embedded = self.words(tokens) + self.kinds.weight[0] + self.places(places)
        states: Tensor = self.layers(self.norm(embedded), src_key_padding_mask=is_padding)
        return states


def _table(rows: int, width: int) -> nn.Embedding:
    """Without numbers yet: to draw them on no device would have PyTorch import its compiler, a second's work."""
    table: nn.Embedding = nn.Embedding.from_pretrained(torch.empty(rows, width))  # type: ignore[no-untyped-call]
    return table


def load_bert(folder: Path) -> BertEncoder:
    """The encoder of `config.json` and `model.safetensors` in `folder`, in float32.

    Raises `ModelError` if it is another kind of model, or lacks weights.
    """
    from safetensors.torch import load_file

    config = read_json(folder / "config.json", ModelError, "fetch the model again")
    kind = config.get("model_type")
    if kind != "bert":
        raise ModelError(f"The model in {folder} is of type {kind!r}: sentences are embedded by a bert model.")
    for field, value in COMPUTED.items():
        if config.get(field, value) != value:
            raise ModelError(f"The model in {folder} sets {field} to {config[field]!r}: that is not supported.")
    weights = load_file(folder / "model.safetensors")
    with torch.device("meta"):
        encoder = BertEncoder(config)
    try:
        named = _by_our_names(weights, len(encoder.layers.layers))
    except KeyError as error:
        raise ModelError(f"The model in {folder} lacks the weights {error.args[0]}: fetch it again.") from error
    encoder.load_state_dict({name: weight.float() for name, weight in named.items()}, assign=True)
    return encoder.eval().requires_grad_(requires_grad=False)


def _by_our_names(weights: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """The weights that a `BertEncoder` of so many layers has; `KeyError` for the first that is missing."""
    named = {
        "words.weight": weights["embeddings.word_embeddings.weight"],
        "places.weight": weights["embeddings.position_embeddings.weight"],
        "kinds.weight": weights["embeddings.token_type_embeddings.weight"],
    }
    for kind in ("weight", "bias"):
        named[f"norm.{kind}"] = weights[f"embeddings.LayerNorm.{kind}"]
        for layer in range(layers):
            theirs, ours = f"encoder.layer.{layer}", f"layers.layers.{layer}"
            parts = [weights[f"{theirs}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            named[f"{ours}.self_attn.in_proj_{kind}"] = torch.cat(parts)
            for their_name, our_name in _NAMES.items():
                named[f"{ours}.{our_name}.{kind}"] = weights[f"{theirs}.{their_name}.{kind}"]
    return named
