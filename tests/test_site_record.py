"""The piece as pages see it: readings in order, curators, and records that do not hold together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.making import harbour, hostile, piece, read
from verbosify.errors import PieceError
from verbosify.site.record import Record


def one_gap(**changes: Any) -> dict[str, Any]:
    return piece([["A sentence."]], lambda gap: [" Another. And"], **changes)


def test_readings_come_fluffy_strange_others_and_sparse_last() -> None:
    made = one_gap()
    for name in ("mine", "strange", "fluffy"):
        read(made, name, lambda gap: [(0, 9)])
    read(made, "sparse", lambda gap: [])
    record = Record.checked(made)
    assert [reading.name for reading in record.readings] == ["fluffy", "strange", "mine", "sparse"]
    assert [reading.label for reading in record.readings] == ["Fluffy", "Strange", "Mine", "Sparse"]
    assert record.readings[0].note == "close to the essay"
    assert record.readings[2].note == ""


def test_the_first_reading_is_the_first_that_adds_words() -> None:
    made = one_gap()
    read(made, "fluffy", lambda gap: [])
    read(made, "strange", lambda gap: [(0, 9)])
    assert Record.checked(made).first_reading.name == "strange"
    assert Record.checked(one_gap()).first_reading.name == "sparse"


def test_a_reading_that_a_person_chose_alone_goes_before_one_that_they_changed() -> None:
    made = one_gap()
    read(made, "fluffy", lambda gap: [(0, 9)])
    read(made, "mine", lambda gap: [(0, None)], "Ada")
    assert Record.checked(made).first_reading.name == "mine"
    read(made, "fluffy", lambda gap: [(0, None)], "Ada")
    both = Record.checked(made)
    assert [reading.is_by_a_person for reading in both.readings] == [True, True, False]
    assert both.first_reading.name == "mine"


def test_files_of_readings_are_never_the_same_nor_those_of_other_pages() -> None:
    made = one_gap()
    names = ["Index", "made!", "piece", "card", "a b", "a-b", "漢字", "…", "x" * 80]
    for name in names:
        read(made, name, lambda gap: [(0, 9)])
    pages = [reading.page for reading in Record.checked(made).readings]
    assert pages == [
        "index-2",
        "made-2",
        "piece-2",
        "card-2",
        "a-b",
        "a-b-2",
        "reading",
        "reading-2",
        "x" * 40,
        "sparse",
    ]


def test_curators_are_those_who_chose_what_is_shown() -> None:
    by_name = {reading.name: reading.curators for reading in Record.checked(harbour()).readings}
    assert by_name["fluffy"] == (("verbosify", "built-in"),)
    assert by_name["by hand"] == (("Ada", "person"),)
    assert by_name["sparse"] == ()


def test_samples_of_the_fresh_model_are_no_candidates() -> None:
    made = one_gap()
    made["batches"][0]["overfit"] = None
    assert Record.checked(made).samples_at(0) == []
    assert len(Record.checked(one_gap()).samples_at(0)) == 1
    assert Record.checked(one_gap()).samples_at(7) == []


def test_gaps_come_in_the_order_of_the_text() -> None:
    made = harbour()
    made["passages"].reverse()
    assert Record.checked(made).gaps == [0, 1, 2, 3]


def test_a_hostile_piece_is_read() -> None:
    assert len(Record.checked(hostile()).readings) == 4


def broken(kind: str) -> dict[str, Any]:
    made = one_gap()
    read(made, "fluffy", lambda gap: [(0, 9)])
    pick = made["readings"]["fluffy"]["gaps"]["0"][0]
    match kind:
        case "a block outside the text":
            made["essay"]["blocks"][0]["end"] = 1000
        case "a block that is not there":
            made["passages"][0]["block"] = 3
        case "a gap outside its block":
            made["passages"][0]["gap"] = 900
        case "a batch of no passage":
            made["batches"][0]["passage"] = 9
        case "a batch of no overfit":
            made["batches"][0]["overfit"] = 9
        case "a sample of no batch":
            made["samples"][0]["batch"] = 9
        case "a pick of no sample":
            pick["sample"] = 9
        case "a pick past the end":
            pick["end"] = 900
        case "a pick in no gap":
            made["readings"]["fluffy"]["gaps"] = {"5": [pick]}
        case "another format":
            made["format"] = "something else"
        case "nothing":
            made = {}
    return made


@pytest.mark.parametrize(
    "kind",
    [
        "a block outside the text", "a block that is not there", "a gap outside its block", "a batch of no passage",
        "a batch of no overfit", "a sample of no batch", "a pick of no sample", "a pick past the end",
        "a pick in no gap", "another format", "nothing",
    ],
)  # fmt: skip
def test_a_record_that_does_not_hold_together_is_refused_in_one_sentence(kind: str) -> None:
    with pytest.raises(PieceError, match=r"^piece\.json is wrong at .+\.$") as refusal:
        Record.checked(broken(kind))
    assert "\n" not in str(refusal.value)
