"""A gallery built: every name asked about, twice, and again where nothing would do. Knows no page.

Each answer is on the disk before the next is asked for, so a build that is killed goes on where it was; what fails at
one name is told, and the others are built all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from verbosify.errors import InputError, ModelError
from verbosify.exhibits.gallery.names import class_of, key_of, module_of
from verbosify.exhibits.gallery.store import Entry, Gallery, Part, Said
from verbosify.exhibits.record import Question
from verbosify.models.protocol import LanguageModel, Until
from verbosify.models.settings import derived_seed
from verbosify.pipeline import Choice, Pipeline, Step, read_pipeline, run

TRIES = 3
"""Questions that a part of a name is asked at most, before a person asks for more."""
VISITORS_ROWS = 3
"""Answers drawn at once for a visitor, who sees the first of them as it is said."""
PARTS: tuple[Part, ...] = ("description", "code")
_PIPELINES = Path(__file__).parent / "pipelines"


@dataclass(frozen=True, slots=True)
class Pipelines:
    """How a gallery asks: for a description of `name`; then for code, of `description`, `module` and `class_name`."""

    description: Pipeline
    code: Pipeline

    @classmethod
    def read(cls, folder: Path | None = None) -> Pipelines:
        """Those in a folder, `description.toml` and `code.toml`; ours if none is named."""
        return cls(*(read_pipeline((folder or _PIPELINES) / f"{part}.toml") for part in PARTS))

    def for_visitors(self, forbidden: Sequence[str] = ()) -> Pipelines:
        """The same for who looks on: a few answers at a time, the first that passes, none with `forbidden` words."""
        refuse = (Step("forbidden_words", {"words": list(forbidden)}),) if forbidden else ()

        def quick(pipeline: Pipeline) -> Pipeline:
            return replace(
                pipeline,
                settings=replace(pipeline.settings, n=VISITORS_ROWS),
                inputs=tuple(replace(each, refuse=(*each.refuse, *refuse)) for each in pipeline.inputs),
                refuse=(*refuse, *pipeline.refuse),
                choose=Choice(rule="first", rounds=3),
            )

        return Pipelines(quick(self.description), quick(self.code))

    def of(self, part: Part) -> Pipeline:
        return self.description if part == "description" else self.code

    def inputs(self, name: str, part: Part, description: str = "") -> dict[str, str]:
        """What is given with a question about a name."""
        if part == "description":
            return {"name": name}
        return {"description": description, "module": module_of(name), "class_name": class_of(name)}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is: the name that was done, which of how many, and what is wrong with it, in a sentence."""

    name: str
    number: int
    names: int
    entry: Entry
    trouble: str = ""


def build(
    gallery: Gallery,
    names: Sequence[str],
    model: LanguageModel,
    pipelines: Pipelines,
    *,
    seed: int = 0,
    parts: Sequence[Part] = PARTS,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> list[Progress]:
    """Build the names that are not built yet; returns those that lack something, and why.

    With `parts` only those: a person may wish to choose the descriptions before there is any code.
    """
    troubled = []
    for name in names:  # all are there before the first is asked about
        gallery.add(name, "list")
    for number, name in enumerate(names, 1):
        trouble = ""
        try:
            trouble = complete(gallery, name, model, pipelines, seed=seed, parts=parts)
        except (InputError, ModelError) as error:
            trouble = str(error)
        progress = Progress(name, number, len(names), gallery.entry(name), trouble)
        if trouble:
            troubled.append(progress)
        on_progress(progress)
    return troubled


def complete(
    gallery: Gallery,
    name: str,
    model: LanguageModel,
    pipelines: Pipelines,
    *,
    seed: int = 0,
    parts: Sequence[Part] = PARTS,
    asked_by: str = "list",
) -> str:
    """Ask for what a name lacks; returns why it lacks it still, in a sentence."""
    for part in parts:
        entry = gallery.entry(name)
        if entry.said(part) is not None:
            continue
        why = ""
        while (
            question := next_question(gallery, name, part, pipelines, seed, asked_by, entry.description)
        ) is not None:
            why = answer(gallery, question, model, pipelines.of(part))
            if gallery.standing(question)[0]:
                break
        else:
            return f"{name} has no {part}: {why or 'it was asked for often enough'}"
    return ""


def next_question(
    gallery: Gallery,
    name: str,
    part: Part,
    pipelines: Pipelines,
    seed: int,
    asked_by: str,
    description: Said | None,
    *,
    tries: int = TRIES,
) -> Question | None:
    """The question to answer next about a part: one that was begun, or another; None after so many tries."""
    given = pipelines.inputs(name, part, description.text if description else "")
    pipeline = pipelines.of(part)
    same = [
        question
        for question in gallery.asked(key_of(name), part)
        if question.pipeline == pipeline.fingerprint and question.inputs == pipeline.taken(given)
    ]
    for question in same:
        if not gallery.is_settled(question):
            return question
    if len(same) >= tries:
        return None
    about = gallery.about(name, part)
    parent = description.answer.id if description and part == "code" else None
    number = derived_seed(seed, part, len(same), name)
    return gallery.ask(pipeline, given, seed=number, asked_by=asked_by, parent=parent, about=about)


def answer(gallery: Gallery, question: Question, model: LanguageModel, pipeline: Pipeline, until: Until = bool) -> str:
    """Have a model answer a question, and settle it; returns why there is no answer, in a sentence."""
    recorder = gallery.recorder(question)
    outcome = run(pipeline, model, question.inputs, seed=question.seed, recorder=recorder, until=until)
    if not outcome.stopped:
        gallery.settle(question, outcome)
    return outcome.why


def reroll(
    gallery: Gallery, name: str, part: Part, model: LanguageModel, pipelines: Pipelines, *, seed: int = 0
) -> str:
    """Ask again about a part, whatever stands; a description that changes wants other code. Why nothing came, if so."""
    entry = gallery.entry(name)
    often = len(gallery.asked(entry.key, part)) + 1
    question = next_question(gallery, name, part, pipelines, seed, "curator", entry.description, tries=often)
    if question is None:  # pragma: no cover  # there is always one more
        return ""
    return answer(gallery, question, model, pipelines.of(part))
