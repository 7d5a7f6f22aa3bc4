"""A pipeline at work: prompt, sample, clean, refuse, again if need be, and choose. Knows no stage by name but `ALWAYS`.

A round's rows are one batch of the model. Rounds are bounded, and what is not random is drawn once: nothing loops, and
an answer that is refused is no error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from time import perf_counter
from typing import Any

from verbosify.models.protocol import Continuation, LanguageModel, Overfit, Until
from verbosify.models.rows import BROKEN
from verbosify.models.settings import SamplingSettings, derived_seed
from verbosify.pipeline.answers import Answer, Draw, Event, Events, Outcome, Recorder, TraceEntry, reasons
from verbosify.pipeline.context import Context, Opinions
from verbosify.pipeline.definition import Pipeline, Step
from verbosify.pipeline.registry import find_stage
from verbosify.pipeline.template import fill

Drawing = Callable[["Asked", SamplingSettings], Iterator[Event | list[Continuation]]]
"""Draws one round: tells what may be shown meanwhile, and last all its rows."""

ALWAYS = (Step("blank"), Step("garbled"))
"""What every pipeline refuses, before all that it says itself."""


@dataclass(slots=True)
class Asked:
    """A question while it is being answered."""

    pipeline: Pipeline
    model: LanguageModel
    inputs: dict[str, str]
    until: Until
    prompt: str = field(init=False)
    opening: str = field(init=False)
    opinions: Opinions = field(init=False)

    def __post_init__(self) -> None:
        self.prompt = self.pipeline.prompt(self.inputs)
        self.opening = fill(self.pipeline.opening, self.inputs)
        self.opinions = Opinions(self.model)

    def text(self, said: str) -> str:
        """The opening and what was said; of a character that the length cut off nothing is left."""
        return self.opening + said.rstrip(BROKEN)

    def context(self, continuation: Continuation | None = None) -> Context:
        said = (0, "") if continuation is None else (len(continuation.token_ids), continuation.finish)
        return Context(self.inputs, self.prompt, self.opening, *said, self.opinions, self.pipeline.prompt)


def run(
    pipeline: Pipeline,
    model: LanguageModel,
    inputs: Mapping[str, object],
    *,
    seed: int = 0,
    recorder: Recorder | None = None,
    until: Until = bool,
) -> Outcome:
    """Ask a model as a pipeline says.

    Args:
        model: the one that `pipeline.model` names, or any other; it has its fresh weights again afterwards.
        inputs: by name.
        seed: all randomness follows from it, 0 to 2^63 - 1.
        recorder: has each round on the disk before anything else is done with it.
        until: asked before every round whether to stop.

    Raises:
        InputError: the inputs are not what the pipeline asks for.
        ModelError: the prompt does not fit the model, or cannot be overfitted on.
    """
    for event in _answer(pipeline, model, inputs, _at_once, seed=seed, recorder=recorder, until=until):
        if event.outcome is not None:
            return event.outcome
    raise AssertionError  # pragma: no cover  # the last event has the outcome


def stream(
    pipeline: Pipeline,
    model: LanguageModel,
    inputs: Mapping[str, object],
    *,
    seed: int = 0,
    recorder: Recorder | None = None,
    until: Until = bool,
) -> Events:
    """As `run`, and told on the way: what is said as it is said, the answers, and last the outcome.

    What is shown is whole words, which the refusals marked `early` have looked at; nothing else is known of it yet: it
    is raw, and the answer may be refused when it ends. `until` is asked before every token.
    """
    return _answer(pipeline, model, inputs, _streamed, seed=seed, recorder=recorder, until=until)


def _answer(
    pipeline: Pipeline,
    model: LanguageModel,
    inputs: Mapping[str, object],
    draw: Drawing,
    *,
    seed: int,
    recorder: Recorder | None,
    until: Until,
) -> Events:
    asked = Asked(pipeline, model, pipeline.taken(inputs), until)
    answers: list[Answer] = []
    again: list[str] = []
    recipe = pipeline.overfit
    with nullcontext() if recipe is None else model.overfit(fill(recipe.on, asked.inputs), recipe.recipe) as overfit:
        for number in range(_rounds(pipeline)):
            if until():
                break
            settings, started = pipeline.drawn(derived_seed(seed, number)), perf_counter()
            rows: list[Continuation] = []
            for event in draw(asked, settings):
                if isinstance(event, Event):
                    yield event
                else:
                    rows = event
            seconds = perf_counter() - started
            made = _measured(asked, [_judged(asked, row, number) for row in rows])
            if recorder is not None and made:
                drawn = _drawn(asked, settings, overfit, again[-1] if again else "", seconds, made)
                made = [replace(one, generation=key) for one, key in zip(made, recorder.add(drawn), strict=True)]
            answers += made
            for one in made:
                yield Event("answer", one.row, one.text, one)
            passed = sum(one.refused is None for one in answers)
            if passed >= pipeline.choose.wanted or number + 1 == _rounds(pipeline) or until():
                break
            again.append(f"{passed} of {pipeline.choose.wanted} passed{_because(made)}.")
            yield Event("again", text=again[-1])
    yield Event("done", outcome=_outcome(asked, answers, again))


def _rounds(pipeline: Pipeline) -> int:
    """How often at most; what is not random would say the same again."""
    random = pipeline.settings.temperature > 0 and pipeline.settings.top_k != 1 and pipeline.settings.num_beams == 1
    return pipeline.choose.rounds if random else 1


def _at_once(asked: Asked, settings: SamplingSettings) -> Iterator[Event | list[Continuation]]:
    yield asked.model.sample(asked.prompt, settings)


def _streamed(asked: Asked, settings: SamplingSettings) -> Iterator[Event | list[Continuation]]:
    rows = [_Row(asked, row) for row in range(settings.n)]
    for step in asked.opinions.session(asked.prompt).stream(settings, asked.until):
        row = rows[step.row]
        row.tokens.append(step.token_id)
        row.said += step.text
        row.finish = step.finish
        if shown := row.more():
            yield Event("text", step.row, shown)
    yield [Continuation(n, tuple(row.tokens), row.said, row.finish) for n, row in enumerate(rows) if row.finish]


@dataclass(slots=True)
class _Row:
    """A row of a stream, and what of it has been shown."""

    asked: Asked
    number: int
    tokens: list[int] = field(default_factory=list)
    said: str = ""
    finish: Any = None
    shown: int = 0
    silent: bool = False

    def more(self) -> str:
        """What may be shown now and has not been: whole words, unless one of them is refused."""
        whole = self.asked.text(self.said)
        end = len(whole)
        while not self.finish and end > self.shown and not whole[end - 1].isspace():
            end -= 1
        if self.silent or end <= self.shown:
            return ""
        context = self.asked.context()
        for step in (*ALWAYS, *self.asked.pipeline.refuse):
            stage = find_stage(step.stage, "refusal")
            if stage.early and _refusal(step, whole[:end], context)[0]:
                self.silent = True
                return ""
        shown, self.shown = whole[self.shown : end], end
        return shown


def _judged(asked: Asked, said: Continuation, number: int) -> Answer:
    """A row through all stages."""
    pipeline, context = asked.pipeline, asked.context(said)
    text, trace = asked.text(said.text), []
    refused = None
    for step in pipeline.clean:
        try:
            cleaned = str(step.apply("cleaner", text, context))
        except Exception as error:  # of a stage that may be another's: the answer is lost, and nothing else
            refused = _failed(step, error)
            trace.append(TraceEntry(step.stage, "cleaner", refused))
            break
        did = "left it as it is" if cleaned == text else f"{len(text)} to {len(cleaned)} characters"
        trace.append(TraceEntry(step.stage, "cleaner", did, None if cleaned == text else cleaned))
        text = cleaned
    if refused is None and said.finish != "length" and len(said.token_ids) < pipeline.least:
        refused = f"has {len(said.token_ids)} of {pipeline.least} tokens"
        trace.append(TraceEntry("least", "refusal", refused))
    for step in (*ALWAYS, *pipeline.refuse) if refused is None else ():
        refused, did = _refusal(step, text, context)
        trace.append(TraceEntry(step.stage, "refusal", did))
        if refused is not None:
            break
    return Answer(text, said, number, tuple(trace), refused)


def _measured(asked: Asked, answers: list[Answer]) -> list[Answer]:
    """The answers, those that passed with what the rule of choice measures of them."""
    pairs = list(zip(answers, map(asked.context, (answer.continuation for answer in answers)), strict=True))
    asked.opinions.texts = tuple(context.said(one.text) for one, context in pairs if one.refused is None)
    return [_weighed(asked.pipeline, one, context) if one.refused is None else one for one, context in pairs]


def _weighed(pipeline: Pipeline, answer: Answer, context: Context) -> Answer:
    measures, score, trace = {}, 0.0, list(answer.trace)
    for step in pipeline.choose.measures:
        value, did = _measure(step, answer.text, context)
        trace.append(TraceEntry(step.stage, "measure", did))
        if math.isfinite(value):
            measures[step.stage] = value
        score += step.weight * value
    score = score if math.isfinite(score) else -math.inf
    return replace(answer, measures=measures, score=score, trace=tuple(trace))


def _refusal(step: Step, text: str, context: Context) -> tuple[str | None, str]:
    """The reason why a stage refuses a text, or None; and what it did, in words."""
    try:
        reason = step.apply("refusal", text, context)
    except Exception as error:
        reason = _failed(step, error)
    return (None, "passed it") if not reason else (str(reason), f"refused it: it {reason}")


def _measure(step: Step, text: str, context: Context) -> tuple[float, str]:
    try:
        value = float(step.apply("measure", text, context))
    except Exception as error:
        return -math.inf, _failed(step, error)
    return (value, f"{value:.4g}") if math.isfinite(value) else (-math.inf, f"measured {value}, which is no number")


def _failed(step: Step, error: Exception) -> str:
    return f"made the stage {step.stage} fail ({type(error).__name__}: {error})"


def _drawn(
    asked: Asked, settings: SamplingSettings, overfit: Overfit | None, reason: str, seconds: float, made: list[Answer]
) -> Draw:
    card = asdict(asked.model.card)
    row = None
    if overfit is not None:
        names = ("loss_before", "loss_after", "window_loss", "window_tokens", "seconds")
        row = {"recipe": overfit.recipe.to_dict(), "model": card, **{name: getattr(overfit, name) for name in names}}
    return Draw(made[0].round, asked.prompt, settings.to_dict(), card, row, reason, seconds, tuple(made))


def _outcome(asked: Asked, answers: list[Answer], again: list[str]) -> Outcome:
    choose = asked.pipeline.choose
    passed = [answer for answer in answers if answer.refused is None]
    if choose.rule == "best":
        passed = sorted(passed, key=lambda answer: -answer.score)
    chosen = () if choose.rule == "person" else tuple(passed[: choose.answers])
    stopped = asked.until()
    why = ""
    if len(passed) < choose.answers:
        why = f"{len(passed) or 'None'} of {len(answers)} answers passed{_because(answers)}."
    if stopped and why:
        why = "It was stopped before there was an answer." if not passed else f"It was stopped: {why}"
    return Outcome(asked.inputs, asked.prompt, tuple(answers), chosen, tuple(again), why, stopped)


def _because(answers: list[Answer]) -> str:
    told = reasons(answers)
    return f" ({told})" if told else ""
