"""What a stage may know beside the text: what was asked, how the answer ended, and what the model thinks of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from verbosify.models.protocol import LanguageModel, TextSession


@dataclass(slots=True)
class Opinions:
    """A model asked how likely it thinks texts are; what it has read it keeps until the question is over."""

    model: LanguageModel
    _sessions: dict[str, TextSession] = field(default_factory=dict)

    def likelihood(self, text: str, after: str) -> float:
        """The mean log-probability of a token of `text` after the text `after`, in nats, <= 0."""
        if after not in self._sessions:
            self._sessions[after] = self.model.session(after)
        tokens = self.model.encode(text)
        return fmean(self._sessions[after].likelihoods([tokens])[0]) if tokens else 0.0


@dataclass(frozen=True, slots=True)
class Context:
    """Where a stage stands.

    Attributes:
        inputs: what was given, cleaned.
        prompt: what the model continued, the opening included.
        opening: what the answer began with before the model said anything.
        tokens: how many the model said.
        finish: why it ended: `length`, `end` or `stop`; empty for an input.
        opinions: the model that answers; None for an input.
        ask: the prompt for other inputs.
    """

    inputs: Mapping[str, str]
    prompt: str = ""
    opening: str = ""
    tokens: int = 0
    finish: str = ""
    opinions: Opinions | None = field(default=None, repr=False)
    ask: Callable[[Mapping[str, str]], str] = field(default=lambda _: "", repr=False)

    def likelihood(self, text: str, **instead: str) -> float:
        """The mean log-probability of a token of an answer, its opening left out, in nats, <= 0.

        With other inputs `instead` of some of those that were given, if that is asked.
        """
        assert self.opinions is not None  # noqa: S101  # measures are asked of answers alone
        after = self.ask({**self.inputs, **instead}) if instead else self.prompt
        return self.opinions.likelihood(text.removeprefix(self.opening), after)
