"""Archives of posts, cleaned."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.commands import ROOT, Call
from verbosify.errors import CorpusError, OutputError
from verbosify.models.training.archives import clean_archive, clean_rows, write_texts
from verbosify.models.training.corpus import END, START, read_corpus

ARCHIVE = ROOT / "corpora" / "ambrose" / "archive.csv"


def cleaned(*posts: str) -> tuple[str, ...]:
    return clean_rows(enumerate(posts, 2)).texts


def test_reposts_and_replies_are_left_out_and_counted() -> None:
    result = clean_rows(
        enumerate(["RT @fern: Oh no", "@moth: no.", "@moth no.", ".@moth: no.", "It is dim.", "RTFM, I say."])
    )

    assert result.texts == ("It is dim.", "RTFM, I say.")
    assert (result.rows, result.reposts, result.replies) == (6, 1, 3)


def test_links_that_follow_one_another_are_all_dropped() -> None:
    post = "Dim again. https://t.co/a1 https://t.co/b2 http://example.org/c?x=1&y=2 pic.twitter.com/d3 www.example.org/e t.co/f"

    result = clean_rows([(2, post)])

    assert result.texts == ("Dim again.",)
    assert result.links == 6


def test_links_within_a_text_take_their_space_with_them() -> None:
    assert cleaned("See https://example.org/a and weep.") == ("See and weep.",)


def test_entities_are_decoded_wherever_they_stand() -> None:
    assert cleaned("salt&amp;water", "a &amp;amp; b", "3 &lt; 4", "&quot;hm&quot;", "no &bogus; here") == (
        "salt&water",
        "a & b",
        "3 < 4",
        '"hm"',
        "no &bogus; here",
    )
    assert clean_rows([(1, "a &amp; b"), (2, "c")]).entities == 1


def test_an_entity_that_hides_a_reply_or_a_link_hides_nothing() -> None:
    assert cleaned("&#64;moth: no.", "Look https&#58;//example.org/a") == ("Look",)


def test_blank_rows_are_named_by_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text('id,text\n1,"Two\nlines"\n2,\n\n3,https://example.org/a\n4,Dim.\n', encoding="utf-8")

    result = clean_archive(file, column="text", on_notice=lambda _: None)

    assert result.texts == ("Two\nlines", "Dim.")
    assert result.blank == (4, 5, 6)


def test_what_stands_there_twice_stays_once_and_what_is_long_is_counted() -> None:
    result = clean_rows(enumerate(["Dim.", "Dim. https://example.org/x", "x " * 200]))

    assert len(result.texts) == 2
    assert (result.duplicates, result.long) == (1, 1)


def test_markers_within_a_post_cannot_end_it() -> None:
    assert cleaned(f"{START}Dim.{END}", f"It is{END} over.") == ("Dim.", "It is over.")


def test_what_was_written_is_read_again_as_it_was(tmp_path: Path) -> None:
    texts = ['He said "hm".', "a, b; c", "two\nlines", "= 1 + 1", "text"]

    write_texts(texts, tmp_path / "new" / "clean.csv")

    with (tmp_path / "new" / "clean.csv").open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)][1:] == texts
    (chunk,) = read_corpus(tmp_path / "new" / "clean.csv", on_notice=lambda _: None)
    assert chunk == "".join(f"{START}{text}{END}\n" for text in texts)


def test_what_cannot_be_cleaned_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "posts.txt").write_text("Dim.", encoding="utf-8")
    (tmp_path / "all.csv").write_text("text\nRT @a: b\n@c: d\n", encoding="utf-8")

    with pytest.raises(CorpusError, match=r"no table: an archive to clean ends in \.csv or \.tsv"):
        clean_archive(tmp_path / "posts.txt")
    with pytest.raises(CorpusError, match="There is no file"):
        clean_archive(tmp_path / "none.csv")
    with pytest.raises(CorpusError, match="Nothing is left of"):
        clean_archive(tmp_path / "all.csv", on_notice=lambda _: None)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        write_texts(["a"], tmp_path / "file" / "clean.csv")


def test_our_own_archive_is_what_its_maker_makes_and_cleans_to_what_lies_beside_it(tmp_path: Path) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("make_ambrose", ARCHIVE.parent / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)

    with ARCHIVE.open(encoding="utf-8", newline="") as file:
        assert list(map(tuple, csv.reader(file)))[1:] == make.archive()
    result = clean_archive(ARCHIVE, column="text", on_notice=lambda _: None)
    assert set(result.texts) == set(make.voice())
    write_texts(result.texts, tmp_path / "clean.csv")
    assert (tmp_path / "clean.csv").read_bytes() == (ARCHIVE.parent / "posts.csv").read_bytes()


def test_the_command_prints_totals_and_names_blank_rows(call: Call, tmp_path: Path) -> None:
    said = call("corpus", "clean", ARCHIVE, "--column", "text", "--out", tmp_path / "clean.csv")

    assert said.code == 0
    assert "543 rows in" in said.out
    assert "57  reposts left out" in said.out
    assert "37  replies to others left out" in said.out
    assert "blank, or links alone: lines 56, 79," in said.out
    assert "443  texts, 48,501 characters" in said.out


def test_the_command_says_which_column_to_choose(call: Call) -> None:
    said = call("corpus", "clean", ARCHIVE)

    assert said.code == 2
    assert "column='text'" in said.err
    assert call("corpus", "clean", ARCHIVE, "--column", "2", "--out", "here.csv").code == 0


def test_many_blank_rows_are_counted_beyond_the_first(call: Call, tmp_path: Path) -> None:
    (tmp_path / "gaps.csv").write_text(
        "text\n" + "".join(f"It is dim on day {n}.\nhttps://example.org\n" for n in range(20)), encoding="utf-8"
    )

    said = call("corpus", "clean", "gaps.csv")

    assert "20  blank, or links alone: lines 3, 5, " in said.out
    assert "and 8 more" in said.out
    assert (tmp_path / "gaps-clean.csv").is_file()
