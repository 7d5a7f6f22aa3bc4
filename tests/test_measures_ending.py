import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.measures.ending import FINAL_MARKS, ends_sentence


@pytest.mark.parametrize(
    "text",
    [
        "It landed.",
        "It landed. \n",
        "Did it?!",
        "It went on…",
        "It went on...",
        'She said: "It landed."',
        "«C’est fini.»",
        "„Es ist vorbei.“",
        "(It landed.)",
        "It landed (at last!).",
        "*It landed.*",
        "It landed.[1]",
        "It landed. [12][3]",
        "It landed! 🙂👩‍🚀",
        "着陆了。",
        "「着陸した。」",
        "نجح؟",
        "वह उतरा।",
    ],
)
def test_a_text_that_ends_with_a_sentence_is_whole(text: str) -> None:
    assert ends_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "It lan",
        "It landed,",
        "It landed. And —",
        "It landed:",
        'He said, "It',
        "It landed. (",
        "It landed 🙂",
        "It landed [1]",
        "It landed.[a]",
        "It landed.[]",
        "It landed.[123456]",
        "着陆了、",
        "etc.,",
    ],
)
def test_a_text_that_stops_inside_a_sentence_is_not(text: str) -> None:
    assert not ends_sentence(text)


@given(st.text(), st.sampled_from(sorted(FINAL_MARKS)), st.text(alphabet="\"'”’»)]* \n🙂", max_size=5))
def test_closing_marks_after_the_final_one_change_nothing(text: str, mark: str, closing: str) -> None:
    assert ends_sentence(text + mark + closing)


@given(st.text(), st.sampled_from("aZ9字,;:([{—"))
def test_anything_else_at_the_end_cuts_it_off(text: str, last: str) -> None:
    assert not ends_sentence(text + last)
