"""What may stand in a gap: samples cut into sentences, picks found among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.making import harbour, piece, read
from verbosify.site.offers import Offer, Standing, gaps_of, sentences_and_tail
from verbosify.site.record import Record


@pytest.mark.parametrize(
    ("raw", "units", "tail"),
    [
        (" One went. Two stayed.", ("One went. ", "Two stayed."), ""),
        (" One went. Two st", ("One went.",), " Two st"),
        (" One went. Two stayed.\nNote: three", ("One went. ", "Two stayed."), "\nNote: three"),
        ("no sentence at all", ("no sentence at all",), ""),
        ("no sentence\nat all.", ("no sentence",), "\nat all."),
        (" \n ", (), " \n "),
        ("", (), ""),
        ("他说了一句话。她没有回答。", ("他说了一句话。", "她没有回答。"), ""),
    ],
)
def test_a_sample_offers_its_whole_sentences(raw: str, units: tuple[str, ...], tail: str) -> None:
    assert sentences_and_tail(raw) == (units, tail)


@given(st.text(st.sampled_from(list("aB .!?\n“”\"'1é漢")), max_size=80))
def test_sentences_and_tail_are_the_sample_without_the_space_around_it(raw: str) -> None:
    units, tail = sentences_and_tail(raw)
    assert "".join(units) + tail == (raw.strip() if units else raw)
    assert all(unit.strip() for unit in units)


def test_a_pick_is_found_among_the_first_sentences_of_its_sample() -> None:
    gaps = gaps_of(Record.checked(harbour()))
    assert gaps[0].readings["fluffy"] == Standing(offer=0, first=0, end=1)
    assert gaps[1].readings["fluffy"] == Standing(offer=1, first=0, end=2)
    assert "strange" not in gaps[1].readings


def test_picks_put_together_or_edited_are_an_offer_of_their_own() -> None:
    gap = gaps_of(Record.checked(harbour()))[0]
    assert gap.readings["by hand"] == Standing(offer=4, first=0, end=1)
    assert gap.offers[4] == Offer(
        (0, 1), ("The clock stood still and the gulls went on without it. Rain is a clock, too.",), edited=True
    )


def test_a_pick_cut_inside_a_sentence_is_an_offer_of_its_own_and_made_once() -> None:
    made = piece([["A sentence."]], lambda gap: [" Another one. And"])
    read(made, "fluffy", lambda gap: [(0, 8)])
    read(made, "strange", lambda gap: [(0, 8)])
    gap = gaps_of(Record.checked(made))[0]
    assert gap.offers[1:] == (Offer((0,), ("Another",)),)
    assert gap.readings["fluffy"] == gap.readings["strange"] == Standing(1, 0, 1)


def test_a_pick_of_a_control_is_shown_though_it_is_no_candidate() -> None:
    made = piece([["A sentence."]], lambda gap: [" Another one."], choose={"fluffy": lambda gap: [(0, None)]})
    made["batches"][0]["overfit"] = None
    gap = gaps_of(Record.checked(made))[0]
    assert gap.offers == (Offer((), ("Another one.",)),)


def test_a_pick_from_the_middle_of_a_sample_is_a_run_of_its_sentences() -> None:
    made = piece([["A sentence."]], lambda gap: [" One went. Two stayed. Three slept. And"])
    read(made, "fluffy", lambda gap: [(0, None)])
    pick = made["readings"]["fluffy"]["gaps"]["0"][0]
    pick |= {"start": 11, "end": 22, "text": "Two stayed."}
    assert gaps_of(Record.checked(made))[0].readings["fluffy"] == Standing(0, first=1, end=2)
