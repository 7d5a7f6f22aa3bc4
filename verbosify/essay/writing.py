"""Essays go out here, with generated text woven in after its passages: .md, .txt or .docx, from any of them.

Generated text is data: in Markdown it is escaped, in Word it is set apart. Knows nothing of who wrote it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from verbosify.errors import EssayError, OutputError
from verbosify.essay.converting import as_markdown, as_plain_text
from verbosify.essay.docx_building import build_docx
from verbosify.essay.docx_converting import DocxInsertions
from verbosify.essay.docx_editing import edit_docx
from verbosify.essay.language import is_unspaced
from verbosify.essay.markdown import escape_markdown
from verbosify.essay.reading import Essay
from verbosify.essay.saving import write_atomically
from verbosify.text_decoding import BOM

Insertions = Mapping[int, str]
"""Generated text by the offset in `Essay.text` (a passage's gap) where it goes."""

_DELIMITERS = "*_~`"


def weave(essay: Essay, insertions: Insertions) -> str:
    """`Essay.text` with the insertions in it, in the essay's own format (the text alone, of a .docx).

    Each goes on the line it follows, after a space (after none in a script that sets none); in Markdown it
    is escaped. An insertion without words is left out.

    Raises:
        EssayError: an offset is not inside or at the end of a paragraph.
    """
    return _woven(essay, insertions).text


def essay_bytes(essay: Essay, insertions: Insertions | None = None, note: str = "") -> bytes:
    """The essay's file with the insertions in it, and `note` as its last paragraph; the source itself if nothing is
    and it holds no private notes. A text is written in UTF-8 whatever it was read from.

    Raises:
        EssayError: an offset is not inside or at the end of a paragraph.
    """
    places = _places(essay, insertions or {})
    note = _one_line(note)
    if not places and not note and (essay.format == "docx" or _is_its_text(essay)):
        return essay.source
    if essay.format == "docx":
        inserted = [(place.block, place.offset - essay.blocks[place.block].start, place.text) for place in places]
        return edit_docx(essay.source, essay.name, inserted, note)
    text = _woven(essay, insertions or {}).text
    bom = BOM if essay.source.startswith(BOM) else b""
    return bom + _with_note(text, escape_markdown(note) if essay.format == "md" else note).encode()


def write_essay(essay: Essay, insertions: Insertions, path: str | Path, note: str = "") -> None:
    """Write the essay with the insertions in it to a .md, .txt or .docx file, whole or not at all.

    `note` becomes its last paragraph. From a .docx to a .docx, all else in the file is kept; in a .docx the
    insertions carry the character style Generated.

    Raises:
        EssayError: an offset is not inside or at the end of a paragraph.
        OutputError: the suffix is another one, or the file cannot be written there.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    note = _one_line(note)
    if suffix == f".{essay.format}":
        content = essay_bytes(essay, insertions, note)
    elif suffix == ".txt":
        content = _with_note(as_plain_text(*_to_convert(essay, insertions)), note).encode()
    elif suffix == ".md":
        content = _with_note(as_markdown(*_to_convert(essay, insertions)), escape_markdown(note)).encode()
    elif suffix == ".docx":
        brackets = _unused_characters(essay.text + "".join(insertions.values()))
        woven = as_markdown(_woven(essay, insertions, brackets))
        content = build_docx(_with_note(woven, escape_markdown(note)), brackets, essay.title)
    else:
        raise OutputError(f"{path.name} cannot be written: an essay is written to a file ending in .md, .txt or .docx.")
    write_atomically(path, content)


@dataclass(frozen=True, slots=True)
class _Place:
    """Text to insert, with the spaces around it, into a block at an offset of the essay's text."""

    block: int
    offset: int
    text: str


def _places(essay: Essay, insertions: Insertions, brackets: tuple[str, str] = ("", "")) -> list[_Place]:
    escape: Callable[[str], str] = escape_markdown if essay.format == "md" else _one_line
    starts = [block.start for block in essay.blocks]
    spaced: dict[int, bool] = {}  # by the number of a block
    places = []
    for offset in sorted(insertions):
        number = bisect_left(starts, offset) - 1
        block = essay.blocks[number] if number >= 0 else None
        if block is None or block.kind != "paragraph" or offset > block.end:
            raise EssayError(f"Nothing can be inserted at {offset} in {essay.name}: that is not in a paragraph.")
        text = escape(insertions[offset])
        if text:
            if number not in spaced:
                spaced[number] = not is_unspaced(essay.text[block.start : block.end])
            before, after = essay.text[offset - 1], essay.text[offset : min(offset + 1, block.end)]
            # Without the space, Markdown would no longer see that an emphasis closes here.
            lead = " " if (spaced[number] or before in _DELIMITERS) and not before.isspace() else ""
            tail = " " if spaced[number] and after and not after.isspace() else ""
            places.append(_Place(number, offset, f"{lead}{brackets[0]}{text}{brackets[1]}{tail}"))
    return places


def _to_convert(essay: Essay, insertions: Insertions) -> tuple[Essay, DocxInsertions]:
    """The essay with insertions in its text; of a .docx, whose text has lost its looks, the two side by side."""
    if essay.format != "docx":
        return _woven(essay, insertions), {}
    inserted: dict[int, list[tuple[int, str]]] = {}
    for place in _places(essay, insertions):
        inserted.setdefault(place.block, []).append((place.offset - essay.blocks[place.block].start, place.text))
    return essay, inserted


def _woven(essay: Essay, insertions: Insertions, brackets: tuple[str, str] = ("", "")) -> Essay:
    """The essay with insertions in its text, each between `brackets`; its blocks moved and grown to match."""
    places = _places(essay, insertions, brackets)
    pieces: list[str] = []
    position = 0
    for place in places:
        pieces += [essay.text[position : place.offset], place.text]
        position = place.offset
    pieces.append(essay.text[position:])
    offsets = [place.offset for place in places]
    grown = [0, *accumulate(len(place.text) for place in places)]
    blocks = tuple(
        replace(
            block,
            start=block.start + grown[bisect_right(offsets, block.start)],
            end=block.end + grown[bisect_right(offsets, block.end)],
        )
        for block in essay.blocks
    )
    return replace(essay, text="".join(pieces), blocks=blocks)


def _unused_characters(text: str) -> tuple[str, str]:
    """Two private characters that `text` does not hold, to tell where an insertion starts and ends."""
    unused = [character for character in map(chr, range(0xE000, 0xF8FF)) if character not in text]
    return unused[0], unused[1]


def _is_its_text(essay: Essay) -> bool:
    """Whether the source of a text file says what the essay says: it has no private notes, and no other encoding."""
    return essay.source.removeprefix(BOM) == essay.text.encode()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _with_note(text: str, note: str) -> str:
    if not note:
        return text
    line_break = "\r\n" if "\r\n" in text else "\n"
    return f"{text.rstrip()}{line_break * 2}{note}{line_break}"
