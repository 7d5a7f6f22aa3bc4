"""A visitor's name asked about while they look on: what is told on the way. Knows the record and no server.

What a visitor names once is answered once: the words are stored, and the next who names it sees the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from verbosify.errors import InputError
from verbosify.exhibits.gallery.building import PARTS, Pipelines, next_question
from verbosify.exhibits.gallery.highlighting import highlighted
from verbosify.exhibits.gallery.names import model_name, names_a_person, slug_of
from verbosify.exhibits.gallery.store import VISITOR, Entry, Gallery, Part
from verbosify.models.protocol import LanguageModel, Until
from verbosify.pipeline import stream


@dataclass(frozen=True, slots=True)
class Told:
    """Something for the visitor: more of a part, that it is begun anew, a part as it stands, or why there is none."""

    kind: Literal["text", "again", "part", "nothing"]
    part: Part
    text: str = ""
    pieces: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"part": self.part, "text": self.text}
        return plain | ({"pieces": self.pieces} if self.pieces else {})


def visitors_name(text: str) -> str:
    """A name as a visitor may have it; `InputError` if it is none, or a person's."""
    name = model_name(text)
    if names_a_person(name):
        raise InputError("That is a person's name, and nothing is made up about people here: name a model otherwise.")
    return name


def known(folder: Path, name: str) -> Entry | None:
    """The entry of that name, if it has a description."""
    with Gallery.in_folder(folder) as gallery:
        entry = gallery.find(slug_of(name))
        return entry if entry is not None and entry.description is not None else None


def ask(
    folder: Path, name: str, model: LanguageModel, pipelines: Pipelines, until: Until, *, seed: int = 0
) -> Iterator[Told]:
    """Ask about a name, part after part, and tell what is said as it is said. Everything is recorded on the way.

    A part for which nothing will do is told of, and not asked for again. `InputError` if a pipeline refuses the name.
    """
    with Gallery.in_folder(folder) as gallery:
        pipelines.description.taken(pipelines.inputs(name, "description"))  # before the name is anywhere
        entry = gallery.add(name, VISITOR)
        for part in PARTS:
            if entry.said(part) is None and (part == "description" or entry.description is not None):
                yield from _ask_for(gallery, entry, part, model, pipelines, until, seed=seed)
                entry = gallery.entry(name)
            if until():
                return
            if (said := entry.said(part)) is None:
                yield Told("nothing", part)
            else:
                pieces = tuple(highlighted(said.text)) if part == "code" else ()
                yield Told("part", part, said.text, pieces)


def _ask_for(
    gallery: Gallery, entry: Entry, part: Part, model: LanguageModel, pipelines: Pipelines, until: Until, *, seed: int
) -> Iterator[Told]:
    question = next_question(gallery, entry.name, part, pipelines, seed, VISITOR, entry.description, tries=1)
    if question is None:
        return
    recorder, pipeline = gallery.recorder(question), pipelines.of(part)
    for event in stream(pipeline, model, question.inputs, seed=question.seed, recorder=recorder, until=until):
        if event.kind == "text" and event.row == 0:
            yield Told("text", part, event.text)
        elif event.kind == "again":
            yield Told("again", part)
        elif event.outcome is not None and not event.outcome.stopped:
            gallery.settle(question, event.outcome)
