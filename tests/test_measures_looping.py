import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.measures.looping import loop_start, repeats, sequence_repetition
from verbosify.words import ngrams


def test_a_sentence_said_before_repeats() -> None:
    assert repeats([["it", "ran"], ["it", "sat"], ["it", "ran"], ["it", "ran"]]) == [2, 3]


def test_sentences_without_words_never_repeat() -> None:
    assert repeats([[], [], []]) == []


def test_seq_rep_4_is_the_share_of_four_grams_seen_before() -> None:
    # abcd bcda cdab dabc abcd: four distinct among five.
    assert sequence_repetition(["a", "b", "c", "d", "a", "b", "c", "d"]) == pytest.approx(0.2)
    assert sequence_repetition(["a", "b", "c", "d", "e"]) == 0
    assert sequence_repetition(["a"] * 8) == pytest.approx(0.8)


def test_seq_rep_4_of_fewer_than_four_words_is_unknown() -> None:
    assert sequence_repetition(["a", "a", "a"]) is None


@given(st.lists(st.sampled_from("ab"), min_size=4, max_size=60))
def test_seq_rep_4_agrees_with_its_definition(words: list[str]) -> None:
    found = list(ngrams(words, 4))

    assert sequence_repetition(words) == pytest.approx(1 - len(set(found)) / len(found))


@pytest.mark.parametrize(
    ("sentences", "start"),
    [
        (["a b c d", "e"], None),
        (["a b c d", "e", "a b c d"], 5),
        (["a b", "c", "a b"], 3),  # too short for a four-gram: found as a sentence
        (["x a b c d y a b c d"], 6),  # inside one sentence
        (["x y", "a b c d e a b c d", "x y"], 7),  # the four-gram comes before the sentence
        ([], None),
    ],
)
def test_a_loop_starts_where_something_is_first_said_again(sentences: list[str], start: int | None) -> None:
    said = [sentence.split() for sentence in sentences]

    assert loop_start([word for sentence in said for word in sentence], said) == start


def test_a_sentence_boundary_inside_a_word_never_puts_the_loop_outside() -> None:
    assert loop_start(["a-b"], [["a"], ["b"], ["a"]]) is None
