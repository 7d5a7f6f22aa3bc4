"""Essays come in here: .txt, .md and .docx become one `Essay`. Knows nothing of sentences or models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from verbosify.errors import EssayError
from verbosify.essay.asides import without_asides
from verbosify.essay.blocks import Block, BlockKind
from verbosify.essay.decoding import decoded
from verbosify.essay.docx_reading import read_docx
from verbosify.essay.headings import title_line, title_words, with_header
from verbosify.essay.inline import Inline, Segment
from verbosify.essay.markdown import heading_source, link_references, markdown_blocks, markdown_inline
from verbosify.essay.notes import without_notes
from verbosify.essay.plaintext import plain_text_blocks
from verbosify.essay.sources import is_sources_heading, without_sources
from verbosify.files import printable
from verbosify.words import plain_words

__all__ = [
    "Block", "BlockKind", "Essay", "Format", "essay_from_bytes", "essay_from_text", "essay_inlines", "read_essay",
]  # fmt: skip

Format = Literal["txt", "md", "docx"]

MAX_BYTES = 64 * 1024 * 1024
_FORMATS: dict[str, Format] = {".txt": "txt", ".text": "txt", ".md": "md", ".markdown": "md", ".docx": "docx"}
_SHOWN = 5  # numbers of lines in a notice
_ACCEPTED = "an essay ends in .md, .txt or .docx"


@dataclass(frozen=True, slots=True)
class Essay:
    """A writer's text, as it was given and in its parts.

    Attributes:
        name: the file's name, without its folder.
        format: `txt`, `md` or `docx`.
        text: the characters of the file, line breaks included, without a byte order mark and without the writer's
            private notes (comments); of a .docx, the text of its blocks joined by blank lines.
        blocks: its parts, in order.
        source: the file, byte for byte, notes included: it is never published.
        notices: sentences to tell its reader once, such as a guessed encoding.
    """

    name: str
    format: Format
    text: str
    blocks: tuple[Block, ...]
    source: bytes = field(repr=False)
    notices: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The words of the highest heading before the prose, or else of the first, or else the file's name.

        A list of sources after the prose names no essay, nor does a header that says who alone.
        """
        first = next((number for number, block in enumerate(self.blocks) if block.kind == "paragraph"), 0)
        top = [block for block in self.blocks[:first] if block.kind == "heading"]
        headings = sorted(top, key=lambda block: block.level) or [
            block
            for block in self.blocks
            if block.kind == "heading" and not is_sources_heading(self.text[block.start : block.end])
        ]
        for block in headings:
            words = _inline(self, block, {}).plain
            said = [line for line in words.splitlines() if line.strip()]
            if self.text[block.start : block.end].rstrip() == words and len(said) > 1:  # a header in one paragraph
                words = said[title_line(said)]
            named = title_words(words, sure=block.level == 1)
            if named:
                return named
        stem = re.sub(r"[\s_-]+", " ", Path(self.name).stem).strip() or self.name
        return stem[:1].upper() + stem[1:]

    @property
    def paragraphs(self) -> tuple[Block, ...]:
        """The blocks that are prose."""
        return tuple(block for block in self.blocks if block.kind == "paragraph")

    @property
    def words(self) -> int:
        """How many words its paragraphs hold, as `plain_words` counts them; markup does not count."""
        return sum(plain_words(inline.plain) for inline in essay_inlines(self))


def read_essay(path: str | Path) -> Essay:
    """The essay in a file, told by its suffix: .txt, .md or .docx.

    Raises:
        EssayError: there is no such file, it cannot be read, or it is not an essay; the message says which.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise EssayError(f"{path} is a folder: name a file in it; {_ACCEPTED}.")
        if path.stat().st_size > MAX_BYTES:
            raise EssayError(_too_large(path, path.stat().st_size))
        source = path.read_bytes()
    except FileNotFoundError as error:
        raise EssayError(f"There is no file {path}: check its name and folder.") from error
    except PermissionError as error:
        raise EssayError(f"{path} may not be read: give yourself permission to read it.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or error
        raise EssayError(f"{str(path)!r} cannot be read ({reason}): check the file.") from error
    return essay_from_bytes(source, path.name)


def essay_from_bytes(source: bytes, name: str) -> Essay:
    """The essay that a file called `name` with these bytes would hold.

    Raises:
        EssayError: the suffix is unknown, or the bytes are not such a file, or nothing is written in it.
    """
    name = printable(Path(name).name)
    suffix = Path(name).suffix.lower()
    if suffix not in _FORMATS:
        kind = f"of the kind {suffix!r}" if suffix else "without a suffix"
        raise EssayError(f"{name} is a file {kind}: {_ACCEPTED}, so save it as one of these.")
    if len(source) > MAX_BYTES:
        raise EssayError(_too_large(name, len(source)))
    if _FORMATS[suffix] == "docx":
        text, blocks = read_docx(source, name)
        notices: tuple[str, ...] = ()
    else:
        markdown = _FORMATS[suffix] == "md"
        text, notices = decoded(source, name, markdown=markdown)
        text, unclosed = without_notes(text, markdown=markdown)
        notices += _unclosed_notices(name, unclosed)
        blocks = markdown_blocks(text) if markdown else plain_text_blocks(text)
    if not text.strip():
        raise EssayError(f"{name} is empty: write at least one sentence in it.")
    prose = without_asides(text, without_sources(text, with_header(text, blocks)))
    return Essay(name, _FORMATS[suffix], text, prose, source, notices)


def essay_from_text(text: str, name: str = "essay.md") -> Essay:
    """The essay that a text file called `name` would hold; raises `EssayError` as `essay_from_bytes` does."""
    if Path(name).suffix.lower() == ".docx":
        raise EssayError(f"{name} cannot be made from text: name it .md or .txt.")
    try:
        source = text.encode()
    except UnicodeEncodeError as error:
        raise EssayError(f"{name} holds half a character at {error.start}: remove it.") from error
    return essay_from_bytes(source, name)


def essay_inlines(essay: Essay) -> Iterator[Inline]:
    """Each paragraph of `essay`, in order, as it is written and as it reads."""
    references = link_references(essay.text, essay.blocks) if essay.format == "md" else {}
    for block in essay.paragraphs:
        yield _inline(essay, block, references)


def _inline(essay: Essay, block: Block, references: dict[str, object]) -> Inline:
    source = essay.text[block.start : block.end]
    if essay.format == "md":
        return markdown_inline(heading_source(source) if block.kind == "heading" else source, references)
    return Inline([Segment(0, len(source), source)])


def _too_large(name: object, size: int) -> str:
    return f"{name} holds {size / 2**20:.0f} MB: an essay may hold {MAX_BYTES // 2**20} MB, so split it."


def _unclosed_notices(name: str, numbers: tuple[int, ...]) -> tuple[str, ...]:
    if not numbers:
        return ()
    shown = ", ".join(map(str, numbers[:_SHOWN])) + (", ..." if len(numbers) > _SHOWN else "")
    where = f"line {shown} of {name}" if len(numbers) == 1 else f"lines {shown} of {name}"
    return (f"A comment that nothing ends begins on {where}: what follows it is left out, so mark its end.",)
