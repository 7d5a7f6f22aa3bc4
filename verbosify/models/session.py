"""Texts that a model holds in its cache, and what grows from them: extended, forked, looked at, streamed, batched.

Every engine samples through this: it lends a cache (`Engine`), and everything between logits and tokens happens here.
Knows tokens and settings, and no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Protocol

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.models.beams import BeamSearch
from verbosify.models.decoding import adjusted, changes_logits, distribution, draw
from verbosify.models.protocol import Continuation, ModelCard, TokenChoice
from verbosify.models.rows import Rows, listed, prompt_tokens, uniform_streams
from verbosify.models.settings import SamplingSettings
from verbosify.models.spelling import Spelling


class HeldText(Protocol):
    """A text in an engine's cache."""

    @property
    def logits(self) -> Tensor:
        """What is expected after the text, (1, vocabulary), float32."""

    def read(self, token_ids: Sequence[int]) -> None:
        """Read on, at least one token."""

    def cut(self, length: int) -> None:
        """Hold the first `length` tokens only; `logits` are not known until more is read."""

    def fork(self) -> HeldText:
        """The same text, to be read on in another way; shared, not copied, as long as it can be."""


class Batch(Protocol):
    """Rows that grow from held texts, all in step."""

    def add(self, held: Any, rows: int, length: int, *, together: bool) -> None:
        """More rows, behind the present ones, that grow from a text which the same engine holds, by at most `length`.

        Those that are `together` may take one another's places, as beams do.
        """

    def select_rows(self, places: Sequence[int]) -> None:
        """Go on with these of the present rows: in order, but that rows which are together may swap and repeat."""

    def advance(self, token_ids: Tensor) -> Tensor:
        """Read one more token a row, (rows,), on the CPU; what each expects next, (rows, vocabulary), float32."""


class Engine(Protocol):
    """What a model lends to its sessions."""

    @property
    def card(self) -> ModelCard: ...
    @property
    def ends(self) -> frozenset[int]:
        """The tokens that end a text."""

    def encode(self, text: str) -> list[int]: ...
    def decode(self, token_ids: Sequence[int]) -> str: ...

    def spelling(self) -> Spelling:
        """What the tokens spell."""

    def hold(self, rows: int) -> HeldText:
        """Place for a text, of which nothing has been read, and from which about so many rows will grow."""

    def batch(self) -> Batch:
        """A batch without rows."""


class Part:
    """The rows of one settings in a batch."""

    def __init__(self, engine: Engine, prompt_ids: Sequence[int], settings: SamplingSettings) -> None:
        self.settings = settings
        self.rows = Rows(settings, engine.ends, engine.decode)
        self._engine = engine
        self._prompt_ids = list(prompt_ids)
        self._uniforms = torch.from_numpy(uniform_streams(settings))
        self._drawn = 0

    @property
    def width(self) -> int:
        """How many rows of the batch are its own."""
        return len(self.rows.active)

    def adjusted(self, logits: Tensor) -> Tensor:
        """`logits`, (width, vocabulary), as the texts so far change them."""
        return adjust(self._engine, logits, self._texts(), self.settings, drawn=self._drawn)

    def _texts(self) -> list[list[int]]:
        return [self._prompt_ids + self.rows.tokens[row] for row in self.rows.active]

    def uniforms(self) -> Tensor:
        """One number for each row that grows, (width,)."""
        return self._uniforms[self.rows.active, self._drawn]

    def take(self, drawn: Tensor) -> tuple[list[int], Tensor]:
        """Give the rows their tokens, (width,); the places of those that go on, and their tokens."""
        self._drawn += 1
        going = self.rows.add(drawn.tolist())
        return going, drawn[going]


class BeamPart(Part):
    """The beams of one settings in a batch; its rows have no token until the search is over."""

    def __init__(self, engine: Engine, prompt_ids: Sequence[int], settings: SamplingSettings) -> None:
        super().__init__(engine, prompt_ids, replace(settings, seed=0))
        self._search = BeamSearch(settings.num_beams, len(engine.ends), self.rows.finish_of)
        self._width = settings.num_beams

    @property
    def width(self) -> int:
        return self._width

    def _texts(self) -> list[list[int]]:
        beams = self._search.running
        return [self._prompt_ids + list(beam.tokens) for beam in (beams * self._width)[: self._width]]

    def search(self, logits: Tensor) -> tuple[list[int], Tensor]:
        """Grow the beams; the places of those that go on, some of them more than once, and their tokens."""
        self._drawn += 1
        origins, tokens = self._search.grow(logits[: len(self._search.running)])
        self._width = len(origins)
        if not origins:
            self.rows.fill([(beam.tokens, beam.finish) for beam in self._search.finished])
        return origins, torch.tensor(tokens, dtype=torch.long)


def adjust(
    engine: Engine, logits: Tensor, texts: Sequence[Sequence[int]], settings: SamplingSettings, *, drawn: int
) -> Tensor:
    """`logits`, (rows, vocabulary), after the texts, as `settings` change them; see `decoding.adjusted`."""
    if not changes_logits(settings):
        return logits
    ends, spelling = engine.ends, engine.spelling
    return adjusted(logits, torch.tensor(texts), settings, drawn=drawn, ends=ends, spelling=spelling)


class Generation:
    """A batch in the making: parts may join at any step and leave at any step. One thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._batch = engine.batch()
        self._parts: list[Part] = []
        self._logits: Tensor | None = None
        self._unread: Tensor | None = None
        """The tokens drawn last, of the rows that go on."""

    def __bool__(self) -> bool:
        return bool(self._parts)

    @torch.inference_mode()
    def add(self, held: HeldText, prompt_ids: Sequence[int], settings: SamplingSettings) -> Part:
        """Have the rows of `settings` grow from `held`, which has read `prompt_ids`."""
        self._read()
        beams = settings.num_beams > 1
        part = (BeamPart if beams else Part)(self._engine, prompt_ids, settings)
        self._batch.add(held, part.width, settings.length, together=beams)
        logits = held.logits.expand(part.width, -1)
        self._logits = logits if self._logits is None else torch.cat((self._logits, logits))
        self._parts.append(part)
        return part

    @torch.inference_mode()
    def step(self) -> None:
        """Draw the next token of every row that still grows."""
        self._read()
        widths = [part.width for part in self._parts]
        pairs = zip(self._parts, torch.split(self._present(), widths), strict=True)
        logits = [part.adjusted(some) for part, some in pairs]
        going, tokens, start = [], [], 0
        for width, (places, some) in zip(widths, self._draw(logits), strict=True):
            going += [start + place for place in places]
            tokens.append(some)
            start += width
        self._unread, self._logits = torch.cat(tokens), None
        self._parts = [part for part in self._parts if part.width]
        if self._parts and going != list(range(start)):
            self._batch.select_rows(going)

    def _draw(self, logits: Sequence[Tensor]) -> Iterator[tuple[list[int], Tensor]]:
        """For every part, the places of its rows that go on, and their tokens; neighbours that draw alike at once."""
        parts = zip(self._parts, logits, strict=True)
        for settings, some in groupby(parts, key=lambda pair: _way_of_drawing(pair[0].settings)):
            alike = list(some)
            if settings.num_beams > 1:
                yield from (part.search(own) for part, own in alike if isinstance(part, BeamPart))
                continue
            rows = alike[0][1] if len(alike) == 1 else torch.cat([logits for _, logits in alike])
            drawn = draw(*distribution(rows, settings), torch.cat([part.uniforms() for part, _ in alike]))
            pieces = torch.split(drawn, [part.width for part, _ in alike])
            yield from [part.take(piece) for (part, _), piece in zip(alike, pieces, strict=True)]

    def _read(self) -> None:
        """Read what was drawn last."""
        if self._unread is not None and self._parts:
            self._logits = self._batch.advance(self._unread)
        self._unread = None

    def _present(self) -> Tensor:
        if self._logits is None:
            raise ModelError("No row of this batch grows any more.")
        return self._logits


def _way_of_drawing(settings: SamplingSettings) -> SamplingSettings:
    """The settings without what does not change how one token is drawn from its logits."""
    s = settings
    if s.num_beams > 1:
        return SamplingSettings(n=1, num_beams=s.num_beams)
    return SamplingSettings(
        temperature=s.temperature, top_k=s.top_k, top_p=s.top_p, min_p=s.min_p, typical_p=s.typical_p
    )


@torch.inference_mode()
def sample(engine: Engine, prompt: str, settings: SamplingSettings | Sequence[SamplingSettings]) -> list[Continuation]:
    """Continuations of `prompt`, those of each settings after those of the one before; see `LanguageModel.sample`."""
    several = listed(settings)
    prompt_ids = prompt_tokens(engine, prompt, max(each.length for each in several))
    held = engine.hold(sum(each.n for each in several))
    held.read(prompt_ids)
    generation = Generation(engine)
    parts = [generation.add(held, prompt_ids, each) for each in several]
    while generation:
        generation.step()
    return [continuation for part in parts for continuation in part.rows.continuations()]


def token_choices(
    engine: Engine, logits: Tensor, text: Sequence[int], settings: SamplingSettings, top: int
) -> list[TokenChoice]:
    """The `top` most likely tokens after a text, by its logits, (1, vocabulary), before and after `settings`."""
    if top < 1:
        raise ModelError(f"top is {top}: ask for at least one token.")
    before = logits.softmax(dim=-1)[0]
    probabilities, token_ids = distribution(adjust(engine, logits, [text], settings, drawn=0), settings)
    after = torch.zeros_like(before).scatter_(0, token_ids[0], probabilities[0])
    best = before.topk(min(top, len(before)))
    return [
        TokenChoice(token, engine.decode([token]), probability, after[token].item())
        for probability, token in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]
