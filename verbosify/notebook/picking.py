"""What a person does with the samples of one gap: new lists of picks from old ones. Writes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from verbosify.errors import PieceError
from verbosify.essay.language import is_unspaced
from verbosify.measures import Measures
from verbosify.measures.ending import ends_sentence
from verbosify.piece import Pick, Sample

Picks = tuple[Pick, ...]


def words_of(text: str) -> list[tuple[int, int]]:
    """Where each word one can click begins and ends; in a script without spaces every character is one."""
    return [match.span() for match in re.finditer(r"\S" if is_unspaced(text) else r"\S+", text)]


@lru_cache(maxsize=512)
def sentence_ends(text: str) -> tuple[int, ...]:
    """Where each sentence ends, the white space after it left out."""
    from verbosify.essay.sentences import split_sentences

    return tuple(start + len(text[start:end].rstrip()) for start, end in split_sentences(text))


def suggested_end(sample: Sample) -> int:
    """Where to cut a sample unless one knows better: whole sentences of its first line, before it drifts.

    A sample that has none of that is offered as it is.
    """
    text = sample.text
    ends = sentence_ends(text)
    line_end = text.find("\n", _first(text))
    whole = [
        end
        for end in ends[: Measures.from_dict(sample.measures).drift_cut()]
        if ends_sentence(text[:end]) and (line_end < 0 or end <= line_end)
    ]
    return whole[-1] if whole else len(text.rstrip())


def accepted(picks: Picks, sample: Sample, *, start: int | None = None, end: int | None = None) -> Picks:
    """`picks` with the sample's stretch from `start` to `end` in its place, or last if it was not among them.

    A start or end that is not given stays what it was, or is the sample's first character and the suggested cut.
    """
    old = next((pick for pick in picks if pick.sample == sample.id), None)
    first, last = _first(sample.text), len(sample.text.rstrip())
    if start is None:
        start = old.start if old and (end is None or old.start < end) else first
    if end is None:
        end = old.end if old and start < old.end else suggested_end(sample)
    if end <= start:
        end = last
    if not sample.text[start:end].strip():
        raise PieceError(f"Sample {sample.id} has no words there: choose a longer stretch.")
    return _put(picks, Pick(sample.id, start, end, sample.text[start:end]))


def edited(picks: Picks, sample: Sample, text: str) -> Picks:
    """`picks` with `text`, written by hand, in the sample's place; marked as edited unless the sample says it so."""
    text = text.strip()
    if not text:
        raise PieceError("An edited pick must hold at least one word: to leave the sample out, unpick it.")
    (pick,) = (pick for pick in accepted(picks, sample) if pick.sample == sample.id)
    return _put(picks, replace(pick, text=text, edited=text != sample.text[pick.start : pick.end]))


def without(picks: Picks, sample: int) -> Picks:
    """`picks` without that sample."""
    return tuple(pick for pick in picks if pick.sample != sample)


def moved_up(picks: Picks, sample: int) -> Picks:
    """`picks` with that sample one place earlier."""
    order = list(picks)
    place = next((place for place, pick in enumerate(order) if pick.sample == sample), 0)
    if place:
        order[place - 1 : place + 1] = order[place], order[place - 1]
    return tuple(order)


def _put(picks: Sequence[Pick], new: Pick) -> Picks:
    if any(pick.sample == new.sample for pick in picks):
        return tuple(new if pick.sample == new.sample else pick for pick in picks)
    return (*picks, new)


def _first(text: str) -> int:
    return len(text) - len(text.lstrip())
