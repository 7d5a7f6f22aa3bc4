"""Texts that a model holds in its cache, and what grows from them: extended, forked, looked at, streamed, batched.

Every engine samples through this: it lends a cache (`Engine`), and everything between logits and tokens happens here.
Knows tokens and settings, and no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Protocol

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.models.decoding import candidates, draw, penalised
from verbosify.models.protocol import Continuation, ModelCard
from verbosify.models.rows import Rows, listed, prompt_tokens, uniform_streams
from verbosify.models.settings import SamplingSettings


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

    def hold(self, rows: int) -> HeldText:
        """Place for a text, of which nothing has been read, and from which about so many rows will grow."""

    def batch(self) -> Batch:
        """A batch without rows."""


class Part:
    """The rows of one settings in a batch."""

    def __init__(self, engine: Engine, prompt_ids: Sequence[int], settings: SamplingSettings) -> None:
        self.settings = settings
        self.rows = Rows(settings, engine.ends, engine.decode)
        self._uniforms = torch.from_numpy(uniform_streams(settings))
        self._step = 0
        self._prompt_ids = torch.tensor(prompt_ids)
        self._seen: Tensor | None = None

    @property
    def width(self) -> int:
        """How many rows still grow."""
        return len(self.rows.active)

    def adjusted(self, logits: Tensor) -> Tensor:
        """`logits`, (width, vocabulary), as the text so far changes them."""
        if self.settings.repetition_penalty == 1:
            return logits
        if self._seen is None:
            self._seen = torch.zeros_like(logits, dtype=torch.bool)
            self._seen[:, self._prompt_ids.to(logits.device)] = True
        return penalised(logits, self._seen, self.settings.repetition_penalty)

    def uniforms(self) -> Tensor:
        """One number for each row that grows, (width,)."""
        self._step += 1
        return self._uniforms[self.rows.active, self._step - 1]

    def take(self, drawn: Tensor) -> list[int]:
        """Give the rows their tokens, (width,); returns the places of those that go on."""
        going = self.rows.add(drawn.tolist())
        if self._seen is not None:
            self._seen = self._seen[going].scatter_(1, drawn[going, None].to(self._seen.device), value=True)
        return going


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
        part = Part(self._engine, prompt_ids, settings)
        self._batch.add(held, part.width, settings.length, together=False)
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
        drawn = torch.split(torch.cat(list(self._draw(logits))), widths)
        going, tokens, start = [], [], 0
        for part, some in zip(self._parts, drawn, strict=True):
            places = part.take(some)
            going += [start + place for place in places]
            tokens.append(some[places])
            start += len(some)
        self._unread, self._logits = torch.cat(tokens), None
        self._parts = [part for part in self._parts if part.width]
        if self._parts and len(going) < start:
            self._batch.select_rows(going)

    def _draw(self, logits: Sequence[Tensor]) -> Iterator[Tensor]:
        """A token for every row, neighbours that draw alike in one go."""
        parts = zip(self._parts, logits, strict=True)
        for settings, some in groupby(parts, key=lambda pair: _way_of_drawing(pair[0].settings)):
            alike = list(some)
            rows = alike[0][1] if len(alike) == 1 else torch.cat([logits for _, logits in alike])
            yield draw(*candidates(rows, settings), torch.cat([part.uniforms() for part, _ in alike]))

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
    return SamplingSettings(temperature=s.temperature, top_k=s.top_k, top_p=s.top_p)


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
