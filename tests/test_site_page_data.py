"""What the script is handed: compact, complete, and harmless inside a page."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.browser.making import harbour, measures, piece
from verbosify.site.page_data import page_data
from verbosify.site.pages import PiecePages
from verbosify.site.record import Record
from verbosify.web import as_script_data


def data_of(made: dict[str, Any]) -> dict[str, Any]:
    site = PiecePages(Record.checked(made))
    return json.loads(json.dumps(page_data(site.record, site.gaps, site.names, site.words)))


def test_every_gap_has_its_samples_and_the_readings_standings() -> None:
    data = data_of(harbour())
    assert [len(gap["s"]) for gap in data["gaps"]] == [4, 4, 4, 4]
    assert [(reading["name"], reading["page"]) for reading in data["readings"]] == [
        ("fluffy", "index.html"), ("strange", "strange.html"), ("by-hand", "by-hand.html"), ("sparse", "sparse.html"),
    ]  # fmt: skip
    assert data["readings"][0]["gaps"][:2] == [[0, 0, 0, 1], [1, 1, 0, 2]]
    assert data["readings"][2]["gaps"] == [[0, 4, 0, 1]]
    assert data["gaps"][0]["x"][0]["e"] == 1
    assert sum(data["between"]) == data["words"]
    assert dict(data["batches"][0])["loss on the passage"] == "3.71 → 2.15 nats a token"


def test_a_sample_has_its_sentences_words_badges_and_measures() -> None:
    first, *_, last = data_of(harbour())["gaps"][0]["s"]
    assert first["u"] == [
        "The clock stood still and the gulls went on without it. ",
        "The harbour master kept his own time.",
    ]
    assert first["w"] == [11, 7]
    assert first["t"] == " He never told"
    assert "f" not in first
    assert first["c"] == 0.5
    assert last["f"] == ["cut off"]


def test_being_cut_off_is_no_reproach_when_whole_sentences_come_before() -> None:
    made = piece([["A."]], lambda gap: [" One stayed. Two"])
    made["samples"][0]["measures"] = measures("One stayed. Two", cut_off=True, similarity=None)
    sample = data_of(made)["gaps"][0]["s"][0]
    assert "f" not in sample
    assert "c" not in sample


def test_a_sample_without_measures_is_shown_all_the_same() -> None:
    made = piece([["A."]], lambda gap: [" One stayed."])
    made["samples"][0]["measures"] = {}
    assert data_of(made)["gaps"][0]["s"][0]["u"] == ["One stayed."]


def test_probabilities_become_levels_of_a_logarithmic_scale() -> None:
    made = piece([["A."]], lambda gap: [" One 🙂."])
    scores = {"tokens": [" One", " 🙂", "."], "base": [1.0, 0.1, 0.0], "overfitted": [0.5, 0.01, 1e-30]}
    made["scores"] = [{"sample": 1, **scores, "created": ""}]
    assert data_of(made)["gaps"][0]["s"][0]["k"] == {"n": [4, 3, 1], "b": "0gz", "o": "9nz"}


@given(
    st.recursive(
        st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
    )
)
def test_script_data_reads_back_and_cannot_end_its_element(value: object) -> None:
    text = as_script_data(value)
    assert json.loads(text) == value
    assert not set("<>&") & set(text)


def test_of_many_samples_the_page_carries_the_chosen_and_the_closest_under_their_own_numbers() -> None:
    made = piece([["A."]], lambda gap: [f" Number {number} stayed." for number in range(30)])
    for number, sample in enumerate(made["samples"]):
        closeness = 0.5 + (number * 7 % 30) / 100
        sample["measures"] = measures(sample["text"], similarity=closeness, repeated_sentences=(number + 1) % 2)
    chosen = {standing[1] for reading in data_of(made)["readings"] for standing in reading["gaps"]}

    (gap,) = data_of(made)["gaps"]

    odd, even = (sorted(range(first, 30, 2), key=lambda number: -(number * 7 % 30)) for first in (1, 0))
    expected = [*chosen, *(number for number in [*odd, *even] if number not in chosen)][:16]
    assert {number for number, sample in enumerate(gap["s"]) if sample["u"]} == set(expected)
    assert len(gap["s"]) == 30
    assert gap["o"] == 14
