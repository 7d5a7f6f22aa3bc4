"""Studies as they are declared: what they ask, each once, and what is refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from verbosify.errors import SettingsError
from verbosify.studies import Cell, read_study, study_names
from verbosify.studies.grid import study_from
from verbosify.studies.places import LARGEST, TEXTS, corpus, paragraphs_of, places_in, prose_of
from verbosify.studies.running import cells_of, estimate, tasks_of
from verbosify.studies.sampling import ROWS, SETS
from verbosify.studies.training import Training, of_recipe

SMALL: dict[str, Any] = {
    "texts": ["lamp"],
    "places": 2,
    "samples": 4,
    "trainings": {"once": {"window": "once"}, "nothing": {}},
    "cells": [{"trainings": ["once", "nothing"], "settings": {"temperature": [0.5, 1.0], "top_k": [30]}}],
}


@pytest.mark.parametrize("name", study_names())
def test_a_study_of_ours_has_enough_places_texts_and_samples(name: str) -> None:
    study = read_study(name)
    assert len(study.chosen()) >= 20
    assert len({place.text for place in study.chosen()}) >= 5
    assert study.samples >= 10
    assert study.title
    assert study.question.endswith("?")


def test_all_studies_take_less_than_six_hours_on_two_cores() -> None:
    assert estimate(cells_of(map(read_study, study_names()))) < 6 * 3600


def test_studies_share_their_cells() -> None:
    studies = [read_study(name) for name in study_names()]
    together = cells_of(studies)
    assert len(together) < sum(len(study.cells()) for study in studies)
    assert len({cell.key for cell in together}) == len(together)


def test_a_grid_is_every_combination_at_every_place() -> None:
    study = study_from("small", SMALL)
    cells = study.cells()
    assert len(cells) == 2 * 2 * 2
    assert {(study.label_of(cell), cell.place, cell.settings.temperature) for cell in cells} == {
        (name, place.name, temperature)
        for name in ("once", "nothing")
        for place in study.chosen()
        for temperature in (0.5, 1.0)
    }
    assert {cell.settings.n for cell in cells} == {4}


def test_cells_at_a_place_share_their_seed_and_those_of_other_places_do_not() -> None:
    cells = study_from("small", SMALL).cells()
    assert len({(cell.place, cell.settings.seed) for cell in cells}) == len({cell.place for cell in cells}) == 2


def test_a_cell_can_be_written_down() -> None:
    for cell in read_study("material").cells()[:30]:
        assert Cell.from_dict(cell.to_dict()) == cell
        assert Cell.from_dict(cell.to_dict()).key == cell.key


def test_what_another_training_would_say_has_another_key() -> None:
    keys = [cell.key for name in study_names() for cell in read_study(name).cells()]
    changed = study_from("small", SMALL | {"trainings": {"once": {"window": "once", "steps": 2}, "nothing": {}}})
    same, other = study_from("small", SMALL).cells(), changed.cells()
    assert [one.key == two.key for one, two in zip(same, other, strict=True)] == [False] * 4 + [True] * 4
    assert len(set(keys)) > 2000


def test_cells_that_one_training_serves_are_one_task() -> None:
    tasks = tasks_of(read_study("window").cells(), at_once=False)
    assert all(len({cell.taught for cell in task}) == 1 for task in tasks)
    assert max(len({cell.strength for cell in task}) for task in tasks) == 5


def test_a_task_of_a_card_fills_its_stack_and_no_more() -> None:
    cells = cells_of(map(read_study, study_names()))
    tasks = tasks_of(cells, at_once=True)
    assert sorted(cell.key for task in tasks for cell in task) == sorted(cell.key for cell in cells)
    for task in tasks:
        sets = {(cell.taught, cell.strength, cell.passage) for cell in task}
        assert len(sets) <= SETS or len({cell.taught for cell in task}) == 1
        assert sum(cell.settings.n for cell in task) <= 2 * ROWS


def test_every_text_has_places_with_sentences_of_its_own_before_them() -> None:
    for text in TEXTS:
        places = places_in(text, 3)
        assert len({place.number for place in places}) == 3
        for place in places:
            assert len(place.sentences) == LARGEST
            assert place.passage(LARGEST).endswith(place.passage(3))
            assert place.passage(3) in " ".join(" ".join(paragraph) for paragraph in paragraphs_of(text))


def test_a_text_without_room_has_no_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "short.md").write_text("One sentence. Another one.")
    monkeypatch.setattr("verbosify.studies.places.texts_folder", lambda: tmp_path)
    assert places_in("short", 3) == []
    with pytest.raises(SettingsError, match="No text has a place"):
        study_from("short", SMALL | {"texts": ["short"]})


def test_the_corpus_is_of_another_subject_than_the_texts() -> None:
    assert len(corpus().split()) > 20_000
    assert all(prose_of(text) not in corpus() for text in TEXTS)


def test_a_named_recipe_is_a_training() -> None:
    assert of_recipe("passage") == Training(window="once")
    assert of_recipe("original") == Training(window="original", windows=5)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"colour": 1}, "A study has no 'colour'"),
        ({"cells": []}, "without cells"),
        ({"texts": ["nowhere"]}, "no text 'nowhere'"),
        ({"places": 0}, "places is 0"),
        ({"samples": True}, "samples is True"),
        ({"trainings": {"once": {"windows": "once"}, "nothing": {}}, "cells": [{"trainings": ["once"]}]}, "windows"),
        ({"trainings": {"once": {"window": "twice"}}}, "window is 'twice'"),
        ({"trainings": {"once": {"window": "once", "epochs": 1}}}, "leave one out"),
        ({"trainings": {"once": {"epochs": -1}}}, "epochs is -1"),
        ({"trainings": {"once": {"depth": 1}}}, "no field 'depth'"),
        ({"trainings": {"once": 3}}, "A training is 3"),
        ({"cells": [{"trainings": ["other"]}]}, r"no \[trainings.other\]"),
        ({"cells": [{"trainings": []}]}, "trainings of"),
        ({"cells": [{"trainings": ["nothing"], "strengths": [0.5]}]}, "Only a passage"),
        ({"cells": [{"trainings": ["once"], "strengths": [3.0]}]}, "strength is 3.0"),
        ({"cells": [{"trainings": ["once"], "lengths": [0]}]}, "a length is 0"),
        ({"cells": [{"trainings": ["once"], "sizes": [9]}]}, "passage of 9 sentences"),
        ({"cells": [{"trainings": ["once"], "settings": {"top_k": 3}}]}, "table of lists"),
        ({"cells": [{"trainings": ["once"], "settings": {"warmth": [3]}}]}, "warmth"),
        ({"cells": [{"trainings": ["once"], "weather": 1}]}, "no 'weather'"),
        ({"cells": [{"trainings": [["once"]]}]}, r"no \[trainings\.\['once'\]\]"),
        ({"cells": [{"trainings": ["once"], "sizes": ["three"]}]}, "a size is 'three'"),
        ({"cells": ["once"]}, r"cells holds 'once'.+ write \[\[cells\]\]\.$"),
        ({"cells": {"trainings": ["once"]}}, r"^cells is .+ write \[\[cells\]\]\.$"),
        ({"texts": "lamp"}, r'^texts is \'lamp\': it must be a list of names: write texts = \["lamp"\]\.$'),
        ({"trainings": 3}, "^trainings is 3: it must be tables"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        study_from("wrong", SMALL | change)


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('texts = ["lamp"]\n[trainings.nothing]\n[[cells]]\ntrainings = ["nothing"]\n')
    assert read_study(path).name == "mine"
    path.write_text(path.read_text(), encoding="utf-8-sig")  # as some editors save
    assert read_study(path).name == "mine"
    path.write_text("texts = [")
    with pytest.raises(SettingsError, match="is no TOML"):
        read_study(path)
    path.write_bytes(b"\xc6\x00")
    with pytest.raises(SettingsError, match="is no TOML"):
        read_study(path)
    path.write_text("texts = 3\nflavour = 1")
    with pytest.raises(SettingsError, match="In the study mine: A study has no 'flavour'"):
        read_study(path)
    with pytest.raises(SettingsError, match="choose length, material"):
        read_study("mine")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_study(tmp_path / "missing.toml")
