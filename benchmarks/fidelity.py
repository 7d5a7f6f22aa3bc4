"""What computing in bf16 changes, against fp32: the update of the weights, and what the model then expects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

PASSAGES = 8


def losses_of_precision(folder: Path, essay: Path, say: Callable[[str], None]) -> dict[str, float]:
    """Over the first passages of `essay`, one of every five: means of the figures named in the result."""
    import torch

    from verbosify.essay.passages import essay_passages, essay_sentences
    from verbosify.essay.reading import read_essay
    from verbosify.models.pytorch.model import TorchModel
    from verbosify.models.settings import RECIPES

    exact, rounded = (
        TorchModel(folder, name="benchmark", weights_sha256="", precision=precision) for precision in ("fp32", "bf16")
    )
    passages = essay_passages(essay_sentences(read_essay(essay)))[::5][:PASSAGES]
    figures: dict[str, list[float]] = {}
    for number, passage in enumerate(passages):
        say(f"passage {number + 1} of {len(passages)}")
        after: list[tuple[Any, Any]] = []
        before = [distributions(model, passage.text) for model in (exact, rounded)]
        for model in (exact, rounded):
            with model.overfit(passage.text, RECIPES["classic"]):
                after.append((update_signs(model), distributions(model, passage.text)))
        (signs, expected), (rounded_signs, rounded_expected) = after
        cosine = torch.nn.functional.cosine_similarity(signs, rounded_signs, dim=0).item()
        figures.setdefault("cosine of the weight update", []).append(cosine)
        figures.setdefault("KL before overfitting, rounding alone", []).append(divergence(before[0], before[1]))
        figures.setdefault("KL after overfitting, bf16 against fp32", []).append(divergence(expected, rounded_expected))
        figures.setdefault("KL of overfitting itself, fp32", []).append(divergence(expected, before[0]))
    return {name: fmean(values) for name, values in figures.items()} | {"passages": float(len(passages))}


def update_signs(model: Any) -> Any:
    """The update of all projections as float32 numbers, against the base in the working precision."""
    import torch

    weights = model._weights
    return torch.cat(
        [
            (weights.working[name].float() - torch.cat(list(weights.base(name)))).flatten()
            for name in model._architecture.projections
        ]
    )


def distributions(model: Any, text: str) -> Any:
    """Log-probabilities of the next token at every place of the text: (tokens, vocabulary)."""
    import torch

    with torch.inference_mode():
        return model._logits_after(model._tensor(model.encode(text)))(slice(None)).log_softmax(dim=-1)


def divergence(expected: Any, found: Any) -> float:
    """Mean Kullback-Leibler divergence of `found` from `expected`, nats."""
    import torch

    return float(torch.nn.functional.kl_div(found, expected, log_target=True, reduction="batchmean"))
