"""The rows of a piece as frozen dataclasses: what its record is, described once. Knows neither SQL nor files.

A field is a column and, in piece.json, a key, of the same name and in the same order. Fields that the store fills in
(`id`, `created`...) have defaults; leave them out of rows that are not recorded yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any

from verbosify.record import generations
from verbosify.record.fields import NO_MORE, Card, Count, Id, Name, Number, Plain, Share, Text, dump, said
from verbosify.record.log import LogEntry as LogEntry  # noqa: PLC0414  (a row of a piece as well)
from verbosify.version import version_of_verbosify

Sample = generations.Generation
"""What a generation is called that a piece keeps: one continuation of a passage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the piece is made from."""

    title: Annotated[Text, said("of the work, as shown to readers")]
    created: Annotated[Text, said("when the piece was begun")] = ""
    software: Annotated[dict[str, Text], said("the version of verbosify that began it")] = field(
        default_factory=lambda: {"verbosify": version_of_verbosify()}
    )
    essay_name: Annotated[Text, said("the file's name")]
    essay_format: Annotated[Text, said("`txt`, `md` or `docx`")]
    essay_text: Annotated[
        Text,
        said(
            "the text that offsets count in, without the writer's private notes (comments such as `%% … %%` and "
            "`<!-- … -->`), which are left out when an essay is read"
        ),
    ]
    essay_source: Annotated[
        bytes | None,
        said("bytes of the original file where the text alone cannot bring it back (docx), else NULL"),
    ] = None
    essay_blocks: Annotated[
        list[dict[str, Any]],
        said("`kind`, `start`, `end`, `level` and `sentences` (`start`, `end`, `text`) of each block"),
    ]
    options: Annotated[Plain, said("everything chosen for the run, such as model, recipe, settings, target, seed")]
    model: Annotated[
        Card,
        said(
            "the *card* of the model: `name`, `family`, `engine`, `weights_sha256`, `parameters`, `context` (tokens), "
            "`device`, `dtype`, `threads`, `licence`, `versions` of verbosify and of libraries"
        ),
    ]
    fingerprint: Annotated[
        Text, said("SHA-256 of the determinants, as JSON with sorted keys; of an older piece, of what it then was")
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Consecutive sentences of one block, and the gap after them."""

    __pydantic_config__ = NO_MORE

    index: Annotated[Count, said("from 0; the gap after the passage has the same number")]
    block: Annotated[Count, said("which block of the essay, from 0")]
    first: Annotated[Count, said("its first sentence in the block, from 0")]
    last: Annotated[Count, said("its last sentence there, included")]
    start: Annotated[Count, said("where it begins")]
    end: Annotated[Count, said("where it ends")]
    text: Annotated[Text, said("what the model was given")]
    gap: Annotated[Count, said("offset at which generated text goes in")]
    finished: Annotated[Text | None, said("when its sampling was complete, or NULL")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfit(generations.Overfit):
    """One fine-tuning of fresh weights on one passage; the fresh weights come back afterwards."""

    passage: Annotated[Count, said("the passage")] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(generations.Batch):
    """Samples drawn together, after one passage."""

    passage: Annotated[Count, said("the passage they continue")]
    number: Annotated[Count, said("which batch of its passage, from 0")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """How likely each token of a sample was, given all before it: what `verbosify score` adds for samples that stand
    in a reading.
    """

    __pydantic_config__ = NO_MORE

    sample: Annotated[Id, said("the sample")]
    tokens: Annotated[list[Text], said("they join to the sample's text")]
    base: Annotated[list[Share], said("the probability of each token under the fresh base model, 0 to 1")]
    overfitted: Annotated[list[Share], said("the same under the overfitted model")]
    created: Annotated[Text, said("when it was recorded")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some of a sample, which a row says something about."""

    __pydantic_config__ = NO_MORE

    id: Annotated[Id, said("from 1")] = 0
    sample: Annotated[Id, said("the sample")]
    start: Annotated[Count, said("where the stretch begins in the sample's text")]
    end: Annotated[Count, said("where it ends")]

    @property
    def place(self) -> tuple[int, int, int]:
        """Sample, start and end."""
        return self.sample, self.start, self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion(Stretch):
    """What the fresh model thinks of a stretch of a sample in its place: see `verbosify.measures.opinion`."""

    information: Annotated[Number, said("nats: what its tokens say, all together, that the model did not know")]
    fluency: Annotated[Number, said("nats a token: how much likelier its tokens are than those of the essay's prose")]
    surprise: Annotated[Number, said("nats a token, of its least likely stretch")]
    flow: Annotated[
        Number | None,
        said(
            "nats a token: how much likelier the essay's next sentence is after it than without it; NULL at the end of "
            "a paragraph"
        ),
    ]
    created: Annotated[Text, said("when it was recorded")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating(Stretch):
    """What somebody thought of one stretch of a sample in its place, or which of two was the better, unlabelled."""

    rater: Annotated[Name, said("who")]
    other: Annotated[list[Count], said("of a pair: the other's sample, start and end; else empty")]
    answers: Annotated[
        Plain,
        said(
            "`fluent`, `on topic`, `keeps the meaning`, `keep`: true or false; of a pair `better`: `first`, `second` "
            "or `neither`"
        ),
    ]
    created: Annotated[Text, said("when it was recorded")] = ""


# What makes two runs the same work


def determinants(job: Job, passages: Sequence[Passage]) -> dict[str, Any]:
    """All that the samples follow from, version 2: two runs that share it make the same piece.

    What is not here may differ: a new option, another place of the same weights, a newer verbosify, another machine.
    """
    return {
        "version": 2,
        "essay": job.essay_text,
        "passages": [[passage.text, passage.gap] for passage in passages],
        **{name: job.options.get(name) for name in ("recipe", "settings", "target", "seed")},
        "weights": job.model["weights_sha256"],
    }


def determinants_before(job: Job) -> dict[str, Any]:
    """What pieces were told apart by up to version 0.2.0."""
    return {
        "essay text": job.essay_text,
        "essay sentences": job.essay_blocks,
        "options": job.options,
        "model weights": job.model["weights_sha256"],
    }


def fingerprint_of(values: dict[str, Any]) -> str:
    """SHA-256 (hexadecimal) of determinants as canonical JSON: sorted keys, no spaces, UTF-8."""
    return sha256(dump(values, sort_keys=True).encode()).hexdigest()


def differences(then: dict[str, Any], today: dict[str, Any], most: int = 5) -> str:
    """What two determinants do not share, as in `settings.top_k was 30 and is 80; and 2 more`; empty if nothing."""
    before, after = (dict(_flat("", values)) for values in (then, today))
    told = [
        f"other {name}"
        if name in ("essay", "passages")
        else f"{name} was {_short(before.get(name))} and is {_short(after.get(name))}"
        for name in before | after
        if before.get(name) != after.get(name)
    ]
    return "; ".join(told[:most] + ([f"and {len(told) - most} more"] if len(told) > most else []))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(f"{name}.{key}" if name else key, item)
    else:
        yield name, dump(value, sort_keys=True)


def _short(text: str | None, limit: int = 40) -> str:
    if text is None:
        return "not given"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
