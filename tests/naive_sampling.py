"""Sampling as the textbook has it: the whole text read again, and the whole vocabulary laid out.

By transformers' own classes, and sharing nothing with the engine but the uniform numbers. Two ways to compute the same
logits differ in their last bits, and so may what is drawn where two tokens are all but equally likely, or where a number
falls all but between two. So what was drawn is judged token by token, given the tokens before it, and a token passes if
logits that are off by no more than `close` could have led to it. Exact ties are still ordered by their ids.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from verbosify.models.protocol import Continuation
from verbosify.models.settings import SamplingSettings

Array = np.ndarray[Any, Any]
Read = Callable[[Sequence[int]], Array]
"""Token ids to the logits after each of them: (tokens, vocabulary)."""
CLOSE = 1e-5
"""How far two float32 computations of a tiny model's logits may be apart."""


def load_reference(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def reader(reference: Any) -> Read:
    """What transformers' model makes of a text."""

    @torch.no_grad()
    def read(token_ids: Sequence[int]) -> Array:
        logits: Array = reference(torch.tensor([list(token_ids)])).logits[0].numpy()
        return logits

    return read


def complaints(
    read: Read,
    prompt_ids: Sequence[int],
    settings: SamplingSettings,
    continuations: Sequence[Continuation],
    *,
    ends: set[int],
    decode: Callable[[Sequence[int]], str],
    close: float = CLOSE,
) -> list[str]:
    """All that the textbook objects to in a batch, row by row: nothing, if the batch is what it draws."""
    found = [] if len(continuations) == settings.n else [f"{len(continuations)} rows"]
    for row, continuation in enumerate(continuations):
        token_ids, finish = list(continuation.token_ids), continuation.finish
        logits = read([*prompt_ids, *token_ids])[len(prompt_ids) - 1 :]
        uniforms = np.random.default_rng((settings.seed, row)).random(settings.length)
        possible = [
            may_be_drawn(logits[step], {*prompt_ids, *token_ids[:step]}, settings, uniforms[step], close)
            for step in range(min(len(token_ids) + (finish == "end"), settings.length))
        ]
        wrong = [
            step
            for step, (token, some) in enumerate(zip(token_ids, possible, strict=False))
            if token not in some - ends
        ]
        found += [f"row {row}, step {step}: {token_ids[step]} is not drawn, but {possible[step]}" for step in wrong[:1]]
        stopped = [any(stop in decode(token_ids[:end]) for stop in settings.stops) for end in range(len(token_ids) + 1)]
        right = {
            "length": len(token_ids) == settings.length and not any(stopped),
            "stop": stopped[-1] and not any(stopped[:-1]),
            "end": len(token_ids) < len(possible) and bool(possible[-1] & ends) and not any(stopped),
        }
        if not right[finish]:
            found.append(f"row {row} does not finish by {finish} after {len(token_ids)} tokens")
    return found


def may_be_drawn(
    logits: Array, seen: set[int], settings: SamplingSettings, uniform: float, close: float = CLOSE
) -> set[int]:
    """The token at `uniform` of what `logits` make of the whole vocabulary, and any that logits `close` by could bring.

    `seen` are the tokens of the text so far.
    """
    logits = logits.astype(np.float64)
    for token in seen:
        logits[token] *= settings.repetition_penalty if logits[token] <= 0 else 1 / settings.repetition_penalty
    order = np.lexsort((np.arange(len(logits)), -logits))
    falling = logits[order]
    if settings.temperature == 0:
        near = order[(falling >= falling[0] - close) & ((falling < falling[0]) | (order == order[0]))]
        return set(near.tolist())
    weights = np.exp((falling - falling[0]) / settings.temperature)
    before = np.concatenate(([0.0], weights.cumsum()))
    fewest, most = _kept(falling, weights, settings, close)
    # a token may change places with its near neighbours, but not with its equals
    first = np.searchsorted(-falling, -(falling + close))
    last = np.searchsorted(-falling, -(falling - close), side="right")
    equal_first, equal_last = (np.searchsorted(-falling, -falling, side=side) for side in ("left", "right"))
    places = np.arange(len(falling))
    first, last = first + (places - equal_first), last - (equal_last - 1 - places)
    slack = close / min(settings.temperature, 1.0)
    starts, stops = before[first] / before[most] - slack, before[last] / before[fewest] + slack
    passes = (first < most) & (starts <= uniform) & (uniform <= stops)
    return set(order[passes].tolist())


def _kept(falling: Array, weights: Array, settings: SamplingSettings, close: float) -> tuple[int, int]:
    """How many of the likeliest top-k and top-p leave at least, and at most."""
    fewest = most = len(falling)
    if settings.top_k and settings.top_k < len(falling):
        least = falling[settings.top_k - 1]
        fewest = most = int(np.searchsorted(-falling, -least, side="right"))
        if most < len(falling) and falling[most] > least - close:
            fewest = max(1, int(np.searchsorted(-falling, -(least + close))))
            most = int(np.searchsorted(-falling, -(least - close), side="right"))
    if settings.top_p < 1:
        slack = max(close / min(settings.temperature, 1.0), 1e-9)
        within = [weights[:kept].cumsum() / weights[:kept].sum() for kept in (fewest, most)]
        fewest = int(np.searchsorted(within[0], settings.top_p - slack)) + 1
        most = min(int(np.searchsorted(within[1], settings.top_p + slack)) + 1, most)
    return min(fewest, most), most


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


def plain_probabilities(
    logits: Array,
    text: Sequence[int],
    settings: SamplingSettings,
    *,
    drawn: int = 0,
    ends: Collection[int] = (),
    spell: Callable[[int], bytes] = lambda token: b"",
) -> Array:
    """How likely every token is to be drawn after `text`, of which the last `drawn` were: rule by rule, in float64.

    `spell` tells the bytes of a token, for strings that are banned.
    """
    s, logits = settings, logits.astype(np.float64)
    for token, bias in s.logit_bias:
        logits[token] += bias
    recent = list(text)[-s.repetition_range :] if s.repetition_range else list(text)
    for token in set(recent):
        penalty = s.repetition_penalty
        if s.repetition_slope:
            last = max(place for place, other in enumerate(recent) if other == token)
            x = 2 * last / (len(recent) - 1) - 1 if len(recent) > 1 else 1.0
            curve = s.repetition_slope * x / (1 + abs(x) * (s.repetition_slope - 1))
            penalty = 1 + (curve + 1) / 2 * (s.repetition_penalty - 1)
        logits[token] *= penalty if logits[token] <= 0 else 1 / penalty
    for token in set(text):
        logits[token] -= s.frequency_penalty * list(text).count(token) + s.presence_penalty
    banned = [string.encode() for string in s.banned_strings]
    before = b"".join(map(spell, text))
    for token in range(len(logits)):
        after = before + spell(token) if banned else b""
        completed = any(after.find(string, max(0, len(before) - len(string) + 1)) >= 0 for string in banned)
        if token in s.banned_tokens or (token in ends and drawn < s.least_length) or completed:
            logits[token] = -np.inf
    if s.temperature == 0:
        greedy: Array = (np.arange(len(logits)) == logits.argmax()).astype(np.float64)
        return greedy
    order = np.lexsort((np.arange(len(logits)), -logits))
    shares = np.exp((logits[order] - logits[order[0]]) / s.temperature)
    if s.top_k:
        shares[logits[order] < logits[order[: s.top_k][-1]]] = 0
    shares /= shares.sum()
    if s.top_p < 1:
        shares[shares.cumsum() - shares >= s.top_p] = 0
    shares /= shares.sum()
    shares[shares < s.min_p * shares.max()] = 0
    shares /= shares.sum()
    if s.typical_p < 1:
        possible = np.flatnonzero(shares)
        surprise = -np.log(shares[possible])
        entropy = (shares[possible] * surprise).sum()
        nearest = possible[np.argsort(np.abs(surprise - entropy), kind="stable")]
        reached = np.searchsorted(shares[nearest].cumsum(), s.typical_p) + 1
        shares[nearest[reached:]] = 0
        shares /= shares.sum()
    probabilities = np.zeros(len(logits))
    probabilities[order] = shares
    return probabilities


def plain_beams(
    read: Read, prompt_ids: Sequence[int], settings: SamplingSettings, ends: Collection[int]
) -> list[tuple[tuple[int, ...], float]]:
    """The `num_beams` best continuations, ends included, and their mean log-probability a token, by a plain search."""
    running: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
    finished: list[tuple[tuple[int, ...], float]] = []
    for length in range(1, settings.length + 1):
        grown = []
        for tokens, total in running:
            chances = plain_probabilities(
                read([*prompt_ids, *tokens])[-1],
                [*prompt_ids, *tokens],
                replace(settings, temperature=1.0, top_k=0, top_p=1.0, num_beams=1),
                drawn=len(tokens),
                ends=ends,
            )
            grown += [((*tokens, token), total + math.log(chance)) for token, chance in enumerate(chances) if chance]
        grown.sort(key=lambda pair: -pair[1])
        over = [pair for pair in grown[: settings.num_beams] if pair[0][-1] in ends or length == settings.length]
        finished = sorted([*finished, *((t, s / len(t)) for t, s in over)], key=lambda pair: -pair[1])
        finished = finished[: settings.num_beams]
        running = [pair for pair in grown if pair[0][-1] not in ends][: settings.num_beams]
        full = len(finished) == settings.num_beams
        if length == settings.length or (full and running[0][1] / length <= finished[-1][1]):
            break
    return finished
