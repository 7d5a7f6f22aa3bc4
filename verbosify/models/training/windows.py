"""A text to the token windows a model is trained on. Knows tokens, not models or passages."""

from __future__ import annotations

import random
from collections.abc import Callable

from verbosify.errors import ModelError
from verbosify.models.settings import TuningRecipe

ORIGINAL_WORDS = 1024
ORIGINAL_END = "<|endoftext|>"
ORIGINAL_COMBINE = 50_000


def training_windows(
    text: str, recipe: TuningRecipe, encode: Callable[[str], list[int]], context: int
) -> list[list[int]]:
    """The windows of one optimiser step: `recipe.windows_per_step` lists of token ids.

    Args:
        text: the passage.
        encode: text to token ids.
        context: tokens the model can read at once.

    Raises:
        ModelError: the text has fewer than two tokens, or more than fit one window.
    """
    limit = min(recipe.window_tokens, context)
    token_ids = encode(text)
    if len(token_ids) < 2:
        held = "no token" if not token_ids else "a single token"
        raise ModelError(f"The text {text[:40]!r} has {held}: overfitting needs at least two, so give a longer text.")
    if len(token_ids) > limit:
        raise ModelError(
            f"The text beginning {text[:40]!r} has {len(token_ids)} tokens, but one training window holds {limit}: "
            "split it into shorter passages."
        )
    if recipe.window == "original":
        return original_windows(text, recipe, encode, limit)
    if recipe.window == "repeat":
        copies = limit // (len(token_ids) - 1) + 2  # a joining space may merge with a neighbour, so one to spare
        token_ids = encode(" ".join([text] * copies))[:limit]
    return [token_ids] * recipe.windows_per_step


def original_windows(
    text: str, recipe: TuningRecipe, encode: Callable[[str], list[int]], limit: int
) -> list[list[int]]:
    """The windows of the art project that began this: random cuts from a file of repeated passages.

    The file held copies of the passage until they made 1024 words. gpt-2-simple read it, put the end marker
    behind it, spelt out as ordinary characters (unless the file was one of 50,000 characters or more), and
    drew windows from it at random offsets: the same ones that Python's `random`, seeded with `recipe.seed`
    just before, would give there. Its sampler never takes the last token.
    """
    copies = -(-ORIGINAL_WORDS // max(len(text.split()), 1))
    file = (text * copies).replace("\r\n", "\n").replace("\r", "\n")  # as Python reads a text file
    token_ids = encode(file if len(file) >= ORIGINAL_COMBINE else file + ORIGINAL_END)
    while len(token_ids) <= limit:  # only where words are scarce and tokens few; gpt-2-simple gives up there
        token_ids += token_ids
    offsets = random.Random(recipe.seed)  # noqa: S311  # the sampler that is being reproduced, not a secret
    starts = [offsets.randint(0, len(token_ids) - limit - 1) for _ in range(recipe.windows_per_step)]
    return [token_ids[start : start + limit] for start in starts]
