"""A gallery built: in two stages, resumed, name by name; and what stands of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.galleries import NAMES, pipelines
from verbosify.errors import ModelError
from verbosify.exhibits.gallery import building
from verbosify.exhibits.gallery.building import Pipelines, Progress, build, reroll
from verbosify.exhibits.gallery.store import Gallery, GalleryError, gallery_lock
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.pipeline import Step, run


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model)


def test_every_name_has_a_description_and_code_made_of_it(model: LanguageModel, tmp_path: Path) -> None:
    with Gallery.in_folder(tmp_path, new=True) as gallery:
        told: list[Progress] = []

        assert build(gallery, NAMES, model, pipelines(tmp_path / "how"), on_progress=told.append) == []

        entries = gallery.entries("list")
        assert [entry.name for entry in entries] == list(NAMES) == [progress.name for progress in told]
        for entry in entries:
            assert entry.description is not None
            assert entry.code is not None
            assert entry.description.text.startswith(f"{entry.name} and the ferry")
            assert entry.code.question.inputs["description"] == entry.description.text
            assert entry.code.question.parent == entry.description.answer.id
            assert entry.description.chooser == "rule"
            assert entry.description.drawn == 3


def test_a_build_goes_on_where_it_was_and_asks_for_nothing_again(model: LanguageModel, tmp_path: Path) -> None:
    """† 000: the script wrote its file only at the end, so that partial work was lost."""
    how = pipelines(tmp_path / "how")

    def stop_at_the_second(progress: Progress) -> None:
        if progress.number == 2:
            raise KeyboardInterrupt

    with Gallery.in_folder(tmp_path, new=True) as gallery, pytest.raises(KeyboardInterrupt):
        build(gallery, NAMES[:4], model, how, on_progress=stop_at_the_second)
    with Gallery.in_folder(tmp_path) as gallery:
        there = [entry.description for entry in gallery.entries()]
        assert [said is not None for said in there] == [True, True, False, False]
        build(gallery, NAMES[:4], model, how)
        again = [entry.description for entry in gallery.entries()]
        assert again[:2] == there[:2]
        assert None not in again
        assert len(gallery.questions()) == 8


def test_a_build_that_was_killed_while_it_recorded_goes_on(model: LanguageModel, tmp_path: Path) -> None:
    how = pipelines(tmp_path / "how")
    with Gallery.in_folder(tmp_path, new=True) as gallery:
        gallery.add("MothLamp", "list")
        question = building.next_question(gallery, "MothLamp", "description", how, 0, "list", None)
        assert question is not None
        run(how.description, model, question.inputs, seed=question.seed, recorder=gallery.recorder(question))
    with Gallery.in_folder(tmp_path) as gallery:
        assert build(gallery, ["MothLamp"], model, how) == []
        assert len(gallery.questions()) == 2
        assert len(gallery.answers(question)) == 3


def test_what_fails_at_one_name_is_told_and_the_others_are_built(model: LanguageModel, tmp_path: Path) -> None:
    """† 000: the script panicked on the first failure."""
    how = pipelines(tmp_path / "how")
    picky = Pipelines(replace(how.description, refuse=(Step("has", {"texts": ["And/Or"]}),)), how.code)

    class Failing:
        """The model, which fails when it is asked of one name."""

        def __getattr__(self, name: str) -> Any:
            return getattr(model, name)

        def sample(self, prompt: str, *arguments: Any) -> Any:
            if "Sure" in prompt:
                raise ModelError("The memory is full.")
            return model.sample(prompt, *arguments)

    with Gallery.in_folder(tmp_path, new=True) as gallery:
        failing: Any = Failing()
        troubled = build(gallery, NAMES[:4], failing, picky)

        assert [(progress.name, progress.trouble) for progress in troubled] == [
            ("And/Or", "And/Or has no description: None of 6 answers passed (6 × holds 'And/Or')."),
            ("99% Sure", "The memory is full."),
        ]
        assert [entry.code is not None for entry in gallery.entries()] == [True, False, False, True]
        assert len(gallery.asked("and/or", "description")) == 3
        again = build(gallery, NAMES[:4], model, picky)
        assert [progress.trouble for progress in again] == ["And/Or has no description: it was asked for often enough"]


def test_the_parts_can_be_built_one_after_the_other(model: LanguageModel, tmp_path: Path) -> None:
    how = pipelines(tmp_path / "how")
    with Gallery.in_folder(tmp_path, new=True) as gallery:
        assert build(gallery, ["MothLamp"], model, how, parts=["code"])[0].trouble
        build(gallery, ["MothLamp"], model, how, parts=["description"])
        entry = gallery.entry("mothlamp")
        assert entry.description is not None
        assert entry.code is None
        gallery.edit(entry.description.question, entry.description.answer.id, "It glows.", chooser="Ada")
        build(gallery, ["MothLamp"], model, how)
        entry = gallery.entry("MothLamp")
        assert entry.code is not None
        assert entry.code.question.inputs["description"] == "It glows."


def test_a_part_is_asked_for_again_and_code_follows_the_description_that_stands(
    model: LanguageModel, tmp_path: Path
) -> None:
    how = pipelines(tmp_path / "how")
    with Gallery.in_folder(tmp_path, new=True) as gallery:
        build(gallery, ["MothLamp"], model, how)
        before = gallery.entry("MothLamp")
        assert before.description is not None

        assert reroll(gallery, "MothLamp", "description", model, how) == ""

        after = gallery.entry("MothLamp")
        assert after.description is not None
        assert after.description.answer.id != before.description.answer.id
        if after.description.text != before.description.text:
            assert after.code is None
        assert reroll(gallery, "MothLamp", "code", model, how) == ""
        assert gallery.entry("MothLamp").code is not None


def test_names_that_differ_in_case_alone_are_one(tmp_path: Path) -> None:
    with Gallery.in_folder(tmp_path, new=True) as gallery:
        assert gallery.add("MothLamp", "list") == gallery.add("MOTHLAMP", "visitor")
        assert gallery.find("mothlamp") == gallery.entry("mothlamp")
        assert gallery.find("nothing") is None
        with pytest.raises(GalleryError, match="no 'Owl' in this gallery"):
            gallery.entry("Owl")


def test_one_process_builds_at_a_time(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom verbosify.exhibits.gallery.store import gallery_lock\n"
        "with gallery_lock(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()"
    )
    held = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert held.stdout is not None
    assert held.stdout.readline() == "held\n"
    with pytest.raises(GalleryError, match="Another process"), gallery_lock(tmp_path):
        pass
    held.communicate("")
    with gallery_lock(tmp_path):
        pass


def test_a_folder_without_a_gallery_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="There is not a gallery at"):
        Gallery.in_folder(tmp_path)


def test_our_own_pipelines_can_be_read() -> None:
    how = Pipelines.read()

    assert how.description.choose.rule == "best"
    visitors = how.for_visitors(["rot"])
    assert visitors.of("code").choose.rule == "first"
    assert visitors.of("description").refuse[0] == Step("forbidden_words", {"words": ["rot"]})
    assert how.for_visitors().description.inputs == how.description.inputs
