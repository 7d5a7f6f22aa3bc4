"""Continuations as they grow."""

from __future__ import annotations

import numpy as np

from verbosify.models.rows import Rows, uniform_streams
from verbosify.models.settings import SamplingSettings


def spell(token_ids: object) -> str:
    return "".join(map(chr, token_ids))  # type: ignore[call-overload]


def rows(n: int, length: int, *stops: str) -> Rows:
    return Rows(SamplingSettings(n=n, length=length, stops=stops), frozenset({0}), spell)


def test_every_row_has_random_numbers_of_its_own_by_seed_and_place() -> None:
    few, many = (uniform_streams(SamplingSettings(n=n, length=5, seed=9)) for n in (2, 4))

    assert many.shape == (4, 5)
    assert np.array_equal(many[:2], few)
    assert len(np.unique(many)) == 20
    assert not np.array_equal(few, uniform_streams(SamplingSettings(n=2, length=5, seed=8)))


def test_rows_end_by_length_by_end_and_by_stop() -> None:
    batch = rows(3, 3, "b!")

    assert batch.add([ord("a"), ord("x"), ord("a")]) == [0, 1, 2]
    assert batch.add([ord("b"), 0, ord("b")]) == [0, 2]
    assert batch.active == [0, 2]
    assert batch.add([ord("!"), ord("c")]) == []

    found = [(each.index, each.text, each.finish, len(each.token_ids)) for each in batch.continuations()]
    assert found == [(0, "a", "stop", 3), (1, "x", "end", 1), (2, "abc", "length", 3)]


def test_without_stops_rows_end_by_their_length_alone() -> None:
    batch = rows(1, 2)

    assert batch.add([ord("a")]) == [0]
    assert batch.add([ord("b")]) == []
    assert batch.continuations()[0].finish == "length"


def test_the_first_of_several_stops_counts() -> None:
    batch = rows(1, 9, "cd", "bc")

    for letter in "abc":
        batch.add([ord(letter)])

    assert batch.continuations()[0].text == "a"


def test_a_rows_random_numbers_are_numpys_and_do_not_depend_on_the_length() -> None:
    long = uniform_streams(SamplingSettings(n=3, length=9, seed=2**63 - 1))

    for row in range(3):
        assert np.array_equal(long[row], np.random.default_rng((2**63 - 1, row)).random(9))
    assert np.array_equal(long[:, :4], uniform_streams(SamplingSettings(n=3, length=4, seed=2**63 - 1)))


def test_a_row_may_end_before_it_began() -> None:
    batch = rows(2, 4)

    assert batch.add([0, 0]) == []
    assert [(each.token_ids, each.text, each.finish) for each in batch.continuations()] == [((), "", "end")] * 2


def test_a_stop_in_the_very_last_token_is_a_stop() -> None:
    batch = rows(1, 2, "c")

    batch.add([ord("a")])

    assert batch.add([ord("c")]) == []
    assert (batch.continuations()[0].text, batch.continuations()[0].finish) == ("a", "stop")


def shown(batch: Rows, tokens: str) -> list[str]:
    """What may be shown after each token of the first row."""
    news = []
    for token in tokens:
        batch.add([ord(token)])
        news.append(batch.news(0))
    return news


def test_what_may_begin_a_stop_is_held_back_until_it_does_not() -> None:
    batch = rows(1, 8, "ab!", "\n\n")

    assert shown(batch, "xababc\ny") == ["x", "", "", "ab", "", "abc", "", "\ny"]


def test_a_stop_is_never_shown() -> None:
    batch = rows(1, 8, "ab!")

    assert shown(batch, "xab!") == ["x", "", "", ""]
    assert batch.continuations()[0].text == "x"


def test_what_was_held_back_is_shown_when_the_row_ends() -> None:
    batch = rows(1, 3, "ab!")

    assert shown(batch, "xab") == ["x", "", "ab"]


def test_a_character_of_several_tokens_is_shown_whole() -> None:
    batch = Rows(SamplingSettings(n=1, length=7), frozenset({0}), lambda ids: bytes(ids).decode(errors="replace"))
    duck = "a🦆é".encode()

    news = []
    for byte in duck:
        batch.add([byte])
        news.append(batch.news(0))

    assert news == ["a", "", "", "", "🦆", "", "é"]


def test_a_character_that_stays_broken_is_shown_at_the_end() -> None:
    batch = Rows(SamplingSettings(n=1, length=2), frozenset({0}), lambda ids: bytes(ids).decode(errors="replace"))

    batch.add([97])
    assert batch.news(0) == "a"
    batch.add([0xF0])
    assert batch.news(0) == batch.continuations()[0].text[1:] == "\ufffd"
