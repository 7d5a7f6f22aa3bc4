"""The same job with transformers' own classes: a plain PyTorch step with Adam, and `generate`. Imports both."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM
from transformers.utils import logging

LENGTH = 100
"""Tokens of a continuation."""


def plain_model(folder: str, precision: str) -> Any:
    """The model in `folder`, in fp32, bf16 or fp16, saying nothing while it is loaded."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()


def filled(prompt: Tensor, window: int) -> Tensor:
    """The prompt, (1, tokens), again and again until it fills the window."""
    return prompt.repeat(1, -(-window // prompt.shape[1]))[:, :window]


def step_on_a_copy(model: Any, ids: Tensor) -> Any:
    """A copy of the model, one step of Adam further on `ids`."""
    tuned = copy.deepcopy(model)
    optimiser = torch.optim.Adam(tuned.parameters(), lr=1e-4)
    tuned(input_ids=ids, labels=ids).loss.backward()
    optimiser.step()
    return tuned


def continuations(model: Any, prompt: Tensor, rows: int) -> None:
    """So many, of `LENGTH` tokens each: at least as many as at most, for random weights may end a text at once."""
    model.generate(
        prompt,
        do_sample=True,
        temperature=0.8,
        top_k=30,
        max_new_tokens=LENGTH,
        min_new_tokens=LENGTH,
        num_return_sequences=rows,
        pad_token_id=0,
    )
