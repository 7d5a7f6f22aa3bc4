"""The GPT-2 and Llama architectures, written once for training, prefill and sampling.

A caller passes the two things in which those uses differ: how a projection is computed (`project`) and
how queries meet keys and values (`attend`). Knows nothing of files, tokens or optimisers.

GPT-2: Radford et al. 2019. Llama: Touvron et al. 2023, with the rotary positions of Su et al. 2021 and
the grouped queries of Ainslie et al. 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from verbosify.errors import ModelError
from verbosify.models.pytorch.activation import gelu

Family = Literal["gpt2", "llama"]
Activation = Literal["none", "gelu"]
"""What may follow a projection; gelu in its tanh form, as GPT-2 has it."""
Linear = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""x, weight (width out, width in), bias -> x @ weight.T + bias"""
Attend = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""layer, queries (rows, heads, head width), keys and values (rows, kv heads, head width) -> like queries"""


class Project(Protocol):
    def __call__(self, x: Tensor, name: str, activation: Activation = "none", plus: Tensor | None = None) -> Tensor:
        """(rows, width in) and the name of a projection -> (rows, width out), with `plus` of that shape added."""


def plain_projections(weights: Mapping[str, Tensor], linear: Linear = functional.linear) -> Project:
    """The projections, step by step, from weights as they are at each call; can be differentiated."""

    def project(x: Tensor, name: str, activation: Activation = "none", plus: Tensor | None = None) -> Tensor:
        y = linear(x, weights[name], weights.get(f"{name}.bias"))
        if activation == "gelu":
            y = gelu(y)
        return y if plus is None else plus + y

    return project


COMPUTED: dict[str, dict[str, tuple[object, ...]]] = {
    "gpt2": {
        "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
        "scale_attn_weights": (True,),
        "scale_attn_by_inverse_layer_idx": (False,),
        "add_cross_attention": (False,),
        "tie_word_embeddings": (True,),
    },
    "llama": {"hidden_act": ("silu",), "attention_bias": (False,), "mlp_bias": (False,)},
}
"""How a family computes, by the fields of its configuration; what is not said there is as the first value."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a model. `head_width` is that of one attention head, `inner` that of the MLP."""

    family: Family
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    inner: int
    context: int
    vocabulary: int
    norm_epsilon: float
    rope_theta: float | None

    @property
    def projections(self) -> tuple[str, ...]:
        kinds = ("qkv", "attention_out", "mlp_in", "mlp_out")
        return tuple(f"{layer}.{kind}" for layer in range(self.layers) for kind in kinds)


def read_architecture(config: Mapping[str, Any], where: str) -> Architecture:
    """From the fields of a Hugging Face `config.json`; `ModelError` naming `where` if they do not make sense."""
    family = config.get("model_type")
    try:
        if family == "gpt2":
            width, heads = int(config["n_embd"]), int(config["n_head"])
            architecture = Architecture(
                family="gpt2",
                layers=int(config["n_layer"]),
                width=width,
                heads=heads,
                kv_heads=heads,
                head_width=width // heads,
                inner=int(config.get("n_inner") or 4 * width),
                context=int(config["n_positions"]),
                vocabulary=int(config["vocab_size"]),
                norm_epsilon=float(config.get("layer_norm_epsilon", 1e-5)),
                rope_theta=None,
            )
        elif family == "llama":
            width, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
            rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
            scaling = rope.get("rope_type", rope.get("type", "default"))
            if scaling != "default" or not config.get("tie_word_embeddings", False):
                raise ModelError(f"{where} is a Llama variant with scaled positions or an untied head: not supported.")
            architecture = Architecture(
                family="llama",
                layers=int(config["num_hidden_layers"]),
                width=width,
                heads=heads,
                kv_heads=int(config.get("num_key_value_heads", heads)),
                head_width=int(config.get("head_dim") or width // heads),
                inner=int(config["intermediate_size"]),
                context=int(config["max_position_embeddings"]),
                vocabulary=int(config["vocab_size"]),
                norm_epsilon=float(config["rms_norm_eps"]),
                rope_theta=float(rope.get("rope_theta") or config["rope_theta"]),
            )
        else:
            raise ModelError(f"{where} says its model_type is {family!r}: only gpt2 and llama are known.")
        _require_sense(architecture)
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ModelError(f"{where} does not describe a {family} model ({error!r}): fetch the model again.") from error
    for field, values in COMPUTED[family].items():
        if config.get(field, values[0]) not in values:
            raise ModelError(
                f"{where} sets {field} to {config[field]!r}: a {family} that computes so is not supported."
            )
    return architecture


def _require_sense(a: Architecture) -> None:
    least = min(a.layers, a.width, a.heads, a.kv_heads, a.head_width, a.inner, a.context, a.vocabulary)
    remainder = a.width - a.heads * a.head_width if a.family == "gpt2" else a.head_width % 2
    if least < 1 or a.heads % a.kv_heads or remainder:
        raise ValueError("sizes that do not go together")


def hidden_states(
    architecture: Architecture,
    weights: Mapping[str, Tensor],
    token_ids: Tensor,
    positions: Tensor,
    project: Project,
    attend: Attend,
) -> Tensor:
    """What the last layer says, after the final norm: (rows, width).

    Args:
        token_ids: (rows,) one token a row; rows are places of one text, or texts at one place.
        positions: (rows,) where each token stands in its text, from 0.
    """
    run = gpt2_states if architecture.family == "gpt2" else llama_states
    return run(architecture, weights, token_ids, positions, project, attend)


def gpt2_states(
    architecture: Architecture,
    weights: Mapping[str, Tensor],
    token_ids: Tensor,
    positions: Tensor,
    project: Project,
    attend: Attend,
) -> Tensor:
    def norm(x: Tensor, name: str) -> Tensor:
        scale, shift = weights[f"{name}.scale"], weights[f"{name}.shift"]
        return functional.layer_norm(x, (architecture.width,), scale, shift, architecture.norm_epsilon)

    shape = (-1, architecture.heads, architecture.head_width)
    x = _looked_up(token_ids, weights) + functional.embedding(positions, weights["position"])
    for layer in range(architecture.layers):
        q, k, v = project(norm(x, f"{layer}.attention_norm"), f"{layer}.qkv").chunk(3, dim=-1)
        attended = attend(layer, q.view(shape), k.view(shape), v.view(shape))
        x = project(attended.reshape(x.shape), f"{layer}.attention_out", plus=x)
        inner = project(norm(x, f"{layer}.mlp_norm"), f"{layer}.mlp_in", "gelu")
        x = project(inner, f"{layer}.mlp_out", plus=x)
    return norm(x, "final_norm")


def llama_states(
    architecture: Architecture,
    weights: Mapping[str, Tensor],
    token_ids: Tensor,
    positions: Tensor,
    project: Project,
    attend: Attend,
) -> Tensor:
    def norm(x: Tensor, name: str) -> Tensor:
        return functional.rms_norm(x, (architecture.width,), weights[f"{name}.scale"], architecture.norm_epsilon)

    query_width = architecture.heads * architecture.head_width
    key_width = architecture.kv_heads * architecture.head_width
    x = _looked_up(token_ids, weights)
    cosine, sine = rotary_angles(architecture, positions, x.dtype)
    for layer in range(architecture.layers):
        qkv = project(norm(x, f"{layer}.attention_norm"), f"{layer}.qkv")
        qk, v = torch.split(qkv, [query_width + key_width, key_width], dim=-1)
        qk = rotate(qk.view(len(x), -1, architecture.head_width), cosine, sine)
        q, k = torch.split(qk, [architecture.heads, architecture.kv_heads], dim=1)
        attended = attend(layer, q, k, v.view(len(x), architecture.kv_heads, architecture.head_width))
        x = project(attended.reshape(len(x), query_width), f"{layer}.attention_out", plus=x)
        gate, up = project(norm(x, f"{layer}.mlp_norm"), f"{layer}.mlp_in").chunk(2, dim=-1)
        x = project(functional.silu(gate) * up, f"{layer}.mlp_out", plus=x)
    return norm(x, "final_norm")


def _looked_up(token_ids: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    # The head is tied and its gradient dense: these few rows are added to it, where the device knows sparse gradients.
    weight = weights["embedding"]
    return functional.embedding(token_ids, weight, sparse=weight.device.type != "mps")


def rotary_angles(architecture: Architecture, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines of the rotary positions, each (rows, 1, head width)."""
    half = torch.arange(0, architecture.head_width, 2, dtype=torch.float32, device=positions.device)
    frequencies = (architecture.rope_theta or 0.0) ** (-half / architecture.head_width)
    angles = positions.float()[:, None] * frequencies
    cosine = torch.cat((angles.cos(), angles.cos()), dim=-1)
    sine = torch.cat((-angles.sin(), angles.sin()), dim=-1)  # signed here, so that `rotate` needs no negation
    return cosine[:, None].to(dtype), sine[:, None].to(dtype)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn each pair (i, i + half) of x, (rows, heads, head width), by its position's angle."""
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((second, first), dim=-1) * sine
