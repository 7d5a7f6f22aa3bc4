"""Texts that a model holds in its cache, and what grows from them: extended, forked, looked at, streamed, batched.

Every engine samples through this: it lends a cache (`Engine`), and everything between logits and tokens happens here.
Knows tokens and settings, and no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import groupby
from typing import Any, Protocol

import torch
from torch import Tensor

from verbosify.errors import ModelError
from verbosify.models.beams import Beam, BeamSearch
from verbosify.models.decoding import adjusted, changes_logits, distribution, draw, log_probability_of
from verbosify.models.protocol import Continuation, ModelCard, StreamStep, TokenChoice, TokenScore, Until
from verbosify.models.rows import BROKEN, Rows, listed, prompt_tokens, require_room, uniform_streams
from verbosify.models.settings import SamplingSettings
from verbosify.models.spelling import Spelling

Alternatives = tuple[tuple[int, float], ...]
"""Tokens and their probabilities, most likely first."""


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

    def likelihoods(self, rows: Sequence[Sequence[int]]) -> list[list[float]]:
        """The log-probability of every token of each row, if the row alone followed the text; no row is empty."""


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

    @property
    def version(self) -> int:
        """Another number whenever the weights have changed."""

    def using(self) -> AbstractContextManager[None]:
        """No other thread uses the model within the block; `ModelError` if one does."""

    def spelling(self) -> Spelling:
        """What the tokens spell."""

    def hold(self, rows: int) -> HeldText:
        """Place for a text, of which nothing has been read, and from which about so many rows will grow."""

    def batch(self) -> Batch:
        """A batch without rows."""


class NoRoomError(ModelError):
    """There is not enough memory for so many rows; fewer may fit."""


class Part:
    """The rows of one settings in a batch."""

    def __init__(self, engine: Engine, prompt_ids: Sequence[int], settings: SamplingSettings) -> None:
        self.settings = settings
        self.rows = Rows(settings, engine.ends, engine.decode)
        self._engine = engine
        self._prompt_ids = list(prompt_ids)
        self._uniforms = torch.from_numpy(uniform_streams(settings))
        self._drawn = 0
        self.alternatives = 0
        """How many of the likeliest tokens each step tells."""
        self.steps: list[StreamStep] = []

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

    def take(
        self, drawn: Tensor, measured: Sequence[Sequence[float]], likeliest: Sequence[Alternatives]
    ) -> tuple[list[int], Tensor]:
        """Give the rows their tokens, (width,); the places of those that go on, and their tokens.

        `measured` holds the probabilities of these tokens, before and after settings; or nothing, then no step is told.
        `likeliest` are each row's alternatives.
        """
        self._drawn += 1
        rows, tokens = self.rows.active, drawn.tolist()
        going = self.rows.add(tokens)
        if not measured:
            return going, drawn[going]
        self.steps += [
            StreamStep(row, token, own, sampled, self.rows.news(row), self.rows.finish[row], others)
            for row, token, own, sampled, others in zip(rows, tokens, *measured, likeliest, strict=True)
        ]
        return going, drawn[going]

    def tell(self) -> list[StreamStep]:
        """The steps since this was last asked."""
        told, self.steps = self.steps, []
        return told


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
            found = self._search.finished[: self.settings.n]
            self.rows.fill([(beam.tokens, beam.finish) for beam in found])
            self.steps = [step for row, beam in enumerate(found) for step in self._steps(row, beam)]
        return origins, torch.tensor(tokens, dtype=torch.long)

    def _steps(self, row: int, beam: Beam) -> Iterator[StreamStep]:
        """The whole text with the last token, for what may be shown before is known only now."""
        last = len(beam.tokens) - 1
        for place, (token, probability) in enumerate(zip(beam.tokens, beam.probabilities, strict=True)):
            ended = place == last
            text = self.rows.news(row) if ended else ""
            yield StreamStep(row, token, probability, probability, text, beam.finish if ended else None)


def adjust(
    engine: Engine, logits: Tensor, texts: Sequence[Sequence[int]], settings: SamplingSettings, *, drawn: int
) -> Tensor:
    """`logits`, (rows, vocabulary), after the texts, as `settings` change them; see `decoding.adjusted`."""
    if not changes_logits(settings):
        return logits
    ends, spelling = engine.ends, engine.spelling
    return adjusted(logits, torch.tensor(texts), settings, drawn=drawn, ends=ends, spelling=spelling)


class Generation:
    """A batch in the making: parts may join at any step and leave at any step. One thread at a time.

    While it is `measuring`, every part tells its steps, with the probabilities of their tokens.
    """

    def __init__(self, engine: Engine, *, measuring: bool = False) -> None:
        self._engine = engine
        self.measuring = measuring
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
    def drop(self, part: Part) -> None:
        """Have the rows of a part grow no more."""
        if part not in self._parts:
            return
        self._read()
        start = sum(other.width for other in self._parts[: self._parts.index(part)])
        places = [place for place in range(len(self._present())) if not start <= place < start + part.width]
        self._parts.remove(part)
        self._logits = self._present()[places]
        self._batch.select_rows(places)

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
        self._unread, self._logits = torch.cat(tokens).to(self._present().device), None
        self._parts = [part for part in self._parts if part.width]
        if self._parts and going != list(range(start)):
            self._batch.select_rows(going)

    def finish(self) -> None:
        """Step until no row grows any more."""
        while self:
            self.step()

    def _draw(self, logits: Sequence[Tensor]) -> Iterator[tuple[list[int], Tensor]]:
        """For every part, the places of its rows that go on, and their tokens; neighbours that draw alike at once."""
        parts, start = zip(self._parts, logits, strict=True), 0
        for settings, some in groupby(parts, key=lambda pair: _way_of_drawing(pair[0].settings)):
            alike = list(some)
            if settings.num_beams > 1:
                start += sum(part.width for part, _ in alike)
                yield from [part.search(own) for part, own in alike if isinstance(part, BeamPart)]
                continue
            rows = alike[0][1] if len(alike) == 1 else torch.cat([logits for _, logits in alike])
            probabilities, token_ids = distribution(rows, settings)
            # fetched from a card at once, not part by part
            drawn = draw(probabilities, token_ids, torch.cat([part.uniforms() for part, _ in alike])).cpu()
            measured: list[Tensor] = []
            if self.measuring:
                is_drawn = token_ids == drawn[:, None].to(token_ids.device)
                measured = [self._own(start, drawn), (probabilities * is_drawn).sum(dim=-1)]
            widths = [part.width for part, _ in alike]
            pieces = zip(*(torch.split(each, widths) for each in (drawn, *measured)), strict=True)
            for (part, _), (piece, *numbers) in zip(alike, pieces, strict=True):
                likeliest = self._likeliest(start, len(piece), part.alternatives)
                start += len(piece)
                yield part.take(piece, [each.tolist() for each in numbers], likeliest)

    def _likeliest(self, start: int, rows: int, count: int) -> list[Alternatives]:
        """The model's own likeliest tokens after each of `rows` rows from `start` on."""
        if not count:
            return [()] * rows
        best = self._present()[start : start + rows].softmax(dim=-1).topk(min(count, self._present().shape[-1]))
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return [tuple(zip(tokens, probabilities, strict=True)) for tokens, probabilities in pairs]

    def _own(self, start: int, drawn: Tensor) -> Tensor:
        """The model's own probabilities of the tokens drawn for rows from `start` on."""
        return log_probability_of(self._present()[start : start + len(drawn)], drawn).exp()

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


class Session:
    """A `protocol.TextSession` on any engine."""

    def __init__(self, engine: Engine, prompt: str | Sequence[int]) -> None:
        self._engine = engine
        with engine.using():
            self._token_ids = prompt_tokens(engine, prompt, 1)
            self._hold()

    @property
    def token_ids(self) -> tuple[int, ...]:
        return tuple(self._token_ids)

    @property
    def text(self) -> str:
        return self._engine.decode(self._token_ids)

    def _hold(self) -> None:
        self._held = self._engine.hold(1)
        self._held.read(self._token_ids)
        self._version = self._engine.version

    def current(self) -> HeldText:
        """The text in the cache, read again if the weights have changed meanwhile. To be called within `using`."""
        if self._version != self._engine.version:
            self._hold()
        return self._held

    def extend(self, more: str | Sequence[int]) -> None:
        """See `protocol.TextSession.extend`."""
        self.become(self._extended(more) if isinstance(more, str) else [*self._token_ids, *more])

    def become(self, whole: Sequence[int]) -> None:
        """See `protocol.TextSession.become`."""
        whole = list(whole)
        with self._engine.using():
            require_room(self._engine, whole, 1)
            pairs = zip(self._token_ids, whole, strict=False)
            same = next((place for place, (one, other) in enumerate(pairs) if one != other), len(self._token_ids))
            same = min(same, len(whole))
            if same == len(whole) == len(self._token_ids):
                return
            held = self.current()
            same = min(same, len(whole) - 1)  # so that something is read, and its logits known
            self._version = -1  # until all is read, so that what breaks it off leaves nothing half read in use
            held.cut(same)
            held.read(whole[same:])
            self._token_ids, self._version = whole, self._engine.version

    def _extended(self, more: str) -> list[int]:
        text = self.text
        if text.endswith(BROKEN):  # no text spells these tokens
            return [*self._token_ids, *self._engine.encode(more)]
        return self._engine.encode(text + more)

    def fork(self) -> Session:
        """See `protocol.TextSession.fork`."""
        other = Session.__new__(Session)
        with self._engine.using():
            other.__dict__.update(self.__dict__, _held=self.current().fork(), _version=self._version)
        return other

    @torch.inference_mode()
    def top(self, n: int = 100, settings: SamplingSettings = SamplingSettings()) -> list[TokenChoice]:  # noqa: B008
        """See `protocol.TextSession.top`."""
        with self._engine.using():
            return token_choices(self._engine, self.current().logits, self._token_ids, settings, n)

    @torch.inference_mode()
    def score(self, token_id: int) -> TokenScore:
        """One token as what comes next."""
        with self._engine.using():
            log_probabilities = self.current().logits[0].log_softmax(dim=-1)
        if not 0 <= token_id < len(log_probabilities):
            raise ModelError(f"There is no token {token_id}: the model has {len(log_probabilities)} tokens.")
        chosen = log_probabilities[token_id]
        rank = int((log_probabilities > chosen).sum()) + 1
        entropy = torch.special.entr(log_probabilities.exp()).sum().item()
        return TokenScore(token_id, self._engine.decode([token_id]), chosen.item(), rank, entropy)

    def likelihoods(self, rows: Sequence[Sequence[int]]) -> list[list[float]]:
        """See `protocol.TextSession.likelihoods`."""
        require_room(self._engine, self._token_ids, max(map(len, rows), default=0))
        told = [row for row in rows if row]
        with self._engine.using():
            found = iter(self.current().likelihoods(told) if told else [])
        return [next(found) if row else [] for row in rows]

    def stream(
        self,
        settings: SamplingSettings = SamplingSettings(),  # noqa: B008
        until: Until | None = None,
        *,
        alternatives: int = 0,
    ) -> Iterator[StreamStep]:
        """See `protocol.TextSession.stream`."""
        require_room(self._engine, self._token_ids, settings.length)
        with self._engine.using():
            version = self._engine.version
            generation = Generation(self._engine, measuring=True)
            part = generation.add(self.current(), self._token_ids, settings)
            part.alternatives = alternatives
        while generation and not (until is not None and until()):
            with self._engine.using():
                if version != self._engine.version:
                    raise ModelError("The model's weights have changed since this stream began: begin it anew.")
                generation.step()
            yield from part.tell()


def sample(engine: Engine, prompt: str, settings: SamplingSettings | Sequence[SamplingSettings]) -> list[Continuation]:
    """Continuations of `prompt`, those of each settings after those of the one before; see `LanguageModel.sample`."""
    several = listed(settings)
    with engine.using():
        prompt_ids = prompt_tokens(engine, prompt, max(each.length for each in several))
        held = engine.hold(sum(each.n for each in several))
        held.read(prompt_ids)
        generation, parts = Generation(engine), []
        for each in several:
            try:
                parts.append(generation.add(held, prompt_ids, each))
            except NoRoomError:  # as many at once as there is room for
                if not generation:
                    raise
                generation.finish()
                generation = Generation(engine)
                parts.append(generation.add(held, prompt_ids, each))
        generation.finish()
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
