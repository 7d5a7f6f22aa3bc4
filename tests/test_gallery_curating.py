"""Choosing by hand: keep, change the words, ask again, show none, and take it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.galleries import pipelines, write_gallery
from verbosify.errors import InputError, ModelError
from verbosify.exhibits.gallery.curating import Curating, curating_app
from verbosify.exhibits.gallery.store import Entry, Gallery
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.web.serving import running


@dataclass
class Desk:
    """The page at work."""

    folder: Path
    client: httpx.Client

    def act(
        self, what: str, part: str = "description", answer: int | str = "", text: str = "", slug: str = "rain"
    ) -> int:
        form = {"what": what, "part": part, "answer": str(answer), "text": text}
        return self.client.post(f"/name/{slug}", data=form).status_code

    @property
    def entry(self) -> Entry:
        with Gallery.in_folder(self.folder) as gallery:
            return gallery.entry("Rain")


@pytest.fixture
def desk(speaking_model: Path, tmp_path: Path) -> Iterator[Desk]:
    model = load_model(speaking_model)
    folder = write_gallery(tmp_path / "gallery", model, ["MothLamp", "Rain"])
    state = Curating(folder, pipelines(tmp_path / "how"), "Grace", lambda: model)
    with running(curating_app(state)) as address, httpx.Client(base_url=address, timeout=120) as client:
        yield Desk(folder, client)


def test_the_page_tells_whose_choice_each_name_is(desk: Desk) -> None:
    page = desk.client.get("/").text

    assert "description not chosen yet, code not chosen yet" in page
    assert page.index(">MothLamp<") < page.index(">chosen<") < page.index(">Rain<")


def test_what_passed_is_offered_and_kept(desk: Desk) -> None:
    with Gallery.in_folder(desk.folder) as gallery:
        question = gallery.asked("rain", "description")[0]
        passed = [answer for answer in gallery.answers(question) if answer.refused is None]
    page = desk.client.get("/name/rain").text
    assert page.count('aria-label="Keep candidate') >= len(passed)

    assert desk.act("keep", answer=passed[-1].id) == 303

    said = desk.entry.description
    assert said is not None
    assert (said.answer.id, said.chooser, said.edited) == (passed[-1].id, "Grace", False)
    assert "chosen by <bdi>Grace</bdi>" in desk.client.get("/name/rain").text


def test_words_are_changed_hidden_and_brought_back(desk: Desk) -> None:
    before = desk.entry.description
    assert before is not None

    assert desk.act("edit", answer=before.answer.id, text="It rains.\r\nStill.\r\n") == 303
    edited = desk.entry
    assert edited.description is not None
    assert (edited.description.text, edited.description.edited) == ("It rains.\nStill.", True)
    assert edited.code is None
    assert desk.act("clear") == 303
    assert desk.entry.description is None
    assert "Nothing stands." in desk.client.get("/name/rain").text
    for way, text in (("undo", "It rains.\nStill."), ("undo", before.text), ("redo", "It rains.\nStill.")):
        assert desk.act(way) == 303
        said = desk.entry.description
        assert said is not None
        assert said.text == text
    assert desk.act("undo", part="code") == 303


def test_it_is_asked_again_and_the_old_answers_stay_to_choose_from(desk: Desk) -> None:
    before = desk.client.get("/name/rain").text.count("Keep candidate")

    assert desk.act("reroll") == 303
    assert desk.act("reroll", part="code") == 303

    assert desk.client.get("/name/rain").text.count("Keep candidate") > before


def test_what_makes_no_sense_is_refused(desk: Desk) -> None:
    with Gallery.in_folder(desk.folder) as gallery:
        other = gallery.asked("mothlamp", "description")[0]
        foreign = gallery.answers(other)[0].id

    assert desk.act("keep", answer=foreign) == 422
    assert desk.act("keep", answer="nine") == 422
    assert desk.act("edit", answer=foreign, text=" ") == 422
    assert desk.act("explode") == 422
    assert desk.act("keep", part="cover") == 422
    assert desk.act("keep", slug="nothing") == 404
    assert desk.client.get("/name/nothing").status_code == 404
    foreign_page = {"Origin": "https://evil.example"}
    assert (
        desk.client.post("/name/rain", data={"what": "clear", "part": "code"}, headers=foreign_page).status_code == 403
    )


def test_a_model_that_cannot_be_had_is_told_of(desk: Desk, tmp_path: Path) -> None:
    def load() -> LanguageModel:
        raise ModelError("There is no model called nothing.")

    state = Curating(desk.folder, pipelines(tmp_path / "how"), "Grace", load)
    with running(curating_app(state)) as address:
        response = httpx.post(
            f"{address}/name/rain", data={"what": "reroll", "part": "code"}, headers={"Accept": "text/html"}
        )
    assert response.status_code == 422
    assert "There is no model called nothing." in response.text


@pytest.mark.parametrize("name", ["", " ", "rule"])
def test_who_chooses_has_a_name(desk: Desk, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="Who chooses"):
        Curating(desk.folder, pipelines(tmp_path / "how"), name, lambda: load_model("nothing"))
