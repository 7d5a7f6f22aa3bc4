"""The characters of a text file: UTF-8, UTF-16 and UTF-32 as they are, older encodings by a guess that is told.

Knows nothing of what the characters say or are for.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence

from verbosify.errors import TextError

BOM = codecs.BOM_UTF8

_WIDE = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "UTF-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16-be"),
)
_OTHERS = (  # how files of other kinds begin
    (rb"\s*\{\\rtf", "RTF"),
    (rb"\s*%PDF-", "PDF"),
    (rb"\xd0\xcf\x11\xe0", "an old Word document (.doc)"),
    (rb"PK\x03\x04[\s\S]{0,4000}?(?:\[Content_Types\]\.xml|word/|_rels/)", "a Word document (.docx)"),
    (rb"PK\x03\x04[\s\S]{0,80}?mimetypeapplication/vnd\.oasis\.opendocument", "an OpenDocument file (.odt)"),
    (rb"PK\x03\x04", "a zip archive"),
    (rb"%!PS", "PostScript"),
)
_BEGINNING = 4096  # bytes
_FEWEST = 8  # characters
_SAMPLE = 256 * 1024  # bytes an encoding is guessed by
_ODD_SHARE = 0.1  # of the characters beyond ASCII
_FOREIGN_SHARE = 0.4  # of the letters
_WESTERN = frozenset("àâäáãåæçèéêëìíîïñòóôöõøùúûüÿœßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØÙÚÛÜŸŒ")
_WESTERN_SIGNS = frozenset("‘’“”„‚«»‹›–—…•·¿¡°§©®™€£†º²³\u00a0\u00ad")
_WITHIN_WORDS = frozenset("’–—·\u00ad\u00a0")


def decoded_text(source: bytes, name: str, accepted: str, suffixes: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The characters of a text file without a byte order mark, and what its reader should be told.

    Args:
        name: of the file, for the messages.
        accepted: what it may be, for the messages: `an essay ends in .md, .txt or .docx`.
        suffixes: of the files it may be, such as `.txt`.

    Raises:
        TextError: it is a file of another kind, or in no encoding that can be told.
    """
    for beginning, kind in _OTHERS:
        if re.match(beginning, source.removeprefix(BOM)):
            raise TextError(of_another_kind(name, kind, suffixes))
    return _characters(source, name, accepted)


def of_another_kind(name: str, kind: str, suffixes: Sequence[str]) -> str:
    """What to say of a file that calls itself text and is of the kind `kind`."""
    remedy = f"open it, and save its text as {', '.join(suffixes[:-1])} or {suffixes[-1]}"
    if kind == "a zip archive":
        remedy = "unpack it, and name the file in it"
    if kind == "a Word document (.docx)" and ".docx" in suffixes:
        remedy = "give it a name that ends in .docx"
    return f"{name} is not plain text but {kind}: {remedy}."


def _characters(source: bytes, name: str, accepted: str) -> tuple[str, tuple[str, ...]]:
    for mark, title, encoding in _WIDE:
        if source.startswith(mark):
            try:
                return source[len(mark) :].decode(encoding), ()
            except UnicodeDecodeError as error:
                place = error.start + len(mark)
                raise TextError(f"{name} is damaged {title} (see byte {place}): save it again as UTF-8.") from error
    if _is_unmarked_utf_16(source):
        raise TextError(f"{name} seems to be UTF-16 without the mark that says so: save it again as UTF-8.")
    if b"\0" in source:
        raise TextError(f"{name} is not a text file (byte {source.index(0)} is zero): {accepted}.")
    try:
        return source.removeprefix(BOM).decode(), ()
    except UnicodeDecodeError as error:
        offset = error.start + (len(BOM) if source.startswith(BOM) else 0)
        guess = None if source.startswith(BOM) or _is_mostly_utf_8(source) else _guessed(source)
        if guess is None:
            raise TextError(f"{name} is not UTF-8 (see byte {offset}): save it again as UTF-8.") from error
        text, encoding = guess
        told = f"{name} is not UTF-8: it is read as {encoding}, which is a guess."
        return text, (f"{told} If letters look wrong, save it again as UTF-8.",)


def _is_unmarked_utf_16(source: bytes) -> bool:
    """Whether nearly every other byte of the beginning is zero, and hardly another, as in UTF-16 of Latin letters."""
    halves = [source[first:_BEGINNING:2] for first in (0, 1)]
    least, most = sorted(half.count(0) for half in halves)
    return len(halves[1]) >= _FEWEST and least * 20 < most and most * 2 > len(halves[1])


def _is_mostly_utf_8(source: bytes) -> bool:
    """Whether more characters beyond ASCII are UTF-8 than are not: a damaged file, not one in an older encoding."""
    text = source.decode(errors="replace")
    lost = text.count("\ufffd")
    return sum(not character.isascii() for character in text) > 2 * lost


def _guessed(source: bytes) -> tuple[str, str] | None:
    """The text in the likeliest older encoding, and what that is called."""
    sample = source[:_SAMPLE]
    if len(source) > _SAMPLE and b"\n" in sample:
        sample = sample[: sample.rindex(b"\n") + 1]
    title = "Windows-1252" if re.search(rb"[\x80-\x9f]", source) else "Latin-1"
    western = (("cp1252", title, _ODD_SHARE), ("mac_roman", "Mac Roman", 0), ("cp850", "DOS code page 850", 0))
    candidates = [(encoding, called) for encoding, called, odd in western if _is_western(sample, encoding, odd)]
    if not candidates:
        from charset_normalizer import from_bytes

        best = from_bytes(sample).best()
        candidates = [(best.encoding, best.encoding)] if best is not None else []
    for encoding, called in candidates:
        try:
            text = source.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if not any(unicodedata.category(character) == "Cc" and not character.isspace() for character in set(text)):
            return text, called
    return None


def _is_western(sample: bytes, encoding: str, odd_share: float) -> bool:
    """Whether an encoding of western Europe makes words of the bytes: of a short text, statistics say little."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    beyond = odd = letters = foreign = 0
    for before, character, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        letters += character.isalpha()
        if character.isascii():
            continue
        beyond += 1
        foreign += character.isalpha()
        if character.isalpha():
            raised = character.isupper() and (before.islower() or (before.isalpha() and after.islower()))
            odd += raised or character not in _WESTERN
        else:
            within = before.isalpha() and after.isalpha() and character not in _WITHIN_WORDS
            odd += character not in _WESTERN_SIGNS or within
    return odd <= odd_share * beyond and foreign <= _FOREIGN_SHARE * letters
