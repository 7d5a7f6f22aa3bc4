"""What a stage may know beside the text: what was asked, how the answer ended, and what the model thinks of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from verbosify.models.protocol import LanguageModel, TextSession

_OPEN = "\"'([{“‘«„-/"
"""After these a word follows without a space."""


@dataclass(slots=True)
class Opinions:
    """A model asked how likely it thinks texts are; what it has read and said it keeps until the question is over.

    All `texts` of a round are asked about at once, when the first of them is.
    """

    model: LanguageModel
    texts: tuple[str, ...] = ()
    _sessions: dict[str, TextSession] = field(default_factory=dict)
    _told: dict[tuple[str, str], float] = field(default_factory=dict)

    def likelihood(self, text: str, after: str) -> float:
        """The mean log-probability of a token of `text` after the text `after`, in nats, <= 0; 0 if it has none."""
        if (after, text) not in self._told:
            wanted = [each for each in dict.fromkeys((text, *self.texts)) if (after, each) not in self._told]
            rows = self.session(after).likelihoods([self.model.encode(each) for each in wanted])
            self._told |= {(after, each): fmean(row) if row else 0.0 for each, row in zip(wanted, rows, strict=True)}
        return self._told[after, text]

    def session(self, after: str) -> TextSession:
        """That text in the model's cache; what it begins with is read once, where another began so."""
        if after not in self._sessions:
            near = next(iter(self._sessions.values()), None)
            made = near.fork() if near is not None and after else self.model.session(after)
            if near is not None and after:
                made.become(self.model.encode(after))
            self._sessions[after] = made
        return self._sessions[after]


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
        return self.opinions.likelihood(self.said(text), after)

    def said(self, text: str) -> str:
        """An answer as it was said after the prompt: without its opening, with the space before its first word."""
        said = text.removeprefix(self.opening)
        spaced = (
            said[:1].isalnum() and self.prompt[-1:] and not self.prompt[-1].isspace() and self.prompt[-1] not in _OPEN
        )
        return f" {said}" if spaced else said
