"""Texts to fine-tune on, read as gpt-2-simple reads them, and the windows that are drawn from them.

Texts follow one another with the end marker between them, and rows of a table stand between a start and an end marker,
all of it spelt out as ordinary characters. Knows files and token ids, not models. What it has to guess of a file, it
tells.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from verbosify.errors import CorpusError, TextError
from verbosify.files import os_errors_as
from verbosify.models.protocol import Notify
from verbosify.models.training.columns import column_texts
from verbosify.streams import say
from verbosify.text_decoding import decoded_text

START, END = "<|startoftext|>", "<|endoftext|>"
COMBINE = 50_000
"""Characters after which gpt-2-simple ends a chunk. No window crosses from one chunk to the next."""
TABLES = (".csv", ".tsv")
SUFFIXES = (*TABLES, ".md", ".txt")
_ACCEPTED = "a text to fine-tune on ends in .csv, .tsv, .md or .txt"


def read_corpus(
    source: str | Path | Sequence[str], *, column: str | int | None = None, on_notice: Notify = say
) -> list[str]:
    """The chunks of text that gpt-2-simple would encode.

    Args:
        source: a .txt, .md, .csv or .tsv file; a folder with such files, in it or below it, taken in the order of
            their names; or texts.
        column: of tables, the column that holds the text, by its name or its number from 0; by default the first.
        on_notice: called with each sentence about what was guessed: encoding, delimiter, heading, column; by
            default they are printed to standard error.

    Raises:
        CorpusError: there is no such file, it is no text, there is nothing in it, or the column holds none.
    """
    if isinstance(source, str | Path):
        pieces = [_read_file(path, column, on_notice) for path in _files(Path(source))]
    else:
        pieces = [(text, END) for text in source]
    chunks, chunk = [], ""
    for text, separator in pieces:
        chunk += text
        if separator and len(chunk) >= COMBINE:
            chunks.append(chunk)
            chunk = ""
        else:
            chunk += separator
    chunks += [chunk] if chunk else []
    if not any(text.strip() for text, _ in pieces):
        raise CorpusError("There is no text to fine-tune on: name a .txt, .md, .csv or .tsv file that holds some.")
    return chunks


def hold_out(chunks: Sequence[Sequence[int]], share: float) -> tuple[list[Sequence[int]], list[Sequence[int]]]:
    """Chunks of token ids to train on, and the last `share` of all tokens, 0 to 1, to judge by."""
    spare = int(sum(map(len, chunks)) * share)
    train: list[Sequence[int]] = list(chunks)
    held: list[Sequence[int]] = []
    while spare > 0 and train:
        last = train.pop()
        if len(last) > spare:
            train.append(last[:-spare])
        held.insert(0, last[-spare:])
        spare -= len(held[0])
    return train, held


def window_length(chunks: Sequence[Sequence[int]], longest: int) -> int:
    """Tokens of a window: `longest`, or else all of the longest chunk. `CorpusError` if that is no two tokens."""
    length = min(longest, max(map(len, chunks), default=0))
    if length < 2:
        raise CorpusError("The text to fine-tune on has not even two tokens: give more of it.")
    return length


def draw_windows(chunks: Sequence[Sequence[int]], length: int, count: int, seed: Sequence[int]) -> list[Sequence[int]]:
    """`count` windows of `length` tokens, from anywhere in the chunks with equal chance, always the same for a seed."""
    starts = [max(0, len(chunk) - length + 1) for chunk in chunks]
    ends = list(itertools.accumulate(starts))
    windows = []
    for place in np.random.default_rng(seed).integers(ends[-1], size=count).tolist():
        number = next(number for number, end in enumerate(ends) if place < end)
        start = place - (ends[number] - starts[number])
        windows.append(chunks[number][start : start + length])
    return windows


def split_windows(chunks: Sequence[Sequence[int]], length: int) -> list[Sequence[int]]:
    """All chunks, one window after the other, each of at most `length` tokens and at least two."""
    windows = [chunk[start : start + length] for chunk in chunks for start in range(0, len(chunk), length)]
    return [window for window in windows if len(window) >= 2]


def _files(path: Path) -> list[Path]:
    try:
        if path.is_file():
            return [path]
        if not path.is_dir():
            raise CorpusError(f"There is no file and no folder {path} to fine-tune on: check its name.")
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read ({error}): check its name and who may read it.") from error
    files = [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    if not files:
        raise CorpusError(f"{path} holds no .txt, .md, .csv or .tsv file to fine-tune on.")
    return files


def read_file(path: Path, on_notice: Notify) -> str:
    """The text of a file of a corpus, as it stands there; raises as `read_corpus` does."""
    with os_errors_as(CorpusError, path, "check who may read it"):
        content = path.read_bytes()
    try:
        text, notices = decoded_text(content, str(path), _ACCEPTED, SUFFIXES)
    except TextError as error:
        raise CorpusError(str(error)) from error
    for notice in notices:
        on_notice(notice)
    return text


def _read_file(path: Path, column: str | int | None, on_notice: Notify) -> tuple[str, str]:
    """The text of a file, and what separates it from the next."""
    text = read_file(path, on_notice)
    if path.suffix.lower() not in TABLES:
        return text.replace("\r\n", "\n").replace("\r", "\n"), END
    return "".join(f"{START}{cell}{END}\n" for cell in column_texts(text, str(path), column, on_notice)), ""
