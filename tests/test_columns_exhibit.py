"""Three columns: what stands side by side, and the page it stands on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.making import harbour, hostile
from tests.commands import ROOT, Call
from verbosify.errors import PieceError
from verbosify.exhibits.columns import build_columns, compare
from verbosify.site.record import Record
from verbosify.words import plain_words

OURS = ROOT / "site" / "rovers" / "piece.json"


def test_each_row_has_the_passage_the_writers_next_words_and_the_machines() -> None:
    from verbosify.piece import read_record

    record = Record.checked(read_record(OURS))

    rows = compare(record)

    assert len(rows) >= 5
    said = [sample.text for sample in record.samples.values()]
    plain = re.sub(r"\s+", " ", re.sub(r"\[\w+\]|[*`_]", "", record.text))
    for row in rows:
        assert row.prompt in {passage.text for passage in record.passages.values()}
        assert row.writer in plain
        assert any(row.machine.rstrip(".") in text for text in said)
        assert row.writer not in row.prompt
        assert row.model == record.piece.model["name"]
    assert {row.machine_first for row in rows} == {True, False}
    assert len({row.key for row in rows}) == len(rows)


def test_the_writers_words_are_about_as_many_as_the_machines() -> None:
    from verbosify.piece import read_record

    rows = compare(Record.checked(read_record(OURS)))

    assert sum(abs(plain_words(row.writer) - plain_words(row.machine)) for row in rows) / len(rows) < 15


def test_where_a_paragraph_ends_or_somebody_changed_the_words_there_is_no_row() -> None:
    piece = harbour()
    every = compare(Record.checked(piece))
    record = Record.checked(piece)
    ends = {block["end"] for block in record.blocks}
    assert all(record.text.index(row.writer.split(".")[0]) for row in every)
    assert len(every) < len(record.first_reading.picks) or not ends
    for reading in piece["readings"].values():
        for picks in reading["gaps"].values():
            for pick in picks:
                pick["text"], pick["edited"] = f"Changed: {pick['text']}", True

    assert compare(Record.checked(piece)) == []


def test_a_reading_that_is_not_there_is_told() -> None:
    with pytest.raises(PieceError, match=r"has no reading 'nobody': choose one of"):
        compare(Record.checked(harbour()), "nobody")


def test_several_pieces_share_a_page_and_nothing_in_them_is_markup(tmp_path: Path) -> None:
    import json

    places = []
    for name, piece in (("a", harbour()), ("b", hostile())):
        (tmp_path / f"{name}.json").write_text(json.dumps(piece), encoding="utf-8")
        places.append(tmp_path / f"{name}.json")

    page = build_columns(places, tmp_path / "out", blind=True, title="<b>Who?</b>")

    text = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;Who?&lt;/b&gt;" in text
    assert "<script>" not in text
    assert 'data-blind="yes"' in text
    assert "may be false" in text
    assert "no-model" in text
    assert (tmp_path / "out" / "assets" / "columns.js").is_file()


def test_the_command_makes_the_page_and_says_where(call: Call, tmp_path: Path) -> None:
    said = call("exhibit", OURS, "--out", tmp_path / "page")

    assert said.out.strip() == str(tmp_path / "page" / "index.html")
    assert 'data-blind="no"' in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")


def test_a_piece_without_picks_has_nothing_to_compare(call: Call, tmp_path: Path) -> None:
    assert "nothing to compare" in call("exhibit", OURS, "--reading", "sparse", "--out", tmp_path / "page").err
