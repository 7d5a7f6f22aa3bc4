"""A split of an essay as bytes of whatever encoding a shell or an editor saved it in, back to its characters.

The words of a split are the essay's, so the essay tells which encoding is right, and which characters were lost.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator

from verbosify.errors import EssayError
from verbosify.essay.passages import essay_paragraphs, sentences_ending_at
from verbosify.essay.reading import Essay

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16-le", "utf-16-be")
_ANSI = (
    "utf-8", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "cp932", "gb18030", "big5", "cp949",
    "iso8859-1", "iso8859-15", "mac-roman", "koi8-r",
)  # fmt: skip
_CONSOLE = ("cp437", "cp850", "cp852", "cp866", "cp737", "cp857", "cp775", "cp1252")
_LOST = "?\ufffd"
_LIKELY = 3  # encodings that a shell saves in


def decode_sentences(source: bytes, essay: Essay) -> str:
    """The text of a split of `essay`, for `parse_sentences` to check.

    Of all encodings it may be in, that by which it agrees longest with the essay. Read are UTF-8, UTF-16 and UTF-32,
    the 8-bit encodings of Windows, its console and the Mac, and what PowerShell makes of a program's output, which it
    takes for text in the console's encoding. Where the essay has a character that such an encoding lacks, the split may
    have `?` or the letter without its accent: the essay's own character comes back.

    Raises:
        EssayError: the bytes are those of no text.
    """
    letters = _letters(essay)
    narrow = list(letters)
    # What lies beyond 16 bits is two characters to Windows, and two are lost: the second stands for nothing.
    wide = [unit for letter in letters for unit in ((letter, "") if letter > "\uffff" else (letter,))]
    best, furthest = "", -1
    tried: set[str] = set()
    for text in _candidates(source):
        if text in tried:
            continue
        tried.add(text)
        if "".join(text.split()) == letters:
            return text
        for units in (narrow, wide):
            restored, agreed = _restored(text, units)
            if agreed == len(units):
                return restored
            if agreed > furthest:
                best, furthest = restored, agreed
    if not furthest and b"\0" in source:
        raise EssayError(f"The sentences of {essay.name} are not text: give the file that `verbosify sentences` made.")
    return best


def _letters(essay: Essay) -> str:
    """All that a split of the essay must hold, white space left out."""
    paragraphs = (
        essay.text[essay.blocks[block].start : essay.blocks[block].end]
        for block, inline in essay_paragraphs(essay)
        if sentences_ending_at(essay, block, inline, [])
    )
    return "".join("".join(paragraph.split()) for paragraph in paragraphs)


def _candidates(source: bytes) -> Iterator[str]:
    """What the bytes may mean, the likeliest first."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if source.startswith(mark):
            plain = [source.removeprefix(mark).decode(encoding, "replace")]
            break
    else:
        encodings = (*_WIDE, *_ANSI) if b"\0" in source else (*_ANSI, *_CONSOLE)
        plain = [text for encoding in encodings if (text := _decoded(source, encoding)) is not None]
        plain = plain or [source.decode("utf-8", "replace")]
    yield from plain
    for text in plain[:_LIKELY]:  # taken for text in the console's encoding, and saved in another one
        for console in _CONSOLE:
            try:
                written = text.encode(console)
            except UnicodeEncodeError:
                continue
            yield from filter(None, (_decoded(written, encoding) for encoding in _ANSI))


def _decoded(source: bytes, encoding: str) -> str | None:
    try:
        return source.decode(encoding)
    except UnicodeDecodeError:
        return None


def _restored(text: str, units: list[str]) -> tuple[str, int]:
    """The text with lost characters put back, and how far it agrees with the essay's letters."""
    found = []
    agreed = 0
    for position, character in enumerate(text):
        if character.isspace():
            found.append(character)
            continue
        if agreed == len(units) or not _is_of(character, units[agreed]):
            return "".join(found) + text[position:], agreed
        found.append(units[agreed])
        agreed += 1
    return "".join(found), agreed


def _is_of(character: str, letter: str) -> bool:
    """Whether an encoding that lacks `letter` may have made `character` of it."""
    if character == letter:
        return True
    if letter.isascii() and letter:
        return False
    return character in _LOST or unicodedata.normalize("NFKD", letter)[:1] == character
