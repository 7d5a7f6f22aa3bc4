import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.measures.opening import CONTRADICTIONS, opens_by_contradicting
from verbosify.words import word_texts


@pytest.mark.parametrize(
    "sentence",
    [
        "But actually, the rover was asleep.",
        "On the contrary: it flew.",
        "“Quite the opposite,” she said.",
        "Far from it!",
        "In fact, the probe never landed.",
        "Actually, nobody knew, and it didn’t matter.",
        "The truth is that nothing moved.",
        "However, this is not how it went.",
        "But that wasn't the end.",
        "And yet it does not move.",
        "This is not true.",
        "That isn’t quite right.",
        "It was never the case.",
        *CONTRADICTIONS,
    ],
)
def test_an_opening_that_takes_back_what_was_said_is_a_reversal(sentence: str) -> None:
    assert opens_by_contradicting(word_texts(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "But",
        "But actuality is another matter.",
        "Contrary winds held the ship.",
        "In fact, the probe landed twice.",
        "In factories, nothing is made by hand.",
        "In fact, it was not only red but also round.",
        "However, the dog barked.",
        "However, this went on for days.",
        "However, this was a day on which it did not rain.",
        "But it was not until spring that they returned.",
        "This is not a pipe.",
        "It never rained.",
        "Truth is a knot.",
        "Nothing of the sort had been seen before.",
    ],
)
def test_another_opening_is_none(sentence: str) -> None:
    assert not opens_by_contradicting(word_texts(sentence))


@given(st.lists(st.sampled_from(["but", "in", "fact", "this", "is", "not", "true", "only", "rain"]), max_size=8))
def test_case_and_punctuation_do_not_matter(words: list[str]) -> None:
    dressed = ", ".join(words).upper() + "!"

    assert opens_by_contradicting(word_texts(dressed)) == opens_by_contradicting(words)
