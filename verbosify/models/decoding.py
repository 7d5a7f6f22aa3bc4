"""From logits to the token drawn: penalties, bans, truncation, and the place of a uniform number. Knows no text."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.models.settings import SamplingSettings
from verbosify.models.spelling import Spelling

TIES = 32
"""Tokens fetched beyond the k-th, so that its ties are among them; more ties than that take the full sort."""
BLOCK = 64
"""Neighbouring logits of which the largest is looked at first."""
PLACES = 256
"""Places of a text whose logits are looked at together: 256 x 50,000 in float32 are 50 MB."""
COLDEST = 1e-30
"""The lowest temperature that float32 can divide by; all below it come to the same."""


def log_probabilities(logits: Callable[[slice], Tensor], targets: Tensor) -> list[float]:
    """The log-probabilities of `targets`, (places,), by the logits before each, a few places at a time.

    Args:
        logits: a function from a slice of the places to logits, (places, vocabulary), float32.
    """
    found: list[float] = []
    for start in range(0, len(targets), PLACES):
        places = slice(start, start + PLACES)
        found += log_probability_of(logits(places), targets[places]).tolist()
    return found


def log_probability_of(logits: Tensor, token_ids: Tensor) -> Tensor:
    """The log-probability of one token a row, (rows,), by its logits, (rows, vocabulary)."""
    chosen = logits.gather(1, token_ids[:, None].to(logits.device))[:, 0]
    return chosen - logits.logsumexp(dim=-1)


def changes_logits(settings: SamplingSettings) -> bool:
    """Whether `adjusted` does anything at all."""
    s = settings
    numbers = (s.repetition_penalty != 1, s.frequency_penalty, s.presence_penalty, s.least_length)
    return any(numbers) or bool(s.logit_bias or s.banned_tokens or s.banned_strings)


def adjusted(
    logits: Tensor,
    texts: Tensor,
    settings: SamplingSettings,
    *,
    drawn: int,
    ends: frozenset[int],
    spelling: Callable[[], Spelling],
) -> Tensor:
    """Logits as bias, penalties, bans and the least length change them; the same tensor if none of them does.

    Args:
        logits: (rows, vocabulary), float32.
        texts: (rows, tokens), the whole text of each row so far, prompt and all, on the CPU.
        drawn: how many of the tokens were drawn.
        ends: the tokens that end a text.
        spelling: asked for what tokens spell, if strings are banned.

    Raises `ModelError` if a token is biased or banned that the model has not, or if nothing is left to draw.
    """
    s = settings
    if s.logit_bias:
        token_ids, added = zip(*s.logit_bias, strict=True)
        logits = logits.index_add(
            1, _known(token_ids, logits), torch.tensor(added, device=logits.device).expand(len(logits), -1)
        )
    if s.repetition_penalty != 1:
        logits = _less_repeated(logits, texts.to(logits.device), s)
    if s.frequency_penalty or s.presence_penalty:
        seen = texts.to(logits.device)
        counts = torch.zeros_like(logits).scatter_add_(1, seen, torch.ones_like(seen, dtype=logits.dtype))
        logits = logits - s.frequency_penalty * counts - s.presence_penalty * (counts > 0)
    banned = s.banned_tokens + (tuple(ends) if drawn < s.least_length else ())
    if banned:
        logits = logits.index_fill(1, _known(banned, logits), -torch.inf)
    if s.banned_strings:
        logits = logits.clone()
        for row, text in zip(logits, texts.tolist(), strict=True):
            row[list(spelling().completing(text, s.banned_strings))] = -torch.inf
    if (banned or s.banned_strings) and not logits.isfinite().any(dim=-1).all():
        raise ModelError("Every token that could come next is banned: ban fewer.")
    return logits


def _known(token_ids: tuple[int, ...], logits: Tensor) -> Tensor:
    size = logits.shape[-1]
    if max(token_ids) >= size:
        raise ModelError(f"There is no token {max(token_ids)} to be biased or banned: the model has {size} tokens.")
    return torch.tensor(token_ids, device=logits.device)


def _less_repeated(logits: Tensor, texts: Tensor, settings: SamplingSettings) -> Tensor:
    texts = texts[:, -settings.repetition_range :]  # 0 is the beginning
    if not settings.repetition_slope:
        seen = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, texts, value=True)
        return penalised(logits, seen, settings.repetition_penalty)
    x = torch.linspace(-1, 1, texts.shape[1], device=logits.device) if texts.shape[1] > 1 else logits.new_ones(1)
    slope = settings.repetition_slope
    share = (1 + slope * x / (1 + x.abs() * (slope - 1))) / 2
    factors = (1 + share * (settings.repetition_penalty - 1)).expand(texts.shape)
    strength = torch.ones_like(logits).scatter_reduce_(1, texts, factors, "amax")  # the last place counts most
    return torch.where(logits > 0, logits / strength, logits * strength)


def penalised(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Make tokens already `seen`, a mask like logits, less likely (CTRL, Keskar et al. 2019)."""
    if penalty == 1:
        return logits
    return torch.where(seen, torch.where(logits > 0, logits / penalty, logits * penalty), logits)


def distribution(logits: Tensor, settings: SamplingSettings) -> tuple[Tensor, Tensor]:
    """What may be drawn, and how likely each is.

    Args:
        logits: (rows, vocabulary), float32, penalties already applied.

    Returns:
        probabilities and token ids, both (rows, candidates), most likely first; probability 0 pads a row.
    """
    if settings.temperature == 0:
        best = logits.argmax(dim=-1, keepdim=True)
        return torch.ones_like(best, dtype=torch.float32), best
    keep = min(settings.top_k or logits.shape[-1], logits.shape[-1])
    values, token_ids = most_likely(logits, keep)
    scaled = (values - values[:, :1]) / max(settings.temperature, COLDEST)
    scaled = scaled.masked_fill(values < values[:, keep - 1 : keep], -torch.inf)
    probabilities = scaled.softmax(dim=-1)
    if settings.top_p < 1:
        before = probabilities.cumsum(dim=-1) - probabilities
        probabilities = _without(probabilities, before >= settings.top_p)
    if settings.min_p > 0:
        probabilities = _without(probabilities, probabilities < settings.min_p * probabilities[:, :1])
    if settings.typical_p < 1:
        probabilities, order = _typical(probabilities, settings.typical_p).sort(dim=-1, descending=True, stable=True)
        token_ids = token_ids.gather(1, order)
    return probabilities, token_ids


def _without(probabilities: Tensor, left_out: Tensor) -> Tensor:
    kept = probabilities.masked_fill(left_out, 0)
    return kept / kept.sum(dim=-1, keepdim=True)


def _typical(probabilities: Tensor, mass: float) -> Tensor:
    """Those of which the surprise is nearest to the entropy, until they reach `mass`; equals in the present order."""
    entropy = torch.special.entr(probabilities).sum(dim=-1, keepdim=True)
    distance, order = (-probabilities.log() - entropy).abs().sort(dim=-1, stable=True)
    within = probabilities.gather(1, order)
    left_out = (within.cumsum(dim=-1) - within >= mass) | distance.isinf()
    return _without(probabilities, torch.empty_like(left_out).scatter_(1, order, left_out))


def most_likely(logits: Tensor, keep: int) -> tuple[Tensor, Tensor]:
    """At least the `keep` largest logits and all that tie with the last of them, and their token ids.

    The largest come first, and equals in the order of their ids, so that a seed means the same tokens everywhere.
    """
    if keep + TIES < logits.shape[-1]:
        values, token_ids = _largest(logits, keep + TIES)
        if not (values[:, -1] == values[:, keep - 1]).any():
            token_ids, order = token_ids.sort(dim=-1)
            values, order = values.gather(1, order).sort(dim=-1, descending=True, stable=True)
            return values, token_ids.gather(1, order)
    values, token_ids = logits.sort(dim=-1, descending=True, stable=True)
    return values, token_ids


def _largest(logits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """`logits.topk(count)`, looking closely only at the `count` blocks whose largest are largest: no other counts."""
    size = logits.shape[-1]
    whole = size - size % BLOCK
    if whole <= count * BLOCK:
        return logits.topk(count, dim=-1)
    blocks = logits[:, :whole].view(len(logits), -1, BLOCK).amax(dim=-1).topk(count, dim=-1).indices
    places = torch.arange(size, device=logits.device)
    within = (blocks[:, :, None] * BLOCK + places[:BLOCK]).flatten(1)
    token_ids = torch.cat((within, places[whole:].expand(len(logits), -1)), dim=-1)
    values, chosen = logits.gather(1, token_ids).topk(count, dim=-1)
    return values, token_ids.gather(1, chosen)


def draw(probabilities: Tensor, token_ids: Tensor, uniform: Tensor) -> Tensor:
    """One token id a row: where `uniform`, (rows,), float64, falls in the cumulative distribution.

    It is drawn on the device that the probabilities are on, unless that is Apple's, which knows no float64.
    """
    if probabilities.device.type == "mps":
        probabilities, token_ids = probabilities.cpu(), token_ids.cpu()
    uniform = uniform.to(probabilities.device)
    cumulative = probabilities.double().cumsum(dim=-1)
    places = torch.searchsorted(cumulative, uniform[:, None] * cumulative[:, -1:], right=True)
    last = (probabilities > 0).sum(dim=-1, keepdim=True) - 1  # rounding must not reach the padding
    return token_ids.gather(1, torch.minimum(places, last))[:, 0]
