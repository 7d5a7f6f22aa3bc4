"""What a model says, as the plain values that the desk is told: steps, rows, choices and tokens. Knows no weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from verbosify.errors import ModelError
from verbosify.models.host import HostedModel
from verbosify.models.protocol import StreamStep, TokenChoice, TokenScore
from verbosify.models.rows import BROKEN


class Row:
    """A continuation as it comes."""

    def __init__(self) -> None:
        self.token_ids: list[int] = []
        self.text = ""
        self.finish: str | None = None

    def take(self, step: StreamStep, ends: frozenset[int]) -> None:
        if not (step.finish == "end" and step.token_id in ends):
            self.token_ids.append(step.token_id)
        self.text += step.text
        self.finish = step.finish

    def told(self, number: int) -> dict[str, Any]:
        return {"row": number, "finish": self.finish, "text": self.text}


def step_told(step: StreamStep, model: HostedModel, alternatives: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "row": step.row,
        "token_id": step.token_id,
        "text": step.text,
        "probability": step.probability,
        "sampled_probability": step.sampled_probability,
    }
    if alternatives is not None:
        told["spelt"] = model.decode([step.token_id])
        told["alternatives"] = [[token, model.decode([token]), own] for token, own in step.alternatives]
    return told


def whole(step: StreamStep) -> StreamStep:
    """A step whose text ends with a whole character, though its row's length ended within one."""
    return replace(step, text=step.text.rstrip(BROKEN)) if step.finish and step.text.endswith(BROKEN) else step


def likelihood_told(score: TokenScore) -> dict[str, Any]:
    """How likely a token was."""
    return {"log_probability": score.log_probability, "rank": score.rank, "entropy": score.entropy}


def score_told(score: TokenScore, model: HostedModel) -> dict[str, Any]:
    """A token that is there, and what might have been."""
    return {
        "token_id": score.token_id,
        "spelt": score.text,
        "log_probability": score.log_probability,
        "alternatives": [[token, model.decode([token]), own] for token, own in score.alternatives],
    }


def choice_told(choice: TokenChoice) -> dict[str, Any]:
    return {
        "token_id": choice.token_id,
        "text": choice.text,
        "whole": BROKEN not in choice.text,
        "probability": choice.probability,
        "sampled_probability": choice.sampled_probability,
    }


def token_told(model: HostedModel, token: int) -> dict[str, Any]:
    text = model.decode([token])
    return {"token_id": token, "text": text, "whole": BROKEN not in text}


def known(model: HostedModel, token_ids: list[int]) -> list[int]:
    """Tokens that come from outside; `ModelError` if one is none of the model's."""
    size = len(model.spelling())
    if any(not 0 <= token < size for token in token_ids):
        raise ModelError(f"One of these is no token of the model's, which has {size}: check their ids.")
    return token_ids


def completing(model: HostedModel, taken: list[int], choices: Sequence[TokenChoice]) -> int:
    """The likeliest token that completes the character, or else goes on with it."""
    broken = model.decode(taken)
    for choice in choices:
        if BROKEN not in model.decode([*taken, choice.token_id]):
            return choice.token_id
    for choice in choices:
        if len(model.decode([*taken, choice.token_id])) == len(broken):
            return choice.token_id
    raise ModelError("This token is a part of a character that nothing completes: take another.")
