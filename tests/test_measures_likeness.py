import math
from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.distance import edit_distance as nltk_edit_distance
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from verbosify.measures.likeness import bleu, edit_distance, mean_edit_distance, self_bleu

some_words = st.lists(st.sampled_from("abcd"), min_size=1, max_size=30)
batches = st.lists(some_words, min_size=2, max_size=6)


def nltk_bleu(references: list[list[str]], hypothesis: list[str]) -> float:
    return float(sentence_bleu(references, hypothesis, smoothing_function=SmoothingFunction().method1))


def test_bleu_by_hand() -> None:
    # "a b c d x" against "a b c d e": 4/5 words, 3/4 pairs, 2/3 triples, 1/2 fours; as long, so no penalty.
    expected = math.exp(fmean(map(math.log, (4 / 5, 3 / 4, 2 / 3, 1 / 2))))

    assert bleu(["a", "b", "c", "d", "x"], ["a", "b", "c", "d", "e"]) == pytest.approx(expected)
    assert expected == pytest.approx(0.6687, abs=1e-4)


def test_bleu_of_a_short_text_is_penalised_and_smoothed() -> None:
    # "a b" against "a b c d": 2/2 and 1/1; no triple and no four, so 0.1/1 each; exp(1 - 4/2) for brevity.
    expected = math.exp(-1) * math.exp(fmean(map(math.log, (1, 1, 0.1, 0.1))))

    assert bleu(["a", "b"], ["a", "b", "c", "d"]) == pytest.approx(expected)


def test_bleu_without_a_shared_word_is_nothing() -> None:
    assert bleu(["a"], ["b"]) == 0


def test_bleu_without_words_is_unknown() -> None:
    assert bleu([], ["a"]) is None
    assert bleu(["a"], []) is None


@given(some_words, some_words)
def test_bleu_is_that_of_nltk(hypothesis: list[str], reference: list[str]) -> None:
    assert bleu(hypothesis, reference) == pytest.approx(nltk_bleu([reference], hypothesis))


@given(batches)
def test_self_bleu_is_the_mean_of_nltks_bleu_against_all_others(texts: list[list[str]]) -> None:
    scores = [nltk_bleu(texts[:index] + texts[index + 1 :], text) for index, text in enumerate(texts)]

    assert self_bleu(texts) == pytest.approx(fmean(scores))


def test_self_bleu_of_a_text_alone_is_unknown() -> None:
    assert self_bleu([]) is None
    assert self_bleu([["a"]]) is None


def test_edit_distance_by_hand() -> None:
    # One word changed and one added, over five.
    assert edit_distance(["the", "cat", "sat", "down"], ["the", "dog", "sat", "down", "again"]) == pytest.approx(2 / 5)


def test_edit_distance_ends_at_nothing_and_all() -> None:
    assert edit_distance(["a", "b"], ["a", "b"]) == 0
    assert edit_distance(["a", "b"], ["c"]) == 1
    assert edit_distance([], ["a"]) == 1
    assert edit_distance([], []) is None


@given(st.lists(st.sampled_from("abc"), max_size=80), st.lists(st.sampled_from("abc"), min_size=1, max_size=80))
def test_edit_distance_is_that_of_nltk(first: list[str], second: list[str]) -> None:
    expected = nltk_edit_distance(first, second) / max(len(first), len(second))

    assert edit_distance(first, second) == pytest.approx(expected)
    assert edit_distance(second, first) == pytest.approx(expected)


def test_edit_distance_of_two_endless_texts_is_left_open() -> None:
    endless = ["a"] * 10_001

    assert edit_distance(endless, endless) is None
    assert edit_distance(endless, ["a"]) == pytest.approx(10_000 / 10_001)
    assert mean_edit_distance([endless, endless]) is None


@given(batches)
def test_mean_edit_distance_is_taken_over_all_pairs(texts: list[list[str]]) -> None:
    pairs = [edit_distance(first, second) for first, second in combinations(texts, 2)]

    assert mean_edit_distance(texts) == pytest.approx(fmean(pair for pair in pairs if pair is not None))


def test_mean_edit_distance_without_a_pair_is_unknown() -> None:
    assert mean_edit_distance([["a"]]) is None
