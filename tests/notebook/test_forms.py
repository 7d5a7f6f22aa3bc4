"""The forms without a browser: what they hold, what they say, and what they remember."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.pieces import CARD
from tests.speaking_model import ESSAY
from verbosify.errors import EssayError, OutputError, SettingsError
from verbosify.essay import essay_from_text, read_essay, write_essay
from verbosify.models.protocol import LanguageModel, ModelCard
from verbosify.notebook.essay_form import EssayForm, SentencesForm
from verbosify.notebook.form_state import FILE, recall, remember
from verbosify.notebook.settings_form import SettingsForm
from verbosify.piece import Piece
from verbosify.workflow import Options
from verbosify.workflow.plan import make_plan


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "pieces"


def upload(name: str, content: bytes) -> dict[str, object]:
    return {
        "name": name,
        "type": "",
        "size": len(content),
        "content": memoryview(content),
        "last_modified": datetime(2024, 5, 1, tzinfo=UTC),
    }


def test_a_path_is_read_as_soon_as_it_is_named(tmp_path: Path, home: Path) -> None:
    (tmp_path / "quay.md").write_text(ESSAY)
    form = EssayForm("nowhere.md", home)
    assert "There is no file nowhere.md" in form.said.value
    form.path.value = str(tmp_path / "quay.md")
    assert "“The quay at night”: 90 words in 3 paragraphs." in form.said.value
    assert form.essay.name == "quay.md"


def test_no_essay_is_a_sentence(home: Path) -> None:
    form = EssayForm(home=home)
    assert "There is no essay yet" in form.said.value
    with pytest.raises(EssayError, match="There is no essay yet"):
        _ = form.essay


def test_an_upload_and_a_pasted_text_become_files_that_are_remembered(tmp_path: Path, home: Path) -> None:
    write_essay(essay_from_text(ESSAY, "quay.md"), {}, tmp_path / "quay.docx")
    form = EssayForm(home=home)
    form.upload.value = (upload("quay.docx", (tmp_path / "quay.docx").read_bytes()),)
    assert form.essay.format == "docx"
    assert EssayForm(home=home).essay.name == "quay.docx"
    form.pasted.value = "One sentence. Another one."
    form.use.click()
    assert EssayForm(home=home).essay.text == "One sentence. Another one."


def test_an_upload_that_is_no_essay_is_a_sentence(home: Path) -> None:
    form = EssayForm(home=home)
    form.upload.value = (upload("photo.png", b"\x89PNG"),)
    assert "an essay ends in .md, .txt or .docx" in form.said.value


def test_what_an_essay_says_is_never_html(tmp_path: Path, home: Path) -> None:
    (tmp_path / "x.md").write_text("# <img src=x onerror=alert(1)>\n\nOne. Two <b>bold</b>. Three.\n")
    assert "<img" not in EssayForm(tmp_path / "x.md", home).said.value
    assert "<img" not in SentencesForm(read_essay(tmp_path / "x.md"), home).passages.value


def test_sentences_are_mended_by_line_breaks_and_remembered(home: Path) -> None:
    essay = essay_from_text("One ends. Two ends. Three ends. Four ends.", "essay.md")
    form = SentencesForm(essay, home)
    assert "4 sentences make 2 passages" in form.said.value
    form.lines.value = "One ends. Two ends.\nThree ends.\nFour ends.\n"
    assert "3 sentences make 1 passage, and" in form.said.value
    assert SentencesForm(essay, home).sentences == form.lines.value
    other = essay_from_text("Another essay. It is short.", "essay.md")
    assert SentencesForm(other, home).lines.value.startswith("Another essay.")


def test_remembered_lines_of_a_piece_that_was_read_otherwise_stay_its_own(home: Path) -> None:
    today = essay_from_text("One ends. Two ends.\n\n- Three ends. Four ends.\n", "essay.md")
    then = replace(today, blocks=tuple(replace(block, kind="paragraph") for block in today.blocks))
    lines = SentencesForm(then, home).sentences
    plan = make_plan(then, home / "essay", Options(), lines)
    model = cast(LanguageModel, SimpleNamespace(card=ModelCard(**CARD)))
    Piece.open_or_create(home / "essay", plan.job(Options(), model.card), plan.passages).close()
    (home / "broken").mkdir()
    (home / "broken" / "piece.db").write_bytes(b"broken" * 200)

    form = SentencesForm(today, home)

    assert form.sentences == lines
    assert "4 sentences make 2 passages" in form.said.value
    assert make_plan(today, home / "essay", Options(), form.sentences).blocks == plan.blocks


def test_a_changed_word_is_told_by_its_line_and_not_remembered(home: Path) -> None:
    essay = essay_from_text("One ends. Two ends.", "essay.md")
    form = SentencesForm(essay, home)
    form.lines.value = "One ends.\nToo ends.\n"
    assert "Line 2 differs" in form.said.value
    with pytest.raises(EssayError, match="Line 2 differs"):
        _ = form.sentences
    assert SentencesForm(essay, home).lines.value == "One ends.\nTwo ends.\n"


def test_settings_become_options_and_are_remembered(home: Path) -> None:
    form = SettingsForm(home, n=5, limit=2)
    form.fields["temperature"].value = 0.9
    form.fields["recipe"].value = "passage"
    form.fields["strength"].value = 0.5
    again = SettingsForm(home, n=3)
    assert again.options == form.options
    assert (again.options.settings.n, again.options.most_samples, again.limit) == (5, 20, 2)
    assert (again.options.recipe.name, again.options.recipe.strength) == ("passage", 0.5)
    again.fields["limit"].value = 0
    assert again.limit is None
    assert "all passages" in again.said.value


def test_a_piece_goes_into_the_folder_named_or_one_called_as_the_essay(home: Path) -> None:
    form, essay = SettingsForm(home), essay_from_text("A text.", "quay.md")
    assert form.folder_for(essay) == home / "quay"
    form.fields["name"].value = "second try"
    assert form.folder_for(essay) == home / "second try"


def test_settings_out_of_range_are_a_sentence(home: Path) -> None:
    form = SettingsForm(home)
    form.fields["target"].min = 0
    form.fields["target"].value = 0.5
    assert "target is 0.5: it must be a number from 1 to 10." in form.said.value
    with pytest.raises(SettingsError):
        _ = form.options


@pytest.mark.parametrize("content", ["", "{", "[]", '{"settings": 3}', '{"settings": {"n": "many", "warmth": 1}}'])
def test_a_damaged_memory_is_as_none(home: Path, content: str) -> None:
    home.mkdir()
    (home / FILE).write_text(content)
    assert SettingsForm(home).options.settings.n == 10


def test_a_memory_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be a folder"):
        remember(tmp_path / "file", "essay", {"path": "x"})
    assert recall(tmp_path / "file", "essay") == {}
    form = EssayForm(home=tmp_path / "file")
    form.pasted.value = "One. Two."
    form.use.click()
    assert "cannot be a folder" in form.said.value
