"""Sampling as the textbook has it: the whole text read again for every token, and the whole vocabulary laid out.

By transformers' own classes, and sharing nothing with the engine but the uniform numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from verbosify.models.protocol import SamplingSettings

Drawn = list[tuple[tuple[int, ...], str]]
"""Token ids and the reason to finish, row by row."""


def load_reference(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


@torch.no_grad()
def naive_samples(
    reference: Any,
    prompt_ids: Sequence[int],
    settings: SamplingSettings,
    ends: set[int],
    decode: Callable[[Sequence[int]], str],
) -> Drawn:
    streams = [np.random.default_rng((settings.seed, row)).random(settings.length) for row in range(settings.n)]
    texts: list[list[int]] = [[] for _ in range(settings.n)]
    finish = ["length"] * settings.n
    active = list(range(settings.n))
    for step in range(settings.length):
        read = torch.tensor([[*prompt_ids, *texts[row]] for row in active])
        logits = reference(read).logits[:, -1].numpy()
        for row, row_logits in zip(list(active), logits, strict=True):
            token = draw_naively(row_logits, {*prompt_ids, *texts[row]}, settings, streams[row][step])
            if token in ends:
                finish[row] = "end"
                active.remove(row)
                continue
            texts[row].append(token)
            if any(stop in decode(texts[row]) for stop in settings.stops):
                finish[row] = "stop"
                active.remove(row)
        if not active:
            break
    return [(tuple(text), reason) for text, reason in zip(texts, finish, strict=True)]


def draw_naively(logits: np.ndarray[Any, Any], seen: set[int], settings: SamplingSettings, uniform: float) -> int:
    """The token at `uniform` of what `logits` make of the whole vocabulary, `seen` being the tokens of the text so far."""
    logits = logits.copy()
    for token in seen:
        logits[token] *= settings.repetition_penalty if logits[token] <= 0 else 1 / settings.repetition_penalty
    if settings.temperature == 0:
        return int(logits.argmax())
    order = np.lexsort((np.arange(len(logits)), -logits))
    if settings.top_k:
        order = order[logits[order] >= logits[order[: settings.top_k][-1]]]
    weights = np.exp((logits[order].astype(np.float64) - logits[order[0]]) / settings.temperature)
    probabilities = weights / weights.sum()
    kept = int(np.searchsorted(probabilities.cumsum(), settings.top_p - 1e-9)) + 1
    cumulative = probabilities[:kept].cumsum()
    place = int(np.searchsorted(cumulative, uniform * cumulative[-1], side="right"))
    return int(order[min(place, len(cumulative) - 1)])
