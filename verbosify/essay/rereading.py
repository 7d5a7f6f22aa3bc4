"""Essays that were read before, perhaps by an earlier reader: as they were read then, and what is left to do today.

What was recorded decides where text may go. Today's reader may see other blocks, or even other words, in the same file.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from functools import cache, partial
from pathlib import Path
from typing import Any, get_args

from verbosify.errors import EssayError
from verbosify.essay.blocks import Block, BlockKind, lines
from verbosify.essay.docx_reading import docx_parts, open_docx
from verbosify.essay.reading import Essay, Format, essay_from_bytes

_CONTEXTS = (5, 3, 2)  # words before a place by which it is found again
_LEFT_OUT = 400  # words before a place that may be missing today
_SAID = 8000  # characters before a place that are looked at for it
_TELLING = 8  # characters that a context must have


def recorded_essay(name: str, form: str, text: str, blocks: Iterable[Mapping[str, Any]], source: bytes | None) -> Essay:
    """An essay as a record has it: its text and its blocks, however the file would be read today.

    Args:
        form: `txt`, `md` or `docx`; anything else, or a .docx without its file, is text.
        blocks: `kind`, `start`, `end` and perhaps `level` of each.
        source: the file where the text alone cannot bring it back, else None.
    """
    known = form in get_args(Format) and (form != "docx" or source is not None)
    kinds = get_args(BlockKind)
    return Essay(
        name=Path(name).name or "essay",
        format=form if known else "txt",  # type: ignore[arg-type]
        text=text,
        blocks=tuple(
            Block(
                block["kind"] if block["kind"] in kinds else "verbatim",
                block["start"],
                block["end"],
                level if type(level := block.get("level")) is int else 0,
            )
            for block in blocks
        ),
        source=source if source is not None and known else text.encode(),
    )


def as_written(essay: Essay, insertions: Mapping[int, str]) -> tuple[Essay, dict[int, str]]:
    """A recorded essay and insertions into it, as `write_essay` can take them today.

    If today's reader finds other words in the file (private notes are left out, hidden text too, more of a Word
    document is read), its words are taken, and each insertion goes where those before it now end. Where something is
    inserted, there is a paragraph, whatever today's reader takes it for.
    """
    try:
        today = essay_from_bytes(essay.source, f"{Path(essay.name).stem or 'essay'}.{essay.format}")
        room = _paragraphs(today) if essay.format == "docx" else [True] * len(today.blocks)
    except EssayError:  # today's reader refuses the file: what it said then is there all the same
        return replace(essay, format="txt" if essay.format == "docx" else essay.format), dict(insertions)
    if essay.format != "docx" and today.text == essay.text:
        return essay, dict(insertions)
    places = moved(essay.text, today.text, insertions)
    woven: dict[int, str] = {}
    blocks = list(today.blocks)
    starts = [block.start for block in blocks]
    for offset in sorted(insertions):
        number, place = _room_at(blocks, starts, room, places[offset])
        blocks[number] = replace(blocks[number], kind="paragraph")
        woven[place] = f"{woven[place]} {insertions[offset]}" if place in woven else insertions[offset]
    return replace(today, name=essay.name, blocks=tuple(blocks)), woven


def moved(old: str, new: str, offsets: Iterable[int]) -> dict[int, int]:
    """Where `offsets` of `old` are in `new`: after the same character, or else after what is left before it.

    Lines that differ in white space alone are the same. Between such lines a place is found by the characters before
    it. Places keep their order.
    """
    if old == new:
        return {offset: offset for offset in offsets}
    before, after = _written_lines(old), _written_lines(new)
    then, today = cache(partial(_inked, old)), cache(partial(_inked, new))
    letters = cache(partial(_letters, new))
    matcher = SequenceMatcher(None, [_letters(old, line) for line in before], [_letters(new, line) for line in after])
    regions = matcher.get_opcodes()
    found: dict[int, int] = {}
    region_ends = [end for _, _, end, _, _ in regions]
    starts = [start for start, _ in before]
    reached: dict[int, int] = {}
    for offset in sorted(set(offsets)):
        number = max(0, bisect_left(starts, offset) - 1)
        region = min(bisect_left(region_ends, number + 1), len(regions) - 1)
        tag, first, _, low, high = regions[region]
        if tag == "equal":
            count = bisect_left(then(before[number]), offset) or 1
            found[offset] = today(after[low + number - first])[count - 1] + 1
            continue
        start = after[low - 1][1] if low else after[0][0]
        stretch = (start, after[high - 1][1] if high > low else start)
        said = old[max(before[first][0], offset - _SAID) : offset].split()
        place = _found_again(said, letters(stretch), reached.get(region, 0))
        reached[region] = place
        found[offset] = today(stretch)[place - 1] + 1 if place else start
    return found


def _written_lines(text: str) -> list[tuple[int, int]]:
    return [(start, end) for start, end in lines(text) if text[start:end].strip()]


def _letters(text: str, span: tuple[int, int]) -> str:
    """The characters of a stretch that are no white space."""
    return "".join(text[span[0] : span[1]].split())


def _inked(text: str, span: tuple[int, int]) -> list[int]:
    """The offsets of the characters of a stretch that are no white space."""
    return [offset for offset in range(*span) if not text[offset].isspace()]


def _found_again(said: Sequence[str], letters: str, earliest: int) -> int:
    """How many of `letters` there are up to where `said` ends, or what is left of it; `earliest` if nothing is."""
    for end in range(len(said), max(0, len(said) - _LEFT_OUT), -1):
        for count in _CONTEXTS:
            context = "".join(said[max(0, end - count) : end])
            place = letters.find(context, max(0, earliest - len(context))) if len(context) >= _TELLING else -1
            if place >= 0:
                return place + len(context)
    return earliest


def _paragraphs(essay: Essay) -> list[bool]:
    """Which blocks of a .docx are paragraphs of the file, whatever their role, into which text can go."""
    return [part.element.tag.endswith("}p") for part in docx_parts(open_docx(essay.source, essay.name))]


def _room_at(blocks: Sequence[Block], starts: Sequence[int], room: Sequence[bool], offset: int) -> tuple[int, int]:
    """The block that an offset is in or behind, and where in it; the nearest one that takes text."""
    number = max(0, bisect_left(starts, offset) - 1)
    if not room[number]:
        before = (n for n in range(number, -1, -1) if room[n])
        number = next(before, next((n for n in range(number, len(blocks)) if room[n]), number))
        return number, blocks[number].end
    block = blocks[number]
    return number, min(offset, block.end) if offset > block.start else block.end
