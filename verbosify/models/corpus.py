"""Texts to fine-tune on, read as gpt-2-simple reads them, and the windows that are drawn from them.

Texts follow one another with the end marker between them, and rows of a CSV stand between a start and an end marker,
all of it spelt out as ordinary characters. Knows files and token ids, not models.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from verbosify.errors import EssayError

START, END = "<|startoftext|>", "<|endoftext|>"
COMBINE = 50_000
"""Characters after which gpt-2-simple ends a chunk. No window crosses from one chunk to the next."""
SUFFIXES = (".csv", ".md", ".txt")


def read_corpus(source: str | Path | Sequence[str]) -> list[str]:
    """The chunks of text that gpt-2-simple would encode.

    Args:
        source: a .txt, .md or .csv file; a folder with such files, in it or below it, taken in the order of their
            names; or texts. Of a CSV the first line is a heading, and of each row the first field counts.

    Raises:
        EssayError: there is no such file, it is no text, or there is nothing in it.
    """
    if isinstance(source, str | Path):
        pieces = [_read_file(path) for path in _files(Path(source))]
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
        raise EssayError("There is no text to fine-tune on: name a .txt, .md or .csv file that holds some.")
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
    """Tokens of a window: `longest`, or else all of the longest chunk. `EssayError` if that is no two tokens."""
    length = min(longest, max(map(len, chunks), default=0))
    if length < 2:
        raise EssayError("The text to fine-tune on has not even two tokens: give more of it.")
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
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise EssayError(f"There is no file and no folder {path} to fine-tune on: check its name.")
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    files = [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    if not files:
        raise EssayError(f"{path} holds no .txt, .md or .csv file to fine-tune on.")
    return files


def _read_file(path: Path) -> tuple[str, str]:
    """The text of a file, and what separates it from the next."""
    try:
        with path.open(encoding="utf-8") as file:
            if path.suffix.lower() != ".csv":
                return file.read(), END
            file.readline()
            return "".join(f"{START}{row[0]}{END}\n" for row in csv.reader(file) if row), ""
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EssayError(f"{path} cannot be read ({error}): save it as UTF-8 text.") from error
