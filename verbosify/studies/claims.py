"""What the art project's author found, as differences that the studies can tell. Knows no figures.

A claim says that one side has more of a measure than the other. It is confirmed if that is so after Holm's correction
over all claims. It is not confirmed if the contrary is, or if the interval leaves no room for a difference of that kind
that anybody would notice (`SMALLEST`). Else it cannot be told here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from verbosify.studies.statistics import Difference, by_place, corrected, difference
from verbosify.studies.summaries import at_equal_loss, picked

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["confirmed", "not confirmed", "cannot be told here"]
ALPHA = 0.05
SMALLEST = {"similarity": 0.02, "new_similarity": 0.02, "usual_similarity": 0.02}
"""Of each measure, the least difference that matters; of all others, shares, 5 in 100."""
COLD, TEPID, WARM, HOT = [0.1, 0.2, 0.3, 0.4], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9, 1.0], [1.1, 1.2]
EQUAL_LOSS = 0.75
"""At which share of the fresh model's loss of the passage windows are compared."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`first` has more of `measure` than `second`, or less if `more` is false; both are fields of a study's samples.

    `said` is the original's finding, `told` how it is asked here.
    """

    name: str
    said: str
    told: str
    study: str
    figure: str
    measure: str
    first: Mapping[str, Any]
    second: Mapping[str, Any]
    more: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """A claim and what became of it; `p` is corrected over all claims."""

    claim: Claim
    difference: Difference
    p: float
    verdict: Verdict


def _temperature(name: str, said: str, told: str, measure: str, first: Any, second: Any, *, more: bool = True) -> Claim:
    one, other = ({"training": "classic", "top_k": 30, "temperature": values} for values in (first, second))
    return Claim(name, said, told, "sampling", "temperature", measure, one, other, more)


def _top_k(name: str, said: str, told: str, measure: str, first: int, second: int, *, more: bool = True) -> Claim:
    one, other = (
        {"training": "classic", "temperature": 0.8, "top_k": k, "top_p": 1.0, "min_p": 0.0} for k in (first, second)
    )
    return Claim(name, said, told, "sampling", "truncation", measure, one, other, more)


def _material(name: str, said: str, told: str, measure: str, first: str, second: str, *, more: bool = True) -> Claim:
    return Claim(
        name, said, told, "material", "material", measure, {"training": first}, {"training": second}, more=more
    )


def _length(name: str, said: str, told: str, measure: str, first: int, second: int, *, more: bool = True) -> Claim:
    one, other = ({"training": "classic", "length": length} for length in (first, second))
    return Claim(name, said, told, "length", "length", measure, one, other, more)


CLAIMS: Sequence[Claim] = (
    _temperature(
        "cycles",
        "A temperature of 0.1 to 0.4 goes round in circles.",
        "looped, 0.1–0.4 against 0.7–1.0",
        "looped",
        COLD,
        WARM,
    ),
    _temperature(
        "repeats",
        "0.4 to 0.7 repeats the prompt.",
        "copied, 0.4–0.6 against 0.7–1.0",
        "copied",
        TEPID,
        WARM,
    ),
    _temperature(
        "warm-cold",
        "0.7 to 1.0 is good.",
        "something to use, 0.7–1.0 against 0.1–0.4",
        "usable",
        WARM,
        COLD,
    ),
    _temperature(
        "warm-hot",
        "Above 1.0 it is not.",
        "something to use, 0.7–1.0 against 1.1–1.2",
        "usable",
        WARM,
        HOT,
    ),
    _top_k("k-0", "Top-k 0 wanders badly.", "closeness, top-k 0 against 30", "similarity", 0, 30, more=False),
    _top_k("k-0-use", "Top-k 0 is awful.", "something to use, top-k 0 against 30", "usable", 0, 30, more=False),
    _top_k("k-40", "30 is better than 40, which is fair.", "something to use, top-k 30 against 40", "usable", 30, 40),
    _top_k("k-80-copy", "80 frees it from the prompt.", "copied, top-k 80 against 30", "copied", 80, 30, more=False),
    _top_k("k-80-loop", "80 frees it from circles.", "looped, top-k 80 against 30", "looped", 80, 30, more=False),
    _top_k("k-80-drift", "A lower top-k keeps to the topic.", "closeness, top-k 10 against 80", "similarity", 10, 80),
    _length(
        "short",
        "Fewer than 100 tokens cut good sentences.",
        "something to use, 50 tokens against 100",
        "usable",
        50,
        100,
        more=False,
    ),
    _length(
        "long",
        "More than 100 drift.",
        "closeness of tokens 101–200 against 51–100",
        "new_similarity",
        200,
        100,
        more=False,
    ),
    _length(
        "longest",
        "More than 100 drift.",
        "closeness of tokens 201–400 against 51–100",
        "new_similarity",
        400,
        100,
        more=False,
    ),
    _material(
        "corpus",
        "A large corpus drifts to its own topics.",
        "closeness, corpus against nothing",
        "similarity",
        "corpus",
        "nothing",
        more=False,
    ),
    _material(
        "essay",
        "The essay alone, 1 to 5 times, stays on topic.",
        "closeness, essay twice against nothing",
        "similarity",
        "essay-2",
        "nothing",
    ),
    _material(
        "varied",
        "The essay gives varied samples.",
        "distinct word pairs, essay twice against the passage repeated",
        "distinct_2",
        "essay-2",
        "classic",
    ),
    _material(
        "derails",
        "A corpus and then the essay derails.",
        "closeness, corpus then essay against the essay",
        "similarity",
        "corpus-essay",
        "essay-2",
        more=False,
    ),
    _material(
        "chosen",
        "The passage, one step, is best.",
        "something to use, the passage repeated against the essay twice",
        "usable",
        "classic",
        "essay-2",
    ),
    _material(
        "held",
        "The passage, one step, holds the topic.",
        "closeness, the passage repeated against nothing",
        "similarity",
        "classic",
        "nothing",
    ),
    _material(
        "reversal",
        "Untaught, the model opens with a reversal.",
        "reversals, nothing against the passage repeated",
        "reversal",
        "nothing",
        "classic",
    ),
    Claim(
        "four",
        "Passages of four sentences are worse than of three.",
        "something to use, four sentences against three",
        "size",
        "size",
        "usable",
        {"training": "classic", "size": 4},
        {"training": "classic", "size": 3},
        more=False,
    ),
)


def judged(tables: Mapping[str, pd.DataFrame], claims: Sequence[Claim] = CLAIMS) -> list[Told]:
    """Every claim whose study is among the tables, all corrected together."""
    found = {}
    for claim in claims:
        if claim.study in tables:
            sides = [
                by_place(picked(tables[claim.study], **side), claim.measure) for side in (claim.first, claim.second)
            ]
            found[claim.name] = difference(*sides)
    p_values = corrected({name: told.p for name, told in found.items()})
    return [
        Told(claim, found[claim.name], p_values[claim.name], verdict(claim, found[claim.name], p_values[claim.name]))
        for claim in claims
        if claim.name in found
    ]


def verdict(claim: Claim, told: Difference, p: float) -> Verdict:
    """Whether the difference is of the claim's kind, and too large for chance."""
    as_said = (told.estimate.mean > 0) == claim.more
    if p < ALPHA:
        return "confirmed" if as_said else "not confirmed"
    furthest = told.estimate.high if claim.more else -told.estimate.low
    return "not confirmed" if furthest < SMALLEST.get(claim.measure, 0.05) else "cannot be told here"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two ways of making windows by one measure; `p` is corrected over all that are compared.

    `how` is at what they are equal: `rate` or `loss`. `untold` places never come to that loss.
    """

    first: str
    second: str
    how: str
    measure: str
    difference: Difference
    p: float
    untold: int


WINDOW_PAIRS = (("full", "once"), ("four", "once"), ("twice", "once"), ("cut-5", "cut"))
WINDOW_MEASURES = ("looped", "copied", "usual_similarity", "usable", "distinct_2", "fluency")


def windows_compared(table: pd.DataFrame) -> list[Compared]:
    """The open question: windows against each other at equal learning rate, and at equal loss of the passage."""
    found: list[Compared] = []
    for first, second in WINDOW_PAIRS:
        for measure in WINDOW_MEASURES:
            sides = [by_place(picked(table, training=name, strength=1.0), measure) for name in (first, second)]
            told = difference(*sides)
            found.append(Compared(first, second, "rate", measure, told, told.p, 0))
            equal = at_equal_loss(table, first, second, measure, EQUAL_LOSS)
            if equal is not None:
                found.append(Compared(first, second, "loss", measure, equal[0], equal[0].p, equal[1]))
    p_values = corrected({str(place): each.p for place, each in enumerate(found)})
    return [
        Compared(e.first, e.second, e.how, e.measure, e.difference, p_values[str(place)], e.untold)
        for place, e in enumerate(found)
    ]


CHOSEN, USUAL = "once-2-large", "full-1"
"""The recipe `two-steps`, and `classic`, as the study of steps calls them."""


def chosen_against(table: pd.DataFrame) -> list[tuple[str, Difference, float]]:
    """The chosen recipe against the usual one, by each measure, with p corrected over the measures."""
    found = {}
    for measure in WINDOW_MEASURES:
        sides = [by_place(picked(table, training=name, strength=1.0), measure) for name in (CHOSEN, USUAL)]
        found[measure] = difference(*sides)
    p_values = corrected({measure: told.p for measure, told in found.items()})
    return [(measure, told, p_values[measure]) for measure, told in found.items()]
