"""What a model thinks of a text, token by token, as tables: before and after an overfit. Knows no widget.

A token is shown as it is spelt; the first of a text has no probability, since nothing stands before it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from verbosify.models.protocol import LanguageModel, TokenScore
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe

if TYPE_CHECKING:
    import pandas as pd


def tokens_frame(model: LanguageModel, text: str) -> pd.DataFrame:
    """One row a token of `text`, under the model as it is now (inside `model.overfit`, under the overfitted one).

    Columns:
        token: its text. probability: what the model gave it, 0 to 1. log_probability: natural logarithm.
        rank: 1 for the likeliest. entropy: how undecided the model was there, in nats.
    """
    import pandas as pd

    columns = ["token", "probability", "log_probability", "rank", "entropy"]
    first = [[model.decode(model.encode(text)[:1]), None, None, None, None]]
    rows = [[s.text, math.exp(s.log_probability), s.log_probability, s.rank, s.entropy] for s in model.score(text)]
    return pd.DataFrame(first + rows, columns=columns).astype({"rank": "Int64", **dict.fromkeys(columns[1:3], float)})


def overfit_frame(
    model: LanguageModel, passage: str, text: str | None = None, recipe: TuningRecipe = RECIPES["classic"]
) -> pd.DataFrame:
    """One row a token of `text` (by default the passage itself): under the base, and after overfitting on `passage`.

    Columns:
        token: its text. base, overfit: its probability under each. gain: natural logarithm of overfit / base.
        base_rank, overfit_rank, base_entropy, overfit_entropy: as in `tokens_frame`.
    """
    text = passage if text is None else text
    before = model.score(text)
    with model.overfit(passage, recipe):
        after = model.score(text)
    return _compared(model.decode(model.encode(text)[:1]), before, after)


def _compared(first: str, before: Sequence[TokenScore], after: Sequence[TokenScore]) -> pd.DataFrame:
    import pandas as pd

    columns = ["token", "base", "overfit", "gain", "base_rank", "overfit_rank", "base_entropy", "overfit_entropy"]
    rows = [[first, *[None] * 7]] + [
        [
            old.text,
            math.exp(old.log_probability),
            math.exp(new.log_probability),
            new.log_probability - old.log_probability,
            old.rank,
            new.rank,
            old.entropy,
            new.entropy,
        ]
        for old, new in zip(before, after, strict=True)
    ]
    kinds = {name: "Int64" if name.endswith("rank") else float for name in columns[1:]}
    return pd.DataFrame(rows, columns=columns).astype(kinds)


def alternatives_frame(
    model: LanguageModel, prompt: str, settings: SamplingSettings | None = None, top: int = 10
) -> pd.DataFrame:
    """The `top` likeliest tokens after `prompt`, likeliest first.

    Columns:
        token: its text. probability: as the model gives it. sampled_probability: after temperature, top-k and top-p.
    """
    import pandas as pd

    choices = model.next_tokens(prompt, top, settings or SamplingSettings())
    return pd.DataFrame(
        [[choice.text, choice.probability, choice.sampled_probability] for choice in choices],
        columns=["token", "probability", "sampled_probability"],
    )
