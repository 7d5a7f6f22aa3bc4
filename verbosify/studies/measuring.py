"""Samples to numbers: what `measures` and `curation` say of each. Knows no model; vectors are handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from verbosify.curation import Mentions, Voice, candidates
from verbosify.essay import split_sentences
from verbosify.measures import THRESHOLDS, measure_batch, measure_sample
from verbosify.studies.grid import Cell
from verbosify.studies.places import USUAL, prose_of, sentences_of
from verbosify.studies.sampling import CellResult
from verbosify.studies.store import Store

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
AT_ONCE = 48
"""Cells whose sentences are embedded together, and whose measures are saved together."""
LEAST_WORDS = 6
"""What is shorter is no use to a gap: the shortest that the art project's author chose had six words."""


class Pool(Protocol):
    """What applies a function to many things, in this process or in others."""

    def map(self, function: Callable[..., Any], *arguments: Sequence[Any]) -> Iterator[Any]: ...


class InPlace:
    """A `Pool` of this process alone."""

    def map(self, function: Callable[..., Any], *arguments: Sequence[Any]) -> Iterator[Any]:
        return map(function, *arguments)


@dataclass(frozen=True, slots=True)
class Texts:
    """Of one cell, all that is embedded: its passage and the usual one, and of every row the whole, what is new in it
    since the row before it was looked at last, and its sentences."""

    passage: str
    usual: str
    wholes: tuple[str, ...]
    news: tuple[str, ...]
    sentences: tuple[tuple[tuple[int, int], ...], ...]

    def all(self) -> list[str]:
        """In one list, as `measured` takes their vectors."""
        parts = [text[a:b] for text, spans in zip(self.wholes, self.sentences, strict=True) for a, b in spans]
        return [self.passage, self.usual, *self.wholes, *self.news, *parts]


def texts_of(result: CellResult) -> Texts:
    """What of a cell is to be embedded."""
    cell = Cell.from_dict(result.cell)
    wholes = tuple(row.text for row in result.rows)
    looks = len(cell.lengths)
    earlier = [wholes[number - 1] if number % looks else "" for number in range(len(wholes))]
    news = tuple(text[len(before) :] for text, before in zip(wholes, earlier, strict=True))
    language = _voice(cell.text).language
    sentences = tuple(tuple(split_sentences(text, language=language)) for text in wholes)
    return Texts(cell.passage, _usual_passage(cell), wholes, news, sentences)


def measured(result: CellResult, texts: Texts, vectors: NDArray[np.float32]) -> list[dict[str, Any]]:
    """The measures of each of a cell's rows, `vectors` being those of `texts.all()`.

    Of each row: `words`, `blank`, `copied`, `looped`, `drifted`, `reversal`, `cut_off` (badges, by the usual
    thresholds), `copied_share`, `repetition`, `similarity` with the passage it continued, `usual_similarity` with the
    passage of three sentences there, `new_similarity` of what was said since it was last looked at, `usable` whether
    there is something in it that a close reading could take at no price, with `usable_words` and its `closeness`; and
    of all that were looked at after as many tokens `distinct_2`, `self_bleu` and `edit_distance`.
    """
    cell, rows = Cell.from_dict(result.cell), len(texts.wholes)
    with_passage = (vectors @ vectors[0]).tolist()
    with_usual = (vectors[2 : 2 + rows] @ vectors[1]).tolist()
    wholes, news = with_passage[2 : 2 + rows], with_passage[2 + rows : 2 + 2 * rows]
    rest = iter(with_passage[2 + 2 * rows :])
    found = []
    for number, text in enumerate(texts.wholes):
        spans = texts.sentences[number]
        similarities = [next(rest) for _ in spans]
        found.append(
            _badges(texts.passage, text, spans, wholes[number], similarities, cell.text)
            | {"usual_similarity": with_usual[number], "new_similarity": news[number]}
            | _use(cell, texts, text, spans, similarities)
        )
    for length in cell.lengths:
        alike = [number for number, row in enumerate(result.rows) if row.length == length]
        diversity = measure_batch([texts.wholes[number] for number in alike])
        for number in alike:
            found[number] |= {
                "distinct_2": diversity.distinct_2,
                "self_bleu": diversity.self_bleu,
                "edit_distance": diversity.edit_distance,
            }
    return found


def measure_missing(store: Store, embed: Embed, pool: Pool | None = None) -> Iterator[tuple[int, int]]:
    """Measure what was drawn and is not measured, `AT_ONCE` cells at a time; tells how many are, of how many."""
    drawn, there = sorted(store.drawn()), store.measured()
    missing = [key for key in drawn if key not in there]
    done, pool = len(drawn) - len(missing), pool or InPlace()
    yield done, len(drawn)
    for start in range(0, len(missing), AT_ONCE):
        keys = missing[start : start + AT_ONCE]
        results = [store.result(key) for key in keys]
        texts = list(pool.map(texts_of, results))
        together = [text for each in texts for text in each.all()]
        vectors = embed(together)
        ends = np.cumsum([len(each.all()) for each in texts])
        parts = np.split(vectors, ends[:-1])
        store.add_measures(list(zip(keys, pool.map(measured, results, texts, parts), strict=True)))
        done += len(keys)
        yield done, len(drawn)


def _badges(
    passage: str,
    text: str,
    spans: Sequence[tuple[int, int]],
    similarity: float,
    similarities: Sequence[float],
    essay: str,
) -> dict[str, Any]:
    english = _voice(essay).is_english
    sentences = [text[start:end] for start, end in spans]
    sample = measure_sample(passage, text, sentences, similarity, similarities, english=english)
    badges = sample.badges(THRESHOLDS)
    return {
        "words": sample.words,
        "blank": sample.blank,
        **{name: name in badges for name in ("copied", "looped", "drifted", "reversal")},
        "cut_off": sample.cut_off,
        "copied_share": sample.copied_share,
        "repetition": sample.repetition,
        "similarity": sample.similarity,
    }


def _use(
    cell: Cell, texts: Texts, text: str, spans: Sequence[tuple[int, int]], similarities: Sequence[float]
) -> dict[str, Any]:
    found = candidates(
        0, text, spans, similarities, passage=texts.passage, mentions=_mentions(cell.text), voice=_voice(cell.text)
    )
    usable = [candidate for candidate in found if candidate.is_usable and candidate.words >= LEAST_WORDS]
    best = max(usable, key=lambda candidate: candidate.closeness, default=None)
    return {
        "usable": best is not None,
        "usable_words": best.words if best else 0,
        "closeness": best.closeness if best else None,
    }


def _usual_passage(cell: Cell) -> str:
    """The passage of three sentences at the cell's place, to which passages of all sizes can be compared."""
    number = int(cell.place.rpartition("-")[2])
    return " ".join(sentences_of(cell.text)[max(0, number + 1 - USUAL) : number + 1])


@cache
def _voice(text: str) -> Voice:
    return Voice.of(prose_of(text))


@cache
def _mentions(text: str) -> Mentions:
    return Mentions.of(prose_of(text))
