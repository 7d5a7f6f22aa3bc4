"""Numbers of the record in words."""

from __future__ import annotations

from dataclasses import replace

from tests.browser.making import CARD, SETTINGS, harbour, measures, piece, read
from verbosify.piece import Opinion
from verbosify.site import labels
from verbosify.site.record import Record


def test_settings_left_neutral_are_not_told() -> None:
    assert labels.settings_facts(SETTINGS) == [
        ("temperature", "0.8"),
        ("top-k", "30"),
        ("tokens at most", "100"),
        ("samples a batch", "3"),
        ("seed", "7"),
    ]
    more = labels.settings_facts({"top_p": 0.95, "repetition_penalty": 1.2, "stops": ["\n", "END"]})
    assert more == [("top-p", "0.95"), ("repetition penalty", "1.2"), ("stops at", "'\\n', 'END'")]


def test_later_settings_are_told_where_they_are_recorded() -> None:
    found = labels.settings_facts({"min_p": 0.05, "num_beams": 4, "banned_strings": ["gull"]})

    assert found == [("min-p", "0.05"), ("beams", "4"), ("never says", "'gull'")]


def test_recipes_are_told_as_far_as_they_are_known() -> None:
    recipe = {"name": "classic", "window": "repeat", "steps": 1, "learning_rate": 1e-4}
    assert labels.recipe_words(recipe) == (
        "classic: the passage repeated until the window was full, 1 step, learning rate 0.0001"
    )
    assert labels.recipe_words({"name": "own", "steps": 2}) == "own: 2 steps"
    assert labels.recipe_words({}) == "unnamed"


def test_measures_are_told_where_there_is_something_to_tell() -> None:
    said = measures("one two", similarity=0.456, copied_words=1, sentence_similarities=[0.5, 0.25], reversal=True)
    assert labels.measure_facts(said) == [
        ("closeness to the passage", "0.46"),
        ("sentence by sentence", "0.50 0.25"),
        ("longest run copied", "1 word"),
        ("five-word runs copied", "0%"),
        ("four-word runs repeated", "0%"),
        ("opens by contradicting", "yes"),
    ]
    assert labels.measure_facts({}) == []
    assert labels.badges({}) == ()
    assert labels.badges(measures("one two", similarity=0.1)) == ("drifted",)


def test_picks_are_whole_trimmed_or_edited() -> None:
    record = Record.checked(harbour())
    fates = {
        reading.name: [labels.fate(record, pick) for _, pick in record.chosen(reading)] for reading in record.readings
    }
    assert fates["fluffy"][:2] == ["trimmed", "kept whole"]
    assert fates["by hand"] == ["trimmed", "edited by hand"]


def test_curators_are_named_and_programs_told_from_people() -> None:
    made = harbour()
    read(made, "both", lambda gap: [(0, None)])
    made["picks"][-1] |= {"curator": "Ada", "curator_kind": "person"}
    made["readings"]["nobody's"] = made["readings"]["both"]
    words = {reading.name: labels.curator_words(reading) for reading in Record.checked(made).readings}
    assert words["fluffy"] == "the built-in curator, a program"
    assert words["by hand"] == "Ada, by hand"
    assert words["both"] == "the built-in curator, a program and Ada, by hand"
    assert words["sparse"] == "nobody, since none is shown"
    assert words["nobody's"] == "somebody the record does not name"


def test_totals_count_candidates_apart_from_controls() -> None:
    made = harbour()
    told = dict(labels.totals(Record.checked(made)))
    assert told["samples"] == "16"
    assert told["time of the model"] == "11 s"
    assert "more from the model left fresh, to compare with" not in told
    made["batches"][3]["overfit"] = None
    told = dict(labels.totals(Record.checked(made)))
    assert told["samples"] == "12"
    assert told["more from the model left fresh, to compare with"] == "4"


def test_durations_are_as_long_as_they_need_be() -> None:
    assert [labels.duration(seconds) for seconds in (0.4, 59.6, 200, 7500)] == [
        "0 s",
        "1 min 0 s",
        "3 min 20 s",
        "2 h 5 min",
    ]


def test_a_card_without_the_optional_lines_is_told() -> None:
    full = dict(labels.model_facts(CARD | {"parameters": 134_515_008}))
    assert full["parameters"] == "134,515,008"
    short = {key: CARD[key] for key in ("name", "engine", "weights_sha256", "device", "dtype", "threads")} | {
        "versions": {}
    }
    assert [name for name, _ in labels.model_facts(short)] == ["model", "weights, SHA-256", "engine", "ran on"]


def test_what_all_picks_share_is_told_once() -> None:
    record = Record.checked(harbour())
    shared = labels.shared_facts(record)
    assert ("model", "no-model") in shared
    assert not any(name == "sample" for name, _ in shared)
    assert labels.shared_facts(Record.checked(piece([["A."]], lambda gap: [" B."]))) == []


def test_the_origin_of_a_control_says_that_nothing_was_overfitted() -> None:
    made = piece([["A."]], lambda gap: [" B."], choose={"fluffy": lambda gap: [(0, None)]})
    made["batches"][0] |= {"overfit": None, "reason": ""}
    record = Record.checked(made)
    ((_, pick),) = record.chosen(record.first_reading)
    facts = dict(labels.origin_facts(record, pick))
    assert facts["recipe"] == "none: the model left fresh"
    assert facts["batch"] == "1"


def test_what_the_fresh_model_did_not_expect_wears_a_badge() -> None:
    opinion = Opinion(sample=1, start=0, end=7, information=60.0, fluency=-3.0, surprise=9.5, flow=None)

    assert labels.badges(measures("one two", cut_off=True), opinion) == ("cut off", "off its rails")
    assert labels.badges(measures("one two"), replace(opinion, surprise=7.5)) == ()
    assert labels.badges({}, opinion) == ("off its rails",)
