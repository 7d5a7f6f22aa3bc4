"""A gallery as plain values: what its pages show and what makes it again; to JSON and back. Knows no page."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import TypeAdapter

from verbosify.exhibits.gallery.names import slug_of
from verbosify.exhibits.gallery.store import DATABASE_NAME, Entry, Gallery, GalleryError, Said
from verbosify.exhibits.rows import RULE
from verbosify.files import read_json
from verbosify.pipeline import Pipeline
from verbosify.record.checking import read_values, refused
from verbosify.record.export import export_lines
from verbosify.record.fields import NO_MORE, Card, Count, Flag, Name, Plain, Text, Whole, said

JSON_NAME = "gallery.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsValues:
    """A text that a model said and somebody chose."""

    __pydantic_config__ = NO_MORE

    text: Annotated[Name, said("what is shown")]
    edited: Annotated[Flag, said("somebody changed it by hand")]
    chooser: Annotated[Name, said("`rule`: the pipeline's rule of choice; or the person who chose it")]
    raw: Annotated[Text, said("what the model said")]
    token_ids: Annotated[list[Count], said("the same as tokens")]
    finish: Annotated[Name, said("why it ended: `length`, `end` or `stop`")]
    pipeline: Annotated[Name, said("the fingerprint of the pipeline it was asked with")]
    inputs: Annotated[dict[str, Text], said("what was given, by name; with the pipeline they make the prompt")]
    model: Annotated[Count, said("which of the models, from 0")]
    settings: Annotated[Plain, said("how it was sampled, seed and all")]
    row: Annotated[Count, said("which row of its batch, from 0")]
    drawn: Annotated[Count, said("how many answers were drawn")]
    passed: Annotated[Count, said("how many of them no stage refused")]
    measures: Annotated[dict[str, float], said("what the rule of choice measured")]
    created: Annotated[Text, said("when it was said")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryValues:
    """A model that does not exist."""

    __pydantic_config__ = NO_MORE

    name: Annotated[Name, said("its name")]
    origin: Annotated[Literal["list", "visitor"], said("whose idea the name was: the makers' list, or a visitor's")]
    description: Annotated[Annotated[WordsValues, Whole()], said("what it is")]
    code: Annotated[Annotated[WordsValues, Whole()] | None, said("how one would use it, in Python; never run")]

    @property
    def slug(self) -> str:
        """Its name in an address."""
        return slug_of(self.name)

    @property
    def is_by_hand(self) -> bool:
        """A person chose its words, all of them."""
        return all(part.chooser != RULE for part in (self.description, self.code) if part is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryValues:
    """A whole gallery."""

    __pydantic_config__ = NO_MORE

    kind: Literal["verbosify-gallery"] = "verbosify-gallery"
    version: Literal[1] = 1
    models: Annotated[list[Card], said("the cards of the models that said it")] = field(default_factory=list)
    pipelines: Annotated[dict[str, Plain], said("how they were asked, by fingerprint")] = field(default_factory=dict)
    entries: Annotated[list[Annotated[EntryValues, Whole()]], said("in order")] = field(default_factory=list)


def values_of(gallery: Gallery, *, visitors: bool = False) -> GalleryValues:
    """What stands in a gallery, entries without a description left out; what visitors asked for, if that is wanted."""
    values = GalleryValues()
    for entry in gallery.entries(None if visitors else "list"):
        if (made := entry_values(gallery, entry, values)) is not None:
            values.entries.append(made)
    return values


def entry_values(gallery: Gallery, entry: Entry, values: GalleryValues) -> EntryValues | None:
    """One entry; its models and pipelines are added to `values`. None without a description."""
    if entry.description is None:
        return None
    description = _words(gallery, entry.description, values)
    code = None if entry.code is None else _words(gallery, entry.code, values)
    return EntryValues(name=entry.name, origin=entry.origin, description=description, code=code)


def _words(gallery: Gallery, part: Said, values: GalleryValues) -> WordsValues:
    if part.batch.model not in values.models:
        values.models.append(part.batch.model)
    if part.question.pipeline not in values.pipelines:
        values.pipelines[part.question.pipeline] = gallery.pipeline_of(part.question).to_dict()
    row = gallery.generation(part.answer.id)
    return WordsValues(
        text=part.text,
        edited=part.edited,
        chooser=part.chooser,
        raw=part.answer.raw,
        token_ids=row.token_ids,
        finish=part.answer.finish,
        pipeline=part.question.pipeline,
        inputs=part.question.inputs,
        model=values.models.index(part.batch.model),
        settings=part.batch.settings,
        row=row.index,
        drawn=part.drawn,
        passed=part.passed,
        measures=part.answer.measures,
        created=part.batch.created,
    )


def prompt_of(values: GalleryValues, words: WordsValues) -> str:
    """What the model continued."""
    return Pipeline.from_dict(values.pipelines[words.pipeline]).prompt(words.inputs)


def json_of(values: GalleryValues) -> bytes:
    """As a file has it, an entry a line; the same gallery makes the same bytes."""
    return "".join(export_lines(asdict(values).items())).encode()


def read_gallery(place: Path) -> GalleryValues:
    """The gallery in a folder, or in a gallery.json. `GalleryError` if there is none, or it is damaged."""
    if place.is_dir() and (place / DATABASE_NAME).exists():
        with Gallery.in_folder(place) as gallery:
            return values_of(gallery)
    file = place / JSON_NAME if place.is_dir() else place
    return checked(read_json(file, GalleryError, "name a gallery's folder or its gallery.json"), file.name)


def checked(data: object, called: str = JSON_NAME) -> GalleryValues:
    """`data`, plain values, as a gallery; `GalleryError`, naming the place, if it is none."""
    values = read_values(_adapter(), data, called, GalleryError)
    seen: set[str] = set()
    for number, entry in enumerate(values.entries):
        if entry.slug in seen:
            raise refused(called, f"$.entries[{number}].name", f"{entry.name!r} is there already", GalleryError)
        seen.add(entry.slug)
        for part in (entry.description, entry.code):
            if part is not None and (part.model >= len(values.models) or part.pipeline not in values.pipelines):
                where = f"$.entries[{number}]"
                raise refused(called, where, "its model or its pipeline is not in the file", GalleryError)
    return values


@cache
def _adapter() -> TypeAdapter[GalleryValues]:
    return TypeAdapter(GalleryValues)


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of gallery.json."""
    made = _adapter().json_schema(mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A gallery of verbosify"}
    return json.loads(json.dumps(head | made))  # type: ignore[no-any-return]
