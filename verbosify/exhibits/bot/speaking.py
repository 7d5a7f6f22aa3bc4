"""How the bot speaks: a pipeline, asked by a recorded question. Knows models as `LanguageModel`s, and no platform.

The pipeline is the bot's own or the one below; what depends on the platform and the corpus is added here as stages of
it, so that the record tells them with the rest.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from verbosify.errors import InputError, ModelError
from verbosify.exhibits.bot.composing import Spoken
from verbosify.exhibits.bot.record import open_record
from verbosify.exhibits.bot.settings import BotSettings
from verbosify.files import read_json
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings
from verbosify.models.training.corpus import END, START
from verbosify.pipeline import Choice, Input, Pipeline, Step, read_pipeline, run
from verbosify.pipeline.counting import Limit
from verbosify.words import perceived_characters
from verbosify.workflow.tuning import RUN_FILE

MOST_CHARACTERS = 280
"""Of a mention, as the model is shown it; what is longer is cut."""
LEAST_ROOM = 40
"""Units that a reply needs, or it is not tried."""

REPLY = Pipeline(
    name="reply in a voice",
    template=f'{START}A reader asks: "{{{{ mention | quoted }}}}"',
    inputs=(Input(name="mention", most=MOST_CHARACTERS, clean=(Step("one_line"),)),),
    least=3,
    most=70,
    stops=(END, START, "\n"),
    settings=SamplingSettings(n=3, temperature=0.7, top_k=0, top_p=0.95),
    clean=(
        Step("unescape"),
        Step("drop_markers"),
        Step("drop_links"),
        Step("drop_mentions"),
        Step("one_line"),
        Step("before_repetition"),
    ),
    refuse=(Step("looped"), Step("has", {"texts": ["reader asks"]})),
    choose=Choice(rule="first", answers=1),
)
"""A reader asks, and the voice of the corpus answers: for corpora whose posts do so, as that of `corpora/ambrose`."""


def pipeline_of(settings: BotSettings, folder: Path) -> Pipeline:
    """The bot's pipeline, with the checks that every bot's has."""
    pipeline = read_pipeline(folder / settings.pipeline) if settings.pipeline else REPLY
    refuse = [*pipeline.refuse, Step("fewer_words", {"least": 2})]
    if settings.corpus:
        refuse.append(Step("line_of", {"corpus": str(folder / settings.corpus), "column": settings.column}))
    return replace(
        pipeline, refuse=tuple(refuse), choose=replace(pipeline.choose, rule="first", answers=1, rounds=settings.tries)
    )


def spoken_name(model: LanguageModel, place: str | Path) -> str:
    """What replies call the model that was loaded from `place`: of a run, the model that was fine-tuned."""
    if not (Path(place) / RUN_FILE).is_file():
        return model.card.name
    account = read_json(Path(place) / RUN_FILE, ModelError, "fine-tune again")
    base = account.get("base") if isinstance(account, dict) else None
    return f"{base['name']} (fine-tuned)" if isinstance(base, dict) and base.get("name") else model.card.name


class PipelineSpeaker:
    """A pipeline with its model, for one thread: it records what it asks in the bot's record.

    `called` is the model's name in replies. Raises as `pipeline_of` does.
    """

    def __init__(self, folder: Path, settings: BotSettings, model: LanguageModel, called: str = "") -> None:
        self._folder = folder
        self._model = model
        self._called = called or model.card.name
        self._pipeline = pipeline_of(settings, folder)

    @property
    def model(self) -> str:
        return self._called

    def speak(self, question: str, *, seed: int, key: str, limit: Limit) -> Spoken:
        """An answer that fits, or why there is none; both are in the record when this returns."""
        if limit.most < LEAST_ROOM:
            return Spoken("", why="there is no room for a reply")
        step = Step("fit_post", {"most": limit.most, "unit": limit.unit})
        pipeline = replace(self._pipeline, clean=(*self._pipeline.clean, step))
        shown = "".join(perceived_characters(question)[:MOST_CHARACTERS])
        with open_record(self._folder) as record:
            try:
                asked = record.ask(pipeline, {"mention": shown}, seed=seed, asked_by="mention", about={"mention": key})
            except InputError as error:
                return Spoken("", why=str(error))
            outcome = run(pipeline, self._model, asked.inputs, seed=asked.seed, recorder=record.recorder(asked))
            record.settle(asked, outcome)
        if not outcome.chosen:
            return Spoken("", why=outcome.why)
        return Spoken(outcome.chosen[0].text, outcome.chosen[0].generation or None)
