"""What may stand in a gap: the samples, cut into sentences, and the curators' picks among them. Knows no HTML.

Of a sample any run of whole sentences may be kept. A pick that is no such run (edited by hand, or cut inside a
sentence) is an offer of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from verbosify.piece import Pick, Sample
from verbosify.site.record import Record


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that may stand in a gap.

    Attributes:
        samples: numbers, from 0, among the gap's candidates; more than one if a curator put several together.
        units: its sentences, each with the white space after it.
        tail: what the sample said after them, which is not offered.
        edited: somebody changed the text by hand.
    """

    samples: tuple[int, ...]
    units: tuple[str, ...]
    tail: str = ""
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What a reading has in a gap: sentences `first` to `end` (not included) of an offer, by its number."""

    offer: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap's offers, the samples first in the order they were made, and what each reading has there, by its name."""

    index: int
    offers: tuple[Offer, ...]
    readings: Mapping[str, Standing]


def gaps_of(record: Record) -> list[Gap]:
    """Every gap with its offers, in the order of the essay."""
    found = []
    for index in record.gaps:
        candidates = record.samples_at(index)
        numbers = {sample.id: number for number, sample in enumerate(candidates)}
        offers = [_offer(number, sample) for number, sample in enumerate(candidates)]
        readings = {}
        for reading in record.readings:
            picks = reading.picks.get(index)
            if picks:
                readings[reading.name] = _standing(picks, offers, numbers)
        found.append(Gap(index, tuple(offers), readings))
    return found


def _offer(number: int, sample: Sample) -> Offer:
    units, tail = sentences_and_tail(sample.text)
    return Offer((number,), units, tail)


def _standing(picks: Sequence[Pick], offers: list[Offer], numbers: Mapping[int, int]) -> Standing:
    """The offer that these picks are, made if there is none yet."""
    text = " ".join(pick.text.strip() for pick in picks)
    edited = any(pick.edited for pick in picks)
    if len(picks) == 1 and not edited and picks[0].sample in numbers:
        offer = numbers[picks[0].sample]
        units = offers[offer].units
        for first, end in combinations(range(len(units) + 1), 2):
            if "".join(units[first:end]).strip() == text:
                return Standing(offer, first, end)
    samples = tuple(numbers[pick.sample] for pick in picks if pick.sample in numbers)
    made = Offer(samples, (text,), edited=edited)
    if made not in offers:
        offers.append(made)
    return Standing(offers.index(made), 0, 1)


def sentences_and_tail(raw: str) -> tuple[tuple[str, ...], str]:
    """The whole sentences a sample begins with, up to its first line break, and the rest.

    A sample without a whole sentence offers its first line as it is; a blank one offers nothing.
    """
    from verbosify.essay.sentences import split_sentences
    from verbosify.measures.ending import ends_sentence

    text = raw.strip()
    if not text:
        return (), raw
    line = text.splitlines()[0].rstrip()
    spans = split_sentences(line)
    if len(spans) > 1 and not ends_sentence(line[slice(*spans[-1])]):
        spans = spans[:-1]
    ends = [*(start for start, _ in spans[1:]), spans[-1][1] if spans else len(line)]
    starts = [0, *ends[:-1]]
    return tuple(line[start:end] for start, end in zip(starts, ends, strict=True)), text[ends[-1] :]
