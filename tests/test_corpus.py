"""Texts to fine-tune on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import CorpusError
from verbosify.models.training.corpus import (
    COMBINE,
    END,
    START,
    draw_windows,
    hold_out,
    read_corpus,
    split_windows,
    window_length,
)

CHUNKS = st.lists(st.integers(1, 30), min_size=1, max_size=5).map(
    lambda sizes: [list(range(100 * number, 100 * number + size)) for number, size in enumerate(sizes)]
)


def test_texts_follow_one_another_with_the_end_marker_behind_each() -> None:
    assert read_corpus(["one", "two"]) == ["one<|endoftext|>two<|endoftext|>"]


def test_a_folder_is_read_in_the_order_of_names_whatever_lies_below_it(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.md").write_text("third", encoding="utf-8")
    (tmp_path / "a.txt").write_text("first", encoding="utf-8")
    (tmp_path / "b" / "a.csv").write_text("tweet,date\nsecond,today\n", encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "d.txt").write_text("never", encoding="utf-8")

    assert read_corpus(tmp_path) == ["first<|endoftext|><|startoftext|>second<|endoftext|>\nthird<|endoftext|>"]


def test_rows_of_a_table_stand_between_markers_and_the_heading_is_left_out(tmp_path: Path) -> None:
    table = tmp_path / "tweets.csv"
    table.write_text('tweet,date\n"Hello, world",1\n\n"two\nlines",2\n', encoding="utf-8")

    assert read_corpus(table) == ["<|startoftext|>Hello, world<|endoftext|>\n<|startoftext|>two\nlines<|endoftext|>\n"]


def test_a_long_text_ends_its_chunk_without_a_marker(tmp_path: Path) -> None:
    assert read_corpus(["x" * COMBINE, "short"]) == ["x" * COMBINE, "short<|endoftext|>"]


@pytest.mark.parametrize("texts", [[], [""], ["  \n", ""]])
def test_nothing_to_train_on_is_told(texts: list[str]) -> None:
    with pytest.raises(CorpusError, match="no text to fine-tune on"):
        read_corpus(texts)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "zeros.txt").write_bytes(b"a\0b")
    (tmp_path / "word.txt").write_bytes(rb"{\rtf1 Hello}")
    (tmp_path / "empty").mkdir()

    with pytest.raises(CorpusError, match=r"zeros\.txt is not a text file .*: a text to fine-tune on ends in \.csv, "):
        read_corpus(tmp_path / "zeros.txt")
    with pytest.raises(
        CorpusError, match=r"word\.txt is not plain text but RTF: open it, and save its text as \.csv, "
    ):
        read_corpus(tmp_path / "word.txt")
    with pytest.raises(CorpusError, match=r"holds no \.txt, \.md, \.csv or \.tsv file"):
        read_corpus(tmp_path / "empty")
    for nowhere in (str(tmp_path / "nowhere"), tmp_path / "\0"):
        with pytest.raises(CorpusError, match="no file and no folder"):
            read_corpus(nowhere)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("suffix", [".txt", ".csv", ".tsv"])
def test_a_text_is_read_in_the_encoding_its_mark_tells(tmp_path: Path, encoding: str, suffix: str) -> None:
    file = tmp_path / f"corpus{suffix}"
    file.write_bytes("Über den Hafen – 港へ.\r\n".encode(encoding))

    (chunk,) = read_corpus(file)

    whole = suffix == ".txt"
    assert chunk == ("Über den Hafen – 港へ.\n" + END if whole else f"{START}Über den Hafen – 港へ.{END}\n")


@pytest.mark.parametrize(("encoding", "called"), [("cp1252", "Windows-1252"), ("latin-1", "Latin-1")])
@pytest.mark.parametrize("suffix", [".txt", ".csv"])
def test_an_older_encoding_is_guessed_and_told(tmp_path: Path, encoding: str, called: str, suffix: str) -> None:
    text = "Die Fähre legt früh ab" + (" – „um neun“." if encoding == "cp1252" else ".")
    file = tmp_path / f"corpus{suffix}"
    file.write_bytes(text.encode(encoding))
    told: list[str] = []

    (chunk,) = read_corpus(file, on_notice=told.append)

    assert text in chunk
    assert f"{file} is not UTF-8: it is read as {called}, which is a guess." in told[0]


def test_markup_is_a_text_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("<!doctype html><p>We left.</p>", encoding="utf-8")

    assert read_corpus(tmp_path / "page.txt") == ["<!doctype html><p>We left.</p><|endoftext|>"]


def test_what_was_guessed_of_a_table_is_printed_where_nobody_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "tweets.csv"
    table.write_text("tweet;date\nHello, world;2020-01-01\n100 % of it;2020-01-02\n", encoding="utf-8")

    read_corpus(table)

    column, heading = capsys.readouterr().err.splitlines()
    assert column.startswith(
        f"{table}: the column 'tweet' is read, of 'tweet' and 'date', with semicolons between them"
    )
    assert heading.startswith(f"{table}: the first row, 'tweet | date', is taken for a heading and not read")


def test_a_column_can_be_chosen_in_all_tables_of_a_folder(tmp_path: Path) -> None:
    for number in (1, 2):
        text = f"id,text\n1,Hello there {number}.\n2,Good bye {number}.\n"
        (tmp_path / f"{number}.csv").write_text(text, encoding="utf-8")

    (chunk,) = read_corpus(tmp_path, column="text")

    assert chunk == "".join(f"{START}{text} {n}.{END}\n" for n in (1, 2) for text in ("Hello there", "Good bye"))
    with pytest.raises(
        CorpusError, match=r"1\.csv holds numbers, .* choose one of 'id' and 'text', as in column='text'"
    ):
        read_corpus(tmp_path)


@given(chunks=CHUNKS, share=st.floats(0, 0.99))
def test_what_is_held_out_is_the_end_and_nothing_is_lost(chunks: list[list[int]], share: float) -> None:
    train, held = hold_out(chunks, share)

    flat = [token for chunk in chunks for token in chunk]
    assert [token for chunk in (*train, *held) for token in chunk] == flat
    assert sum(map(len, held)) == int(len(flat) * share)
    assert all(len(chunk) for chunk in (*train, *held))


@given(chunks=CHUNKS, longest=st.integers(2, 40), count=st.integers(1, 6), seed=st.integers(0, 2**63 - 1))
def test_windows_come_from_within_one_chunk_and_repeat_with_their_seed(
    chunks: list[list[int]], longest: int, count: int, seed: int
) -> None:
    if max(map(len, chunks)) < 2:
        return
    length = window_length(chunks, longest)

    windows = draw_windows(chunks, length, count, (seed, 1))

    assert len(windows) == count
    for window in windows:
        assert len(window) == length
        assert any(list(window) == chunk[at : at + length] for chunk in chunks for at in range(len(chunk)))
    assert windows == draw_windows(chunks, length, count, (seed, 1))


def test_every_place_is_drawn_the_first_and_the_last_too() -> None:
    chunks = [[1, 2, 3], [4], [5, 6]]

    drawn = {tuple(window) for window in draw_windows(chunks, 2, 200, (0,))}

    assert drawn == {(1, 2), (2, 3), (5, 6)}


def test_a_window_is_no_longer_than_the_longest_chunk() -> None:
    assert window_length([[1, 2, 3], [4]], 1024) == 3
    with pytest.raises(CorpusError, match="not even two tokens"):
        window_length([[1], [2]], 1024)


def test_all_of_the_chunks_is_split_but_single_tokens() -> None:
    assert split_windows([[1, 2, 3, 4, 5], [6, 7]], 2) == [[1, 2], [3, 4], [6, 7]]
