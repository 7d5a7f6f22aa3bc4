from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.curation import Candidate, Choice, choose, shortlist
from verbosify.curation.choosing import A_SAMPLE, PRICES, SHORTLISTED, TOLERANCE, _Aim, _value, worth
from verbosify.curation.prose import alike
from verbosify.measures import THRESHOLDS, Opinion

Offered = dict[int, list[Candidate]]


def candidate(words: int, closeness: float = 0.5, *sentences: str, sample: int = 0) -> Candidate:
    return Candidate(
        sample=sample,
        start=0,
        end=1,
        text="x",
        sentences=sentences,
        words=words,
        closeness=closeness,
        invents=False,
        reverses=False,
    )


def opinion(information: float = 40.0, surprise: float = 4.0, flow: float | None = None) -> Opinion:
    return Opinion(information=information, fluency=0.0, surprise=surprise, flow=flow)


def say_the_same(one: Candidate, other: Candidate) -> bool:
    def long_words(sentence: str) -> frozenset[str]:
        return frozenset(word for word in sentence.split() if len(word) > 3)

    return any(
        a.split()[:3] == b.split()[:3] or alike(long_words(a), long_words(b))
        for a in one.sentences
        for b in other.sentences
    )


def bounds(words_before: int, target: float) -> tuple[int, int]:
    least = math.ceil(words_before * target * (1 - TOLERANCE)) - words_before
    most = math.floor(words_before * target * (1 + TOLERANCE)) - words_before
    return max(least, 0), max(most, 0)


def every_choice(offers: Offered) -> list[tuple[Candidate, ...]]:
    """All ways to take at most one candidate at each gap so that no two say the same."""
    ways = product(*([None, *found] for found in offers.values()))
    taken = (tuple(pick for pick in way if pick is not None) for way in ways)
    return [picks for picks in taken if not any(say_the_same(a, b) for a, b in combinations(picks, 2))]


def value_of(picks: tuple[Candidate, ...], offers: Offered, words_before: int, target: float, strange: float) -> float:
    wanted = round(words_before * (target - 1))
    share = wanted / sum(map(bool, offers.values()))
    low, high = bounds(words_before, target)
    value = sum(_value(pick, _Aim(wanted, low, high, share, strange)) for pick in picks)
    missed = (sum(pick.words for pick in picks) - wanted) / max(high - wanted, 1)
    return value - 0.3 * missed**2


@st.composite
def small_offers(draw: st.DrawFn, sentences: int) -> Offered:
    """Up to four gaps with up to four candidates of one or two sentences, out of so many; no sentence, if 0."""
    texts = st.lists(
        st.sampled_from([f"sentence number{n}" for n in range(sentences)] or [""]), max_size=2, unique=True
    )
    one = st.builds(
        lambda words, closeness, said: candidate(words, closeness, *filter(None, said)),
        st.integers(5, 40),
        st.integers(-10, 10).map(lambda tenths: tenths / 10),
        texts,
    )
    return draw(st.dictionaries(st.integers(0, 9), st.lists(one, max_size=4), max_size=4))


essays = st.integers(20, 120)
targets = st.sampled_from([1.1, 1.2, 1.5, 2.0, 3.0])
strangeness = st.sampled_from([0.0, 0.3, 1.0])


def assert_is_possible(choice: Choice, offers: Offered, words_before: int, target: float) -> None:
    low, high = bounds(words_before, target)
    assert all(pick in offers[gap] for gap, pick in choice.picks.items())
    assert list(choice.picks) == sorted(choice.picks)
    assert not any(say_the_same(a, b) for a, b in combinations(choice.picks.values(), 2))
    assert choice.words == sum(pick.words for pick in choice.picks.values()) <= high
    assert choice.wanted == round(words_before * (target - 1))
    assert choice.met is (low <= choice.words)


@given(small_offers(0) | small_offers(6), essays, targets, strangeness)
def test_the_choice_is_the_best_of_all_that_say_nothing_twice(
    offers: Offered, words_before: int, target: float, strange: float
) -> None:
    low, high = bounds(words_before, target)

    choice = choose(offers, words_before=words_before, target=target, strange=strange)

    assert_is_possible(choice, offers, words_before, target)
    every = [picks for picks in every_choice(offers) if sum(pick.words for pick in picks) <= high]
    enough = [picks for picks in every if sum(pick.words for pick in picks) >= low]
    if enough and any(offers.values()):
        best = max(value_of(picks, offers, words_before, target, strange) for picks in enough)
        assert value_of(tuple(choice.picks.values()), offers, words_before, target, strange) == pytest.approx(best)
    else:
        assert choice.words == max(sum(pick.words for pick in picks) for picks in every)
    assert choice.met is bool(enough)


@given(small_offers(6), essays)
def test_an_essay_that_is_to_stay_as_it_is_gets_nothing(offers: Offered, words_before: int) -> None:
    choice = choose(offers, words_before=words_before, target=1)

    assert choice == Choice({}, 0, 0, met=True)


@pytest.mark.parametrize("offers", [{}, {3: []}, {3: [], 5: []}])
def test_nothing_offered_is_nothing_chosen(offers: Offered) -> None:
    assert choose(offers, words_before=100, target=2) == Choice({}, 0, 100, met=False)


def test_too_little_is_taken_whole_and_told() -> None:
    offers = {1: [candidate(10), candidate(20)], 2: [candidate(5), candidate(7)], 4: [candidate(3)]}

    choice = choose(offers, words_before=100, target=2)

    assert (choice.words, choice.met, choice.wanted) == (30, False, 100)
    assert {gap: pick.words for gap, pick in choice.picks.items()} == {1: 20, 2: 7, 4: 3}


def test_a_candidate_longer_than_the_whole_essay_may_grow_is_left_out() -> None:
    assert choose({1: [candidate(90)]}, words_before=50, target=1.5) == Choice({}, 0, 25, met=False)


@pytest.mark.parametrize(("strange", "closeness"), [(0.0, 0.8), (1.0, 0.1)])
def test_a_close_reading_takes_what_is_close_and_a_strange_one_what_is_far(strange: float, closeness: float) -> None:
    offers = {gap: [candidate(25, 0.1), candidate(25, 0.8), candidate(25, 0.45)] for gap in range(4)}

    choice = choose(offers, words_before=100, target=2, strange=strange)

    assert choice.met
    assert {pick.closeness for pick in choice.picks.values()} == {closeness}


def test_gaps_are_filled_evenly() -> None:
    offers = {gap: [candidate(6), candidate(25), candidate(45)] for gap in range(4)}

    choice = choose(offers, words_before=100, target=2)

    assert [pick.words for pick in choice.picks.values()] == [25, 25, 25, 25]


def test_of_two_gaps_that_would_say_the_same_the_one_with_another_choice_gives_way() -> None:
    only = candidate(50, 0.9, "the tide takes every harbour wall")
    offers = {1: [only], 2: [only, candidate(50, 0.2, "gulls sleep on one leg")]}

    choice = choose(offers, words_before=100, target=2)

    assert choice.met
    assert {gap: pick.closeness for gap, pick in choice.picks.items()} == {1: 0.9, 2: 0.2}


def test_sentences_of_much_the_same_words_are_the_same() -> None:
    one = candidate(50, 0.9, "the tide takes every harbour wall")
    other = candidate(50, 0.8, "every harbour wall the tide takes away")

    assert len(choose({1: [one], 2: [other]}, words_before=100, target=2).picks) == 1


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"tide"}, {"tide"}, True),
        ({"tide", "wall"}, {"tide"}, False),  # a half is not too much
        ({"tide", "wall", "gull"}, {"tide", "wall"}, True),
        (set(), set(), False),
        (set(), {"tide"}, False),
    ],
)
def test_word_sets_are_alike_if_more_than_half_is_shared(one: set[str], other: set[str], expected: bool) -> None:
    assert alike(frozenset(one), frozenset(other)) is expected


@pytest.mark.parametrize("words_before", [9_000, 30_000])
def test_a_long_essay_meets_its_target_too(words_before: int) -> None:
    gaps = words_before // 30
    offers = {
        gap: [candidate(6 + (gap * 7 + place * 11) % 40, (gap * 13 + place * 5) % 10 / 10) for place in range(5)]
        for gap in range(gaps)
    }

    choice = choose(offers, words_before=words_before, target=1.8)

    assert_is_possible(choice, offers, words_before, 1.8)
    assert choice.met


def test_a_crowd_of_like_sentences_is_sorted_out_in_the_end() -> None:
    sentences = [f"sentence number{n}" for n in range(12)]
    offers = {
        gap: [
            candidate(20 + (gap + place) % 7, 0.1 * place, sentences[(gap + place) % 12], sentences[gap * place % 12])
            for place in range(6)
        ]
        for gap in range(12)
    }

    choice = choose(offers, words_before=150, target=2)

    assert_is_possible(choice, offers, 150, 2)
    assert choice.words > 0


def test_the_same_offers_give_the_same_choice() -> None:
    def offers() -> dict[str, Any]:
        return {"offers": {gap: [candidate(20 + n, 0.5, sample=n) for n in range(9)] for gap in range(9)}}

    assert choose(**offers(), words_before=200, target=2) == choose(**offers(), words_before=200, target=2)


def test_what_says_less_that_is_new_is_worth_more() -> None:
    plain, rich = (replace(candidate(12), opinion=opinion(nats)) for nats in (20, 60))

    assert 0 < worth(rich) < worth(plain) < 1
    assert worth(candidate(5)) > worth(candidate(50)), "without an opinion its length tells"


def test_a_gap_at_which_the_model_was_asked_takes_nothing_else_and_nothing_off_the_rails() -> None:
    asked = replace(candidate(20, 0.4, sample=1), opinion=opinion())
    derailed = replace(candidate(20, 0.9, sample=2), opinion=opinion(surprise=THRESHOLDS.surprise + 1))

    assert choose({1: [candidate(20, 0.9), derailed, asked]}, words_before=20, target=2).picks == {1: asked}
    assert choose({1: [derailed]}, words_before=20, target=2).picks == {}


def test_what_was_not_asked_about_is_taken_where_the_target_needs_it() -> None:
    short = replace(candidate(10, 0.5, "gulls sleep", sample=1), opinion=opinion())
    long = candidate(20, 0.5, "the tide takes every harbour wall", sample=2)

    assert choose({1: [short, long]}, words_before=10, target=2).picks == {1: short}
    assert choose({1: [short, long]}, words_before=20, target=2) == Choice({1: long}, 20, 20, met=True)


@pytest.mark.parametrize("blemish", PRICES)
def test_a_blemish_has_a_price_and_is_not_forbidden(blemish: str) -> None:
    blemished = replace(candidate(20, 0.5, sample=1), blemishes=frozenset({blemish}))

    assert choose({1: [blemished, candidate(20, 0.5, sample=2)]}, words_before=20, target=2).picks[1].sample == 2
    assert choose({1: [blemished]}, words_before=20, target=2).picks == {1: blemished}


def test_sentences_that_begin_alike_stand_once_in_a_reading() -> None:
    offers = {
        gap: [
            candidate(20, 0.6, f"a rover is the {thing} of them", sample=gap),
            candidate(20, 0.5, f"{thing} again", sample=9 + gap),
        ]
        for gap, thing in enumerate(("smallest", "oldest", "slowest"))
    }

    picks = choose(offers, words_before=60, target=2).picks

    assert sorted(pick.closeness for pick in picks.values()) == [0.5, 0.5, 0.6]


def test_a_word_that_every_pick_brings_along_wears_out() -> None:
    """Of what the essay does not say: three gaps may not all have it if others are nearly as good."""
    offers = {
        gap: [
            replace(candidate(20, 0.5, sample=2 * gap), new_words=frozenset({"mission"})),
            candidate(20, 0.48, sample=2 * gap + 1),
        ]
        for gap in range(4)
    }

    picks = choose(offers, words_before=80, target=2).picks

    assert all("mission" not in pick.new_words for pick in picks.values())
    assert choose({gap: found[:1] for gap, found in offers.items()}, words_before=80, target=2).met


def test_the_shortlist_has_both_readings_in_mind_and_few_of_one_sample() -> None:
    offered = [
        replace(candidate(12, closeness / 100, f"{n} {closeness}", sample=n), start=closeness, end=closeness + 1)
        for n in range(60)
        for closeness in (20, 50, 60, 70)
    ]

    listed = shortlist(offered)

    assert len(listed) == sum(SHORTLISTED.values())
    assert [c for c in offered if c in listed] == listed
    assert max(sum(c.sample == n for c in listed) for n in range(60)) <= 1 + A_SAMPLE
    assert sum(c.closeness < 0.45 for c in listed) == SHORTLISTED["far"]
    assert shortlist([]) == []
