"""What the desk asks of models, one function a question: plain values in, plain values out. Knows no draft.

It runs where the models are (`worker`), in as many threads as there are questions; the models' own threads do the work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from verbosify.desk import context as contexts
from verbosify.desk import spans
from verbosify.desk.seats import Bench, Seat
from verbosify.desk.shelf import MODELS_HELD, Load, Shelf
from verbosify.desk.steering import sampling_settings
from verbosify.desk.telling import (
    Row,
    choice_told,
    completing,
    known,
    likelihood_told,
    score_told,
    step_told,
    token_told,
    whole,
)
from verbosify.desk.timing import Timing, ticking
from verbosify.errors import ModelError
from verbosify.models.host import HostedModel
from verbosify.models.protocol import TokenChoice
from verbosify.models.rows import BROKEN
from verbosify.models.settings import SamplingSettings, TuningRecipe

Emit = Callable[[str, dict[str, Any]], None]
Until = Callable[[], bool]
SCORED_MOST = 1024
"""Tokens that are tinted at once."""


class Lab:
    """The models that are loaded, and what can be asked of them. Any thread may ask.

    In all of it `model` is a name, and `weights` are `{text, recipe}` of an overfit, or None for the fresh weights.
    """

    def __init__(self, load: Load, models_held: int = MODELS_HELD) -> None:
        self._shelf = Shelf(load, models_held)
        self._timings: dict[str, Timing] = {}

    def close(self) -> None:
        """Let go of all models."""
        self._shelf.close()

    def bench(self, model: str, emit: Emit = lambda *_: None) -> Bench:
        """See `Shelf.bench`; how the loading goes on is told as `progress`."""

        def tell(what: str, done: int, total: int | None) -> None:
            emit("progress", {"what": what, "done": done, "total": total})

        return self._shelf.bench(model, tell)

    def _timing(self, model: str) -> Timing:
        return self._timings.setdefault(model, Timing())

    # Models

    def load(self, model: str, emit: Emit) -> dict[str, Any]:
        """Load a model, fetching it if need be; its card, and whether it can chat."""
        return self.card(model, emit)

    def card(self, model: str, emit: Emit = lambda *_: None) -> dict[str, Any]:
        """A model's card."""
        return asdict(self.bench(model, emit).model.card)

    def status(self) -> dict[str, Any]:
        """What is loaded, and what it takes."""
        return self._shelf.status()

    def tokenize(self, model: str, text: str) -> dict[str, Any]:
        """The tokens of a text."""
        hosted = self.bench(model).model
        return {"tokens": [token_told(hosted, token) for token in hosted.encode(text)]}

    def detokenize(self, model: str, token_ids: list[int]) -> dict[str, Any]:
        """The text of tokens."""
        hosted = self.bench(model).model
        return {"text": hosted.decode(known(hosted, token_ids))}

    def chat(self, model: str, messages: list[dict[str, str]]) -> dict[str, Any]:
        """The tokens that put a chat to a model; `ModelError` if its files do not say how."""
        from verbosify.models import chat
        from verbosify.models.loading import model_folder

        hosted, folder = self.bench(model).model, model_folder(model)
        template = chat.chat_template(folder) if folder.is_dir() else None
        if template is None:
            raise ModelError(
                f"{hosted.card.name} has no chat template: ask /v1/completions, which goes on with a text."
            )
        return {"token_ids": hosted.encode(chat.put(template, messages, chat.special_tokens(folder)))}

    # Going on with a text

    def preview(self, model: str, text: str, steering: dict[str, Any]) -> dict[str, Any]:
        """What the model will see; see `context.Context.told`."""
        return self._context(self.bench(model).model, text, steering).told()

    def _context(self, model: HostedModel, text: str, steering: dict[str, Any]) -> contexts.Context:
        return contexts.build(text, steering, model, model.card.context)

    @contextmanager
    def _seat(self, model: str, weights: dict[str, Any] | None) -> Iterator[tuple[HostedModel, Seat]]:
        bench = self.bench(model)
        with bench.seat(weights) as seat:
            yield bench.model, seat

    def generate(
        self, model: str, weights: dict[str, Any] | None, text: str, steering: dict[str, Any], emit: Emit, until: Until
    ) -> dict[str, Any]:
        """Go on after a text, as it is steered; tells every token, and returns the rows with all that made them."""
        hosted = self.bench(model).model
        seen = self._context(hosted, text, steering).token_ids
        return self.stream(model, weights, seen, sampling_settings(steering["settings"]), emit, until)

    def stream(
        self,
        model: str,
        weights: dict[str, Any] | None,
        prompt: str | list[int],
        settings: SamplingSettings,
        emit: Emit,
        until: Until,
        alternatives: int | None = None,
    ) -> dict[str, Any]:
        """Go on after a prompt: `started`, `token` and `row` are told; returns what there is to be recorded.

        With `alternatives`, every token is told with so many of the likeliest, and as it is spelt by itself.
        """
        hosted = self.bench(model).model
        token_ids = hosted.encode(prompt) if isinstance(prompt, str) else known(hosted, prompt)
        emit("waiting", {"overfitting": None if self.bench(model).holds(weights) else self._expected(model, weights)})
        with self._seat(model, weights) as (hosted, seat):
            session = seat.session(token_ids)
            card = asdict(hosted.card)
            begun = {"prompt_ids": token_ids, "prompt": hosted.decode(token_ids), "card": card}
            emit("started", {"context_tokens": len(token_ids), "settings": settings.to_dict(), **begun})
            started, rows = time.perf_counter(), [Row() for _ in range(settings.n)]
            ends = hosted.ends
            for step in map(whole, session.stream(settings, until, alternatives=alternatives or 0)):
                emit("token", step_told(step, hosted, alternatives))
                rows[step.row].take(step, ends)
                if step.finish:
                    emit("row", rows[step.row].told(step.row))
            cancelled = until()
            for number, row in enumerate(rows):
                if row.finish is None:
                    row.finish = "cancelled"
                    emit("row", row.told(number))
            seconds = time.perf_counter() - started
        told = [{**row.told(number), "token_ids": row.token_ids} for number, row in enumerate(rows)]
        return {"rows": told, "cancelled": cancelled, "seconds": seconds, **begun}

    # Tokens

    def tokens(
        self, model: str, weights: dict[str, Any] | None, text: str, steering: dict[str, Any], top: int
    ) -> dict[str, Any]:
        """The likeliest next tokens after a text, as it is steered, before and after settings; none after nothing."""
        settings = sampling_settings(steering["settings"], seed=0)
        started = time.perf_counter()
        with self._seat(model, weights) as (hosted, seat):
            seen = self._context(hosted, text, steering).token_ids
            choices = seat.do(lambda own: seat.warm.session(own, seen).top(top, settings)) if seen else []
        told = [choice_told(choice) for choice in choices]
        return {"tokens": told, "context_tokens": len(seen), "seconds": time.perf_counter() - started}

    def take(
        self, model: str, weights: dict[str, Any] | None, text: str, steering: dict[str, Any], token_id: int
    ) -> dict[str, Any]:
        """One token after a text: what it spells there, made whole if it is a part of a character, and how likely."""
        settings = sampling_settings(steering["settings"], seed=0)
        with self._seat(model, weights) as (hosted, seat):
            seen = self._context(hosted, text, steering).token_ids

            def spelt(own: HostedModel) -> tuple[list[int], dict[str, Any]]:
                session = seat.warm.session(own, seen)
                score = session.score(token_id)
                taken = [token_id]
                while own.decode(taken).endswith(BROKEN) and len(taken) < 4:
                    session.become([*seen, *taken])
                    taken.append(completing(own, taken, session.top(50)))
                return taken, likelihood_told(score)

            taken, about = seat.do(spelt)
            words = hosted.decode([*seen, *taken]).removeprefix(hosted.decode(seen))
            card = asdict(hosted.card)
            if not words or BROKEN in words:
                raise ModelError("This token is a part of a character that nothing completes: take another.")
            seat.read_ahead([*seen, *taken])  # one goes on from there, while the tree is written
        return {
            "token_ids": taken,
            "text": words,
            "measures": about,
            "settings": settings.to_dict(),
            "prompt": hosted.decode(seen),
            "prompt_ids": seen,
            "card": card,
        }

    def tints(self, model: str, weights: dict[str, Any] | None, text: str, start: int, end: int) -> dict[str, Any]:
        """How likely each token of a stretch of text was, at most the last `SCORED_MOST` before its end."""
        hosted = self.bench(model).model
        placed = spans.tokens_of(hosted, text[:end])
        placed = [token for token in placed if token.end > start][-min(SCORED_MOST, hosted.card.context) :]
        ids = [token.token_id for token in placed]
        with self._seat(model, weights) as (hosted, seat):
            scores = seat.guest.score(ids) if len(ids) > 1 else []
        told = [*([None] if ids else []), *map(likelihood_told, scores)]
        return {
            "start": placed[0].start if placed else end,
            "tokens": [
                {"start": token.start, "end": token.end, "token_id": token.token_id, "score": score}
                for token, score in zip(placed, told, strict=True)
            ],
        }

    def alternatives(
        self, model: str, weights: dict[str, Any] | None, text: str, steering: dict[str, Any], start: int, top: int
    ) -> dict[str, Any]:
        """The token of a text that begins at `start`, how likely it was there, and what was likelier."""
        settings = sampling_settings(steering["settings"], seed=0)
        with self._seat(model, weights) as (hosted, seat):
            token = spans.token_at(hosted, text, start)
            seen = self._context(hosted, text[: token.start], steering).token_ids
            if not seen:
                raise ModelError("Nothing stands before the first token: there is nothing to expect it from.")

            def look(own: HostedModel) -> tuple[Any, list[TokenChoice]]:
                session = seat.warm.session(own, seen)
                return session.score(token.token_id), session.top(top, settings)

            score, choices = seat.do(look)
        place = {name: getattr(token, name) for name in ("start", "end", "token_id")}
        told = {**place, "text": text[token.start : token.end], **likelihood_told(score)}
        return {"token": told, "alternatives": [choice_told(choice) for choice in choices]}

    def score(self, model: str, weights: dict[str, Any] | None, token_ids: list[int], top: int) -> dict[str, Any]:
        """Every token of a prompt but the first: its log-probability, and the likeliest there with theirs."""
        with self._seat(model, weights) as (hosted, seat):
            scores = seat.guest.score(known(hosted, token_ids), top) if len(token_ids) > 1 else []
        return {"tokens": [score_told(score, hosted) for score in scores]}

    # Overfitting

    def overfit(self, model: str, text: str, recipe: dict[str, Any], emit: Emit) -> dict[str, Any]:
        """Overfit on a text, unless that is held already; what it reports."""
        weights = {"text": text, "recipe": recipe}
        emit("started", {"seconds": self._expected(model, weights)})
        with ticking(lambda elapsed: emit("progress", {"elapsed": elapsed})), self._seat(model, weights) as (own, seat):
            assert seat.overfit is not None  # noqa: S101  # it has weights
            made = seat.overfit
            told = {
                "recipe": TuningRecipe.from_dict(recipe).to_dict(),
                "loss_before": made.loss_before,
                "loss_after": made.loss_after,
                "window_loss": made.window_loss,
                "window_tokens": made.window_tokens,
                "seconds": made.seconds,
                "model": asdict(own.card),
            }
        self._timing(model).learn(TuningRecipe.from_dict(recipe), made.window_tokens, made.seconds)
        return told

    def estimate(
        self, model: str, text: str, recipe: dict[str, Any], known: Sequence[tuple[dict[str, Any], int, float]]
    ) -> dict[str, Any]:
        """Seconds that overfitting on a text takes here, from what it took before, or from a short try."""
        bench, timing = self.bench(model), self._timing(model)
        for was, tokens, seconds in reversed(known):
            timing.learn(TuningRecipe.from_dict(was), tokens, seconds)
        wanted, tokens = TuningRecipe.from_dict(recipe), len(bench.model.encode(text))
        if not timing.is_known:
            timing.try_on(bench.host.guest(), text)
        window = timing.window_of(wanted, tokens, bench.model.card.context)
        return {"seconds": timing.seconds(wanted, window), "tokens": tokens, "measured": timing.has_taken(window)}

    def _expected(self, model: str, weights: dict[str, Any] | None) -> float | None:
        """Seconds that these weights take to be made, if anything is known of that; 0 if they are held."""
        if weights is None or self.bench(model).holds(weights):
            return 0.0
        timing, bench = self._timing(model), self.bench(model)
        if not timing.is_known:
            return None
        recipe = TuningRecipe.from_dict(weights["recipe"])
        tokens = len(bench.model.encode(weights["text"]))
        return timing.seconds(recipe, timing.window_of(recipe, tokens, bench.model.card.context))
