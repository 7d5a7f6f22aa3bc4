"""What users of gpt-2-simple reported about their corpora, each once, as it is here.

The numbers are those of its tracker; where there is none, the report is of the notebook of such bots, or of several
users in one thread.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_models import TRAINING_TEXT, write_gpt2
from verbosify.models.loading import load_model
from verbosify.models.settings import SamplingSettings
from verbosify.models.training.archives import clean_archive
from verbosify.models.training.corpus import END, START, read_corpus
from verbosify.workflow.tuning import CORPUS, Job, Said, tune


def chunk_of(path: Path, **options: Any) -> str:
    (chunk,) = read_corpus(path, on_notice=lambda _: None, **options)
    return chunk


def rows(*texts: str) -> str:
    return "".join(f"{START}{text}{END}\n" for text in texts)


def test_1_a_heading_is_no_post(tmp_path: Path) -> None:
    """Models that said `tweet_text`: the heading had been trained on."""
    (tmp_path / "t.csv").write_text("tweet_text\nIt is dim.\nIt is late.\n", encoding="utf-8")

    assert chunk_of(tmp_path / "t.csv") == rows("It is dim.", "It is late.")


def test_2_semicolons_of_a_european_spreadsheet_separate(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text;likes\nIt is dim, here;3\nIt is late, too;4\n", encoding="utf-8")

    assert chunk_of(tmp_path / "t.csv") == rows("It is dim, here", "It is late, too")


def test_3_a_column_of_ids_is_never_taken_for_the_posts(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,text\n100200300,It is dim.\n100200301,It is late.\n", encoding="utf-8")

    with pytest.raises(Exception, match="column='text'"):
        read_corpus(tmp_path / "t.csv")
    assert chunk_of(tmp_path / "t.csv", column="text") == rows("It is dim.", "It is late.")


def test_4_empty_rows_do_not_teach_the_model_to_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('text\nIt is dim.\n""\n\n" "\nIt is late.\n', encoding="utf-8")

    assert chunk_of(tmp_path / "t.csv") == rows("It is dim.", "It is late.")


def test_5_a_byte_order_mark_is_no_character_of_the_text(tmp_path: Path) -> None:
    """gpt-2-simple#263, which met one in another file."""
    (tmp_path / "t.csv").write_bytes("text\nIt is dim.\n".encode("utf-8-sig"))
    (tmp_path / "t.txt").write_bytes("It is dim.".encode("utf-16"))

    assert chunk_of(tmp_path / "t.csv") == rows("It is dim.")
    assert chunk_of(tmp_path / "t.txt") == "It is dim." + END


def test_6_utf8_is_read_as_utf8_whatever_the_computer_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """gpt-2-simple#9: `charmap` could not decode byte 0x81 on Windows."""
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "cp1252")
    (tmp_path / "t.txt").write_bytes("Ünder the Šink: 港 ā".encode())

    assert chunk_of(tmp_path / "t.txt") == "Ünder the Šink: 港 ā" + END


def test_7_samples_in_any_script_can_be_written_down(tmp_path: Path) -> None:
    """gpt-2-simple#213: fine-tuning on Persian died when it saved its samples."""
    from verbosify.workflow.tuning import SAMPLES_FILE, _add_sample, _read_samples

    _add_sample(tmp_path, Said(10, ("گیاه", "港")))
    with (tmp_path / SAMPLES_FILE).open("a", encoding="utf-8") as file:
        file.write('{"step": 20, "te')  # a kill in the middle

    assert list(_read_samples(tmp_path)) == [Said(10, ("گیاه", "港"))]


def test_8_markers_that_a_corpus_brings_along_are_not_doubled(tmp_path: Path) -> None:
    """gpt-2-simple#33 and #279: should one add them oneself? One need not, and nothing is lost if one did."""
    (tmp_path / "t.csv").write_text(f"text\n{START}It is dim.{END}\n{START} It is late. {END}\n", encoding="utf-8")

    assert clean_archive(tmp_path / "t.csv", on_notice=lambda _: None).texts == ("It is dim.", "It is late.")


def test_9_no_marker_stands_in_what_the_model_says(tmp_path: Path) -> None:
    """gpt-2-simple#40: prefix and suffix in the middle of samples."""
    model = load_model(write_gpt2(tmp_path / "model"), precision="fp32")
    (tmp_path / "t.csv").write_text("text\n" + "It is dim.\n" * 20, encoding="utf-8")
    said: list[Said] = []
    recipe = replace(CORPUS, steps=4, window_tokens=24, learning_rate=1e-2)
    settings = SamplingSettings(n=4, length=40, temperature=0.7, top_k=0, stops=(END,))

    tune(Job(corpus=tmp_path / "t.csv", out=tmp_path / "run", recipe=recipe, sample_every=4, settings=settings), model,
         on_said=said.append, on_notice=lambda _: None)  # fmt: skip

    (last,) = said
    assert len(last.texts) == 4
    assert not any(marker in text for text in last.texts for marker in (START, END))
    assert json.loads((tmp_path / "run" / "run.json").read_text())["prompt"] == START


def test_10_a_corpus_of_fewer_than_1024_tokens_can_be_trained_on(tmp_path: Path) -> None:
    """Many users: short corpora ended in an error about an empty range."""
    model = load_model(write_gpt2(tmp_path / "model"), precision="fp32")
    (tmp_path / "t.txt").write_text(TRAINING_TEXT[:80], encoding="utf-8")

    tuned = tune(
        Job(
            corpus=tmp_path / "t.txt", out=tmp_path / "run", recipe=replace(CORPUS, steps=2), held_out=0, sample_every=0
        ),
        model,
    )

    assert 2 <= tuned.window_tokens < 1024
    assert len(tuned.history) == 2
