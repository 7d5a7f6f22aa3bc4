"""What of a record is published."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.browser.making import harbour, piece
from verbosify.piece import import_piece
from verbosify.piece.checking import check
from verbosify.site import build_site
from verbosify.site.published import published

NOTES = ("%%ask Ruth%%", "<!-- ask Ruth -->", "ask Ruth")


def noted(form: str = "md") -> dict[str, Any]:
    """A piece as an earlier verbosify made it, with notes in its text."""
    prose = ["We sailed <!-- ask Ruth --> north.", "It was %%ask Ruth%% cold.", "We slept."]
    blocks = ["# On Ferries", prose, "<!-- ask Ruth -->", "[//]: # (ask Ruth)", "- bread <!-- ask Ruth -->"]
    made = piece(
        blocks,
        lambda gap: ["The quay was empty."],
        form=form,
        choose={"fluffy": lambda gap: [(0, None)]},
        title="On Ferries",
    )
    return made | {"fingerprint": published(check(made)).fingerprint}


def test_no_note_of_an_earlier_record_is_in_any_file_of_the_site(tmp_path: Path) -> None:
    for form in ("md", "txt"):
        files = build_site([noted(form)], tmp_path / form)

        texts = [path.read_text("utf-8") for path in files if path.suffix in (".html", ".txt", ".json")]
        assert not [note for note in NOTES for text in texts if note in text]
        assert "We sailed north. It was cold. We slept. The quay was empty." in (
            tmp_path / form / "fluffy.txt"
        ).read_text("utf-8")


def test_what_is_published_of_such_a_record_is_a_record(tmp_path: Path) -> None:
    left = published(check(noted()))

    with import_piece(left, tmp_path / "piece") as opened:
        assert [passage.text for passage in opened.passages()] == ["We sailed north. It was cold. We slept."]
        assert opened.job.essay_text.index("We slept.") == noted()["essay"]["text"].index("We slept.")


def test_a_word_document_is_not_published_with_its_comments_and_its_author() -> None:
    made = harbour()
    made["essay"] |= {"format": "docx", "source_base64": b64encode(b"PK, and comments").decode()}

    assert published(check(made)).essay == replace(check(made).essay, source_base64=None)


def test_a_record_without_notes_is_published_as_it_is() -> None:
    assert published(check(harbour())) == check(harbour())
