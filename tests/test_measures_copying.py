from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.measures.copying import copied_share, longest_copied_run

few_words = st.lists(st.sampled_from("abc"), max_size=40)


@pytest.mark.parametrize(
    ("sample", "passage", "run"),
    [
        ("x b c d y", "a b c d e", (1, 3)),
        ("a x b", "a b", (0, 1)),
        ("x y", "a b", (0, 0)),
        ("", "a b", (0, 0)),
        ("a b", "", (0, 0)),
        ("a b a b a b", "a b a b", (0, 4)),
        ("b c z a b c d", "a b c e b c d", (3, 3)),
        ("a b c b c a", "a b c b c a", (0, 6)),
    ],
)
def test_the_longest_run_shared_with_the_passage_is_found(sample: str, passage: str, run: tuple[int, int]) -> None:
    assert longest_copied_run(sample.split(), passage.split()) == run


@given(few_words, few_words)
def test_the_longest_run_is_the_one_an_exhaustive_search_finds(sample: list[str], passage: list[str]) -> None:
    start, length = longest_copied_run(sample, passage)

    found = SequenceMatcher(None, sample, passage, autojunk=False).find_longest_match()
    assert length == found.size
    assert start == (found.a if length else 0)


def test_the_copied_share_counts_five_grams() -> None:
    passage = ["a", "b", "c", "d", "e", "f", "g"]

    # 5-grams of the sample: abcde and bcdef are copied, cdefx and defxy are not.
    assert copied_share(["a", "b", "c", "d", "e", "f", "x", "y"], passage) == 0.5
    assert copied_share(passage, passage) == 1
    assert copied_share(["e", "d", "c", "b", "a"], passage) == 0


def test_the_copied_share_of_fewer_than_five_words_is_unknown() -> None:
    assert copied_share(["a", "b", "c", "d"], ["a", "b", "c", "d", "e"]) is None
